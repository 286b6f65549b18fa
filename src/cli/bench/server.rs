//! The server under measurement: `serve` of this same program, with a database of its own, whose remote systems are
//! played by the sink.

use std::fmt::Write as _;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use domain::clock::{Clock as _, SystemClock, Timestamp};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::control::{Control, eventually};
use super::process::{Process, program};

/// Lets the bench into the server's API; worth nothing elsewhere.
pub(super) const ADMIN_TOKEN: &str = "bench-admin-token";

/// Signs the events of all workspaces: `whsec_` and 32 bytes in base64.
pub(super) const WEBHOOK_SECRET: &str = "whsec_YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtMTI=";

/// A server that takes longer to start has failed.
const STARTS_WITHIN: Duration = Duration::from_mins(1);

/// A backlog that is not gone by then stays.
const DRAINS_WITHIN: Duration = Duration::from_mins(5);

const LOG: &str = "server.log";

/// What the server is to be like.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Where Kontur is.
    pub(super) kontur: SocketAddr,
    /// Where Metabot is, if finished calls start a job there.
    pub(super) metabot: Option<SocketAddr>,
    /// Where the telephony is, if its history can be read; nobody does so by himself.
    pub(super) telephony: Option<SocketAddr>,
    /// How many workspaces there are; their names are [`workspace`]'s.
    pub(super) workspaces: usize,
    /// The command that serves.
    pub(super) command: &'static [&'static str],
    /// `postgres://…`, if the database is not a file of the server's own.
    pub(super) database_url: Option<String>,
}

/// A running server; dropping it kills it and removes its database.
pub(super) struct Server {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
    /// From when its process was started until it said that it is ready.
    pub(super) started_in: Duration,
    control: Control,
    folder: TempDir,
}

/// The file of the database in the folder of a server.
pub(super) fn database(folder: &Path) -> PathBuf {
    folder.join("bench.db")
}

/// The name of a workspace, counted from 0.
pub(super) fn workspace(number: usize) -> String {
    format!("w{number}")
}

/// Where a workspace takes events.
pub(super) fn webhook_path(workspace: &str) -> String {
    format!("/telephony/{workspace}/generic")
}

impl Plan {
    /// One workspace whose Kontur is there.
    pub(super) fn with(kontur: SocketAddr) -> Self {
        Self {
            kontur,
            metabot: None,
            telephony: None,
            workspaces: 1,
            command: &["serve"],
            database_url: None,
        }
    }

    /// The same with a telephony whose history can be read.
    pub(super) fn with_history(systems: SocketAddr) -> Self {
        Self { telephony: Some(systems), ..Self::with(systems) }
    }

    /// Starts the server on an empty database and sets every workspace up.
    pub(super) fn start(&self) -> anyhow::Result<Server> {
        let server = self.start_in(tempfile::tempdir().context("there is no place for the database")?)?;
        for number in 0..self.workspaces {
            server.act(&workspace(number), "activate")?;
        }
        Ok(server)
    }

    /// Starts the server on what the folder holds.
    pub(super) fn start_in(&self, folder: TempDir) -> anyhow::Result<Server> {
        let (file, log) = (folder.path().join("kontur-telephony.toml"), folder.path().join(LOG));
        std::fs::write(&file, self.configuration(folder.path()))?;
        let control = Control::new()?;
        let began = SystemClock.now();
        let mut process = Process::start(
            program()?.arg("--config").arg(&file).args(self.command).stderr(File::create(&log)?),
        )?;
        let (address, ready_at) = eventually("the server is ready", STARTS_WITHIN, || {
            if process.has_ended() {
                bail!("the server ended: {}", std::fs::read_to_string(&log)?);
            }
            Ok(ready(&log))
        })?;
        Ok(Server { process, address, started_in: ready_at.since(began), control, folder })
    }

    fn configuration(&self, folder: &Path) -> String {
        let file = || format!("sqlite://{}", database(folder).display());
        let database_url = self.database_url.clone().unwrap_or_else(file);
        let mut text = format!(
            r#"listen = "127.0.0.1:0"
database_url = "{database_url}"
admin_token = "{ADMIN_TOKEN}"

[kontur]
api_url = "http://{kontur}"

[log]
format = "json"
"#,
            kontur = self.kontur,
        );
        for number in 0..self.workspaces {
            text.push_str(&self.integration(number));
        }
        text
    }

    fn control(&self) -> String {
        self.telephony.map_or_else(String::new, |telephony| {
            format!("control_url = \"http://{telephony}/pbx\"\ncontrol_token = \"bench\"\n")
        })
    }

    fn integration(&self, number: usize) -> String {
        let mut text = format!(
            r#"
[[integration]]
workspace = "{workspace}"
integration_id = "6838aaaa-0000-4000-8000-{number:012x}"
kind = "private"
api_key = "bench"

[integration.provider]
kind = "generic"
webhook_secret = "{WEBHOOK_SECRET}"
{control}
[integration.sync]
schedule = "never"
again = "never"

[[integration.user]]
kontur_user_id = "44d00000-0000-4000-8000-000000000101"
extension = "101"
"#,
            workspace = workspace(number),
            control = self.control(),
        );
        if let Some(metabot) = self.metabot {
            // Writing to a string cannot fail.
            let _infallible = write!(
                text,
                r#"
[integration.metabot]
api_url = "http://{metabot}"
bot_id = 17
token = "bench"

[[integration.metabot.job]]
on = "answered"
trigger_code = "after_call"
"#,
            );
        }
        text
    }
}

/// Where the server says in its log that it listens, and when it said so, once it did.
fn ready(log: &Path) -> Option<(SocketAddr, Timestamp)> {
    let text = std::fs::read_to_string(log).ok()?;
    let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find_map(|line| {
        let address = line["fields"]["address"].as_str()?.parse().ok()?;
        Some((address, Timestamp::parse(line["timestamp"].as_str()?).ok()?))
    })
}

impl Server {
    /// Deliveries are planned and stored from now on, but not sent.
    pub(super) fn pause(&self, workspace: &str) -> anyhow::Result<()> {
        self.act(workspace, "pause")
    }

    /// Deliveries are sent again.
    pub(super) fn resume(&self, workspace: &str) -> anyhow::Result<()> {
        self.act(workspace, "resume")
    }

    /// Has the history of the last day read.
    pub(super) fn begin_sync(&self, workspace: &str) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let span = json!({"from": now.minus(Duration::from_hours(24)).rfc3339(), "to": now.rfc3339()});
        let path = format!("/admin/v1/integrations/{workspace}/sync");
        self.control.post_json(self.address, &path, &span).map(drop)
    }

    /// Waits until every delivery is made and its outcome stored.
    pub(super) fn drained(&self) -> anyhow::Result<()> {
        eventually("every delivery is made", DRAINS_WITHIN, || {
            let pending = self.control.get(self.address, "/admin/v1/deliveries?state=pending&limit=1")?;
            let pending: Value = serde_json::from_str(&pending)?;
            Ok(pending["items"].as_array().is_some_and(Vec::is_empty).then_some(()))
        })
    }

    /// Whether it knows of any call.
    pub(super) fn has_calls(&self) -> anyhow::Result<bool> {
        let calls: Value = serde_json::from_str(&self.control.get(self.address, "/admin/v1/calls?limit=1")?)?;
        Ok(calls["items"].as_array().is_none_or(|calls| !calls.is_empty()))
    }

    /// Ends it as an administrator does.
    pub(super) fn end(mut self) {
        self.process.end(Signal::TERM);
    }

    /// Kills it; gives the folder with its database.
    pub(super) fn kill(self) -> TempDir {
        drop(self.process);
        self.folder
    }

    fn act(&self, workspace: &str, action: &str) -> anyhow::Result<()> {
        let path = format!("/admin/v1/integrations/{workspace}/{action}");
        self.control.post(self.address, &path).map(drop)
    }
}
