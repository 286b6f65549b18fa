//! The server dies in the middle of its work, or is asked to end: what it acknowledged is not lost, and nothing is
//! done twice.

mod backfill;
mod dials;
mod ending;
mod places;
pub(crate) mod traffic;
pub(crate) mod trail;

use rand::RngExt;
use rand::rngs::StdRng;
use simulators::journal::System;

use self::traffic::Traffic;
use self::trail::Trail;
use crate::harness::{Company, Plan, chance};

const KILLS: usize = 10;

/// A company without Metabot: whether a job was taken cannot be asked there (contract Metabot), so that the answer
/// which a killed server did not get leaves no better choice than to send the job again.
pub(crate) fn plan() -> Plan {
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
    Trail::of(&company, &calls).await.assert_clean();
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
