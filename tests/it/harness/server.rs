//! The server under test: a process with a configuration, a database and a port of its own.

use std::fs::{File, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use tempfile::TempDir;

use super::database::Database;
use super::poll::found;
use super::{DEADLINE, free_port};

/// The binary under test: `TEST_BINARY`, or the one that cargo has just built.
pub(crate) fn binary() -> PathBuf {
    let named = std::env::var_os("TEST_BINARY").map(PathBuf::from);
    named.unwrap_or_else(|| env!("CARGO_BIN_EXE_kontur-telephony").into())
}

/// A server; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Server {
    directory: TempDir,
    database: Database,
    port: u16,
    url: String,
    http: reqwest::Client,
    /// The command that starts the binary; empty: it is started as it is.
    launcher: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// A place for a server: a free port, an empty directory and a database that is fresh.
    pub(crate) fn new() -> Self {
        Self::with(Database::fresh)
    }

    /// The same with the database of a URL, where others may be at work.
    pub(crate) fn on(database_url: &str) -> Self {
        Self::with(|_| Database::Shared(database_url.to_owned()))
    }

    fn with(database: impl FnOnce(&Path) -> Database) -> Self {
        let (port, directory) = (free_port(), tempfile::tempdir().expect("a temporary directory"));
        Self {
            database: database(directory.path()),
            directory,
            port,
            url: format!("http://127.0.0.1:{port}"),
            http: simulators::http::client().expect("an HTTP client"),
            launcher: Vec::new(),
            child: None,
        }
    }

    /// Its base URL, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What `listen` has to say.
    pub(crate) fn listen(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where it keeps what it knows.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The process's number while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The memory that it holds (resident), in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid().expect("the server runs"));
        let status = std::fs::read_to_string(path).expect("a process has a status");
        let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        held.and_then(|held| held.parse().ok()).expect("a number")
    }

    /// What it is at: a line for each of its threads with name, state, and where in the kernel it waits; and its log.
    fn state(&self) -> String {
        let pid = self.pid().expect("the server runs");
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let threads = threads.map(|thread| {
            let read = |name| std::fs::read_to_string(thread.path().join(name)).unwrap_or_default();
            let (status, waits) = (read("status"), read("wchan"));
            let says =
                |key| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim();
            format!("{}: {} {waits}", says("Name:"), says("State:"))
        });
        let threads = threads.collect::<Vec<_>>().join("\n");
        format!("it lives, its threads:\n{threads}\n--- its log\n{}", self.log())
    }

    /// From the next start on the binary is started by this command, to which it is added with its arguments. The
    /// command has to become the server (`exec`), lest a kill hit something else.
    pub(crate) fn launch_by(&mut self, command: Vec<String>) {
        self.launcher = command;
    }

    /// Writes the configuration for the next start.
    pub(crate) fn configure(&self, toml: &str) {
        std::fs::write(self.configuration_path(), toml).expect("writes the configuration");
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn start(&mut self) {
        self.spawn(&[]);
        // Who says nothing is asked once more.
        let ready = self.http.get(format!("{}/readyz", self.url)).timeout(DEADLINE / 2);
        let mut heard = String::new();
        let found = found(DEADLINE, async || {
            let look = ready.try_clone().expect("a request without a body");
            let reply = look.send().await;
            if let Some(status) = self.exited() {
                panic!("the server ended with {status} instead of getting ready:\n{}", self.log());
            }
            heard =
                reply.as_ref().map_or_else(|error| format!("{error:?}"), |reply| reply.status().to_string());
            reply.is_ok_and(|reply| reply.status() == 200).then_some(())
        });
        let is_ready = found.await.is_some();
        assert!(is_ready, "the server is not ready within {DEADLINE:?}; /readyz: {heard}; {}", self.state());
    }

    /// Starts it so that it kills itself at a crash point (`POINT:N`), and waits until it has.
    pub(crate) async fn die_at(&mut self, point: &str) {
        self.spawn(&["--die-at", point]);
        let status = self.ended().await;
        assert_eq!(status.signal(), Some(9), "the server ended with {status} at {point}:\n{}", self.log());
    }

    /// Kills it, as power failures do, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // It may have ended by itself.
        child.kill().ok();
        child.wait().expect("a child can be waited for");
    }

    /// Asks it to end and waits until it has; says how.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended().await
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().expect("the server runs").to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill runs");
        assert!(sent.success(), "SIG{name} cannot be sent to {pid}");
    }

    /// Waits until it has ended; says how.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let Some(status) = found(DEADLINE, async || self.exited()).await else {
            panic!("the server does not end within {DEADLINE:?}; {}", self.state());
        };
        self.child = None;
        status
    }

    /// Kills it and starts it again on the same port and database.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        self.start().await;
    }

    /// Everything it has written so far, over all its starts.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How it ended, if it has.
    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().expect("a child can be asked")
    }

    fn spawn(&mut self, arguments: &[&str]) {
        assert!(self.child.is_none(), "the server runs already");
        let log = || self.open_log();
        let child = self
            .command()
            .arg("--config")
            .arg(self.configuration_path())
            .arg("serve")
            .args(arguments)
            .current_dir(self.directory())
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log())
            .spawn();
        self.child = Some(child.expect("the binary starts"));
    }

    fn command(&self) -> Command {
        let Some((program, arguments)) = self.launcher.split_first() else { return Command::new(binary()) };
        let mut command = Command::new(program);
        command.args(arguments).arg(binary());
        command
    }

    fn open_log(&self) -> File {
        let opened = OpenOptions::new().create(true).append(true).open(self.log_path());
        opened.expect("the log can be written")
    }

    fn configuration_path(&self) -> PathBuf {
        self.directory().join("kontur-telephony.toml")
    }

    fn log_path(&self) -> PathBuf {
        self.directory().join("server.log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
