//! `database backup`.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use clap::Args;
use storage::{Address, Place, backup};

use crate::wiring;

/// What PostgreSQL's databases are backed up with.
const PG_DUMP: &str = "pg_dump";

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
        let (from, to) = (wiring::shown(place), self.to.display());
        let size = self.write(place).with_context(|| format!("{from} was not backed up"))?;
        println!("{from} was backed up to {to} ({size} bytes)\n\n{}", self.way_back(place));
        Ok(())
    }

    /// Under another name until it is whole; only its owner can read it. Its size in bytes.
    fn write(&self, place: &Place) -> anyhow::Result<u64> {
        let to = self.to.display();
        ensure!(!self.to.exists(), "{to} is there already and is not overwritten; name another file");
        let folder = self.to.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(".backup-").tempfile_in(folder);
        let file = file.with_context(|| format!("{to} cannot be written"))?;
        match place {
            Place::File(from) => backup::back_up(from, file.path())?,
            Place::Postgres(address) => dump(PG_DUMP, address, file.as_file(), &self.to)?,
        }
        file.as_file().sync_all()?;
        let size = file.as_file().metadata()?.len();
        file.persist_noclobber(&self.to).with_context(|| format!("{to} cannot be written"))?;
        Ok(size)
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

#[cfg(test)]
mod tests {
    use domain::secret::Secret;

    use super::*;

    #[test]
    fn who_has_no_pg_dump_is_told_what_to_do() {
        let address = Address::parse(&Secret::new("postgres://me:hush@db.example.ru/calls")).unwrap();
        let file = tempfile::tempfile().unwrap();
        let error =
            dump("no-such-pg_dump", &address, &file, Path::new("calls.backup")).unwrap_err().to_string();
        assert!(error.contains("postgresql-client") && error.contains("--file=calls.backup"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
}
