//! Extensions that were in calls and belonged to nobody then, so that an administrator sees whom to map.

use domain::clock::Timestamp;
use domain::id::{Extension, InstanceId};

use crate::error::StorageError;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    NOTE = "INSERT INTO unmapped_extension (instance_id, extension, calls, first_call_at, last_call_at)
            VALUES ($1, $2, 1, $3, $3)
            ON CONFLICT (instance_id, extension) DO UPDATE SET calls = unmapped_extension.calls + 1,
                first_call_at = CASE WHEN excluded.first_call_at < unmapped_extension.first_call_at
                                     THEN excluded.first_call_at ELSE unmapped_extension.first_call_at END,
                last_call_at = CASE WHEN excluded.last_call_at > unmapped_extension.last_call_at
                                    THEN excluded.last_call_at ELSE unmapped_extension.last_call_at END";
    OF_INSTANCE = "SELECT extension, calls, first_call_at, last_call_at FROM unmapped_extension
                   WHERE instance_id = $1 ORDER BY last_call_at DESC LIMIT $2";
    FORGET = "DELETE FROM unmapped_extension WHERE last_call_at < $1";
}

/// An extension of nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmappedExtension {
    /// The extension.
    pub extension: Extension,
    /// In how many calls it was.
    pub calls: u64,
    /// When the earliest of them began.
    pub first_call_at: Timestamp,
    /// When the latest of them began.
    pub last_call_at: Timestamp,
}

impl Tx<'_> {
    /// Notes that an extension of nobody was in a call that began at `at`.
    pub fn note_unmapped(
        &self,
        instance: InstanceId,
        extension: &Extension,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        self.put(NOTE, &[instance.0.into(), extension.as_str().into(), at.into()])?;
        Ok(())
    }

    /// What was noted, the latest first.
    pub fn unmapped(&self, instance: InstanceId, limit: u32) -> Result<Vec<UnmappedExtension>, StorageError> {
        self.all(OF_INSTANCE, &[instance.0.into(), limit.into()], |row| {
            Ok(UnmappedExtension {
                extension: row.text(0)?.into(),
                calls: row.int(1)?.unsigned_abs(),
                first_call_at: row.time(2)?,
                last_call_at: row.time(3)?,
            })
        })
    }

    /// Forgets extensions that were in no call since `before`.
    pub fn forget_unmapped(&self, before: Timestamp) -> Result<(), StorageError> {
        self.put(FORGET, &[before.into()])?;
        Ok(())
    }
}
