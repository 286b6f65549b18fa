//! Metabot: the wire, and the simulated bot.

use std::time::Duration;

use adapters::destination::metabot::Metabot;
use domain::instance::settings::{JobRule, MetabotAuth, MetabotSettings};
use domain::outbox::{Cause, Notice, Outcome};
use domain::port::RemoteErrorKind;
use domain::port::destination::Destination;
use domain::secret::Secret;
use mockito::{Matcher, Server};
use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::Journal;
use simulators::metabot::Options;

use crate::calls::{CLIENT, Case, at, missed};

fn rule(value: Value) -> JobRule {
    serde_json::from_value(value).unwrap()
}

fn settings(api_url: &str, auth: MetabotAuth, rules: Vec<JobRule>) -> MetabotSettings {
    MetabotSettings {
        api_url: api_url.parse().unwrap(),
        bot_id: 17,
        token: Secret::new("t0ken"),
        time_zone: chrono_tz::Europe::Moscow,
        auth,
        jobs: rules,
    }
}

fn metabot(settings: &MetabotSettings) -> Metabot {
    Metabot::new(adapters::http::client(Duration::from_secs(5)).unwrap(), settings)
}

fn call(rule: usize) -> Case {
    Case::new(Notice::Job { rule }, "pbx-42", missed(CLIENT, at(0)))
}

/// The job of the design's example.
fn follow_up() -> JobRule {
    rule(json!({"on": "missed", "trigger_code": "missed_call", "run_after_sec": 60}))
}

#[tokio::test]
async fn a_job_is_scheduled_with_either_header() {
    let headers = [
        (MetabotAuth::Authentication, "authentication", "t0ken", "authorization"),
        (MetabotAuth::Bearer, "authorization", "Bearer t0ken", "authentication"),
    ];
    for (auth, name, value, absent) in headers {
        let mut server = Server::new_async().await;
        let expected = json!({"trigger_code": "missed_call", "run_after_sec": 60, "script_request_params": {
            "call_id": "pbx-42", "client_phone": CLIENT, "vats_phone": "79229929292", "direction": "inbound",
            "result": "missed", "started_at": "2026-11-22T10:00:00+03:00"}});
        let mock = server
            .mock("POST", "/api/v1/bots/17/jobs/schedule")
            .match_header("content-type", "application/json")
            .match_header(name, value)
            .match_header(absent, Matcher::Missing)
            .match_body(Matcher::Json(expected))
            .with_body(r#"{"job": 5}"#)
            .create_async()
            .await;
        let ours = metabot(&settings(&format!("{}/api/v1", server.url()), auth, vec![follow_up()]));
        let report = call(0).attempt(&ours).await;
        assert_eq!((report.outcome, report.answer.as_deref()), (Outcome::Delivered, Some(r#"{"job": 5}"#)));
        mock.assert_async().await;
    }
}

#[tokio::test]
async fn an_invalid_job_is_a_dead_letter_and_is_not_sent() {
    let mut server = Server::new_async().await;
    let nothing = server.mock("POST", Matcher::Any).expect(0).create_async().await;
    let rules = vec![
        rule(json!({"on": "missed", "lead_id": 1})),
        rule(json!({"on": "missed", "script_id": 1, "run_at": "{{ call.client_phone }}"})),
    ];
    let ours = metabot(&settings(&server.url(), MetabotAuth::Bearer, rules));
    let expected = [
        (0, Cause::Configuration, "metabot.job[0].script_code: nothing to run"),
        (1, Cause::Validation, "metabot.job[1].run_at: \"…5533\" is no time; "),
        (2, Cause::Configuration, "metabot.job[2] is not configured any more"),
    ];
    for (index, expected_cause, start) in expected {
        let report = call(index).attempt(&ours).await;
        let Outcome::Dead { cause, reason } = report.outcome else { panic!("{report:?}") };
        assert!(cause == expected_cause && reason.starts_with(start), "{cause:?} {reason}");
    }
    nothing.assert_async().await;
}

#[tokio::test]
async fn the_simulated_bot_takes_every_field_and_troubles_are_retried() {
    let journal = Journal::new();
    let bot = simulators::metabot::Metabot::start(Options::default(), &journal).await.unwrap();
    let full = rule(json!({
        "on": "missed", "script_id": 1, "trigger_code": "missed_call", "broadcast_id": 3, "lead_id": 135, "ticket_id": 7,
        "run_at": "{{ call.finished_at | plus(60) }}", "run_after_sec": 60, "is_periodic": true,
        "repeat_interval_sec": 300, "condition_script_code": "return true;", "add_tags": "missed,{{ call.direction }}",
        "remove_tags": "{{ call.reason }}", "script_request_params": {"call_id": "{{ call.external_id }}"}
    }));
    let token = Secret::new(bot.token());
    let ours =
        metabot(&MetabotSettings { token, ..settings(bot.url(), MetabotAuth::Authentication, vec![full]) });
    assert_eq!(ours.check().await, Ok(()));
    // The check asks for nothing in particular, which the simulated bot notes.
    journal.clear();
    bot.faults()
        .set(Fault::times(FaultKind::Status { status: 429, body: Value::Null, retry_after: Some(7) }, 1));
    bot.faults().set(Fault::times(FaultKind::ErrorInside, 1));
    let mut call = call(0);
    let report = call.attempt(&ours).await;
    let Outcome::Retry { retry_after, .. } = report.outcome else { panic!("{report:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
    assert!(matches!(call.attempt(&ours).await.outcome, Outcome::Retry { ambiguous: true, .. }));
    call.delivered(&ours).await;

    let jobs = bot.jobs();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].text("run_at"), Some("2026-11-22 10:01:10"));
    assert_eq!(jobs[0].text("add_tags"), Some("missed,inbound"));
    assert_eq!(jobs[0].parameter("call_id"), Some(&json!("pbx-42")));
    assert_eq!(journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_token_is_permanent_and_told() {
    let bot = simulators::metabot::Metabot::start(Options::default(), &Journal::new()).await.unwrap();
    let ours = metabot(&settings(bot.url(), MetabotAuth::Bearer, vec![follow_up()]));
    let report = call(0).attempt(&ours).await;
    assert!(matches!(report.outcome, Outcome::Dead { cause: Cause::Unauthorized, .. }), "{report:?}");
    assert!(report.credentials_refused);
}

#[tokio::test]
async fn the_check_says_when_nobody_is_there() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ours = metabot(&settings(&format!("http://{closed}"), MetabotAuth::Bearer, Vec::new()));
    assert_eq!(ours.check().await.unwrap_err().kind, RemoteErrorKind::Unreachable);
}
