//! `database backup`.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use storage::{Address, Place, backup};

use crate::wiring;

/// What PostgreSQL's databases are backed up with.
const PG_DUMP: &str = "pg_dump";

/// Calls are nobody else's business.
const OWNER_ONLY: u32 = 0o600;

/// `database backup`.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write; nothing is overwritten.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Backup {
    /// Writes the file, and says how it is put back; what is not whole is not left.
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    pub(super) fn run(&self, place: &Place) -> anyhow::Result<()> {
        let shown = self.to.display();
        let file = self.begin()?;
        let written = self.write(place, &file).and_then(|()| Ok(file.sync_all()?));
        if let Err(error) = written {
            fs::remove_file(&self.to).with_context(|| format!("{shown} is not whole, and stays"))?;
            return Err(error.context(format!("{} was not backed up", wiring::shown(place))));
        }
        println!("{} was backed up to {shown} ({} bytes)\n", wiring::shown(place), file.metadata()?.len());
        println!("{}", self.way_back(place));
        Ok(())
    }

    fn begin(&self) -> anyhow::Result<File> {
        let file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&self.to);
        file.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                anyhow!("{} is there already and is not overwritten; name another file", self.to.display())
            }
            _ => anyhow!("{} cannot be written: {error}", self.to.display()),
        })
    }

    fn write(&self, place: &Place, file: &File) -> anyhow::Result<()> {
        match place {
            Place::File(from) => Ok(backup::back_up(from, &self.to)?),
            Place::Postgres(address) => dump(PG_DUMP, address, file, &self.to),
        }
    }

    fn way_back(&self, place: &Place) -> String {
        let backup = self.to.display();
        match place {
            Place::File(path) => format!(
                "To put it back: stop the server, move {path}, {path}-wal and {path}-shm away, and copy {backup} to {path}",
                path = path.display()
            ),
            Place::Postgres(_) => format!(
                "To put it back: stop all servers, make an empty database (createdb), bring the backup into it with\n  \
                 pg_restore --no-owner --exit-on-error --dbname=postgres://USER@HOST/NAME {backup}\n  \
                 psql --dbname=postgres://USER@HOST/NAME --command='UPDATE claim SET released = FALSE'\n\
                 and set database_url to it"
            ),
        }
    }
}

/// The password is in the environment, which only the same user can read, and never an argument.
fn dump(program: &str, address: &Address, file: &File, path: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.args(["--format=custom", "--no-password"]).envs(address.variables()).stdout(file.try_clone()?);
    let output = match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "{program} is not installed here; install PostgreSQL's client programs (Debian: postgresql-client), or run\n  \
             pg_dump --format=custom --file={} --dbname=postgres://USER@HOST/NAME\nwhere they are",
            path.display()
        ),
        output => output.with_context(|| format!("{program} cannot be run"))?,
    };
    if !output.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
