//! The database of a server under test: a file, or one in PostgreSQL; and a look at it past the server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use testkit::postgres::{self, Session};

/// The name of the file in the server's folder.
const FILE: &str = "kontur-telephony.db";

/// A server holds its file for no longer than this at a time.
const HELD_FOR: Duration = Duration::from_secs(5);

/// Rows that hold a text in one of their fields, be it as bytes, which are written in hexadecimal digits.
const ROWS_WITH: &str = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND query_to_xml(format(
    'SELECT 1 FROM %I AS t WHERE strpos(t::text, %L) > 0 OR strpos(t::text, %L) > 0', tablename,
    'TEXT', encode('TEXT', 'hex')), false, true, '')::text <> ''";

/// Where a server keeps what it knows.
#[derive(Debug)]
pub(crate) enum Database {
    /// A file in its folder.
    File(PathBuf),
    /// A database that goes with the server.
    Own(postgres::Database),
    /// The database of a URL, which others may work with as well.
    Shared(String),
}

/// A database that somebody else has locked, as long as this lives.
#[expect(dead_code, reason = "the lock goes when they are dropped")]
pub(crate) enum Held {
    File(Connection),
    Postgres(Session),
}

impl Database {
    /// A fresh one for a server with this folder, of the kind that `TEST_DATABASE` names; a file unless it says
    /// `postgres`.
    pub(super) fn fresh(folder: &Path) -> Self {
        match std::env::var_os("TEST_DATABASE") {
            Some(kind) if kind == "postgres" => Self::Own(postgres::Database::fresh()),
            Some(kind) if kind != "sqlite" => {
                panic!("TEST_DATABASE is {}, neither sqlite nor postgres", kind.display())
            }
            _ => Self::File(folder.join(FILE)),
        }
    }

    /// What `database_url` has to say.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::File(path) => format!("sqlite://{}", path.display()),
            Self::Own(database) => database.url().to_owned(),
            Self::Shared(url) => url.clone(),
        }
    }

    /// The file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        if let Self::File(path) = self { Some(path) } else { None }
    }

    /// Runs statements that both kinds take.
    pub(crate) fn run(&self, statements: &str) {
        match self {
            Self::File(path) => open(path).execute_batch(statements).expect("the file takes them"),
            Self::Own(_) | Self::Shared(_) => Session::to(&self.url()).run(statements),
        }
    }

    /// Locks it against changes, as another program may.
    pub(crate) fn hold(&self) -> Held {
        if let Self::File(path) = self {
            let other = open(path);
            other.execute_batch("BEGIN IMMEDIATE").expect("the server lets others write");
            return Held::File(other);
        }
        let other = Session::to(&self.url());
        other.run("BEGIN; LOCK TABLE raw_request, call, delivery, mark IN EXCLUSIVE MODE");
        Held::Postgres(other)
    }

    /// Whether a text can be read anywhere in it.
    pub(crate) fn holds(&self, text: &str) -> bool {
        match self {
            Self::File(path) => files(path).iter().any(|path| is_in_file(path, text)),
            Self::Own(_) | Self::Shared(_) => {
                Session::to(&self.url()).number(&ROWS_WITH.replace("TEXT", text)) > 0
            }
        }
    }
}

fn open(path: &Path) -> Connection {
    let other = Connection::open(path).expect("the database");
    other.busy_timeout(HELD_FOR).expect("a time");
    other
}

/// The file, and those with what has not got into it yet.
fn files(path: &Path) -> Vec<PathBuf> {
    let beside = ["", "-wal"].map(|end| PathBuf::from(format!("{}{end}", path.display())));
    beside.into_iter().filter(|path| path.exists()).collect()
}

fn is_in_file(path: &Path, text: &str) -> bool {
    let bytes = std::fs::read(path).expect("a file");
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
