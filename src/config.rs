//! The configuration: a file, environment variables laid over it, and every fault told at once, before any port is
//! bound or database opened. Nothing else reads the environment.

mod check;
mod environment;
mod error;
mod instance;
mod key;
mod path;
mod redact;
mod rules;
pub(crate) mod schema;
mod sections;
mod suggest;
mod tree;
mod variables;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, fs};

use domain::call::healing::Patience;
use domain::instance::settings::InstanceSettings;
use domain::outbox::limits::Limits;
use domain::outbox::schedule::RetrySchedule;
use domain::retention::Retention;
use domain::secret::Secret;
use serde_json::Value;
use url::Url;

use check::{Checker, Fault};
pub use environment::{Environment, ProcessEnvironment};
pub use error::{ConfigError, ConfigErrors, Place};
pub use instance::{KeyFault, parse_instance, parse_users};
pub use key::{EncryptionKey, InvalidKey};
use path::KeyPath;
pub use redact::{HIDDEN, redact};
pub use sections::{Kontur, Log, LogFormat, Recordings};
use tree::{Entry, Origin, Tree};

/// The file that is read if none is named.
pub const DEFAULT_FILE: &str = "kontur-telephony.toml";

/// A file with every key, its default and what it means.
pub const EXAMPLE: &str = include_str!("../config.example.toml");

/// The configuration of the server.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// How Kontur and the providers reach it, if that was said; see [`Config::public_url_at`].
    pub public_url: Option<Url>,
    /// `sqlite://FILE`. May carry a password.
    pub database_url: Secret,
    /// What administrators show.
    pub admin_token: Secret,
    /// Needed as soon as secrets have to be stored.
    pub encryption_key: Option<EncryptionKey>,
    /// Where metrics are served, if not with everything else.
    pub metrics_listen: Option<SocketAddr>,
    /// How long a finished call has to be quiet before it is registered.
    pub settle: Duration,
    /// How long the registration of a call at an extension of nobody waits at most; zero: not at all.
    pub unmapped_wait: Duration,
    /// Draining may take so long when the server is stopped.
    pub shut_down_within: Duration,
    /// The connection to Kontur.
    pub kontur: Kontur,
    /// When deliveries are tried again.
    pub retry: RetrySchedule,
    /// How many deliveries may be under way at once.
    pub outbox: Limits,
    /// When a quiet call is asked for, and when its end is inferred.
    pub healing: Patience,
    /// How long what is done with is kept.
    pub retention: Retention,
    /// Where recordings are kept on their way.
    pub recordings: Recordings,
    /// What is logged, and how.
    pub log: Log,
    /// The integration instances of the file.
    pub integrations: Vec<DeclaredIntegration>,
}

/// An integration instance that the file declares.
#[derive(Clone)]
pub struct DeclaredIntegration {
    /// Its settings.
    pub settings: InstanceSettings,
    /// Its keys as they were written, without its secrets.
    pub shown: Value,
}

impl fmt::Debug for DeclaredIntegration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

impl Config {
    /// Reads the file at `path`, else [`DEFAULT_FILE`], lays the variables `KONTUR_TELEPHONY__…` over it, checks all
    /// of it and resolves references to secrets.
    pub fn load(path: Option<&Path>, environment: &dyn Environment) -> Result<Self, ConfigErrors> {
        let file = path.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if may_do_without(path, &error, environment) => String::new(),
            Err(error) => return Err(unreadable(file, path.is_none(), &error)),
        };
        Self::parse(file, &text, environment)
    }

    fn parse(file: &Path, text: &str, environment: &dyn Environment) -> Result<Self, ConfigErrors> {
        let mut root = tree::read_toml(text).map_err(|faults| not_toml(file, &faults))?;
        let Tree::Table(table) = &mut root.tree else { return Err(whole(file, "is no table of keys")) };
        let misnamed = variables::overlay(table, environment);
        let mut checker = Checker::new(Some(environment));
        let values = checker.table(&KeyPath::default(), schema::SERVER, table);
        let mut faults = checker.faults;
        faults.extend(rules::server(&values));
        let mut errors: Vec<_> = faults.into_iter().map(|fault| located(file, &root, fault)).collect();
        errors.extend(misnamed.into_iter().map(|fault| ConfigError {
            place: Place::Variable(fault.name),
            key: String::new(),
            message: fault.message,
        }));
        if !errors.is_empty() {
            errors.sort_by(|a, b| a.place.cmp(&b.place));
            return Err(ConfigErrors(errors));
        }
        let keys = sections::read(values).map_err(|error| whole(file, &error.to_string()))?;
        Ok(Self::of(keys, &root.tree.to_json()))
    }

    fn of(keys: sections::Keys, written: &Value) -> Self {
        let shown = |index: usize| redact(&written["integration"][index]);
        let integrations = keys.integration.into_iter().enumerate();
        Self {
            listen: keys.listen,
            public_url: keys.public_url,
            database_url: keys.database_url,
            admin_token: keys.admin_token,
            encryption_key: keys.encryption_key,
            metrics_listen: keys.metrics_listen,
            settle: Duration::from_millis(keys.settle_ms),
            unmapped_wait: Duration::from_hours(keys.unmapped_wait_hours),
            shut_down_within: Duration::from_secs(keys.shut_down_within_sec),
            kontur: keys.kontur,
            retry: keys.retry.into(),
            outbox: keys.outbox.into(),
            healing: keys.healing.into(),
            retention: keys.retention.into(),
            recordings: keys.recordings,
            log: keys.log,
            integrations: integrations
                .map(|(index, settings)| DeclaredIntegration { settings, shown: shown(index) })
                .collect(),
        }
    }

    /// The URL under which the server is reached, without a slash at its end: as configured, else `http://` and the
    /// address that was bound in fact.
    pub fn public_url_at(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{bound}"),
        }
    }
}

/// Where nobody named a file and variables are set, these may be all there is, as in a container.
fn may_do_without(path: Option<&Path>, error: &io::Error, environment: &dyn Environment) -> bool {
    let has_variables = !environment.all(variables::PREFIX).is_empty();
    path.is_none() && error.kind() == io::ErrorKind::NotFound && has_variables
}

fn unreadable(file: &Path, is_default: bool, error: &io::Error) -> ConfigErrors {
    let message = match (error.kind(), is_default) {
        (io::ErrorKind::NotFound, true) => {
            "there is no such file here; copy config.example.toml to this name (a line admin_token = \"env:ADMIN_TOKEN\" is \
             enough to begin with), or name another file with --config"
                .to_owned()
        }
        (io::ErrorKind::NotFound, false) => "there is no such file; check the path given with --config".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    whole(file, &message)
}

fn whole(file: &Path, message: &str) -> ConfigErrors {
    let place = Place::File(file.to_owned(), None);
    ConfigErrors(vec![ConfigError { place, key: String::new(), message: message.to_owned() }])
}

fn not_toml(file: &Path, faults: &[tree::SyntaxFault]) -> ConfigErrors {
    let error = |fault: &tree::SyntaxFault| ConfigError {
        place: Place::File(file.to_owned(), Some(fault.line)),
        key: String::new(),
        message: format!("not valid TOML: {}", fault.message),
    };
    let mut errors: Vec<_> = faults.iter().map(error).collect();
    errors.sort_by(|a, b| a.place.cmp(&b.place));
    ConfigErrors(errors)
}

fn located(file: &Path, root: &Entry, fault: Fault) -> ConfigError {
    let place = |line| Place::File(PathBuf::from(file), line);
    match tree::origin_of(root, &fault.path) {
        Origin::Line(line) => ConfigError {
            place: place(Some(*line)),
            key: fault.path.without_indexes(),
            message: fault.message,
        },
        Origin::Variable(name) => ConfigError {
            place: Place::Variable(name.to_string()),
            key: fault.path.to_string(),
            message: fault.message,
        },
        Origin::Json => {
            ConfigError { place: place(None), key: fault.path.to_string(), message: fault.message }
        }
    }
}

#[cfg(test)]
mod tests;
