//! Calls that were handed on and whose registration is parked until their extensions are given to users. A row goes in
//! the transaction that plans the registration, so that there is one of them.

use std::collections::BTreeMap;

use domain::clock::Timestamp;
use domain::id::{CallId, Extension, InstanceId};

use crate::error::StorageError;
use crate::session::Row;
use crate::statement::statements;
use crate::tx::{Tx, json};

statements! {
    PARK = "INSERT INTO parked (call_id, instance_id, until, extensions) VALUES ($1, $2, $3, $4)
            ON CONFLICT (instance_id, call_id) DO UPDATE SET until = excluded.until, extensions = excluded.extensions";
    UNPARK = "DELETE FROM parked WHERE instance_id = $1 AND call_id = $2";
    GET = "SELECT call_id, instance_id, until, extensions FROM parked WHERE instance_id = $1 AND call_id = $2";
    OF_INSTANCE = "SELECT call_id, instance_id, until, extensions FROM parked
                   WHERE instance_id = $1 AND call_id > $2 ORDER BY call_id LIMIT $3";
    DUE = "SELECT call_id, instance_id, until, extensions FROM parked
           WHERE instance_id = $1 AND (until <= $2 OR until > $3) ORDER BY until LIMIT $4";
    EXTENSIONS = "SELECT call_id, extensions FROM parked WHERE instance_id = $1";
    COUNT = "SELECT COUNT(*) FROM parked";
}

/// A call whose registration is parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The call.
    pub call: CallId,
    /// Whose.
    pub instance: InstanceId,
    /// Then it is registered without a user.
    pub until: Timestamp,
    /// The extensions whose users are wanted.
    pub extensions: Vec<Extension>,
}

impl Tx<'_> {
    /// Parks a call, or changes until when and for whom it waits.
    pub fn park(&self, parked: &Parked) -> Result<(), StorageError> {
        let extensions = json(&parked.extensions);
        let parameters =
            [parked.call.0.into(), parked.instance.0.into(), parked.until.into(), (&extensions).into()];
        self.put(PARK, &parameters)?;
        Ok(())
    }

    /// The call waits no longer.
    pub fn unpark(&self, instance: InstanceId, call: CallId) -> Result<(), StorageError> {
        self.put(UNPARK, &[instance.0.into(), call.0.into()])?;
        Ok(())
    }

    /// Until when and for whom a call waits, if it is parked.
    pub fn parked(&self, instance: InstanceId, call: CallId) -> Result<Option<Parked>, StorageError> {
        self.one(GET, &[instance.0.into(), call.0.into()], read)
    }

    /// Parked calls of an instance after the call `after`, in the order of their numbers.
    pub fn parked_calls(
        &self,
        instance: InstanceId,
        after: CallId,
        limit: u32,
    ) -> Result<Vec<Parked>, StorageError> {
        self.all(OF_INSTANCE, &[instance.0.into(), after.0.into(), limit.into()], read)
    }

    /// Parked calls of an instance whose time is over at `now`, and those that would wait for longer than until
    /// `latest`, as no call does unless the clock was set back.
    pub fn due_parked_calls(
        &self,
        instance: InstanceId,
        now: Timestamp,
        latest: Timestamp,
        limit: u32,
    ) -> Result<Vec<Parked>, StorageError> {
        self.all(DUE, &[instance.0.into(), now.into(), latest.into(), limit.into()], read)
    }

    /// How many parked calls of an instance wait for each extension.
    pub fn parked_by_extension(
        &self,
        instance: InstanceId,
    ) -> Result<BTreeMap<Extension, u64>, StorageError> {
        let mut calls = BTreeMap::new();
        let waits_for = |row: &Row<'_>| row.json::<Vec<Extension>>(1, "parked", "extensions");
        for extension in self.all(EXTENSIONS, &[instance.0.into()], waits_for)?.into_iter().flatten() {
            *calls.entry(extension).or_default() += 1;
        }
        Ok(calls)
    }

    /// How many calls are parked in all.
    pub fn count_parked(&self) -> Result<u64, StorageError> {
        Ok(self.one(COUNT, &[], |row| row.int(0))?.unwrap_or_default().unsigned_abs())
    }
}

fn read(row: &Row<'_>) -> Result<Parked, StorageError> {
    Ok(Parked {
        call: CallId(row.int(0)?),
        instance: InstanceId(row.int(1)?),
        until: row.time(2)?,
        extensions: row.json(3, "parked", "extensions")?,
    })
}
