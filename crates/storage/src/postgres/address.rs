//! Where a PostgreSQL is, and how it is spoken to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::secret::Secret;
use tls::postgres::{Rustls, Secured};
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config, Connection, Socket};

use crate::error::StorageError;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(3);

/// What every connection sets, whatever the server's configuration says: an acknowledged event survives the server's death,
/// nobody waits for ever, and what a dead process held is let go of. Plans do not depend on values.
pub(crate) const SETTINGS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '2s'; \
     SET idle_in_transaction_session_timeout = '5s'; SET plan_cache_mode = 'force_generic_plan'; SET jit = off; \
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off; \
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// The address of a database, with whoever is let in.
#[derive(Clone)]
pub struct Address(Arc<Config>);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// Without user and password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.0.get_ports();
        for (number, host) in self.0.get_hosts().iter().enumerate() {
            let between = if number == 0 { "" } else { "," };
            let host = match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            };
            write!(f, "{between}{host}")?;
            if let Some(port) = ports.get(number).or_else(|| ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", self.0.get_dbname().unwrap_or_default())
    }
}

impl Address {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?…`. Several hosts may be named, as for libpq; the one that can be
    /// written to is taken. The error never quotes the text.
    pub fn parse(url: &Secret) -> Result<Self, StorageError> {
        let none = |_| {
            let expected = "database_url is none of PostgreSQL; expected postgres://USER:PASSWORD@HOST/NAME";
            StorageError::Driver(expected.to_owned())
        };
        let mut config: Config = url.expose().parse().map_err(none)?;
        // What would be secured if it can: most databases are on a network of their own, with a certificate that nobody trusts.
        if config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Disable);
        }
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.connect_timeout(CONNECT).application_name("kontur-telephony");
        config
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(3))
            .keepalives_retries(3);
        config.tcp_user_timeout(Duration::from_secs(20));
        Ok(Self(Arc::new(config)))
    }

    /// Connects, with whatever limits the server has.
    pub(crate) async fn connect(&self) -> Result<Client, StorageError> {
        let (client, connection) = self.open().await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// How the driver is told.
    pub(super) fn config(&self) -> &Config {
        &self.0
    }

    /// The same, for whoever drives the connection.
    pub(crate) async fn open(&self) -> Result<(Client, Connection<Socket, Secured>), StorageError> {
        let unverifiable =
            |error| StorageError::Driver(format!("trusted authorities cannot be read: {error}"));
        let secured = Rustls::of(self.0.get_ssl_mode()).map_err(unverifiable)?;
        Ok(self.0.connect(secured).await?)
    }
}
