//! A side of the bench: a server that can be stopped and started again on its database.

use anyhow::Context;
use domain::secret::Secret;
use storage::{Address, Place};
use tempfile::TempDir;

use crate::cli::bench::cluster::Cluster;
use crate::cli::bench::server::{Plan, Server, database};
use crate::cli::bench::sink::Sink;

/// What is put into a database that was just emptied is not written to its log as well.
const WHILE_FILLING: [&str; 2] = ["wal_level=minimal", "max_wal_senders=0"];

pub(super) struct Side {
    plan: Plan,
    /// The server's, while nobody serves from it.
    folder: Option<TempDir>,
    /// None if the database is a file in the folder.
    cluster: Option<Cluster>,
    settings: Vec<String>,
}

impl Side {
    pub(super) fn with_sqlite(sink: &Sink) -> Self {
        Self { plan: Plan::with(sink.address()), folder: None, cluster: None, settings: Vec::new() }
    }

    /// With a PostgreSQL of its own that has these settings.
    pub(super) fn with_postgres(sink: &Sink, settings: &[String]) -> anyhow::Result<Self> {
        let settings = settings.to_vec();
        let while_filling = WHILE_FILLING.map(str::to_owned).into_iter().chain(settings.clone());
        let cluster = Cluster::start(&while_filling.collect::<Vec<_>>())?;
        let plan = Plan { database_url: Some(cluster.url()), ..Plan::with(sink.address()) };
        Ok(Self { plan, folder: None, cluster: Some(cluster), settings })
    }

    /// Serves for the first time.
    pub(super) fn start(&self) -> anyhow::Result<Server> {
        self.plan.start()
    }

    /// Serves again.
    pub(super) fn serve(&mut self) -> anyhow::Result<Server> {
        self.plan.start_in(self.folder.take().context("the database is in use")?)
    }

    /// Ends a server of this side.
    pub(super) fn stop(&mut self, server: Server) {
        self.folder = Some(server.kill());
    }

    /// Where the database is that nobody serves from.
    pub(super) fn place(&self) -> anyhow::Result<Place> {
        if let Some(url) = &self.plan.database_url {
            return Ok(Place::Postgres(Address::parse(&Secret::new(url.as_str()))?));
        }
        let folder = self.folder.as_ref().context("the database is in use")?;
        Ok(Place::File(database(folder.path())))
    }

    /// What was put into the database is on the disk from now on, and the log is as in life.
    pub(super) fn settle(&mut self) -> anyhow::Result<()> {
        self.cluster.as_mut().map_or(Ok(()), |cluster| cluster.restart(&self.settings))
    }
}
