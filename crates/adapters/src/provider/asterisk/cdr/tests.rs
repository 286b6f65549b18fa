use super::*;
use std::fs;

use tempfile::TempDir;

use calls::tests::{ZONE, recorded, rules};

const SCENARIOS: [&str; 6] =
    ["inbound_answered", "ivr_queue", "queue_local", "overlapping", "outbound_answered", "click_to_call"];

/// Whatever the recordings are of.
const ALWAYS: Window = Window { from: FOREVER.0, to: FOREVER.1 };

fn nothing_goes_on(_: &str) -> bool {
    false
}

/// What one Asterisk might have written: calls that were recorded, in the order in which they ended.
fn folder() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<String> = Vec::new();
    for scenario in SCENARIOS {
        let text = String::from_utf8(recorded("22", scenario)).unwrap();
        lines.extend(text.lines().map(|line| format!("{line}\n")));
    }
    // Many Asterisks were recorded, each of which counts from 0.
    let mut seen = std::collections::HashMap::new();
    for line in &mut lines {
        let linkedid = line.rsplit(',').nth(1).unwrap().to_owned();
        let count = seen.len();
        let number = *seen.entry(linkedid.clone()).or_insert(count);
        *line = line.replace(&linkedid, &linkedid.replace(".0", &format!(".{}", number + 50)));
    }
    lines.sort_by_key(|line| line.split(',').nth(11).unwrap().to_owned());
    let text = lines.concat();
    fs::write(folder.path().join("Master.csv"), &text).unwrap();
    (folder, text)
}

fn cdr(settings: serde_json::Value) -> Result<Cdr, String> {
    let settings = serde_json::from_value(settings).unwrap();
    Cdr::new(&settings, rules(), ZONE, crate::http::client(Duration::from_secs(5)).unwrap())
}

async fn all(cdr: &Cdr) -> Vec<PastCall> {
    let page = cdr.history(ALWAYS, None, &nothing_goes_on).await.unwrap();
    assert_eq!(page.next, None);
    page.calls
}

#[tokio::test]
async fn a_file_and_a_database_with_the_same_records_tell_the_same_calls() {
    let (folder, text) = folder();
    let csv = cdr(serde_json::json!({"kind": "csv", "path": folder.path().join("Master.csv")})).unwrap();
    let calls = all(&csv).await;
    assert_eq!(calls.len(), 7);
    assert!(calls.iter().all(|call| call.finished_at.is_some()));

    let path = folder.path().join("master.db");
    fill(&rusqlite::Connection::open(&path).unwrap(), &text);
    let sqlite = cdr(serde_json::json!({"kind": "sqlite", "path": path})).unwrap();
    assert_eq!(all(&sqlite).await, calls);
}

fn fill(database: &rusqlite::Connection, text: &str) {
    database
        .execute_batch(&format!("CREATE TABLE cdr ({})", MASTER.join(" TEXT, ").replace("end", "\"end\"")))
        .unwrap();
    for row in rows(text) {
        let marks: Vec<String> = (1..=row.len()).map(|index| format!("${index}")).collect();
        let insert = format!("INSERT INTO cdr VALUES ({})", marks.join(", "));
        database.execute(&insert, rusqlite::params_from_iter(row)).unwrap();
    }
}

/// The columns of `Master.csv`.
pub(super) const MASTER: [&str; 21] = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
    "peeraccount",
    "linkedid",
    "sequence",
];

/// The texts of the records.
pub(super) fn rows(text: &str) -> Vec<Vec<String>> {
    let fields = |line: &str| {
        let mut fields = vec![String::new()];
        let mut is_quoted = false;
        for c in line.chars() {
            match c {
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => fields.push(String::new()),
                c => fields.last_mut().unwrap().push(c),
            }
        }
        fields
    };
    text.lines().map(fields).collect()
}

/// Calls that were recorded, as one Asterisk might have written them, and what they are.
pub(super) async fn written() -> (String, Vec<PastCall>) {
    let (folder, text) = folder();
    let csv = cdr(serde_json::json!({"kind": "csv", "path": folder.path().join("Master.csv")})).unwrap();
    (text, all(&csv).await)
}

#[tokio::test]
async fn calls_that_go_on_are_left_out_and_a_window_has_those_that_began_in_it() {
    let (folder, _) = folder();
    let csv = cdr(serde_json::json!({"kind": "csv", "path": folder.path().join("Master.csv")})).unwrap();
    let calls = all(&csv).await;
    let first = calls[0].call.clone();
    let page = csv.history(ALWAYS, None, &|id| id == first.as_str()).await.unwrap();
    assert_eq!(page.calls, calls[1..]);

    let window = Window { from: calls[1].started_at, to: calls[4].started_at };
    let expected: Vec<&PastCall> =
        calls.iter().filter(|call| (window.from..window.to).contains(&call.started_at)).collect();
    let page = csv.history(window, None, &nothing_goes_on).await.unwrap();
    assert!(!expected.is_empty());
    assert_eq!(page.calls.iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_call_is_found_by_its_id_whatever_that_says_of_its_time() {
    let (folder, _) = folder();
    let csv = cdr(serde_json::json!({"kind": "csv", "path": folder.path().join("Master.csv")})).unwrap();
    for call in all(&csv).await {
        assert_eq!(csv.call(&call.call).await.as_ref(), Ok(&call));
    }
    for unknown in ["1795402616.99", "kontur-none", "", "'; --"] {
        let error = csv.call(&unknown.into()).await.unwrap_err();
        assert_eq!(error.kind, RemoteErrorKind::NotFound, "{unknown}");
    }
}

#[tokio::test]
async fn an_endpoint_is_asked_on_until_there_are_no_more_rows() {
    let (text, expected) = written().await;
    let mut server = mockito::Server::new_async().await;
    let rows: Vec<serde_json::Value> = rows(&text)
        .into_iter()
        .map(|row| {
            MASTER
                .iter()
                .map(|name| (*name).to_owned())
                .zip(row.into_iter().map(serde_json::Value::from))
                .collect()
        })
        .collect();
    let end = |row: &serde_json::Value| time::instant(row["end"].as_str().unwrap(), ZONE).unwrap();
    let half = rows.len() / 2;
    let first = server
        .mock("GET", "/cdr")
        .match_query(mockito::Matcher::AllOf(vec![
            mockito::Matcher::UrlEncoded("pbx".to_owned(), "1".to_owned()),
            mockito::Matcher::UrlEncoded("from".to_owned(), "1970-01-01T00:00:00+00:00".to_owned()),
        ]))
        .match_header("authorization", "Bearer secret")
        .with_body(serde_json::json!({"rows": rows[..half], "more": true}).to_string())
        .create_async()
        .await;
    let second = server
        .mock("GET", "/cdr")
        .match_query(mockito::Matcher::UrlEncoded("from".to_owned(), end(&rows[half - 1]).rfc3339()))
        .with_body(serde_json::json!({"rows": rows[half - 1..]}).to_string())
        .create_async()
        .await;
    let again = server
        .mock("GET", "/cdr")
        .match_query(mockito::Matcher::UrlEncoded("from".to_owned(), expected[0].started_at.rfc3339()))
        .with_body(serde_json::json!({"rows": rows}).to_string())
        .create_async()
        .await;
    let url = format!("{}/cdr?pbx=1", server.url());
    let http = cdr(serde_json::json!({"kind": "http", "url": url, "token": "secret"})).unwrap();
    assert_eq!(all(&http).await, expected);
    first.assert_async().await;
    second.assert_async().await;
    again.assert_async().await;
}

#[tokio::test]
async fn an_endpoint_that_never_comes_to_an_end_is_reported() {
    let mut server = mockito::Server::new_async().await;
    let row = serde_json::json!({"linkedid": "1.0", "start": "1970-01-01T00:00:00Z", "end": "1970-01-01T00:00:01Z"});
    let body = serde_json::json!({"rows": [row], "more": true}).to_string();
    let endless = server.mock("GET", mockito::Matcher::Any).with_body(body).expect(2).create_async().await;
    let http = cdr(serde_json::json!({"kind": "http", "url": server.url()})).unwrap();
    let error = http.history(ALWAYS, None, &nothing_goes_on).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Malformed);
    endless.assert_async().await;
}

#[test]
fn settings_that_cannot_be_are_refused_without_their_secrets() {
    let table = cdr(serde_json::json!({"kind": "sqlite", "path": "x.db", "table": "cdr; --"})).unwrap_err();
    assert!(table.contains("cdr.table"), "{table}");
    let url = serde_json::json!({"kind": "postgres", "database_url": "postgres:/me:hush@host/x?y"});
    let url = cdr(url).unwrap_err();
    assert!(url.contains("cdr.database_url") && !url.contains("hush"), "{url}");
}

#[tokio::test]
async fn a_cursor_that_is_none_of_ours_is_refused() {
    let (folder, _) = folder();
    let csv = cdr(serde_json::json!({"kind": "csv", "path": folder.path().join("Master.csv")})).unwrap();
    let error = csv.history(ALWAYS, Some("page 2"), &nothing_goes_on).await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Rejected);
}

#[tokio::test]
async fn a_zone_that_cannot_be_the_pbxs_is_found_out() {
    let (folder, _) = folder();
    let check = async |zone: &str| {
        let path = folder.path().join("Master.csv");
        cdr(serde_json::json!({"kind": "csv", "path": path, "time_zone": zone})).unwrap().check().await
    };
    assert_eq!(check("Europe/Moscow").await, Ok(()));
    let error = check("Asia/Kolkata").await.unwrap_err();
    assert!(error.message.contains("-2:30 h late; set cdr.time_zone"), "{}", error.message);
}
