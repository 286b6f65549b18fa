//! The database: whether `serve` can open and write it. What is not there yet is not made; what is there is opened as
//! `serve` opens it.

pub(super) mod postgres;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};
use storage::error::StorageError;
use storage::{Address, Place, Store, StoreOptions};

use super::check::{Check, Subject};

/// Less free space is worth a look: raw requests are kept for a while.
const LOW_SPACE: u64 = 512 * MEBIBYTE;

const MEBIBYTE: u64 = 1024 * 1024;

/// How every SQLite database begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The database wherever it is, and what was found there.
pub(super) enum Database {
    /// A file.
    File(Facts, Option<Store>),
    /// In PostgreSQL.
    Postgres(Address, Result<Store, StorageError>),
}

impl Database {
    /// Looks at it, and opens it if that can be done.
    pub(super) fn look(place: &Place) -> Self {
        match place {
            Place::File(path) => {
                let (facts, store) = look(path);
                Self::File(facts, store)
            }
            Place::Postgres(address) => Self::Postgres(address.clone(), postgres::look(address)),
        }
    }

    /// The store, if it is open.
    pub(super) fn store(&self) -> Option<Store> {
        match self {
            Self::File(_, store) => store.clone(),
            Self::Postgres(_, store) => store.as_ref().ok().cloned(),
        }
    }

    /// It is open and cannot be read.
    pub(super) fn failed(&mut self, error: StorageError) {
        match self {
            Self::File(facts, _) => facts.found = Found::Closed(error),
            Self::Postgres(_, store) => *store = Err(error),
        }
    }

    /// The row.
    pub(super) fn judge(&self) -> Check {
        match self {
            Self::File(facts, _) => judge(facts),
            Self::Postgres(address, store) => postgres::judge(address, store.as_ref().err()),
        }
    }
}

/// What was found at the path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) path: PathBuf,
    pub(super) found: Found,
    /// Free bytes where the database is or will be.
    pub(super) free: Option<u64>,
    /// Bytes of the file.
    pub(super) size: Option<u64>,
}

/// How the file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It opens, and all migrations are known and applied.
    Open,
    /// There is no file, or an empty one, in a folder that can be written.
    NotYet,
    /// The folder is not there.
    NoFolder,
    /// What should be the folder is something else.
    NotAFolder,
    /// The folder cannot be looked at.
    HiddenFolder(String),
    /// Nothing can be made in the folder.
    ReadOnlyFolder,
    /// The file cannot be read and written.
    ReadOnlyFile(String),
    /// The file is something else.
    NotADatabase,
    /// It does not open.
    Closed(StorageError),
}

/// Looks at the file, and opens it if it is a database.
pub(super) fn look(path: &Path) -> (Facts, Option<Store>) {
    let folder = folder_of(path);
    let (found, store) = look_into(folder, path);
    let free = statvfs(folder).ok().map(|space| space.f_bavail.saturating_mul(space.f_frsize));
    let size = fs::metadata(path).ok().map(|file| file.len());
    (Facts { path: path.to_owned(), found, free, size }, store)
}

fn look_into(folder: &Path, path: &Path) -> (Found, Option<Store>) {
    if let Some(trouble) = folder_trouble(folder) {
        return (trouble, None);
    }
    match begins_as_database(path) {
        Ok(Some(true)) => {}
        Ok(Some(false)) => return (Found::NotADatabase, None),
        Ok(None) => return (Found::NotYet, None),
        Err(error) => return (Found::ReadOnlyFile(error.to_string()), None),
    }
    match Store::open(&StoreOptions::at(path)) {
        Ok(store) => (Found::Open, Some(store)),
        Err(error) => (Found::Closed(error), None),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn folder_trouble(folder: &Path) -> Option<Found> {
    match fs::metadata(folder) {
        Ok(seen) if !seen.is_dir() => Some(Found::NotAFolder),
        Ok(_) => access(folder, Access::WRITE_OK | Access::EXEC_OK).is_err().then_some(Found::ReadOnlyFolder),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(Found::NoFolder),
        Err(error) if error.kind() == ErrorKind::NotADirectory => Some(Found::NotAFolder),
        Err(error) => Some(Found::HiddenFolder(error.to_string())),
    }
}

/// Whether the file begins as a database does; none if it is not there or empty.
fn begins_as_database(path: &Path) -> io::Result<Option<bool>> {
    match fs::metadata(path) {
        Ok(seen) if seen.is_dir() => return Ok(Some(false)),
        Ok(_) => access(path, Access::READ_OK | Access::WRITE_OK)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut start = Vec::with_capacity(MAGIC.len());
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok((!start.is_empty()).then(|| start == MAGIC))
}

/// The row of the database.
pub(super) fn judge(facts: &Facts) -> Check {
    let (path, folder) = (facts.path.display(), folder_of(&facts.path).display());
    let subject = Subject::new("database", path.to_string());
    let elsewhere = "or change database_url to a file elsewhere";
    match &facts.found {
        Found::Open => {
            with_space(subject, facts, &format!("opens, is writable and up to date{}", sized(facts)))
        }
        Found::NotYet => with_space(subject, facts, "not there yet; serve will make it"),
        Found::NoFolder => subject
            .red(format!("the folder {folder} is not there"), format!("mkdir -p {folder}, {elsewhere}")),
        Found::NotAFolder => {
            let found = format!("{folder} leads through something that is no folder");
            subject.red(found, "change database_url to a file in a folder that the server can write")
        }
        Found::HiddenFolder(why) => {
            let fix = format!("let the server's user into {folder}, {elsewhere}");
            subject.red(format!("the folder {folder} cannot be looked at: {why}"), fix)
        }
        Found::ReadOnlyFolder => {
            let fix = format!("let the server's user write in {folder} (chown, chmod u+rwx), {elsewhere}");
            subject.red(format!("nothing can be written in the folder {folder}"), fix)
        }
        Found::ReadOnlyFile(why) => {
            let fix = format!("let the server's user read and write {path} (chown, chmod u+rw), {elsewhere}");
            subject.red(format!("the file cannot be read and written: {why}"), fix)
        }
        Found::NotADatabase => subject
            .red("there is something that is no SQLite database", "change database_url to a file of its own"),
        Found::Closed(error) => judge_closed(subject, error),
    }
}

fn judge_closed(subject: Subject, error: &StorageError) -> Check {
    match error {
        StorageError::Newer(migration) => subject.red(
            format!("was made by a newer version (it has the migration {migration})"),
            "run that newer version again, or change database_url to the file of a backup of this version",
        ),
        StorageError::Busy => subject
            .red("is locked by another program", "end the program that uses the file (fuser FILE names it)"),
        StorageError::Full => subject.red("the disk is full", "make room where database_url leads to"),
        other => subject.red(
            format!("does not open: {other}"),
            "put back a backup of the file, or change database_url to a new file",
        ),
    }
}

fn with_space(subject: Subject, facts: &Facts, found: &str) -> Check {
    match facts.free.filter(|free| *free < LOW_SPACE) {
        None => subject.green(found),
        Some(free) => subject.yellow(
            format!("{found}; only {} MiB are free on its disk", free / MEBIBYTE),
            "make room on the disk that database_url leads to: what cannot be stored is refused",
        ),
    }
}

/// How large the file is, in whole mebibytes.
fn sized(facts: &Facts) -> String {
    facts.size.map_or_else(String::new, |size| format!("; {} MiB", size.div_ceil(MEBIBYTE)))
}

#[cfg(test)]
mod tests;
