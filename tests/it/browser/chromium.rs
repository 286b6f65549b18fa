//! A Chromium of its own for each story: a free port, a fresh profile, no way out of this machine.

use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::process::{Child, Command, Stdio};

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Debian's packages `chromium` and `chromium-driver`.
const DRIVER: &str = "chromedriver";

const ARGUMENTS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,1040",
    // Whatever is not on this machine does not exist.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// Plays a story in a Chromium, which ends with it, however it ends. A story that fails shows what the page showed.
pub(super) async fn in_chromium(story: impl AsyncFnOnce(&Client)) {
    let driver = Driver::start();
    let profile = tempfile::tempdir().expect("a temporary directory");
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities(&profile));
    let client = builder.connect(&driver.url).await.expect("Chromium starts");
    let told = AssertUnwindSafe(story(&client)).catch_unwind().await;
    if told.is_err() {
        let seen = client.execute("return document.body.innerText", Vec::new()).await;
        eprintln!("--- the page\n{}", seen.unwrap_or_default().as_str().unwrap_or_default());
    }
    client.close().await.expect("Chromium ends");
    told.unwrap_or_else(|panic| resume_unwind(panic));
}

fn capabilities(profile: &TempDir) -> Capabilities {
    let profile = format!("--user-data-dir={}", profile.path().display());
    let arguments: Vec<&str> = ARGUMENTS.into_iter().chain([profile.as_str()]).collect();
    let options = json!({"goog:chromeOptions": {"args": arguments}});
    let Value::Object(capabilities) = options else { unreachable!("it is an object") };
    capabilities
}

/// The program that steers Chromium; dropping it kills it.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    /// Starts it on a port that it chooses, and waits until it has said which.
    fn start() -> Self {
        let started = Command::new(DRIVER)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = started.expect("chromedriver is installed: apt-get install chromium chromium-driver");
        let output = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        // It writes no more than a few lines, so that a closed pipe or a full one does not matter.
        Self { child, url: format!("http://127.0.0.1:{}", port.expect("chromedriver names its port")) }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
