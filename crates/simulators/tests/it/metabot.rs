//! Metabot: whom it lets in, which jobs it takes.

use serde_json::{Value, json};
use simulators::faults::{Fault, FaultKind};
use simulators::journal::Journal;
use simulators::metabot::{Metabot, Options, openapi};

const PATH: &str = "/bots/17/jobs/schedule";

/// A Metabot with its journal.
struct World {
    metabot: Metabot,
    journal: Journal,
}

impl World {
    async fn start() -> Self {
        let journal = Journal::new();
        let metabot = Metabot::start(Options::default(), &journal).await.expect("starts");
        Self { metabot, journal }
    }

    async fn post(&self, path: &str, header: (&str, &str), body: String) -> u16 {
        let http = simulators::http::client().expect("client");
        let request = http.post(format!("{}{path}", self.metabot.url())).header(header.0, header.1);
        request.body(body).send().await.expect("answer").status().as_u16()
    }

    async fn schedule(&self, job: &Value) -> u16 {
        self.post(PATH, ("Authentication", self.metabot.token()), job.to_string()).await
    }
}

#[tokio::test]
async fn a_full_job_is_taken_and_kept() {
    let world = World::start().await;
    let job = json!({
        "script_id": 1, "trigger_code": "missed_call", "broadcast_id": 3, "lead_id": 135, "ticket_id": 7,
        "run_at": "2026-11-22 10:00:00", "run_after_sec": 60, "is_periodic": true, "repeat_interval_sec": 3600,
        "condition_script_code": "return true;", "script_request_params": {"call_id": "pbx-42"},
        "add_tags": "missed,call", "remove_tags": "answered",
    });
    assert_eq!(world.schedule(&job).await, 200);
    let [kept] = &world.metabot.jobs()[..] else { panic!("one job") };
    assert_eq!(kept.text("trigger_code"), Some("missed_call"));
    assert_eq!(kept.parameter("call_id"), Some(&json!("pbx-42")));
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn jobs_are_seen_from_outside_without_a_trace() {
    let world = World::start().await;
    world.schedule(&json!({"script_id": 1})).await;
    let http = simulators::http::client().expect("client");
    let url = format!("{}/_sim/state", world.metabot.url());
    let state: Value = http.get(url).send().await.expect("answer").json().await.expect("JSON");
    assert_eq!(state["jobs"][0]["body"]["script_id"], 1);
    assert_eq!(world.journal.entries().len(), 1);
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let world = World::start().await;
    let with = |field: &str, value: Value| {
        let mut job = json!({"trigger_code": "t"});
        job[field] = value;
        job
    };
    let mut cases = vec![
        (json!({}), "a script, a trigger or a broadcast has to be named"),
        (json!({"script_id": 1, "script_code": "s"}), "script_id and script_code"),
        (json!({"trigger_id": 1, "trigger_code": "t"}), "trigger_id and trigger_code"),
        (json!({"broadcast_id": 1, "broadcast_code": "b"}), "broadcast_id and broadcast_code"),
        (with("colour", json!(1)), "unknown parameter colour"),
    ];
    let wrong_types = [
        ("script_id", json!("1"), "script_id"),
        ("broadcast_code", json!(1), "broadcast_code"),
        ("lead_id", json!(1.5), "lead_id"),
        ("ticket_id", json!("7"), "ticket_id"),
        ("run_at", json!("2026-11-22T10:00:00"), "run_at must be a time as YYYY-MM-DD hh:mm:ss"),
        ("run_after_sec", json!(-1), "run_after_sec"),
        ("is_periodic", json!("true"), "is_periodic"),
        ("repeat_interval_sec", json!("60"), "repeat_interval_sec"),
        ("condition_script_code", json!(true), "condition_script_code"),
        ("script_request_params", json!([]), "script_request_params"),
        ("add_tags", json!(["a"]), "add_tags"),
        ("remove_tags", json!("a,,b"), "remove_tags"),
    ];
    cases.extend(wrong_types.map(|(field, value, expected)| (with(field, value), expected)));
    for (job, expected) in cases {
        assert_eq!(world.schedule(&job).await, 422, "{job}");
        let last = world.journal.entries().pop().expect("an entry");
        assert_eq!(last.violations.len(), 1, "{job}: {:?}", last.violations);
        assert!(last.violations[0].contains(expected), "{job}: {:?}", last.violations);
    }
    assert_eq!(world.metabot.jobs(), []);
}

#[tokio::test]
async fn both_headers_let_in_and_wrong_ones_do_not() {
    let world = World::start().await;
    let token = world.metabot.token().to_owned();
    let bearer = format!("Bearer {token}");
    let job = |n: u32| json!({"script_id": n}).to_string();
    assert_eq!(world.post(PATH, ("Authentication", &token), job(1)).await, 200);
    assert_eq!(world.post(PATH, ("Authorization", &bearer), job(2)).await, 200);
    assert_eq!(world.post(PATH, ("Authorization", &token), job(3)).await, 401);
    assert_eq!(world.post(PATH, ("Authentication", "other"), job(4)).await, 401);
    assert_eq!(world.post(PATH, ("X-None", "1"), job(5)).await, 401);
    assert_eq!(world.post("/bots/18/jobs/schedule", ("Authentication", &token), job(6)).await, 403);
    assert_eq!(world.metabot.jobs().len(), 2);
    assert_eq!(world.journal.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn other_paths_and_bodies_that_are_no_objects_are_violations() {
    let world = World::start().await;
    let token = world.metabot.token().to_owned();
    assert_eq!(world.post("/bots/17/jobs", ("Authentication", &token), "{}".into()).await, 404);
    assert_eq!(world.post(PATH, ("Authentication", &token), "[]".into()).await, 400);
    assert_eq!(world.journal.violations().len(), 2);
}

#[tokio::test]
async fn a_prefix_belongs_to_the_base() {
    let world = World::start().await;
    let token = world.metabot.token().to_owned();
    let path = format!("/api/v1{PATH}");
    assert_eq!(world.post(&path, ("Authentication", &token), json!({"script_id": 1}).to_string()).await, 200);
}

#[tokio::test]
async fn the_same_job_twice_is_a_violation() {
    let world = World::start().await;
    let job = json!({"trigger_code": "missed_call", "script_request_params": {"call_id": "pbx-42"}});
    assert_eq!(world.schedule(&job).await, 200);
    assert_eq!(world.schedule(&job).await, 200);
    assert_eq!(world.journal.violations().len(), 1);
}

#[tokio::test]
async fn faults_answer_as_the_contract_allows() {
    let world = World::start().await;
    let statuses = [401, 403, 429, 503];
    for status in statuses {
        world.metabot.faults().set(Fault::times(FaultKind::status(status), 1));
    }
    for status in statuses {
        assert_eq!(world.schedule(&json!({"script_id": 1})).await, status);
    }
    assert_eq!(world.metabot.jobs(), []);
}

#[test]
fn the_document_has_every_field() {
    let yaml = openapi();
    for field in ["script_request_params", "run_at", "condition_script_code", "remove_tags"] {
        assert!(yaml.contains(field), "{field} is missing in\n{yaml}");
    }
}
