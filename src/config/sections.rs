//! The sections of the configuration and their defaults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::call::healing::Patience;
use domain::instance::settings::InstanceSettings;
use domain::outbox::limits::Limits;
use domain::outbox::schedule::RetrySchedule;
use domain::parking;
use domain::retention::{self, Retention};
use domain::secret::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::key::EncryptionKey;

/// `[kontur]`: the connection to Kontur.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kontur {
    /// Base URL of Kontur CRM.
    pub api_url: Url,
}

/// `[log]`: what is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The form of log lines.
    pub format: LogFormat,
    /// A level, or directives such as `warn,engine=debug`.
    pub level: String,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The whole file after it was checked and its gaps were filled.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    pub(super) listen: SocketAddr,
    pub(super) public_url: Option<Url>,
    pub(super) database_url: Secret,
    pub(super) admin_token: Secret,
    pub(super) encryption_key: Option<EncryptionKey>,
    pub(super) metrics_listen: Option<SocketAddr>,
    pub(super) settle_ms: u64,
    pub(super) unmapped_wait_hours: u64,
    pub(super) shut_down_within_sec: u64,
    pub(super) kontur: Kontur,
    pub(super) retry: Retry,
    pub(super) outbox: Outbox,
    pub(super) healing: Healing,
    pub(super) retention: Kept,
    pub(super) recordings: Recordings,
    pub(super) log: Log,
    pub(super) integration: Vec<InstanceSettings>,
}

/// `[retry]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    delays_ms: Vec<u64>,
    give_up_after_sec: u64,
    jitter_percent: u8,
    realtime_expires_after_sec: u64,
}

impl From<Retry> for RetrySchedule {
    fn from(retry: Retry) -> Self {
        Self {
            delays: retry.delays_ms.into_iter().map(Duration::from_millis).collect(),
            give_up_after: Duration::from_secs(retry.give_up_after_sec),
            jitter_percent: retry.jitter_percent,
            realtime_expires_after: Duration::from_secs(retry.realtime_expires_after_sec),
        }
    }
}

/// `[outbox]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outbox {
    per_queue: usize,
    per_destination: usize,
    total: usize,
}

impl From<Outbox> for Limits {
    fn from(Outbox { per_queue, per_destination, total }: Outbox) -> Self {
        Self { per_queue, per_destination, total }
    }
}

/// `[healing]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Healing {
    ask_after_sec: u64,
    infer_after_sec: u64,
}

impl From<Healing> for Patience {
    fn from(healing: Healing) -> Self {
        Self {
            ask_after: Duration::from_secs(healing.ask_after_sec),
            infer_after: Duration::from_secs(healing.infer_after_sec),
        }
    }
}

/// `[retention]` as written: days, and 0 is for ever.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the keys end with their unit")]
pub(super) struct Kept {
    raw_requests_days: u32,
    calls_days: u32,
    deliveries_days: u32,
}

impl From<Kept> for Retention {
    fn from(kept: Kept) -> Self {
        let time = |days| (days > 0).then(|| retention::days(days));
        Self {
            raw_requests: time(kept.raw_requests_days),
            calls: time(kept.calls_days),
            deliveries: time(kept.deliveries_days),
        }
    }
}

/// `[recordings]`: recordings on their way.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recordings {
    /// Where they are kept; beside the database if the file does not say.
    pub folder: Option<PathBuf>,
    /// How long, in hours.
    pub keep_hours: u64,
    /// How much of them, in MiB.
    pub max_total_mb: u64,
}

/// What holds where the file says nothing.
pub(super) fn defaults() -> Value {
    let retry = RetrySchedule::default();
    let limits = Limits::default();
    let patience = Patience::default();
    let delays: Vec<_> = retry.delays.iter().map(Duration::as_millis).collect();
    let retention = Retention::default();
    let in_days = |kept: Option<Duration>| kept.map_or(0, |kept| kept.as_secs() / (24 * 3600));
    json!({
        "listen": "127.0.0.1:8080",
        "database_url": "sqlite://kontur-telephony.db",
        "settle_ms": 500,
        "unmapped_wait_hours": parking::WAIT.as_secs() / 3600,
        "shut_down_within_sec": 20,
        "kontur": {"api_url": "https://crm.kontur.ru"},
        "retry": {
            "delays_ms": delays,
            "give_up_after_sec": retry.give_up_after.as_secs(),
            "jitter_percent": retry.jitter_percent,
            "realtime_expires_after_sec": retry.realtime_expires_after.as_secs(),
        },
        "outbox": {
            "per_queue": limits.per_queue,
            "per_destination": limits.per_destination,
            "total": limits.total,
        },
        "healing": {
            "ask_after_sec": patience.ask_after.as_secs(),
            "infer_after_sec": patience.infer_after.as_secs(),
        },
        "retention": {
            "raw_requests_days": in_days(retention.raw_requests),
            "calls_days": in_days(retention.calls),
            "deliveries_days": in_days(retention.deliveries),
        },
        "recordings": {"keep_hours": 24, "max_total_mb": 2048},
        "log": {"format": "text", "level": "info"},
        "integration": [],
    })
}

/// Fills the gaps of what was checked, and gives it its types.
pub(super) fn read(checked: Map<String, Value>) -> Result<Keys, serde_json::Error> {
    let mut keys = defaults();
    lay_over(&mut keys, checked.into());
    serde_json::from_value(keys)
}

fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                lay_over(below.entry(name).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}
