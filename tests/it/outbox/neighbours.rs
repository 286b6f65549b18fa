//! What one workspace has to bear does not touch another, and an outage leaves neither a stampede nor late calls behind.

use std::time::Duration;

use serde_json::Value;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::{Entry, System};
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, Trace, trace};

use crate::faults::neighbour::Neighbour;
use crate::harness::{Company, Plan, eventually, integration};

/// Calls of an outage: so many that trying them one by one would be seen.
const CALLS: u64 = 150;

/// Those who were told live, and the neighbour's.
const LIVE: u64 = 5_000;
const NEIGHBOURS: u64 = 6_000;

async fn start(plan: Plan) -> (Company, Neighbour) {
    let neighbour = Neighbour::start().await;
    let declare = neighbour.declare();
    let plan = plan.set("log.level", "info").edit(|configuration, _| {
        declare(configuration);
        // All is about Kontur.
        for section in ["workonflow", "metabot"] {
            integration(configuration).remove(section);
        }
    });
    let company = plan.start().await;
    neighbour.set_up(&company).await;
    (company, neighbour)
}

/// Kontur does this to the first workspace only.
fn strike(company: &Company, kind: FaultKind) {
    company.sandbox.kontur.faults().set(Fault::always(kind).at(format!("/{WORKSPACE}/")));
}

/// Attempts that met with a fault.
fn hits(company: &Company) -> usize {
    let entries = company.journal().entries().into_iter();
    entries.filter(|entry| entry.system == System::Kontur && entry.fault.is_some()).count()
}

/// What Kontur took of a call.
fn is_told(company: &Company, operation: &str, n: u64) -> bool {
    let external_id = format!("trace-{n}");
    let is_it = |entry: &Entry| entry.status == 200 && entry.body["externalId"] == external_id.as_str();
    company.journal().of(System::Kontur, operation).iter().any(is_it)
}

#[tokio::test]
async fn a_workspace_whose_kontur_hangs_leaves_room_for_its_neighbour() {
    let (company, _neighbour) = start(Company::plan().set("outbox.per_destination", 8)).await;
    strike(&company, FaultKind::Hang);
    let events: Vec<Value> = (1..=20).flat_map(|n| trace(Kind::Missed, n)).collect();
    company.telephony().tell(&events).await;
    // A quarter of eight is the reserve of those who have little under way.
    eventually("as much hangs as may", async || (hits(&company) == 6).then_some(())).await;
    Neighbour::telephony(&company).tell(&trace(Kind::Answered, NEIGHBOURS)).await;
    eventually("the neighbour's call is registered", async || {
        is_told(&company, "register-call", NEIGHBOURS).then_some(())
    })
    .await;
    assert_eq!(hits(&company), 6, "the neighbour did not wait for the end of anything that hangs");
}

/// Kontur is away while hundreds of calls come in, then back, but slow: what is said live is not late for that.
#[tokio::test]
async fn after_an_outage_live_calls_go_first_and_the_rest_follows_in_order() {
    // For a sixtieth of its life, five seconds, realtime is fresh.
    let plan = Company::plan().set("retry.realtime_expires_after_sec", 300);
    let (company, _neighbour) = start(plan).await;
    strike(&company, FaultKind::status(429));
    let traces: Vec<Trace> = (1..=CALLS).map(|n| Trace::new(Kind::Answered, n)).collect();
    for some in traces.chunks(50) {
        let events: Vec<Value> = some.iter().flat_map(Trace::events).collect();
        company.telephony().tell(&events).await;
    }
    eventually("the outage is long past fresh", async || {
        let now = simulators::clock::now().timestamp_millis();
        let first = company.journal().entries().into_iter().find(|entry| entry.fault.is_some())?;
        (now - first.at > 7_000).then_some(())
    })
    .await;
    let attempts = hits(&company);
    assert!(attempts < 150, "{attempts} attempts at a destination that is away");

    company.sandbox.kontur.faults().clear();
    strike(&company, FaultKind::delay(Duration::from_millis(100)));
    eventually("Kontur is back", async || takes_calls(&company).then_some(())).await;
    company.telephony().tell(&trace(Kind::Answered, LIVE)).await;
    Neighbour::telephony(&company).tell(&trace(Kind::Answered, NEIGHBOURS)).await;
    eventually("both live calls are told", async || {
        let story = company.kontur().story(&format!("trace-{LIVE}"));
        let is_over = story.iter().any(|word| word == "call-finished");
        (is_over && is_told(&company, "register-call", NEIGHBOURS)).then_some(())
    })
    .await;
    let waiting = company.admin().deliveries("state=pending&destination=kontur&limit=500").await.len();
    assert!(waiting > 200, "the backlog is still there: {waiting}");

    company.sandbox.kontur.faults().clear();
    company.settle().await;
    for trace in &traces {
        let story = company.kontur().story(&trace.call_id());
        assert_eq!(story.last().map(String::as_str), Some("register-call"), "{}: {story:?}", trace.call_id());
    }
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), traces.len() + 1);
}

fn takes_calls(company: &Company) -> bool {
    company.journal().of(System::Kontur, "call-started").iter().any(|entry| entry.status == 200)
}

/// One call is enough to learn that Kontur takes nothing. It is left alone then for half a minute, unless somebody knows
/// better.
#[tokio::test]
async fn an_administrators_retry_asks_at_once_whether_the_destination_is_back() {
    let company = Company::plan().set("retry.delays_ms", vec![20, 20, 20, 20, 600_000]).start().await;
    company.sandbox.kontur.faults().set(Fault::always(FaultKind::status(429)));
    company.telephony().tell(&trace(Kind::Missed, 1)).await;
    // Five attempts of the call's own, then four probes with ever longer pauses between them.
    eventually("Kontur is taken for away", async || (hits(&company) == 9).then_some(())).await;
    company.telephony().tell(&trace(Kind::Missed, 2)).await;
    let first = company.admin().call("trace-1").await["deliveries"][0].clone();
    company.sandbox.kontur.faults().clear();
    company.admin().post(&format!("/deliveries/{}/retry", first["id"])).await.ok();
    company.settle().await;
    assert_eq!(hits(&company), 9);
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 2);
}
