//! Calls that are told to a server which can store something, or nothing.

use std::time::Duration;

use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, Trace};

use super::calls::Call;
use super::whole;
use crate::harness::{Company, Reply, eventually};

/// Nobody has a disk that takes more calls than this after it was filled.
const MOST: u64 = 20_000;

const KINDS: [Kind; 5] = [Kind::Answered, Kind::Missed, Kind::RingGroup, Kind::Transferred, Kind::Held];

/// A call all of whose events were taken.
#[derive(Debug)]
pub(super) struct Taken(Trace, Kind);

impl Taken {
    /// Tells call number `n` in one request.
    pub(super) async fn tell(company: &Company, n: u64) -> Result<Self, Reply> {
        let kind = KINDS[usize::try_from(n).expect("small") % KINDS.len()];
        let trace = Trace::new(kind, n);
        let reply = company.telephony().send(&trace.events()).await;
        if reply.status == 200 { Ok(Self(trace, kind)) } else { Err(reply) }
    }
}

/// Tells call 1; gives it when its registration is under way, and stays so for this long.
pub(super) async fn under_way(company: &Company, registration_takes: Duration) -> Taken {
    let faults = company.sandbox.kontur.faults();
    faults.set(Fault::times(FaultKind::delay(registration_takes), 1).on("register-call"));
    let taken = Taken::tell(company, 1).await.expect("there is room");
    eventually("the registration is under way", async || faults.active().is_empty().then_some(())).await;
    taken
}

/// Tells calls until one is refused; gives the refusal and the call's number.
pub(super) async fn until_refused(company: &Company, first: u64, taken: &mut Vec<Taken>) -> (Reply, u64) {
    for n in first..first + MOST {
        match Taken::tell(company, n).await {
            Ok(call) => taken.push(call),
            Err(refused) => return (refused, n),
        }
    }
    panic!("{MOST} calls were taken by a server that has no room");
}

/// Tells the call again until it is taken.
pub(super) async fn tell_patiently(company: &Company, n: u64) -> Taken {
    eventually("events are taken again", async || Taken::tell(company, n).await.ok()).await
}

/// 503, and when to come again.
#[track_caller]
pub(super) fn check_refusal(refused: Reply) {
    let seconds = refused.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| seconds <= 5), "{refused:?}");
    refused.problem(503, "unavailable");
}

async fn asked(company: &Company, path: &str) -> Reply {
    Reply::to(company.http.get(format!("{}/{path}", company.server.url()))).await
}

/// An orchestrator leaves the server running and sends it no events; people and Prometheus can look at it.
pub(super) async fn check_alive_but_not_ready(company: &Company) {
    assert_eq!(asked(company, "healthz").await.status, 200);
    assert_eq!(asked(company, "metrics").await.status, 200);
    assert_eq!(company.admin().status_word().await, "active");
    check_refusal(asked(company, "readyz").await);
}

/// Events can be sent again.
pub(super) async fn check_ready(company: &Company) {
    assert_eq!(asked(company, "readyz").await.status, 200);
}

/// Every call that was taken is known everywhere, once; what creates something was sent once.
pub(super) fn check_everything(company: &Company, taken: &[Taken]) {
    let calls: Vec<Call> = taken.iter().map(|Taken(trace, kind)| Call::traced(*kind, trace)).collect();
    let sandbox = &company.sandbox;
    let mut missing = whole::at_kontur(&sandbox.kontur, WORKSPACE, &calls);
    missing.extend(whole::at_workonflow(&sandbox.workonflow, &calls));
    missing.extend(whole::at_metabot(&sandbox.metabot, &calls, false));
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert_eq!(sandbox.kontur.communications(WORKSPACE).len(), calls.len());
    for operation in ["call-started", "register-call"] {
        assert_eq!(company.journal().count(System::Kontur, operation), calls.len(), "{operation}");
    }
}
