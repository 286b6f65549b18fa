//! A user of the CRM presses "Call" and "Hang up".

mod hangup;
mod trouble;

use serde_json::{Value, json};
use simulators::journal::System;
use simulators::kontur::Spelling;
use simulators::scenario::{Kind, Trace};
use uuid::Uuid;

use crate::harness::{CLIENT_DIGITS, Company};

const SPELLINGS: [Spelling; 5] = [
    Spelling::Base,
    Spelling::Communications,
    Spelling::CommunicationsById,
    Spelling::Api,
    Spelling::ApiById,
];

/// What the PBX was asked to dial.
fn dialled(company: &Company) -> Vec<Value> {
    let entries = company.journal().of(System::Pbx, "calls/create");
    entries.into_iter().map(|entry| entry.record.body).collect()
}

#[tokio::test]
async fn a_pressed_call_rings_is_reported_and_registered_under_its_communication() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    let pressed = company.crm().press_call(anna, CLIENT_DIGITS).await;
    assert!(pressed.reply.is_ok(), "{pressed:?}");
    let id = pressed.communication_id.to_string();
    assert_eq!(
        dialled(&company),
        [json!({"request_id": id, "extension": "101", "client_phone": CLIENT_DIGITS, "auto_answer": false})]
    );
    let call = company.sandbox.pbx.history().remove(0).call_id;
    company.sandbox.pbx.answer(&call, "101").expect("rings");
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    assert_eq!(
        company.kontur().story(&call),
        ["call-started", "appeared 1", "connected 1", "disconnected 1", "call-finished", "register-call"]
    );
    for (operation, body) in company.kontur().told(&call) {
        assert_eq!(body["communicationId"], id, "{operation}");
    }
    let event = &company.kontur().communication(&call).events[0];
    assert_eq!(event["from"], json!({"type": "user", "userId": anna}));
    assert_eq!(event["to"], json!({"type": "client"}));
}

#[tokio::test]
async fn every_spelling_of_call_dials() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    for spelling in SPELLINGS {
        let pressed = company.crm().spelled(spelling).press_call(anna, CLIENT_DIGITS).await;
        assert!(pressed.reply.is_ok(), "{spelling:?}: {pressed:?}");
    }
    assert_eq!(dialled(&company).len(), SPELLINGS.len());
}

#[tokio::test]
async fn the_arguments_of_setup_win_over_the_settings_of_the_file() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    assert!(company.crm().setup(json!({"autoAnswer": true})).await.is_ok());
    assert!(company.crm().press_call(anna, CLIENT_DIGITS).await.reply.is_ok());
    assert_eq!(dialled(&company)[0]["auto_answer"], true);
}

#[tokio::test]
async fn a_double_click_and_a_retried_webhook_place_one_call() {
    let mut company = Company::start().await;
    let (crm, anna) = (company.crm(), company.employee("101").kontur_user_id);
    let pressed = crm.press_call(anna, CLIENT_DIGITS).await;
    let id = pressed.communication_id;
    let (once, twice) =
        tokio::join!(crm.repeat_call(id, anna, CLIENT_DIGITS), crm.repeat_call(id, anna, CLIENT_DIGITS));
    assert!(once.is_ok() && twice.is_ok(), "{once:?} {twice:?}");
    company.settle().await;
    company.server.restart().await;
    assert!(company.crm().repeat_call(id, anna, CLIENT_DIGITS).await.is_ok());
    assert_eq!(dialled(&company).len(), 1);
    assert_eq!(company.sandbox.pbx.history().len(), 1);
}

#[tokio::test]
async fn two_first_clicks_at_the_same_moment_place_one_call() {
    let company = Company::start().await;
    let (crm, anna) = (company.crm(), company.employee("101").kontur_user_id);
    let id = Uuid::new_v4();
    let (once, twice) =
        tokio::join!(crm.repeat_call(id, anna, CLIENT_DIGITS), crm.repeat_call(id, anna, CLIENT_DIGITS));
    assert!(once.is_ok() && twice.is_ok(), "{once:?} {twice:?}");
    assert_eq!(company.sandbox.pbx.history().len(), 1);
}

#[tokio::test]
async fn a_user_without_an_extension_cannot_call() {
    let company = Company::start().await;
    let stranger = Uuid::from_u128(0x44d0_0000_0000_4000_8000_0000_0000_0999);
    let reply = company.crm().press_call(stranger, CLIENT_DIGITS).await.reply;
    assert_eq!((reply.status, &reply.body["status"]), (409, &json!("notConfigured")), "{reply:?}");
    assert!(reply.body["message"].as_str().expect("a message").contains(&stranger.to_string()), "{reply:?}");
    assert!(dialled(&company).is_empty());
}

#[tokio::test]
async fn an_internal_call_rings_the_colleague() {
    let company = Company::start().await;
    let (anna, boris) = (company.employee("101").kontur_user_id, company.employee("102").kontur_user_id);
    let pressed = company.crm().press_internal_call(anna, boris, "102").await;
    assert!(pressed.reply.is_ok(), "{pressed:?}");
    assert_eq!(dialled(&company)[0]["client_phone"], "102");
}

#[tokio::test]
async fn without_a_control_url_nothing_can_be_dialled() {
    let company = Company::plan()
        .integration(|integration| {
            let provider =
                integration.get_mut("provider").and_then(toml::Value::as_table_mut).expect("a provider");
            provider.remove("control_url");
            provider.remove("control_token");
        })
        .start()
        .await;
    let features = company.sandbox.kontur.instance("sandbox").expect("an instance")["features"].clone();
    assert_eq!(features, json!({"call": false, "hangup": false, "sendSms": false}));
    let anna = company.employee("101").kontur_user_id;
    let replies = [company.crm().press_call(anna, CLIENT_DIGITS).await.reply, company.crm().sync().await];
    for reply in replies {
        assert_eq!((reply.status, &reply.body["status"]), (409, &json!("notSupported")), "{reply:?}");
    }
}

/// The telephony took the request, and then the call could not be placed.
#[tokio::test]
async fn a_call_that_could_not_be_placed_is_reported_as_failed_and_not_registered() {
    let company = Company::start().await;
    let anna = company.employee("101").kontur_user_id;
    let pressed = company.crm().press_call(anna, CLIENT_DIGITS).await;
    let call = company.sandbox.pbx.history().remove(0).call_id;
    company.sandbox.pbx.fail(&call, "unreachable").expect("rings");
    company.settle().await;
    assert_eq!(
        company.kontur().story(&call),
        ["call-started", "appeared 1", "disconnected 1", "call-failed"]
    );
    let failed = company.sandbox.kontur.communication("sandbox", pressed.communication_id).expect("known");
    assert!(failed.failed && failed.registered == 0);
    assert_eq!(company.admin().call(&call).await["state"], "failed");
    assert!(company.sandbox.workonflow.all_comments().is_empty());
}

/// Nobody in Kontur asked for it: it is a finished call that nobody answered.
#[tokio::test]
async fn a_failed_call_that_nobody_asked_for_is_registered() {
    let company = Company::start().await;
    let trace = Trace::new(Kind::Failed, 7);
    let mut events = trace.events();
    for event in &mut events {
        event["request_id"] = Value::Null;
    }
    company.telephony().tell(&events).await;
    company.settle().await;
    let story = company.kontur().story(&trace.call_id());
    assert_eq!(story, ["call-started", "appeared 1", "disconnected 1", "call-finished", "register-call"]);
    let items = company.kontur().only(&trace.call_id(), "register-call")["items"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(1));
    assert_eq!(items[0].get("startedAt"), None);
}
