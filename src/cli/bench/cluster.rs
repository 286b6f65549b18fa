//! A PostgreSQL to measure on: a server of its own, as `initdb` makes it. Only how it is reached is ours to say, by a
//! socket in its folder, so that it takes no port from anybody.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use super::control::eventually;
use super::process::Process;

/// Debian has the programs outside of the search path, by version.
const PROGRAMS: &str = "/usr/lib/postgresql";

/// A server that takes longer to start has failed.
const STARTS_WITHIN: Duration = Duration::from_mins(1);

/// Everybody may make something in a folder, and remove what is his own: the user of the server is another than ours.
const FOR_ALL: u32 = 0o1777;

/// A running server; dropping it ends it and removes what it stored.
#[derive(Debug)]
pub(super) struct Cluster {
    process: Process,
    folder: TempDir,
}

impl Cluster {
    /// Makes one and starts it, with settings such as `shared_buffers=1GB` that are other than `initdb` makes them.
    pub(super) fn start(settings: &[String]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("there is no place for the database")?;
        fs::set_permissions(folder.path(), Permissions::from_mode(FOR_ALL))?;
        let made = command("initdb")?
            .args(["--username=bench", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-D"])
            .arg(data(folder.path()))
            .output()?;
        ensure!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        Ok(Self { process: serve(folder.path(), settings)?, folder })
    }

    /// Stops it, so that all it has is on the disk, and starts it with other settings.
    pub(super) fn restart(&mut self, settings: &[String]) -> anyhow::Result<()> {
        self.process.end(Signal::INT);
        self.process = serve(self.folder.path(), settings)?;
        Ok(())
    }

    /// `postgres://…`, the database that a server has from its beginning.
    pub(super) fn url(&self) -> String {
        let folder = self.folder.path().display().to_string();
        format!("postgres://bench@{}/postgres", folder.replace('/', "%2F"))
    }

    /// Processor time spent by all its processes.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        self.process.cpu_with_children()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Killed at once, it would leave its children behind.
        self.process.end(Signal::QUIT);
    }
}

/// Starts the server that keeps what it has in the folder; returns when it can be asked.
fn serve(folder: &Path, settings: &[String]) -> anyhow::Result<Process> {
    let log = folder.join("postgresql.log");
    let mut process = Process::start(
        command("postgres")?
            .args(["-c", "listen_addresses=", "-k"])
            .arg(folder)
            .arg("-D")
            .arg(data(folder))
            .args(settings.iter().flat_map(|setting| ["-c", setting.as_str()]))
            .stdin(Stdio::null())
            .stderr(File::create(&log)?),
    )?;
    eventually("PostgreSQL is ready", STARTS_WITHIN, || {
        if process.has_ended() {
            bail!("PostgreSQL ended: {}", fs::read_to_string(&log)?);
        }
        Ok(is_ready(folder).then_some(()))
    })?;
    Ok(process)
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// It tells its state in the eighth line of the file with its number.
fn is_ready(folder: &Path) -> bool {
    let file = fs::read_to_string(data(folder).join("postmaster.pid")).unwrap_or_default();
    file.lines().nth(7).is_some_and(|state| state.trim() == "ready")
}

/// A program of PostgreSQL's, which refuses to be root, and which ends when this process does.
fn command(name: &str) -> anyhow::Result<Command> {
    let program = program(name);
    Command::new(&program).arg("--version").output().with_context(|| {
        format!(
            "{name} is neither in {PROGRAMS}/*/bin nor in the PATH; install PostgreSQL 15 or later, or say where one is"
        )
    })?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if geteuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg(program).current_dir("/");
    Ok(command)
}

/// Where a program is: that of the latest version.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir(PROGRAMS).into_iter().flatten().flatten();
    let found = versions.filter_map(|version| {
        let number: f64 = version.file_name().to_str()?.parse().ok()?;
        let path = version.path().join("bin").join(name);
        path.exists().then_some((number, path))
    });
    let latest = found.max_by(|(a, _), (b, _)| a.total_cmp(b));
    latest.map_or_else(|| name.into(), |(_, path)| path)
}
