//! Several servers on one PostgreSQL: any of them takes any event, one at a time hands an integration's deliveries out,
//! and none is missed when it goes.

mod chaos;
mod known;
mod takeover;
mod upgrade;

use testkit::postgres::Postgres;

use crate::harness::Plan;

/// The servers of a story.
const REPLICAS: usize = 3;

/// So many servers on the database of `server`.
fn on(server: &Postgres, plan: Plan) -> Plan {
    plan.replicas(REPLICAS, server.url())
}
