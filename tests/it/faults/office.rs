//! Where the matrix is played: a company, and a neighbour on the same server.

use std::time::Instant;

use serde_json::json;
use simulators::sandbox::WORKSPACE;

use super::calls::Everybody;
use super::neighbour::{NEIGHBOUR, Neighbour};
use super::row::Row;
use super::whole;
use crate::harness::{Company, DEADLINE, Plan, Reply};

/// A company and its neighbour.
pub(super) struct Office {
    pub(super) company: Company,
    pub(super) neighbour: Neighbour,
}

impl Office {
    /// Both are active.
    pub(super) async fn start() -> Self {
        Self::planned(Company::plan()).await
    }

    /// The same with other configuration.
    pub(super) async fn planned(plan: Plan) -> Self {
        let neighbour = Neighbour::start().await;
        let declare = neighbour.declare();
        let plan = plan.set("log.level", "info").edit(|configuration, _| declare(configuration));
        let company = plan.start().await;
        neighbour.set_up(&company).await;
        Self { company, neighbour }
    }

    /// The server lives, and takes events.
    pub(super) async fn is_well(&self) {
        for path in ["healthz", "readyz"] {
            let url = format!("{}/{path}", self.company.server.url());
            let reply = Reply::to(self.company.http.get(url)).await;
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
        }
    }

    /// An administrator sends again what was given up.
    pub(super) async fn send_dead_letters_again(&self) {
        let which = json!({"workspace": WORKSPACE, "state": "dead"});
        self.company.admin().post_json("/deliveries/replay", &which).await.ok();
    }

    /// Waits until all of the company's systems but `row`, and the neighbour's, know all their calls.
    /// `shares_kontur` says that Kontur fails for the neighbour as well.
    pub(super) async fn others_are_served(&self, calls: &Everybody, row: Row, shares_kontur: bool) {
        let what = format!("all others are served while {row:?} fails");
        until_nothing_is_missing(&what, || {
            let mut missing = Vec::new();
            for other in [Row::Kontur, Row::Workonflow, Row::Metabot] {
                if other != row {
                    missing.extend(self.missing(calls, other, false));
                }
                if !(other == Row::Kontur && shares_kontur) {
                    missing.extend(self.neighbour_misses(calls, other));
                }
            }
            missing
        })
        .await;
    }

    /// Waits until all systems of the neighbour know all its calls.
    pub(super) async fn neighbour_is_served(&self, calls: &Everybody) {
        until_nothing_is_missing("the neighbour is served", || {
            let rows = [Row::Kontur, Row::Workonflow, Row::Metabot];
            rows.into_iter().flat_map(|row| self.neighbour_misses(calls, row)).collect()
        })
        .await;
    }

    /// Waits until everything was told to everybody, nothing twice.
    pub(super) async fn everything_is_whole(&self, calls: &Everybody, exempt: Option<Row>, again: bool) {
        self.company.settle().await;
        until_nothing_is_missing("everything is whole", || {
            let mut missing = Vec::new();
            for row in [Row::Kontur, Row::Workonflow, Row::Metabot] {
                if exempt != Some(row) {
                    missing.extend(self.missing(calls, row, again));
                }
                missing.extend(self.neighbour_misses(calls, row));
            }
            missing
        })
        .await;
        assert_eq!(self.neighbour.journal.violations(), Vec::<String>::new());
    }

    fn missing(&self, calls: &Everybody, row: Row, again: bool) -> Vec<String> {
        let (sandbox, own) = (&self.company.sandbox, &calls.own);
        match row {
            Row::Kontur => whole::at_kontur(&sandbox.kontur, WORKSPACE, own),
            Row::Workonflow => whole::at_workonflow(&sandbox.workonflow, own),
            Row::Metabot => whole::at_metabot(&sandbox.metabot, own, again),
            Row::Provider => Vec::new(),
        }
    }

    fn neighbour_misses(&self, calls: &Everybody, row: Row) -> Vec<String> {
        let (neighbour, theirs) = (&self.neighbour, &calls.neighbours);
        match row {
            Row::Kontur => whole::at_kontur(&self.company.sandbox.kontur, NEIGHBOUR, theirs),
            Row::Workonflow => whole::at_workonflow(&neighbour.workonflow, theirs),
            Row::Metabot => whole::at_metabot(&neighbour.metabot, theirs, false),
            Row::Provider => Vec::new(),
        }
    }
}

/// Looks again and again; fails at the [`DEADLINE`] with what is missing then.
pub(super) async fn until_nothing_is_missing(what: &str, missing: impl Fn() -> Vec<String>) {
    let began = Instant::now();
    loop {
        let missing = missing();
        if missing.is_empty() {
            return;
        }
        assert!(began.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}:\n{}", missing.join("\n"));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
