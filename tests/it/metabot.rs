//! Follow-up jobs: which calls start which, with what in them, and what becomes of refusals.

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::scenario::{Kind, Trace};
use toml::Table;

use crate::harness::{CLIENT, CLIENT_DIGITS, Company, Plan, VATS, table};

/// The company has these `[[integration.metabot.job]]` instead of its own.
fn with_jobs(jobs: &'static str) -> Plan {
    Company::plan().integration(move |integration| {
        let jobs: Table = jobs.parse().expect("TOML");
        table(integration, "metabot").insert("job".into(), jobs["job"].clone());
    })
}

fn bodies(company: &Company) -> Vec<Value> {
    company.sandbox.metabot.jobs().into_iter().map(|job| job.body.into()).collect()
}

async fn missed(company: &Company) -> String {
    let call = company.sandbox.pbx.ring_in(CLIENT, VATS, &["101"]);
    company.sandbox.pbx.miss(&call).expect("rings");
    company.settle().await;
    call
}

#[tokio::test]
async fn each_rule_runs_for_its_kind_of_call() {
    let company = with_jobs(
        r#"
        [[job]]
        on = "answered"
        script_code = "after_call"
        [[job]]
        on = "missed"
        trigger_code = "missed_call"
        [[job]]
        on = "missed"
        broadcast_id = 3
        [[job]]
        on = "failed"
        trigger_id = 7
        [[job]]
        on = "recording"
        script_id = 9
        "#,
    )
    .start()
    .await;
    for (kind, n, expected) in [
        (Kind::Answered, 1, vec![("script_code", json!("after_call"))]),
        (Kind::Missed, 2, vec![("trigger_code", json!("missed_call")), ("broadcast_id", json!(3))]),
        (Kind::RingGroupMissed, 3, vec![("trigger_code", json!("missed_call")), ("broadcast_id", json!(3))]),
    ] {
        let before = bodies(&company).len();
        company.telephony().tell(&Trace::new(kind, n).events()).await;
        company.settle().await;
        let jobs = bodies(&company).split_off(before);
        assert_eq!(jobs.len(), expected.len(), "{kind:?}: {jobs:?}");
        for (job, (field, value)) in jobs.iter().zip(expected) {
            assert_eq!(job[field], value, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_could_not_be_placed_runs_the_rule_for_failed_calls() {
    let company = with_jobs("[[job]]\non = \"failed\"\ntrigger_id = 7").start().await;
    let anna = company.employee("101").kontur_user_id;
    assert!(company.crm().press_call(anna, CLIENT_DIGITS).await.reply.is_ok());
    let call = company.sandbox.pbx.history().remove(0).call_id;
    company.sandbox.pbx.fail(&call, "unreachable").expect("rings");
    let jobs = company.seen(System::Metabot, "jobs/schedule", 1).await;
    assert_eq!(
        (&jobs[0]["trigger_id"], &jobs[0]["script_request_params"]["result"]),
        (&json!(7), &json!("failed"))
    );
}

#[tokio::test]
async fn a_recording_runs_its_rule_once_whenever_it_comes() {
    let company = with_jobs("[[job]]\non = \"recording\"\nscript_id = 9").start().await;
    let pbx = &company.sandbox.pbx;
    for recorded_early in [true, false] {
        let before = bodies(&company).len();
        let call = pbx.ring_in(CLIENT, VATS, &["101"]);
        pbx.answer(&call, "101").expect("rings");
        if recorded_early {
            pbx.record(&call, "101", &b"sound"[..]).expect("talks");
        }
        pbx.hang_up(&call).expect("talks");
        company.settle().await;
        if !recorded_early {
            pbx.record(&call, "101", &b"sound"[..]).expect("talked");
            company.settle().await;
        }
        assert_eq!(bodies(&company).len(), before + 1, "early: {recorded_early}");
    }
}

#[tokio::test]
async fn a_rule_without_parameters_tells_of_the_call() {
    let company = Company::start().await;
    let call = missed(&company).await;
    let jobs = bodies(&company);
    assert_eq!(jobs.len(), 1);
    assert_eq!((&jobs[0]["trigger_code"], &jobs[0]["run_after_sec"]), (&json!("missed_call"), &json!(60)));
    let parameters = jobs[0]["script_request_params"].as_object().expect("parameters");
    let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
    assert_eq!(names, ["call_id", "client_phone", "direction", "result", "started_at", "vats_phone"]);
    assert_eq!((&parameters["call_id"], &parameters["client_phone"]), (&json!(call), &json!(CLIENT_DIGITS)));
    assert_eq!((&parameters["vats_phone"], &parameters["direction"]), (&json!(VATS), &json!("inbound")));
    assert_eq!(parameters["result"], "missed");
}

#[tokio::test]
async fn every_field_of_the_contract_is_sent_and_texts_are_templates() {
    let company = with_jobs(
        r#"
        [[job]]
        on = "missed"
        script_id = 1
        trigger_code = "missed_call"
        broadcast_code = "call_us_back"
        lead_id = 11
        ticket_id = 12
        run_at = "2026-11-22 10:00:00"
        run_after_sec = 60
        is_periodic = true
        repeat_interval_sec = 3600
        condition_script_code = "return {{ 1 }};"
        script_request_params = { phone = "{{ call.client_phone }}", nested = { result = "{{ call.result }}" }, n = 7 }
        add_tags = "missed,{{ call.direction }}"
        remove_tags = "new"
        "#,
    )
    .start()
    .await;
    missed(&company).await;
    let expected = json!({
        "script_id": 1, "trigger_code": "missed_call", "broadcast_code": "call_us_back", "lead_id": 11, "ticket_id": 12,
        "run_at": "2026-11-22 10:00:00", "run_after_sec": 60, "is_periodic": true, "repeat_interval_sec": 3600,
        "condition_script_code": "return {{ 1 }};",
        "script_request_params": {"phone": CLIENT_DIGITS, "nested": {"result": "missed"}, "n": 7},
        "add_tags": "missed,inbound", "remove_tags": "new"
    });
    assert_eq!(bodies(&company), [expected]);
}

#[tokio::test]
async fn both_headers_carry_the_token() {
    for (auth, header) in [("authentication", "authentication"), ("bearer", "authorization")] {
        let company = Company::plan().integration(move |integration| {
            table(integration, "metabot").insert("auth".into(), auth.into());
        });
        let company = company.start().await;
        missed(&company).await;
        let entry = company.journal().of(System::Metabot, "jobs/schedule").remove(0);
        assert!(entry.headers.contains_key(header), "{auth}: {:?}", entry.headers);
        assert_eq!(bodies(&company).len(), 1);
    }
}

#[tokio::test]
async fn credentials_that_metabot_refuses_are_a_dead_letter() {
    let company = Company::start().await;
    company.sandbox.metabot.faults().set(Fault::always(FaultKind::status(403)));
    missed(&company).await;
    let dead = company.admin().deliveries("state=dead").await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    let facts = (&dead[0]["destination"], &dead[0]["kind"], &dead[0]["cause"], &dead[0]["attempts"]);
    assert_eq!(facts, (&json!("metabot"), &json!("job"), &json!("unauthorized"), &json!(1)));
    company.admin().becomes("hasErrors").await;
    company.sandbox.metabot.faults().clear();
    company.admin().post(&format!("/deliveries/{}/retry", dead[0]["id"])).await.ok();
    company.settle().await;
    assert_eq!(bodies(&company).len(), 1);
    company.admin().becomes("active").await;
}

#[tokio::test]
async fn a_metabot_that_says_when_to_come_again_is_obeyed() {
    let company = Company::start().await;
    let busy = FaultKind::Status { status: 429, body: Value::Null, retry_after: Some(1) };
    company.sandbox.metabot.faults().set(Fault::times(busy, 1));
    missed(&company).await;
    let attempts = company.journal().of(System::Metabot, "jobs/schedule");
    assert_eq!(attempts.iter().map(|entry| entry.status).collect::<Vec<_>>(), [429, 200]);
    assert!(attempts[1].at - attempts[0].at >= 1_000, "{} ms", attempts[1].at - attempts[0].at);
}

#[tokio::test]
async fn a_metabot_that_stumbles_is_asked_again() {
    let company = Company::start().await;
    company.sandbox.metabot.faults().set(Fault::times(FaultKind::status(500), 2));
    missed(&company).await;
    assert_eq!(bodies(&company).len(), 1);
    assert_eq!(company.journal().count(System::Metabot, "jobs/schedule"), 3);
}
