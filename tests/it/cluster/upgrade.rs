//! Servers are replaced one after the other while calls go on: nobody who sends an event notices.

use std::time::Duration;

use testkit::postgres::Postgres;

use super::{REPLICAS, on};
use crate::crash::plan;
use crate::crash::traffic::{Load, Traffic};
use crate::crash::trail::Trail;
use crate::harness::chance;

/// Fifty calls go on at a time.
const LOAD: Load = Load { connections: 10, at_once: 5, pace: Duration::from_millis(200) };

/// Events that are taken between two replacements.
const BETWEEN: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_replaced_one_by_one_and_no_event_is_refused() {
    let postgres = Postgres::durable();
    let mut company = on(&postgres, plan()).start().await;
    let traffic = Traffic::endless(&company.balanced_telephony(), LOAD, &mut chance());
    for replica in 0..REPLICAS {
        traffic.acknowledged(BETWEEN * (replica + 1)).await;
        let server = company.server_at(replica);
        assert_eq!(server.terminate().await.code(), Some(0), "{}", server.log());
        server.start().await;
    }
    traffic.acknowledged(BETWEEN * (REPLICAS + 1)).await;
    traffic.stop();
    let calls = traffic.end().await;
    let refusals: Vec<&String> = calls.iter().flat_map(|call| &call.refusals).collect();
    assert!(refusals.is_empty(), "{refusals:#?}");
    Trail::of(&company, &calls).await.assert_clean();
}
