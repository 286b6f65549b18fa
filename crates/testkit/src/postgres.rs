//! A real PostgreSQL for tests: a server with a folder, a socket and a port of its own.

mod database;
mod session;

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use self::database::Database;
pub use self::session::Session;
use crate::free_port;

/// Who may do everything there. Its password is not asked for: it is in the URL so that a test finds it where it may
/// not be shown.
const USER: &str = "tester:password-of-the-tester";

/// The start of a server that has much to recover takes less.
const PATIENCE: Duration = Duration::from_mins(1);

/// Debian has the programs outside of the search path, by version.
const PROGRAMS: &str = "/usr/lib/postgresql";

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Who is connected is thrown out; what is known is written.
    Fast,
    /// As in a crash: the next start recovers.
    Immediate,
}

/// A server that ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    port: u16,
    is_durable: bool,
    process: Option<Child>,
}

impl Postgres {
    /// Starts one that does not wait for the disk: whatever happens to it, the machine stays.
    pub fn quick() -> Self {
        Self::made(false)
    }

    /// Starts one whose commits survive the end of the machine, as they cost in real life.
    pub fn durable() -> Self {
        Self::made(true)
    }

    fn made(is_durable: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The server's user is another than that of the tests.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("a folder for all");
        let mut server = Self { folder, port: free_port(), is_durable, process: None };
        let made = server
            .command("initdb")
            .args(["--username=tester", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .arg("-D")
            .arg(server.data())
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.start();
        server
    }

    /// The database that a server has from its beginning.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it again, on what it has and on its port; returns when it can be asked.
    pub fn start(&mut self) {
        assert!(self.process.is_none(), "the server runs already");
        let (port, log) = (self.port.to_string(), self.folder.path().join("log"));
        let mut command = self.command("postgres");
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-p", &port, "-k"]);
        command.arg(self.folder.path()).arg("-D").arg(self.data());
        if !self.is_durable {
            command.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        let said = File::options().create(true).append(true).open(&log).expect("a log");
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said).spawn();
        self.process = Some(process.expect("postgres runs"));
        let began = Instant::now();
        while !self.is_ready() {
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(
                began.elapsed() < PATIENCE && !self.has_ended(),
                "PostgreSQL does not start:\n{}",
                said()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it, and returns when it has ended. If it has ended already that is all right.
    pub fn stop(&mut self, how: Stop) {
        let Some(mut process) = self.process.take() else { return };
        let signal = match how {
            Stop::Fast => "-INT",
            Stop::Immediate => "-QUIT",
        };
        // It may have ended by itself, which the wait finds out.
        drop(Command::new("kill").args([signal, &process.id().to_string()]).output());
        process.wait().expect("a child can be waited for");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The server tells its state in the eighth line of the file with its number.
    fn is_ready(&self) -> bool {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = file.lines().map(str::trim).collect();
        let own = self.process.as_ref().map(|process| process.id().to_string());
        lines.first().map(|id| (*id).to_owned()) == own && lines.get(7) == Some(&"ready")
    }

    fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(|process| process.try_wait().is_ok_and(|ended| ended.is_some()))
    }

    /// A program of PostgreSQL's, which refuses to be root, and which ends as soon as the test has.
    fn command(&self, name: &str) -> Command {
        let is_root = fs::metadata(self.folder.path()).expect("the folder is there").uid() == 0;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]);
        if is_root {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        }
        command.arg(program(name)).current_dir("/");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
    }
}

/// Where a program of PostgreSQL's is.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir(PROGRAMS).into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin").join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| Path::new(name).to_owned())
}

#[cfg(test)]
mod tests;
