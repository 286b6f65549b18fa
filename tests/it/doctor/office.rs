//! A place where all is well until a test spoils something, and the doctor's diagnosis of it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output};

use serde_json::{Value, json};
use simulators::sandbox::{ADMIN_TOKEN, Sandbox, SandboxOptions, WORKSPACE};

use crate::harness::{Server, binary};

/// What stands in the configuration, and may stand in no answer.
const SECRETS: [&str; 7] = [
    ADMIN_TOKEN,
    "sandbox-kontur-api-key",
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "pbx-control-token",
    "sandbox-workonflow-key",
    "sandbox-workonflow-secret",
    "sandbox-metabot-token",
];

/// The simulated systems, and a configuration for a server that does not run.
pub(super) struct Office {
    pub(super) sandbox: Sandbox,
    pub(super) place: Server,
    /// The file that the doctor is shown.
    pub(super) file: &'static str,
    toml: String,
}

/// What the doctor said.
#[derive(Debug)]
pub(crate) struct Diagnosis(Value);

impl Office {
    /// Everything is as it should be.
    pub(super) async fn open() -> Self {
        let options = SandboxOptions { server_url: "https://telephony.example.ru".to_owned() };
        let sandbox = Sandbox::start(options).await.expect("the simulated systems start");
        sandbox.kontur.set_instance(WORKSPACE, "status", json!("active"));
        let place = Server::new();
        let toml = sandbox.configuration_toml(&place.listen(), &place.database().url());
        Self { sandbox, place, file: "kontur-telephony.toml", toml }
    }

    /// Changes the configuration, which has to have `from` in it.
    pub(super) fn replace(&mut self, from: &str, to: &str) {
        assert!(self.toml.contains(from), "{from:?} is not in the configuration");
        self.toml = self.toml.replace(from, to);
    }

    /// Puts the database elsewhere below the place's folder.
    pub(super) fn move_database(&mut self, path: &str) {
        let folder = self.place.directory().display().to_string();
        let url = self.place.database().url();
        self.replace(&url, &format!("sqlite://{folder}/{path}"));
    }

    /// Takes every user out of the configuration.
    pub(super) fn dismiss_everybody(&mut self) {
        let tables =
            self.toml.split("\n\n").filter(|table| !table.trim_start().starts_with("[[integration.user]]"));
        self.toml = tables.collect::<Vec<_>>().join("\n\n");
    }

    /// Runs `doctor` with further arguments.
    pub(super) async fn run(&self, arguments: &[&str]) -> Output {
        self.place.configure(&self.toml);
        run(&self.place, self.file, arguments).await
    }

    /// The diagnosis.
    pub(super) async fn doctor(&self) -> Diagnosis {
        self.place.configure(&self.toml);
        examine(&self.place, self.file).await
    }
}

/// The diagnosis of a place with a configuration. The exit code agrees with it, and it holds no secret.
pub(crate) async fn examine(place: &Server, file: &str) -> Diagnosis {
    let output = run(place, file, &["--json"]).await;
    let text = String::from_utf8(output.stdout).expect("text");
    let errors = String::from_utf8_lossy(&output.stderr);
    let json: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}\n{errors}"));
    assert_eq!(output.status.code(), Some(i32::from(json["ok"] != true)), "{text}\n{errors}");
    for secret in SECRETS {
        assert!(!text.contains(secret) && !errors.contains(secret), "{secret} was shown: {text}\n{errors}");
    }
    Diagnosis(json)
}

async fn run(place: &Server, file: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(["--config", file, "doctor"]).args(arguments).current_dir(place.directory());
    // The simulated systems answer meanwhile.
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    ran.expect("no panic").expect("the binary runs")
}

impl Diagnosis {
    pub(super) fn is_ok(&self) -> bool {
        self.0["ok"] == true
    }

    pub(super) fn is_green(&self) -> bool {
        self.all().all(|row| row["state"] == "green" && row["fix"].is_null())
    }

    /// The rows of one check.
    pub(crate) fn rows<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.all().filter(move |row| row["name"] == name)
    }

    /// One fault is one red row, or several of its own check.
    #[track_caller]
    pub(super) fn assert_nothing_else_is_red(&self, name: &str) {
        let others: Vec<_> = self.all().filter(|row| row["state"] == "red" && row["name"] != name).collect();
        assert!(others.is_empty(), "{others:#?}");
    }

    fn all(&self) -> impl Iterator<Item = &Value> {
        self.0["checks"].as_array().into_iter().flatten()
    }
}

/// The URL of a server whose clock stopped in 2001. It answers until the test process ends.
pub(super) fn dated_in_the_past() -> String {
    const REPLY: &[u8] = b"HTTP/1.1 404 Not Found\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\n\
                           Content-Length: 0\r\nConnection: close\r\n\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            // Whatever is asked and however it ends, the answer is the same.
            let _asked = stream.read(&mut request);
            let _answered = stream.write_all(REPLY);
        }
    });
    url
}
