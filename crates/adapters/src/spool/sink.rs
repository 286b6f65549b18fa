//! A file of the spool as it is written.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

use async_trait::async_trait;
use domain::port::recordings::{Fetched, Held, Sink};

use super::files::{Files, Key, blocking};

/// What comes is written in pieces of this size.
const PIECE: usize = 256 * 1024;

/// The part of a recording that is here.
pub(super) struct FileSink {
    files: Files,
    key: Key,
    file: Arc<File>,
    held: Held,
    /// Not written yet.
    buffer: Vec<u8>,
}

impl FileSink {
    pub(super) fn new(files: Files, key: Key, file: File, size: u64, validator: Option<String>) -> Self {
        let held = Held { size, validator };
        Self { files, key, file: Arc::new(file), held, buffer: Vec::new() }
    }

    /// All of it is here.
    pub(super) async fn finish(mut self, fetched: &Fetched) -> io::Result<()> {
        self.flush().await?;
        let fetched = fetched.clone();
        blocking(move || {
            self.file.sync_data()?;
            self.files.complete(&self.key, &fetched)
        })
        .await
    }

    /// It broke off: what is here is kept if it can be gone on from.
    pub(super) async fn pause(mut self, may_go_on: bool) -> io::Result<()> {
        if may_go_on && self.held.validator.is_some() {
            return self.flush().await;
        }
        self.files.delete(&self.key).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        let (file, bytes) = (Arc::clone(&self.file), std::mem::take(&mut self.buffer));
        blocking(move || (&*file).write_all(&bytes)).await
    }
}

#[async_trait]
impl Sink for FileSink {
    fn held(&self) -> Held {
        self.held.clone()
    }

    async fn restart(&mut self, validator: Option<&str>) -> io::Result<()> {
        self.held = Held { size: 0, validator: validator.map(str::to_owned) };
        self.buffer.clear();
        let (files, key, file) = (self.files.clone(), self.key.clone(), Arc::clone(&self.file));
        let validator = self.held.validator.clone();
        blocking(move || {
            // In this order: bytes of another version must never stand under this one's name.
            file.set_len(0)?;
            files.write_validator(&key, validator.as_deref())
        })
        .await
    }

    async fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        self.held.size += bytes.len() as u64;
        if self.buffer.len() < PIECE {
            return Ok(());
        }
        self.flush().await
    }
}
