//! A connection with the statements that were prepared on it, for a thread that waits.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row, Statement};

use super::address::{Address, SETTINGS};
use super::batched;
use super::buffer::Run;
use super::rows::{Column, Rows};
use crate::error::StorageError;
use crate::session::Value;
use crate::{migrate, transfer};

/// A database that says nothing for so long is away: its own limit for a statement is shorter.
const ANSWER: Duration = Duration::from_secs(15);

/// Where a text is in the program, which is sooner told than whether it is the same.
type Place = (usize, usize);

/// A connection.
pub(super) struct Connection {
    /// None only while it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    prepared: RefCell<HashMap<Place, Statement>>,
    /// For many rows; none of statements that take one row at a time.
    batched: RefCell<HashMap<Place, Option<Statement>>>,
}

impl Connection {
    /// Connects. Blocks.
    pub(super) fn open(address: &Address) -> Result<Self, StorageError> {
        let failed =
            |error: std::io::Error| StorageError::Driver(format!("no runtime for a connection: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let client = runtime.block_on(async {
            let client = address.connect().await?;
            client.batch_execute(SETTINGS).await?;
            Ok::<_, StorageError>(client)
        })?;
        let runtime = Some(runtime);
        Ok(Self { runtime, client, prepared: RefCell::default(), batched: RefCell::default() })
    }

    /// Brings the database up to date, unless it is the beginning of a copy.
    pub(super) fn migrate(&mut self) -> Result<(), StorageError> {
        let Self { runtime, client, .. } = self;
        let Some(runtime) = runtime else { return Ok(()) };
        runtime.block_on(transfer::check_whole(client))?;
        for name in runtime.block_on(migrate::postgres::migrate(client))? {
            tracing::info!(name, "the database was brought up to date");
        }
        Ok(())
    }

    /// Whether it is known to be of no use any more.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Statements in which nothing is asked and nothing is given.
    pub(super) fn run(&self, sql: &'static str) -> Result<(), StorageError> {
        self.wait(self.client.batch_execute(sql))
    }

    /// The same without waiting for what comes of it: whoever uses the connection next sees it done.
    pub(super) fn run_unheard(&self, sql: &'static str) {
        let Some(runtime) = &self.runtime else { return };
        runtime.block_on(async {
            let mut sent = std::pin::pin!(self.client.batch_execute(sql));
            // Once to hand it to the connection, and a turn for the connection to send it.
            if send(sent.as_mut()).await.is_pending() {
                tokio::task::yield_now().await;
            }
        });
    }

    /// A change; says how many rows it touched.
    pub(super) fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<usize, StorageError> {
        let statement = self.prepare(sql)?;
        let touched = self.wait(self.client.execute(&statement, &references(parameters)))?;
        Ok(usize::try_from(touched).unwrap_or(usize::MAX))
    }

    /// A question.
    pub(super) fn query(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
    ) -> Result<Vec<Row>, StorageError> {
        let statement = self.prepare(sql)?;
        self.wait(self.client.query(&statement, &references(parameters)))
    }

    /// A question that is sent behind `first`, without waiting for that.
    pub(super) fn query_after(
        &self,
        first: &'static str,
        sql: &'static str,
        parameters: &[Value<'_>],
    ) -> Result<Vec<Row>, StorageError> {
        let first = Question { sql: first, parameters: Vec::new() };
        let asked = self.query_all(&[first, Question { sql, parameters: references(parameters) }]);
        Ok(asked?.pop().unwrap_or_default())
    }

    /// Questions that are sent together, in their order.
    pub(super) fn query_all(&self, questions: &[Question<'_>]) -> Result<Vec<Vec<Row>>, StorageError> {
        let statements: Vec<_> =
            questions.iter().map(|question| self.prepare(question.sql)).collect::<Result<_, _>>()?;
        let asked = statements.iter().zip(questions);
        let asked = asked.map(|(statement, question)| self.client.query(statement, &question.parameters));
        self.wait(in_order(asked))
    }

    /// Makes changes, all sent together, and then `last`, if there is one.
    pub(super) fn make(&self, runs: &[Run], last: Option<&'static str>) -> Result<(), StorageError> {
        let mut changes = Vec::with_capacity(runs.len());
        for run in runs {
            if let Some(statement) = self.batched(run)? {
                changes.push(Change::Columns(columns(&statement, &run.rows), statement));
            } else {
                let statement = self.prepare(run.sql)?;
                changes.extend(run.rows.iter().map(|row| Change::Row(statement.clone(), row)));
            }
        }
        let last = last.map(|last| self.prepare(last)).transpose()?;
        changes.extend(last.map(|last| Change::Row(last, Vec::new())));
        let parameters: Vec<_> = changes.iter().map(Change::references).collect();
        let made = changes.iter().zip(&parameters);
        let made = made.map(|(change, parameters)| self.client.execute(change.statement(), parameters));
        self.wait(in_order(made)).map(drop)
    }

    pub(super) fn prepare(&self, sql: &'static str) -> Result<Statement, StorageError> {
        let known = self.prepared.borrow().get(&place(sql)).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let statement = self.wait(self.client.prepare(sql))?;
        self.prepared.borrow_mut().insert(place(sql), statement.clone());
        Ok(statement)
    }

    pub(super) fn prepare_text(&self, sql: &str) -> Result<Statement, StorageError> {
        self.wait(self.client.prepare(sql))
    }

    /// The statement that takes all rows of a run; none if there is none, or no need for it.
    fn batched(&self, run: &Run) -> Result<Option<Statement>, StorageError> {
        if run.rows.len() < 2 {
            return Ok(None);
        }
        let known = self.batched.borrow().get(&place(run.sql)).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let of_row = self.prepare(run.sql)?;
        let types: Vec<_> = of_row.params().iter().map(Type::name).collect();
        let text = batched::batched(run.sql, &types);
        let statement = text.map(|text| self.prepare_text(&text)).transpose()?;
        self.batched.borrow_mut().insert(place(run.sql), statement.clone());
        Ok(statement)
    }

    /// Waits for an answer, but not for ever.
    fn wait<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, StorageError> {
        let closed = || StorageError::Away("the connection was closed".to_owned());
        let runtime = self.runtime.as_ref().ok_or_else(closed)?;
        let answered = runtime.block_on(async { tokio::time::timeout(ANSWER, answer).await });
        answered
            .map_err(|_| StorageError::Away(format!("no answer within {} s", ANSWER.as_secs())))?
            .map_err(StorageError::from)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Whoever drops it may not be allowed to wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A question with what it is about.
pub(super) struct Question<'a> {
    pub(super) sql: &'static str,
    pub(super) parameters: Vec<&'a (dyn ToSql + Sync)>,
}

/// A change that is sent with others.
enum Change<'a> {
    Row(Statement, Vec<Value<'a>>),
    Columns(Vec<Column<'a>>, Statement),
}

impl Change<'_> {
    fn statement(&self) -> &Statement {
        match self {
            Self::Row(statement, _) | Self::Columns(_, statement) => statement,
        }
    }

    fn references(&self) -> Vec<&(dyn ToSql + Sync)> {
        match self {
            Self::Row(_, values) => references(values),
            Self::Columns(columns, _) => columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect(),
        }
    }
}

/// Rows of parameters, parameter by parameter.
fn columns<'r>(statement: &Statement, rows: &'r Rows) -> Vec<Column<'r>> {
    (0..statement.params().len()).map(|number| rows.column(number)).collect()
}

fn references<'v>(values: &'v [Value<'_>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn place(sql: &'static str) -> Place {
    (sql.as_ptr().addr(), sql.len())
}

/// Polls once, which sends a call; gives the answer if there is one already.
async fn send<F: Future>(mut call: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await
}

/// Sends all, one after the other, and then waits for them.
async fn in_order<T>(
    calls: impl Iterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<Vec<T>, Error> {
    let mut sent = Vec::new();
    for call in calls {
        let mut call = Box::pin(call);
        let answer = send(call.as_mut()).await;
        sent.push((call, answer));
    }
    let mut answers = Vec::with_capacity(sent.len());
    for (call, answer) in sent {
        answers.push(match answer {
            Poll::Ready(answer) => answer?,
            Poll::Pending => call.await?,
        });
    }
    Ok(answers)
}
