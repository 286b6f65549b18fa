//! The command `sandbox` as a newcomer starts it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use simulators::sandbox::ADMIN_TOKEN;
use tempfile::TempDir;

use crate::actors::Admin;
use crate::harness::{Reply, binary};

/// A sandbox; dropping it kills it.
pub(super) struct RunningSandbox {
    child: Child,
    page_url: String,
    server_url: String,
    http: reqwest::Client,
    _directory: TempDir,
}

impl RunningSandbox {
    /// Starts it on free ports and reads from its output where it is.
    pub(super) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let log_path = directory.path().join("sandbox.log");
        let mut child = Command::new(binary())
            .args(["sandbox", "--port", "0", "--server-port", "0"])
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log_path).expect("the log can be written"))
            .spawn()
            .expect("the binary starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let urls = output.lines().map_while(Result::ok).filter_map(|line| {
            let url = line.split_whitespace().find(|word| word.starts_with("http://"))?;
            Some(url.to_owned())
        });
        let urls: Vec<String> = urls.take(2).collect();
        let [page_url, server_url] = <[String; 2]>::try_from(urls).unwrap_or_else(|urls| {
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            panic!("the sandbox names its page and its server, not {urls:?}:\n{log}")
        });
        let http = simulators::http::client().expect("an HTTP client");
        Self { child, page_url, server_url, http, _directory: directory }
    }

    pub(super) fn page_url(&self) -> &str {
        &self.page_url
    }

    /// The administrator of the sandbox's server.
    pub(super) fn admin(&self) -> Admin {
        Admin::new(&self.http, &self.server_url, ADMIN_TOKEN)
    }

    /// What the page's left side is made of.
    pub(super) async fn state(&self) -> Value {
        Reply::to(self.http.get(format!("{}/_sandbox/state", self.page_url))).await.ok()
    }
}

impl Drop for RunningSandbox {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
