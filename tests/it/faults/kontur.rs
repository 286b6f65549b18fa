//! Kontur fails.

use serde_json::Value;
use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};

use super::calls::{Calls, End};
use super::cell::{self, Fate};
use super::office::Office;
use super::row::Row;
use super::way::Way;
use crate::harness::{Company, eventually};

async fn check(way: Way, fate: Fate, status: &str) {
    cell::check(Row::Kontur, way, fate, status).await;
}

cells! { check;
    // it is                             what is to be told                 the status
    down:              Way::Down,         Fate::Told,               "active";
    hanging:           Way::Hanging,      Fate::Told,               "active";
    slow:              Way::Slow,         Fate::Told,               "active";
    busy:              Way::Busy,         Fate::Told,               "active";
    unauthorized:      Way::Unauthorized, Fate::Told,               "failed";
    conflict:          Way::Conflict,     Fate::Dead("validation"), "hasErrors";
    broken:            Way::Broken,       Fate::Told,               "active";
    unavailable:       Way::Unavailable,  Fate::Told,               "active";
    cut_before:        Way::CutBefore,    Fate::Told,               "active";
    cut_after:         Way::CutAfter,     Fate::Told,               "active";
    html:              Way::Html,         Fate::Told,               "active";
    broken_json:       Way::BrokenJson,   Fate::Told,               "active";
    odd_json:          Way::OddJson,      Fate::Told,               "active";
    error_inside:      Way::ErrorInside,  Fate::Told,               "active";
    given_up:          Way::Unavailable,  Fate::Dead("gave_up"),    "hasErrors";
}

/// It is down for longer than realtime is worth: what is late is skipped, what was opened is closed, and every call is
/// registered.
#[tokio::test]
async fn down_for_too_long() {
    let plan = Company::plan().set("retry.realtime_expires_after_sec", 1);
    let office = Office::planned(plan).await;
    let company = &office.company;
    let calls = Calls::begin(&office).await;
    Row::Kontur.strike(&company.sandbox, Way::Down);
    calls.go_on(&office).await;
    let known = calls.everybody();
    office.others_are_served(&known, Row::Kontur, true).await;
    eventually("no realtime waits any more but ends", async || {
        let pending = company.admin().deliveries("state=pending&destination=kontur&limit=500").await;
        let is_late =
            |delivery: &Value| !delivery["expires_at"].is_null() && delivery["kind"] != "call-finished";
        (!pending.iter().any(is_late)).then_some(())
    })
    .await;
    assert_eq!(company.admin().status_word().await, "active", "being late is no fault");

    Row::Kontur.heal(&company.sandbox);
    company.settle().await;
    let states = |state: &'static str| async move {
        let deliveries =
            company.admin().deliveries(&format!("destination=kontur&state={state}&limit=500")).await;
        deliveries.into_iter().map(|delivery| delivery["kind"].clone()).collect::<Vec<Value>>()
    };
    let (expired, dead) = (states("expired").await, states("dead").await);
    assert!(!expired.is_empty() && expired.iter().all(is_realtime), "{expired:?}");
    assert!(dead.is_empty(), "{dead:?}");
    for call in known.own.iter().filter(|call| call.end != End::Failed) {
        let known = company.kontur().communication(&call.external_id);
        assert_eq!((known.registered, known.finished), (1, known.started), "{known:?}");
    }
}

/// An end that came too late to be on time was tried again and again without a pause.
#[tokio::test]
async fn an_end_that_is_late_is_tried_again_at_its_pace() {
    let plan = Company::plan().set("retry.realtime_expires_after_sec", 1);
    let company = plan.set("retry.delays_ms", vec![600_000_i64]).start().await;
    let events = trace(Kind::Answered, 1);
    company.telephony().tell(&events[..3]).await;
    company.settle().await;
    Row::Kontur.strike(&company.sandbox, Way::Down);
    company.telephony().tell(&events[3..]).await;
    let attempts = async || {
        let pending = company.admin().deliveries("state=pending&destination=kontur").await;
        // The oldest is the last.
        let end = pending.into_iter().rfind(|delivery| delivery["kind"] == "call-finished");
        end.and_then(|end| end["attempts"].as_u64()).filter(|attempts| *attempts > 0)
    };
    eventually("the end was tried", attempts).await;
    company.telephony().tell(&trace(Kind::Missed, 2)).await;
    company.seen(System::Workonflow, "comment/create", 2).await;
    assert_eq!(attempts().await, Some(1), "the next one is in ten minutes");
}

fn is_realtime(kind: &Value) -> bool {
    ["call-started", "call-event", "call-finished"].iter().any(|realtime| kind == realtime)
}

/// An administrator of the workspace removes the integration, and installs it again.
#[tokio::test]
async fn uninstalled() {
    let office = Office::start().await;
    let company = &office.company;
    let calls = Calls::begin(&office).await;
    company.sandbox.kontur.set_installed(WORKSPACE, false);
    company.sandbox.kontur.expire_keys(WORKSPACE);
    calls.traces_go_on().await;
    company.admin().becomes("notConfigured").await;
    office.neighbour_is_served(&calls.everybody()).await;
    let reply = company.telephony().send(&trace(Kind::Missed, 50)).await;
    reply.problem(409, "not-configured");

    company.sandbox.kontur.set_installed(WORKSPACE, true);
    assert!(company.sandbox.setup().await.is_ok());
    calls.placed_go_on(&office).await;
    office.everything_is_whole(&calls.everybody(), None, false).await;
    company.admin().becomes("active").await;
}

/// Its answers are of another time.
#[tokio::test]
async fn clocks_that_differ() {
    for (off, side) in [(3_600, "behind"), (-3_600, "ahead of")] {
        let office = Office::start().await;
        let company = &office.company;
        let calls = Calls::begin(&office).await;
        company.sandbox.kontur.faults().set(Fault::always(FaultKind::DateOff(off)));
        assert!(company.crm().upgrade().await.is_ok());
        let status = company.admin().becomes("hasErrors").await;
        assert!(status["reasons"][0].as_str().is_some_and(|reason| reason.contains(side)), "{status}");
        calls.go_on(&office).await;
        office.everything_is_whole(&calls.everybody(), None, false).await;
        company.sandbox.kontur.faults().clear();
        assert!(company.crm().upgrade().await.is_ok());
        company.admin().becomes("active").await;
    }
}
