//! What one server leaves behind another one does.

use std::time::Duration;

use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::scenario::{Kind, Trace};
use testkit::postgres::Postgres;

use super::{REPLICAS, on};
use crate::harness::{Company, within};

/// A server that died is noticed, and what it had to do is taken over.
const AFTER_DEATH: Duration = Duration::from_secs(10);

/// One that was asked to end says so.
const AFTER_END: Duration = Duration::from_secs(3);

const ANSWERED: [&str; 6] =
    ["call-started", "appeared 1", "connected 1", "disconnected 1", "call-finished", "register-call"];

#[tokio::test]
async fn what_a_dead_server_had_pending_is_delivered_within_ten_seconds() {
    let postgres = Postgres::quick();
    let mut company = on(&postgres, Company::plan()).start().await;
    // Each of them once: one of them was the one that delivered.
    for place in 0..REPLICAS {
        let call = pending(&company, place).await;
        company.server_at(place).kill();
        is_told(&company, &call, AFTER_DEATH).await;
        company.server_at(place).start().await;
    }
}

#[tokio::test]
async fn a_server_that_is_asked_to_end_hands_over_at_once() {
    let postgres = Postgres::quick();
    let mut company = on(&postgres, Company::plan()).start().await;
    for place in 0..REPLICAS {
        let call = pending(&company, place).await;
        assert_eq!(company.server_at(place).terminate().await.code(), Some(0));
        is_told(&company, &call, AFTER_END).await;
        company.server_at(place).start().await;
    }
}

/// Kontur is away, and a call is over that it was not told of; gives the call.
async fn pending(company: &Company, number: usize) -> Trace {
    let faults = company.sandbox.kontur.faults();
    faults.set(Fault::always(FaultKind::status(503)).on("call-started"));
    let call = Trace::new(Kind::Answered, number as u64);
    let tried = company.journal().count(System::Kontur, "call-started");
    company.balanced_telephony().tell(&call.events()).await;
    company.seen(System::Kontur, "call-started", tried + 1).await;
    call
}

/// Kontur is back, and one of the servers that are left tells it everything in time.
async fn is_told(company: &Company, call: &Trace, deadline: Duration) {
    company.sandbox.kontur.faults().clear();
    within(deadline, "the call is told", async || {
        (company.kontur().story(&call.call_id()) == ANSWERED).then_some(())
    })
    .await;
}
