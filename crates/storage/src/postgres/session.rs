//! The one of this process that writes.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use super::address::Address;
use super::blocks::Blocks;
use super::buffer::Buffer;
use super::connection::Connection;
use super::prefetch;
use crate::calls::RecentCalls;
use crate::error::StorageError;
use crate::session::{About, Ids, Next, Read, Row, Session, Unit, Value};
use crate::store::writer::Database;

/// How long a database that is away is waited for: whoever sent the event, or Kontur (3 s), waits as well.
const AWAY_FOR: Duration = Duration::from_secs(2);

/// How long it is waited to learn what became of a transaction whose connection broke while it was committed.
const IN_DOUBT_FOR: Duration = Duration::from_secs(10);

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);

/// Whoever writes has a row, which each of its transactions changes.
const BEGIN_TO_WRITE: &str = "INSERT INTO writer (committed, at) VALUES (0, clock_timestamp()) RETURNING id";
const FORGET: &str = "DELETE FROM writer WHERE at < clock_timestamp() - interval '30 days'";
const MARK: &str = "UPDATE writer SET committed = $1, at = clock_timestamp() WHERE id = $2";

/// The last transaction that was committed; waits for one that is being committed.
const COMMITTED: &str = "SELECT committed FROM writer WHERE id = $1 FOR UPDATE";

/// Writes to a database that others write to as well.
pub(crate) struct Writing {
    address: Address,
    connection: RefCell<Option<Connection>>,
    buffer: RefCell<Buffer>,
    unit: Unit,
    blocks: RefCell<Blocks>,
    /// How many calls the transaction had held late when numbers of deliveries were taken for it: those of a call that is held later
    /// have to be larger than what others gave it before.
    held: Cell<usize>,
    /// Our row in `writer`, and how many transactions were tried: each marks the row with its number.
    row: i64,
    transaction: Cell<i64>,
}

impl Writing {
    /// Connects, and brings the database up to date. Blocks.
    pub(crate) fn open(address: &Address) -> Result<Self, StorageError> {
        let mut connection = Connection::open(address)?;
        connection.migrate()?;
        connection.execute(FORGET, &[])?;
        let rows = connection.query(BEGIN_TO_WRITE, &[])?;
        let row = rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
        Ok(Self {
            address: address.clone(),
            connection: RefCell::new(Some(connection)),
            buffer: RefCell::default(),
            unit: Unit::default(),
            blocks: RefCell::default(),
            held: Cell::default(),
            row,
            transaction: Cell::default(),
        })
    }

    fn with<T>(&self, run: impl FnOnce(&Connection) -> Result<T, StorageError>) -> Result<T, StorageError> {
        let connection = self.connection.borrow();
        run(connection.as_ref().ok_or_else(|| StorageError::Away("there is no connection".to_owned()))?)
    }

    /// Makes what was put off.
    fn flush(&self) -> Result<(), StorageError> {
        if self.buffer.borrow().is_empty() {
            return Ok(());
        }
        let runs = self.buffer.borrow_mut().take();
        self.with(|connection| connection.make(&runs, None))
    }

    fn connect(&self) -> Result<(), StorageError> {
        if self.connection.borrow().as_ref().is_some_and(|connection| !connection.is_closed()) {
            return Ok(());
        }
        // The old one first: servers count them.
        self.connection.replace(None);
        self.connection.replace(Some(Connection::open(&self.address)?));
        // A server that crashed may give them to others.
        self.blocks.replace(Blocks::default());
        Ok(())
    }

    fn try_to_begin(&self, about: &About, recent: &RecentCalls) -> Result<(), StorageError> {
        self.connect()?;
        self.unit.clear();
        self.buffer.replace(Buffer::default());
        let mut blocks = self.blocks.borrow_mut();
        blocks.forget(Ids::Deliveries);
        let began =
            self.with(|connection| prefetch::begin(connection, about, recent, &self.unit, &mut blocks));
        began?;
        self.held.set(0);
        Ok(())
    }

    /// What became of the transaction when its connection broke.
    fn find_out(&self) -> Result<(), StorageError> {
        let until = Instant::now() + IN_DOUBT_FOR;
        let asked = || {
            self.connect()?;
            let rows = self.with(|connection| connection.query(COMMITTED, &[self.row.into()]))?;
            let last: Option<i64> = rows.first().map(|row| row.try_get(0)).transpose()?;
            Ok::<_, StorageError>(last == Some(self.transaction.get()))
        };
        loop {
            match asked() {
                Ok(true) => return Ok(()),
                Err(error) if error.may_pass() && Instant::now() < until => std::thread::sleep(PAUSE),
                Ok(false) | Err(_) => {
                    return Err(StorageError::Away("the connection broke before the commit".to_owned()));
                }
            }
        }
    }
}

impl Session for Writing {
    fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<usize, StorageError> {
        self.flush()?;
        self.with(|connection| connection.execute(sql, parameters))
    }

    fn query(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        read: &mut Read<'_>,
    ) -> Result<(), StorageError> {
        self.flush()?;
        let rows = self.with(|connection| connection.query(sql, parameters))?;
        read_all(&rows, read)
    }

    fn put(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<(), StorageError> {
        self.buffer.borrow_mut().put(sql, parameters);
        Ok(())
    }

    fn put_latest(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<(), StorageError> {
        self.buffer.borrow_mut().put_latest(sql, parameters);
        Ok(())
    }

    fn next_id(&self, of: Ids) -> Result<Option<i64>, StorageError> {
        let mut blocks = self.blocks.borrow_mut();
        if of == Ids::Deliveries && self.held.replace(self.unit.held_late()) != self.unit.held_late() {
            blocks.forget(of);
        }
        if let Some(id) = blocks.next(of, Instant::now()) {
            return Ok(Some(id));
        }
        let rows = self.with(|connection| connection.query(prefetch::sequence(of), &[Value::Int(1)]))?;
        let first = rows.first().map(|row| row.try_get(0)).transpose()?;
        if let (Some(first), true) = (first, prefetch::is_in_blocks(of)) {
            blocks.add(of, first, Instant::now());
            return Ok(blocks.next(of, Instant::now()));
        }
        Ok(first)
    }

    fn is_postgres(&self) -> bool {
        true
    }

    fn last_id(&self) -> i64 {
        0 // never asked for: each row has its number when it is inserted
    }

    fn unit(&self) -> Option<&Unit> {
        Some(&self.unit)
    }
}

impl Database for Writing {
    fn begin(
        &self,
        about: &mut dyn Iterator<Item = &About>,
        recent: &RecentCalls,
    ) -> Result<(), StorageError> {
        let about = About::all(about);
        let until = Instant::now() + AWAY_FOR;
        loop {
            let Err(error) = self.try_to_begin(&about, recent) else { return Ok(()) };
            // Else whatever comes next on this connection would be part of what failed.
            self.roll_back();
            if !error.may_pass() || Instant::now() >= until {
                return Err(error);
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn commit(&self) -> Result<(), StorageError> {
        let number = self.transaction.get() + 1;
        self.transaction.set(number);
        self.buffer.borrow_mut().put(MARK, &[number.into(), self.row.into()]);
        let runs = self.buffer.borrow_mut().take();
        match self.with(|connection| connection.make(&runs, Some("COMMIT"))) {
            Err(StorageError::Away(_)) => self.find_out(),
            made => made,
        }
    }

    fn roll_back(&self) {
        self.buffer.replace(Buffer::default());
        if self.with(|connection| connection.run("ROLLBACK")).is_err() {
            // It ends with its connection.
            self.connection.replace(None);
        }
    }
}

pub(super) fn read_all(rows: &[tokio_postgres::Row], read: &mut Read<'_>) -> Result<(), StorageError> {
    for row in rows {
        if read(&Row::Postgres(row))? == Next::Enough {
            break;
        }
    }
    Ok(())
}
