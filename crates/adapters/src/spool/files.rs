//! The files of the spool. `KEY.audio` is whole; `KEY.part` is not yet, and `KEY.json` says of either what it is.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use domain::clock::Timestamp;
use domain::id::{ExternalId, LegId, Workspace};
use domain::port::recordings::Fetched;
use serde::{Deserialize, Serialize};

use super::sink::FileSink;
use crate::signature::sha256_hex;

/// The name of a recording's files: it says nothing of the call to whoever lists the folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn of(workspace: &Workspace, call: &ExternalId, leg: &LegId) -> Self {
        Self(sha256_hex(&[workspace.as_str(), "\n", call.as_str(), "\n", leg.as_str()]))
    }
}

/// What is known of a file. Stored as JSON beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Label {
    /// Which version it is, as its server names it.
    pub(super) validator: Option<String>,
    content_type: String,
    file_name: String,
}

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Files {
    folder: PathBuf,
}

/// The files of a recording, as a look at the folder shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) bytes: u64,
    pub(super) written_at: Timestamp,
}

impl Files {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where a recording that is whole is.
    pub(super) fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(format!("{}.audio", key.0))
    }

    pub(super) fn part(&self, key: &Key) -> PathBuf {
        self.folder.join(format!("{}.part", key.0))
    }

    fn label_path(&self, key: &Key) -> PathBuf {
        self.folder.join(format!("{}.json", key.0))
    }

    /// What a recording that is whole is.
    pub(super) async fn whole(&self, key: &Key) -> io::Result<Option<Fetched>> {
        let (path, label) = (self.path(key), self.label_path(key));
        blocking(move || {
            let size = match fs::metadata(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                found => found?.len(),
            };
            let Label { content_type, file_name, .. } = read_label(&label);
            Ok((!content_type.is_empty()).then_some(Fetched { content_type, file_name, size }))
        })
        .await
    }

    /// A recording to be written, with what is there of it. What cannot be added to is thrown away.
    pub(super) async fn open(&self, key: &Key) -> io::Result<FileSink> {
        let (files, key) = (self.clone(), key.clone());
        blocking(move || {
            DirBuilder::new().recursive(true).mode(0o700).create(&files.folder)?;
            let validator = read_label(&files.label_path(&key)).validator;
            let file = private().append(true).open(files.part(&key))?;
            if validator.is_none() {
                file.set_len(0)?;
            }
            let size = file.metadata()?.len();
            Ok(FileSink::new(files, key, file, size, validator))
        })
        .await
    }

    pub(super) fn write_validator(&self, key: &Key, validator: Option<&str>) -> io::Result<()> {
        self.write_label(key, &Label { validator: validator.map(str::to_owned), ..Label::default() })
    }

    /// The part has become the whole.
    pub(super) fn complete(&self, key: &Key, fetched: &Fetched) -> io::Result<()> {
        let Fetched { content_type, file_name, .. } = fetched.clone();
        self.write_label(key, &Label { validator: None, content_type, file_name })?;
        fs::rename(self.part(key), self.path(key))
    }

    /// In one step: a label of which half was written would be none.
    fn write_label(&self, key: &Key, label: &Label) -> io::Result<()> {
        let (path, new) = (self.label_path(key), self.folder.join(format!("{}.new", key.0)));
        let file = private().truncate(true).write(true).open(&new)?;
        serde_json::to_writer(&file, label)?;
        fs::rename(new, path)
    }

    pub(super) async fn delete(&self, key: &Key) -> io::Result<()> {
        let (files, key) = (self.clone(), key.clone());
        blocking(move || files.delete_now(&key)).await
    }

    pub(super) fn delete_now(&self, key: &Key) -> io::Result<()> {
        for path in [self.path(key), self.part(key), self.label_path(key)] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// All recordings in the folder, the one written to longest ago first.
    pub(super) fn list(&self) -> io::Result<Vec<Found>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found: Vec<Found> = Vec::new();
        for entry in entries {
            let entry = entry?;
            // It may be gone by now.
            let (Some(key), Ok(metadata)) = (key_of(&entry.path()), entry.metadata()) else { continue };
            let written_at = modified(&metadata);
            match found.iter_mut().find(|known| known.key == key) {
                Some(known) => {
                    known.bytes += metadata.len();
                    known.written_at = known.written_at.max(written_at);
                }
                None => found.push(Found { key, bytes: metadata.len(), written_at }),
            }
        }
        found.sort_by(|a, b| (a.written_at, &a.key).cmp(&(b.written_at, &b.key)));
        Ok(found)
    }
}

/// Files are for this user alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    options
}

/// Nothing where there is none, or one that cannot be read: then the recording is fetched anew.
fn read_label(path: &Path) -> Label {
    let read = File::open(path).ok().and_then(|file| serde_json::from_reader(io::BufReader::new(file)).ok());
    read.unwrap_or_default()
}

/// Others' files are left alone.
fn key_of(path: &Path) -> Option<Key> {
    let extension = path.extension()?.to_str()?;
    let name = path.file_stem()?.to_str()?;
    let is_ours = matches!(extension, "audio" | "part" | "json" | "new")
        && name.len() == 64
        && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_ours.then(|| Key(name.to_owned()))
}

fn modified(metadata: &fs::Metadata) -> Timestamp {
    let since = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let micros = since.and_then(|since| i64::try_from(since.as_micros()).ok());
    micros.map(Timestamp::from_micros).unwrap_or_default()
}

/// Runs what waits for the disk where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
