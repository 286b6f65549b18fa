//! What is older than it is kept for goes by itself, the file shrinks, and a repeat of what is gone tells nobody
//! anything.

use std::path::PathBuf;

use chrono::Duration;
use rusqlite::Connection;
use serde_json::{Value, json};
use simulators::journal::System;
use simulators::scenario::{Kind, Trace, trace};

use crate::harness::{Company, eventually};

/// Ten days in microseconds.
const TEN_DAYS: i64 = 10 * 24 * 3600 * 1_000_000;

/// An answered call of two years ago, of which the telephony tells only now.
fn late_call(number: u64) -> Vec<Value> {
    Trace::new(Kind::Answered, number).started_at(simulators::clock::now() - Duration::days(730)).events()
}

fn file(company: &Company) -> PathBuf {
    company.server.directory().join("kontur-telephony.db")
}

/// Makes the first two calls ten days older, and adds some megabytes of requests of those days.
fn ten_days_pass(company: &Company) {
    let database = Connection::open(file(company)).expect("the database");
    let shift = |columns: &str| database.execute_batch(&columns.replace("TEN_DAYS", &TEN_DAYS.to_string()));
    shift(
        "UPDATE raw_request SET received_at = received_at - TEN_DAYS;
         UPDATE call_event SET received_at = received_at - TEN_DAYS WHERE call_id <= 2;
         UPDATE delivery SET created_at = created_at - TEN_DAYS, settled_at = settled_at - TEN_DAYS
         WHERE call_id <= 2",
    )
    .expect("older rows");
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
               INSERT INTO raw_request (instance_id, provider, received_at, body)
               SELECT instance_id, provider, received_at, zeroblob(4000)
               FROM n, (SELECT * FROM raw_request LIMIT 1)";
    database.execute(sql, []).expect("more rows");
}

#[tokio::test]
async fn what_is_old_goes_and_the_file_shrinks() {
    let plan = Company::plan().set("retention.raw_requests_days", 7).set("retention.calls_days", 7);
    let mut company = plan.start().await;
    let old = late_call(1);
    company.telephony().tell(&old).await;
    company.telephony().tell(&late_call(2)).await;
    company.telephony().tell(&trace(Kind::Answered, 3)).await;
    company.settle().await;
    assert!(company.server.terminate().await.success());
    ten_days_pass(&company);
    let before = file(&company).metadata().expect("the file").len();
    company.server.start().await;
    eventually("the old calls are gone", async || {
        let calls = company.admin().all("/calls?limit=100").await;
        (calls.len() == 1 && calls[0]["external_id"] == "trace-3").then_some(())
    })
    .await;
    eventually("the file is a third of what it was", async || {
        (file(&company).metadata().ok()?.len() < before / 3).then_some(())
    })
    .await;

    company.settle().await;
    let told = company.journal().count(System::Kontur, "register-call");
    let reply = company.telephony().send(&old).await;
    assert_eq!(reply.ok(), json!({"accepted": 0, "duplicates": old.len()}));
    company.settle().await;
    assert_eq!(company.journal().count(System::Kontur, "register-call"), told);
    let metrics =
        company.http.get(format!("{}/metrics", company.server.url())).send().await.expect("metrics");
    let metrics = metrics.text().await.expect("a text");
    for line in [
        "kontur_telephony_rows_pruned_total{table=\"call\"} 2",
        &format!("kontur_telephony_events_forgotten_total {}", old.len()),
    ] {
        assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
    }
}
