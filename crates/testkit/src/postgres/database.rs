//! A database for one test.

use std::sync::atomic::{AtomicU32, Ordering};

use url::Url;

use super::{Postgres, Session};

/// A fresh database, which goes when this is dropped. Where `TEST_POSTGRES` names a server (the URL of a superuser) it is
/// there, else on a server of its own.
#[derive(Debug)]
pub struct Database {
    url: String,
    _room: Option<Room>,
    _server: Option<Postgres>,
}

/// A name that is taken on a server of many tests.
#[derive(Debug)]
struct Room {
    server: String,
    name: String,
}

impl Database {
    /// Makes one.
    pub fn fresh() -> Self {
        match std::env::var_os("TEST_POSTGRES") {
            Some(server) => Self::beside_others(server.into_string().expect("TEST_POSTGRES is a URL")),
            None => Self::alone(),
        }
    }

    fn alone() -> Self {
        let server = Postgres::quick();
        Self { url: server.url(), _room: None, _server: Some(server) }
    }

    pub(super) fn beside_others(server: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut url = Url::parse(&server).expect("TEST_POSTGRES is a URL");
        url.set_path(&name);
        // Whoever had this number before may have been killed.
        let session = Session::to(&server);
        session.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        // Copied as files, it costs an eighth.
        session.run(&format!("CREATE DATABASE {name} STRATEGY file_copy"));
        Self { url: url.into(), _room: Some(Room { server, name }), _server: None }
    }

    /// `postgres://…`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A look at it beside whoever works with it.
    pub fn session(&self) -> Session {
        Session::to(&self.url)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // What a failed test leaves behind ends with the server of the run.
        if std::thread::panicking() {
            return;
        }
        Session::to(&self.server).run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}
