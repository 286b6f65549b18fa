//! A transaction: the only way to read or change rows.

use std::cell::RefCell;
use std::collections::BTreeSet;

use domain::id::InstanceId;
use domain::port::crash::{CrashPoint, CrashPoints};

use crate::calls::RecentCalls;
use crate::error::StorageError;
use crate::session::{Ids, Next, Row, Session, Unit, Value};

/// What is run when a transaction is durable.
type Hooks = Vec<Box<dyn FnOnce() + Send>>;

/// A transaction. Dropping it without the writer's commit leaves nothing behind.
pub struct Tx<'a> {
    session: &'a dyn Session,
    /// Only the writer's.
    recent_calls: Option<&'a RecentCalls>,
    crash_points: Option<&'a CrashPoints>,
    after_commit: Hooks,
    /// Instances that were changed.
    touched: RefCell<BTreeSet<InstanceId>>,
}

impl<'a> Tx<'a> {
    /// A look at what is stored.
    pub(crate) fn reader(session: &'a dyn Session) -> Self {
        Self {
            session,
            recent_calls: None,
            crash_points: None,
            after_commit: Vec::new(),
            touched: RefCell::default(),
        }
    }

    /// A change of what is stored.
    pub(crate) fn writer(
        session: &'a dyn Session,
        recent_calls: &'a RecentCalls,
        crash_points: &'a CrashPoints,
    ) -> Self {
        Self {
            session,
            recent_calls: Some(recent_calls),
            crash_points: Some(crash_points),
            after_commit: Vec::new(),
            touched: RefCell::default(),
        }
    }

    /// Passes a crash point inside the transaction.
    pub fn pass(&self, point: CrashPoint) {
        if let Some(crash_points) = self.crash_points {
            crash_points.pass(point);
        }
    }

    pub(crate) fn recent_calls(&self) -> Option<&RecentCalls> {
        self.recent_calls
    }

    /// What the transaction knows because it was looked up in advance; none where nobody else changes anything.
    pub(crate) fn unit(&self) -> Option<&Unit> {
        self.session.unit()
    }

    /// Runs `hook` once the transaction is durable, before the caller of `Store::write` hears of it; never if it is
    /// not. For handing committed work on in the order of commits, even if the caller has gone away.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(hook));
    }

    /// What there is to do after the commit, and the instances that were changed.
    pub(crate) fn into_hooks(self) -> (Hooks, BTreeSet<InstanceId>) {
        (self.after_commit, self.touched.into_inner())
    }

    /// An instance was changed, which other replicas have to learn.
    pub(crate) fn touch(&self, instance: InstanceId) {
        self.touched.borrow_mut().insert(instance);
    }

    /// Whether it is PostgreSQL, where a question is none of SQL's.
    pub(crate) fn is_postgres(&self) -> bool {
        self.session.is_postgres()
    }

    /// Runs a change; says how many rows it touched.
    pub(crate) fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<usize, StorageError> {
        self.session.execute(sql, parameters)
    }

    /// Makes a change of which nobody asks how many rows it touched, at the latest when the transaction is committed.
    pub(crate) fn put(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<(), StorageError> {
        self.session.put(sql, parameters)
    }

    /// The same for a change that overwrites all that an earlier one with the same last parameter did.
    pub(crate) fn put_latest(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<(), StorageError> {
        self.session.put_latest(sql, parameters)
    }

    /// Runs an `INSERT` whose last parameter is the `id`, which is added here; gives that id.
    pub(crate) fn insert<const N: usize>(
        &self,
        sql: &'static str,
        of: Ids,
        parameters: [Value<'_>; N],
    ) -> Result<i64, StorageError> {
        let id = self.session.next_id(of)?;
        let mut with_id = Vec::with_capacity(N + 1);
        with_id.extend(parameters);
        with_id.push(id.into());
        self.session.put(sql, &with_id)?;
        Ok(id.unwrap_or_else(|| self.session.last_id()))
    }

    /// The first row, if there is one.
    pub(crate) fn one<T>(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        let mut found = None;
        self.session.query(sql, parameters, &mut |row| {
            found = Some(read(row)?);
            Ok(Next::Enough)
        })?;
        Ok(found)
    }

    /// All rows.
    pub(crate) fn all<T>(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StorageError>,
    ) -> Result<Vec<T>, StorageError> {
        let mut found = Vec::new();
        self.session.query(sql, parameters, &mut |row| {
            found.push(read(row)?);
            Ok(Next::Row)
        })?;
        Ok(found)
    }

    /// Asks for so many rows, for the sake of what each row's making does.
    pub(crate) fn ask_rows(&self, sql: &'static str, rows: u64) -> Result<(), StorageError> {
        let mut left = rows;
        self.session.query(sql, &[], &mut |_| {
            left = left.saturating_sub(1);
            Ok(if left == 0 { Next::Enough } else { Next::Row })
        })
    }
}

/// What most JSON of a call takes, in bytes: growing a text costs more than the room.
const ROOM: usize = 1_000;

/// JSON of a domain type. These types serialise without fail; an empty text would be found out when it is read.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    let mut written = Vec::with_capacity(ROOM);
    match serde_json::to_writer(&mut written, value) {
        Ok(()) => String::from_utf8(written).unwrap_or_default(),
        Err(_) => String::new(),
    }
}
