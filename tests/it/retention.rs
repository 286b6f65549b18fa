//! What is older than it is kept for goes by itself, a file shrinks, and a repeat of what is gone tells nobody
//! anything.

use std::path::Path;

use chrono::Duration;
use rusqlite::Connection;
use serde_json::{Value, json};
use simulators::journal::System;
use simulators::scenario::{Kind, Trace, trace};

use crate::harness::{Company, Reply, eventually};

/// Ten days in microseconds.
const TEN_DAYS: i64 = 10 * 24 * 3600 * 1_000_000;

/// An answered call of two years ago, of which the telephony tells only now.
fn late_call(number: u64) -> Vec<Value> {
    Trace::new(Kind::Answered, number).started_at(simulators::clock::now() - Duration::days(730)).events()
}

/// Makes the first two calls, and every request, ten days older.
fn ten_days_pass(company: &Company) {
    let sql = "UPDATE raw_request SET received_at = received_at - TEN_DAYS;
               UPDATE call_event SET received_at = received_at - TEN_DAYS WHERE call_id <= 2;
               UPDATE delivery SET created_at = created_at - TEN_DAYS, settled_at = settled_at - TEN_DAYS
               WHERE call_id <= 2";
    company.server.database().run(&sql.replace("TEN_DAYS", &TEN_DAYS.to_string()));
}

/// Adds some megabytes of requests of those days to a file; gives what it holds then, in bytes.
fn filled(file: &Path) -> u64 {
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
               INSERT INTO raw_request (instance_id, provider, received_at, body)
               SELECT instance_id, provider, received_at, zeroblob(4000)
               FROM n, (SELECT * FROM raw_request LIMIT 1)";
    Connection::open(file).expect("the database").execute(sql, []).expect("more rows");
    size(file)
}

fn size(file: &Path) -> u64 {
    file.metadata().expect("the file").len()
}

#[tokio::test]
async fn what_is_old_goes_and_a_file_shrinks() {
    let plan = Company::plan().set("retention.raw_requests_days", 7).set("retention.calls_days", 7);
    let mut company = plan.start().await;
    let old = late_call(1);
    company.telephony().tell(&old).await;
    company.telephony().tell(&late_call(2)).await;
    company.telephony().tell(&trace(Kind::Answered, 3)).await;
    company.settle().await;
    assert!(company.server.terminate().await.success());
    ten_days_pass(&company);
    let file = company.server.database().file().map(|file| (file.to_owned(), filled(file)));
    company.server.start().await;
    eventually("the old calls are gone", async || {
        let calls = company.admin().all("/calls?limit=100").await;
        (calls.len() == 1 && calls[0]["external_id"] == "trace-3").then_some(())
    })
    .await;
    if let Some((file, before)) = file {
        eventually("the file is a third of what it was", async || (size(&file) < before / 3).then_some(()))
            .await;
    }
    a_repeat_tells_nobody(&company, &old).await;
    let forgotten = format!("kontur_telephony_events_forgotten_total {}", old.len());
    for line in ["kontur_telephony_rows_pruned_total{table=\"call\"} 2", &forgotten] {
        eventually(line, async || metrics(&company).await.contains(line).then_some(())).await;
    }
}

async fn a_repeat_tells_nobody(company: &Company, events: &[Value]) {
    company.settle().await;
    let told = company.journal().count(System::Kontur, "register-call");
    let reply = company.telephony().send(events).await;
    assert_eq!(reply.ok(), json!({"accepted": 0, "duplicates": events.len()}));
    company.settle().await;
    assert_eq!(company.journal().count(System::Kontur, "register-call"), told);
}

async fn metrics(company: &Company) -> String {
    let reply = Reply::to(company.http.get(format!("{}/metrics", company.server.url()))).await;
    reply.ok().as_str().expect("a text").to_owned()
}
