//! The example of the Standard Webhooks specification, and every way to be refused.

use domain::clock::Timestamp;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT: i64 = 1_614_265_330;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const BODY: &[u8] = br#"{"test": 2432232314}"#;

struct Request {
    id: Option<&'static str>,
    timestamp: Option<String>,
    signature: Option<String>,
    body: &'static [u8],
    received_at: i64,
}

fn good() -> Request {
    Request {
        id: Some(ID),
        timestamp: Some(AT.to_string()),
        signature: Some(SIGNATURE.to_owned()),
        body: BODY,
        received_at: AT,
    }
}

fn verify(request: &Request) -> Result<(), WebhookError> {
    let header = |name: &str| match name {
        "webhook-id" => request.id,
        "webhook-timestamp" => request.timestamp.as_deref(),
        "webhook-signature" => request.signature.as_deref(),
        _ => None,
    };
    let received_at = Timestamp::from_micros(request.received_at * 1_000_000);
    Verifier::new(&Secret::new(SECRET)).unwrap().verify(&WebhookRequest {
        header: &header,
        body: request.body,
        received_at,
    })
}

#[test]
fn the_known_answer_of_the_specification_is_accepted() {
    assert_eq!(verify(&good()), Ok(()));
}

#[test]
fn one_good_signature_among_several_is_enough() {
    for signature in [
        format!("v1,AAAA {SIGNATURE}"),
        format!("{SIGNATURE} v1,AAAA"),
        format!("v1a,AAAA v2,x {SIGNATURE}"),
        format!("v1,not-base64! {SIGNATURE}"),
    ] {
        assert_eq!(verify(&Request { signature: Some(signature.clone()), ..good() }), Ok(()), "{signature}");
    }
}

#[test]
fn clocks_may_differ_by_five_minutes_either_way() {
    for (off, accepted) in [(300, true), (-300, true), (301, false), (-301, false)] {
        let result = verify(&Request { received_at: AT + off, ..good() });
        assert_eq!(result.is_ok(), accepted, "{off}: {result:?}");
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    let other = Some("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned());
    for (request, said) in [
        (Request { id: None, ..good() }, "header webhook-id is missing"),
        (Request { timestamp: None, ..good() }, "header webhook-timestamp is missing"),
        (Request { signature: None, ..good() }, "header webhook-signature is missing"),
        (Request { signature: Some(String::new()), ..good() }, "header webhook-signature is missing"),
        (Request { timestamp: Some("soon".into()), ..good() }, "not a whole number"),
        (Request { timestamp: Some(i64::MIN.to_string()), ..good() }, "s in the past"),
        (Request { received_at: AT + 3600, ..good() }, "3600 s in the past"),
        (Request { received_at: AT - 3600, ..good() }, "3600 s in the future"),
        (Request { signature: Some("v2,AAAA".into()), ..good() }, "no signature of version 1"),
        (Request { signature: other, ..good() }, "no signature in webhook-signature matches"),
        (Request { body: b"{}", ..good() }, "no signature in webhook-signature matches"),
        (Request { id: Some("msg_other"), ..good() }, "no signature in webhook-signature matches"),
        (Request { timestamp: Some((AT + 1).to_string()), ..good() }, "matches"),
    ] {
        let message = verify(&request).unwrap_err().to_string();
        assert!(message.contains(said), "{message}");
        assert!(!message.contains("MfKQ9r8G"), "{message}");
    }
}

#[test]
fn secrets_of_another_form_are_refused() {
    for secret in ["", "whsec_", "whsec_%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WHSEC_MfKQ9r8G"] {
        assert_eq!(Verifier::new(&Secret::new(secret)).err(), Some(InvalidSecret), "{secret}");
    }
    for secret in [SECRET, "whsec_AAECAw", "whsec_AAECAw=="] {
        assert!(Verifier::new(&Secret::new(secret)).is_ok(), "{secret}");
    }
}

#[test]
fn debug_output_hides_the_key() {
    assert_eq!(format!("{:?}", Verifier::new(&Secret::new(SECRET)).unwrap()), "Verifier([secret])");
}
