//! Killed twenty times at each place of the road, under load. The places are the product's crash points, all of them,
//! and the moments when a remote system has acted and has not said so.

use std::fmt;

use domain::port::crash::CrashPoint;
use futures_util::StreamExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use simulators::faults::{Fault, FaultKind, Faults};
use simulators::journal::System;
use simulators::sandbox::Sandbox;
use tokio_util::sync::CancellationToken;

use super::traffic::{STEADY, Traffic};
use super::trail::Trail;
use super::{dials, plan};
use crate::harness::{Company, DEADLINE, Server, chance, eventually};

/// Kills at each place.
const KILLS: u32 = 20;

/// Companies whose servers are killed at the same time.
const AT_ONCE: usize = 4;

/// What creates something there, or may be said again.
const UNANSWERED: [(System, &str); 6] = [
    (System::Kontur, "call-started"),
    (System::Kontur, "call-event"),
    (System::Kontur, "register-call"),
    (System::Workonflow, "contact/create"),
    (System::Workonflow, "thread/create"),
    (System::Workonflow, "comment/create"),
];

/// Where the server is killed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// It kills itself there.
    At(CrashPoint),
    /// The system has processed a request of this operation and does not answer.
    Unanswered(System, &'static str),
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_twenty_times_at_every_place_it_loses_and_doubles_nothing() {
    let mut chance = chance();
    let points = CrashPoint::ALL.iter().copied().map(Place::At);
    let places: Vec<_> = points
        .chain(UNANSWERED.map(|(system, operation)| Place::Unanswered(system, operation)))
        .map(|place| (place, StdRng::seed_from_u64(chance.random())))
        .collect();
    let findings: Vec<Finding> = futures_util::stream::iter(places)
        .map(|(place, chance)| Finding::of(place, chance))
        .buffered(AT_ONCE)
        .collect()
        .await;
    eprintln!("{HEADER}");
    for finding in &findings {
        eprintln!("{finding}");
    }
    for Finding { place, trail, .. } in &findings {
        assert!(trail.is_clean(), "killed at {place}: {trail:#?}");
        let register = *place == Place::Unanswered(System::Kontur, "register-call");
        assert!(!register || trail.looked_up >= KILLS as usize, "killed at {place}: {trail:#?}");
    }
}

/// What twenty kills at one place left behind.
struct Finding {
    place: Place,
    calls: usize,
    trail: Trail,
}

impl Finding {
    async fn of(place: Place, mut chance: StdRng) -> Self {
        let mut company = plan().start().await;
        // The server cannot know whether a callback arrived whose answer died with it.
        company.sandbox.kontur.allow_repeats(true);
        // They are in the finding.
        company.forgive_violations();
        let (calls, trail) = match place {
            Place::At(CrashPoint::DialNoted | CrashPoint::DialAnswered) => {
                under_dials(&mut company, place, &mut chance).await
            }
            _ => under_traffic(&mut company, place, &mut chance).await,
        };
        Self { place, calls, trail }
    }
}

async fn under_traffic(company: &mut Company, place: Place, chance: &mut StdRng) -> (usize, Trail) {
    let traffic = Traffic::endless(&company.telephony(), STEADY, chance);
    kill(&company.sandbox, &mut company.server, place, chance).await;
    company.server.start().await;
    traffic.stop();
    let calls = traffic.end().await;
    (calls.len(), Trail::of(company, &calls).await)
}

async fn under_dials(company: &mut Company, place: Place, chance: &mut StdRng) -> (usize, Trail) {
    let (sandbox, server, over) = (&company.sandbox, &mut company.server, CancellationToken::new());
    let kills = async {
        kill(sandbox, server, place, chance).await;
        server.start().await;
        over.cancel();
    };
    let ((), pressed) = tokio::join!(kills, dials::press(sandbox, &over));
    (pressed.len(), dials::trail(company, &pressed).await)
}

async fn kill(sandbox: &Sandbox, server: &mut Server, place: Place, chance: &mut StdRng) {
    // In no order, so that a request that comes first in every life is taken some time.
    for kill in (0..KILLS).map(|kill| kill * 7 % KILLS) {
        match place {
            Place::At(point) => {
                server.kill();
                server.die_at(&format!("{point}:{}", 1 + kill % most_passes(point))).await;
            }
            Place::Unanswered(system, operation) => {
                server.restart().await;
                let more = chance.random_range(0..5);
                unanswered(sandbox, system, operation, more).await;
                server.kill();
            }
        }
    }
}

/// How often a point is passed, at most, before the server dies: what is passed seldom would take long.
fn most_passes(point: CrashPoint) -> u32 {
    match point {
        CrashPoint::Recovering => 5,
        CrashPoint::HandedOn | CrashPoint::DialNoted | CrashPoint::DialAnswered => KILLS / 2,
        _ => KILLS,
    }
}

/// Lets some requests pass; returns when one has been processed that gets no answer.
async fn unanswered(sandbox: &Sandbox, system: System, operation: &str, more: usize) {
    let journal = &sandbox.journal;
    let enough = journal.count(system, operation) + more;
    eventually("requests come", async || (journal.count(system, operation) >= enough).then_some(())).await;
    let mut news = journal.subscribe();
    faults(sandbox, system).set(Fault::times(FaultKind::HangAfter, 1).on(operation));
    let processed =
        async { while news.recv().await.expect("the journal is read fast enough").fault.is_none() {} };
    tokio::time::timeout(DEADLINE, processed).await.expect("a request is processed");
}

fn faults(sandbox: &Sandbox, system: System) -> &Faults {
    match system {
        System::Workonflow => sandbox.workonflow.faults(),
        _ => sandbox.kontur.faults(),
    }
}

const HEADER: &str =
    "killed at                     kills calls  lost  out of order  doubled  said twice  looked up";

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trail { lost, out_of_order, doubled, said_twice, looked_up } = &self.trail;
        let (place, calls) = (self.place.to_string(), self.calls);
        let (lost, late, doubled) = (lost.len(), out_of_order.len(), doubled.len());
        write!(f, "{place:<29} {KILLS:>5} {calls:>5} {lost:>5} {late:>13} {doubled:>8} {said_twice:>11}")?;
        write!(f, " {looked_up:>10}")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(point) => write!(f, "{point}"),
            Self::Unanswered(_, operation) => write!(f, "{operation} unanswered"),
        }
    }
}
