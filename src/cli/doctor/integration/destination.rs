//! Workonflow and Metabot.

use adapters::destination::metabot::UNCHECKED;
use domain::port::{RemoteError, RemoteErrorKind};

use super::super::check::Check;
use super::super::remote::failed;
use super::Integration;

/// The keys that Workonflow's check names, in its message's first word.
const WORKONFLOW_KEYS: [&str; 3] = ["status_id", "done_status_id", "stream_id"];

pub(super) fn workonflow(one: &Integration, answer: &Result<(), RemoteError>) -> Check {
    let subject = one.subject("workonflow");
    let error = match answer {
        Ok(()) => return subject.green("takes the credentials; stream and statuses are there"),
        Err(error) => error,
    };
    // What is wrong, then what to do.
    let (found, mend) = error.message.split_once("; ").unwrap_or((&error.message, ""));
    let mend = if mend.is_empty() { String::new() } else { format!(": {mend}") };
    match error.kind {
        RemoteErrorKind::Rejected | RemoteErrorKind::NotFound => {
            let named = found.split(' ').next().filter(|word| WORKONFLOW_KEYS.contains(word));
            let key = one.key(&format!("workonflow.{}", named.unwrap_or("stream_id")));
            subject.red(found, format!("correct {key}{mend}"))
        }
        RemoteErrorKind::Unauthorized => {
            let key = one.key("workonflow.api_key");
            subject.red(found, format!("correct {key} or its secret_key{mend}"))
        }
        _ => failed(subject, error, &one.keys("workonflow.api_url", "workonflow.api_key")),
    }
}

pub(super) fn metabot(one: &Integration, answer: &Result<(), RemoteError>) -> Check {
    let subject = one.subject("metabot");
    match answer {
        Ok(()) => subject.green(format!("answers; {UNCHECKED}")),
        Err(error) => failed(subject, error, &one.keys("metabot.api_url", "metabot.token")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::check::State;
    use super::super::Origin;
    use super::*;

    fn integration() -> Integration {
        let settings = json!({
            "workspace": "acme", "integration_id": "i", "kind": "private", "api_key": "k",
            "provider": {"kind": "generic", "webhook_secret": "whsec_AAAA"}
        });
        Integration { settings: serde_json::from_value(settings).unwrap(), origin: Origin::AdminApi }
    }

    #[track_caller]
    fn check(kind: RemoteErrorKind, message: &str, expected: [&str; 2]) {
        let row = workonflow(&integration(), &Err(RemoteError::new("workonflow", "test", kind, message)));
        assert_eq!(row.state, State::Red);
        assert_eq!([row.found.as_str(), &row.fix.unwrap_or_default()], expected);
    }

    #[test]
    fn the_key_that_workonflow_names_is_the_one_to_correct() {
        let at = "(PUT /admin/v1/integrations/acme)";
        check(
            RemoteErrorKind::Rejected,
            "done_status_id x is no status of stream y; expected one of z (Done)",
            [
                "done_status_id x is no status of stream y",
                &format!("correct workonflow.done_status_id {at}: expected one of z (Done)"),
            ],
        );
        check(
            RemoteErrorKind::Rejected,
            "answered 400: no; check team_id, stream_id and api_url",
            [
                "answered 400: no",
                &format!("correct workonflow.stream_id {at}: check team_id, stream_id and api_url"),
            ],
        );
        check(
            RemoteErrorKind::Unauthorized,
            "answered 403: X-Signature is wrong; set the clock",
            [
                "answered 403: X-Signature is wrong",
                &format!("correct workonflow.api_key {at} or its secret_key: set the clock"),
            ],
        );
        check(
            RemoteErrorKind::Unreachable,
            "cannot connect",
            [
                "cannot connect",
                &format!(
                    "check workonflow.api_url {at}, that its host is up, and that no firewall or proxy is between"
                ),
            ],
        );
    }

    #[test]
    fn metabot_is_green_with_a_word_on_what_was_not_checked() {
        let row = metabot(&integration(), &Ok(()));
        assert_eq!(row.state, State::Green);
        assert!(row.found.contains("cannot be checked"), "{row:?}");
    }
}
