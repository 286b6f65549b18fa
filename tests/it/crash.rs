//! The server dies in the middle of its work, or is asked to end: what it acknowledged is not lost, and nothing is
//! done twice.

mod traffic;
mod trail;

use rand::RngExt;
use rand::rngs::StdRng;
use simulators::journal::System;

use self::traffic::{Call, Traffic};
use crate::harness::{Company, Plan, chance};

const KILLS: usize = 10;

/// A company without Metabot: whether a job was taken cannot be asked there (contract Metabot), so that the answer
/// which a killed server did not get leaves no better choice than to send the job again.
fn plan() -> Plan {
    Company::plan().set("log.level", "info").integration(|integration| drop(integration.remove("metabot")))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_ten_times_under_load_it_loses_nothing_that_it_acknowledged() {
    let mut company = plan().start().await;
    // The server cannot know whether a callback arrived whose answer died with it.
    company.sandbox.kontur.allow_repeats(true);
    let (mut chance, mut calls) = (chance(), Vec::new());
    for round in 0..KILLS {
        let traffic = Traffic::start(&company.telephony(), round, &mut chance);
        some_moment(&company, &traffic, &mut chance).await;
        company.server.restart().await;
        calls.extend(traffic.end().await);
    }
    everything_came_through(&company, &calls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_under_load_it_drains_and_loses_nothing() {
    let mut company = plan().start().await;
    let mut chance = chance();
    let traffic = Traffic::start(&company.telephony(), 0, &mut chance);
    some_moment(&company, &traffic, &mut chance).await;
    assert_eq!(company.server.terminate().await.code(), Some(0));
    company.server.start().await;
    everything_came_through(&company, &traffic.end().await).await;
}

/// A moment in the middle: so many events were acknowledged, or so many callbacks made.
async fn some_moment(company: &Company, traffic: &Traffic, chance: &mut StdRng) {
    if chance.random() {
        traffic.acknowledged(chance.random_range(1..=traffic::EVENTS / 2)).await;
        return;
    }
    let at_kontur = |operation| company.journal().count(System::Kontur, operation);
    let more = at_kontur("call-event") + chance.random_range(1..=traffic::CALLS);
    company.seen(System::Kontur, "call-event", more).await;
}

async fn everything_came_through(company: &Company, calls: &[Call]) {
    trail::wait(company, calls.len()).await;
    trail::timelines_hold_every_event(company, calls).await;
    trail::each_call_is_registered_once(company, calls);
    trail::each_call_is_commented_once(company, calls);
}
