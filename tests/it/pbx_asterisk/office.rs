//! A company whose telephony is a real Asterisk: our server between that and the simulated Kontur and Workonflow.

use std::time::Duration;

use chrono::DateTime;
use serde_json::Value;
use simulators::kontur::Communication;
use simulators::sandbox::WORKSPACE;
use toml::Table;

use super::asterisk::Version;
use super::cdr::Row;
use super::laboratory::Laboratory;
use crate::harness::{Company, Plan, eventually};

/// An Asterisk with its phones, and the company that works with it.
pub(super) struct Office {
    pub(super) lab: Laboratory,
    pub(super) company: Company,
}

impl Office {
    /// Starts everything; our server listens to Asterisk.
    pub(super) async fn open(version: Version) -> Self {
        let lab = Laboratory::start(version).await;
        let port = lab.asterisk().ami_port();
        Self::open_at(lab, port, |_| {}).await
    }

    /// The same, where our server reaches Asterisk's manager interface at another port, or has other settings of it.
    pub(super) async fn open_at(lab: Laboratory, ami_port: u16, edit: impl FnOnce(&mut Table)) -> Self {
        Self::open_by(Company::plan(), lab, ami_port, edit).await
    }

    /// The same, where the company is started in some other way.
    pub(super) async fn open_by(
        plan: Plan,
        lab: Laboratory,
        ami_port: u16,
        edit: impl FnOnce(&mut Table),
    ) -> Self {
        let mut provider = provider(&lab, ami_port);
        edit(&mut provider);
        let company = plan
            .integration(move |integration| drop(integration.insert("provider".to_owned(), provider.into())))
            .start()
            .await;
        let office = Self { lab, company };
        office.is_listened_to(1).await;
        office
    }

    /// Waits until our server has begun to listen so many times.
    pub(super) async fn is_listened_to(&self, times: usize) {
        eventually("the telephony is listened to", async || {
            let log = self.company.server.log();
            (log.matches("the telephony is listened to").count() >= times).then_some(())
        })
        .await;
    }

    /// Waits until Kontur knows so many calls which are registered, and whose end was told if their beginning was, or which
    /// have failed; all of them, in the order they were made.
    pub(super) async fn calls(&self, count: usize) -> Vec<Communication> {
        let is_done =
            |call: &Communication| call.failed || call.registered > 0 && (call.finished || !call.started);
        let calls = eventually("calls are registered", async || {
            let calls = self.company.sandbox.kontur.communications(WORKSPACE);
            (calls.len() >= count && calls.iter().all(is_done)).then_some(calls)
        })
        .await;
        self.company.settle().await;
        assert_eq!(calls.len(), count, "{calls:?}");
        calls
    }

    /// The only call.
    pub(super) async fn only_call(&self) -> Communication {
        self.calls(1).await.remove(0)
    }

    /// What Kontur was told of a call: `call-started`, `appeared 101`, `connected 101`, …; legs by who was called.
    pub(super) fn story(&self, call: &Communication) -> Vec<String> {
        let id = call.external_id.as_deref().expect("it was reported");
        let word = |(operation, body): (String, Value)| match operation.as_str() {
            "call-event" => {
                let leg = body["externalCallItemId"].as_str().unwrap_or("?");
                let called = leg.rsplit_once('-').map_or(leg, |(called, _)| called);
                format!(
                    "{} {}",
                    body["type"].as_str().unwrap_or("?"),
                    called.rsplit('/').next().unwrap_or("?")
                )
            }
            _ => operation,
        };
        self.company.kontur().told(id).into_iter().map(word).collect()
    }

    /// What holds for every call: it is registered once, has one comment in Workonflow, and its conversations lasted as
    /// long as Asterisk's own records say; what was recorded is what Asterisk recorded.
    pub(super) fn agrees(&self, call: &Communication, rows: &[Row]) {
        let id = call.external_id.as_deref().expect("it was reported");
        assert_eq!(call.registered, u32::from(!call.failed), "{call:?}");
        let rows: Vec<_> = rows.iter().filter(|row| &row["linkedid"] == id).collect();
        for item in call.items.iter().filter(|item| item["startedAt"].is_string()) {
            let leg = item["id"].as_str().expect("an id");
            let row = rows
                .iter()
                .find(|row| &row["dstchannel"] == leg)
                .unwrap_or_else(|| panic!("no record of {leg}: {rows:?}"));
            assert_eq!(&row["disposition"], "ANSWERED", "{leg}");
            // A queue's record counts from when the client began to wait.
            if &row["lastapp"] == "Queue" || row["answer"] == row["start"] {
                continue;
            }
            let billed: f64 = row["billsec"].parse().expect("seconds");
            let talked = seconds(item);
            assert!((talked - billed).abs() <= 1.0, "{leg}: {talked} s here, {billed} s there");
        }
        self.recording_agrees(call, &rows);
    }

    fn recording_agrees(&self, call: &Communication, rows: &[&Row]) {
        let talked = call.items.iter().any(|item| item["startedAt"].is_string());
        let [file] = call.recordings[..] else {
            assert!(!talked && call.recordings.is_empty(), "{call:?}");
            return;
        };
        let name = rows.iter().map(|row| &row["userfield"]).find(|name| !name.is_empty()).expect("a name");
        let recorded = std::fs::read(self.lab.recording(name)).expect("Asterisk recorded it");
        let uploaded = self.company.sandbox.kontur.file(WORKSPACE, file).expect("Kontur has it");
        assert!(uploaded == recorded, "{} bytes in Kontur, {} there", uploaded.len(), recorded.len());
    }

    /// The comments in Workonflow that tell of calls.
    pub(super) fn comments(&self) -> usize {
        let comments = self.company.sandbox.workonflow.all_comments();
        comments.iter().filter(|comment| comment.kind == "text").count()
    }
}

fn seconds(item: &Value) -> f64 {
    let at = |key: &str| DateTime::parse_from_rfc3339(item[key].as_str().expect("a time")).expect("RFC 3339");
    let talked = at("finishedAt") - at("startedAt");
    talked.to_std().unwrap_or(Duration::ZERO).as_secs_f64()
}

fn provider(lab: &Laboratory, ami_port: u16) -> Table {
    let monitor = lab.recording("");
    let records = lab.asterisk().path("log/cdr-csv/Master.csv");
    let text = format!(
        r#"
        kind = "asterisk"
        ami = {{ address = "127.0.0.1:{ami_port}", username = "kontur", secret = "amisecret" }}
        trunks = ["PJSIP/trunk"]
        cdr = {{ kind = "csv", path = "{}", time_zone = "Europe/Moscow" }}
        recordings = {{ folder = "{}" }}
        route_token = "route-token-of-the-office"
        "#,
        records.display(),
        monitor.display()
    );
    text.parse().expect("TOML")
}
