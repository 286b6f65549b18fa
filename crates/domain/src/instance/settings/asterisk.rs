//! What an administrator declares about an Asterisk (design, Configuration; contract Providers §c).

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use crate::secret::Secret;

/// Connection to an Asterisk.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsteriskSettings {
    /// The manager interface.
    pub ami: AmiSettings,
    /// Endpoints whose channels are the outside world, such as `PJSIP/trunk`.
    pub trunks: Vec<String>,
    /// Which endpoints are employees': a regular expression over the name without its technology.
    #[serde(default = "few_digits")]
    pub extensions: String,
    /// How calls are placed for employees.
    #[serde(default)]
    pub originate: OriginateSettings,
    /// Where past calls are read; without it what happens while nobody listens is lost.
    pub cdr: Option<CdrSettings>,
    /// Where recordings are.
    pub recordings: Option<RecordingSettings>,
    /// Lets the dialplan ask for the responsible employee.
    pub route_token: Option<Secret>,
}

/// The manager interface (contract Providers §c.2).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmiSettings {
    /// Host and port: 5038, or 5039 with TLS, unless the PBX has it otherwise.
    pub address: String,
    /// Whether the connection is secured. The certificate has to be one that this machine trusts.
    #[serde(default)]
    pub tls: bool,
    /// The section of `manager.conf`.
    pub username: String,
    /// Its secret.
    pub secret: Secret,
}

/// How the employee's phone is rung, and where the client is called then.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OriginateSettings {
    /// What is rung first; `{extension}` stands for the employee's.
    pub channel: String,
    /// The context in which the client's number is dialled.
    pub context: String,
    /// What is dialled before a client's number to get out.
    pub prefix: String,
}

impl Default for OriginateSettings {
    fn default() -> Self {
        Self {
            channel: "PJSIP/{extension}".to_owned(),
            context: "from-internal".to_owned(),
            prefix: String::new(),
        }
    }
}

/// Where Asterisk's call detail records are (contract Providers §c.4).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CdrSettings {
    /// What holds them, and where it is.
    #[serde(flatten)]
    pub source: CdrSource,
    /// The zone of their times; the integration's if not given.
    #[serde(default, deserialize_with = "super::optional_time_zone")]
    pub time_zone: Option<chrono_tz::Tz>,
}

/// What holds call detail records.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum CdrSource {
    /// `Master.csv`, with `loguniqueid` and `newcdrcolumns`.
    Csv {
        /// The file.
        path: PathBuf,
    },
    /// A database of `cdr_sqlite3_custom`.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// The table.
        #[serde(default = "cdr")]
        table: String,
    },
    /// A database of `cdr_pgsql` or `cdr_adaptive_odbc`.
    Postgres {
        /// `postgres://user:password@host/database`, of a user who may only read.
        database_url: Secret,
        /// The table.
        #[serde(default = "cdr")]
        table: String,
    },
    /// A small endpoint beside the PBX that answers with rows (docs/providers/asterisk.md).
    Http {
        /// Where it is.
        url: Url,
        /// Bearer token, if it wants one.
        token: Option<Secret>,
    },
}

/// Where recordings are (contract Providers §c.5).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum RecordingSettings {
    /// Served by the PBX.
    Served(ServedRecordings),
    /// In a folder that this machine sees.
    Folder {
        /// The folder.
        folder: PathBuf,
    },
}

/// A read-only place on the PBX's own web server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServedRecordings {
    /// What corresponds to the folder `monitor`.
    pub base_url: Url,
    /// Basic authentication, if it takes one.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
}

fn cdr() -> String {
    "cdr".to_owned()
}

fn few_digits() -> String {
    r"^\d{2,5}$".to_owned()
}
