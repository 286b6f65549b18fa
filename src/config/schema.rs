//! Every key there is: its name, its kind and what it is, in words. Checking, suggestions, variables and redaction all
//! follow from here.

mod integration;

pub(crate) use integration::{INTEGRATION, USERS};

/// A key of a table.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What it is, so that "expected {what}" reads well.
    pub(crate) what: &'static str,
    pub(crate) required: bool,
}

/// What a key takes.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Text that is not empty.
    Text,
    /// Text that may be empty.
    TextOrNothing,
    /// Text that is not shown, or a reference to it.
    Secret,
    /// An absolute http or https URL.
    Url,
    /// IP address and port.
    Address,
    /// A whole number, both bounds included.
    Integer(i64, i64),
    /// A list of whole numbers from 0.
    Integers,
    /// A list of names or addresses of hosts.
    Hosts,
    /// A list of texts, at least one.
    Texts,
    /// Name or address of a host, and port.
    HostPort,
    /// A regular expression.
    Expression,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A point in time, with its offset.
    Moment,
    /// An IANA name.
    TimeZone,
    /// A cron expression, or `never`.
    Schedule,
    /// A country whose numbering is known.
    Country,
    /// What is logged.
    Level,
    /// A table whose keys are the administrator's own.
    Free,
    /// A table.
    Table(&'static [Key]),
    /// A list of tables.
    Tables(&'static [Key]),
    /// A table whose keys depend on the word at this key.
    Tagged(&'static str, &'static [Variant]),
}

/// The keys that go with one word.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) word: &'static str,
    /// None if the word is known but not built yet.
    pub(crate) keys: Option<&'static [Key]>,
}

/// A key that may be left out.
const fn optional(name: &'static str, kind: Kind, what: &'static str) -> Key {
    Key { name, kind, what, required: false }
}

/// A key that has to be there.
const fn required(name: &'static str, kind: Kind, what: &'static str) -> Key {
    Key { name, kind, what, required: true }
}

/// A day in seconds, times seven: nothing here makes sense for longer.
const WEEK_SEC: i64 = 7 * 24 * 3600;

/// The keys of the configuration file.
pub(super) const SERVER: &[Key] = &[
    optional("listen", Kind::Address, "the address to listen on"),
    optional("public_url", Kind::Url, "the URL under which Kontur and the providers reach this server"),
    optional(
        "database_url",
        Kind::Secret,
        "the database (sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME)",
    ),
    required("admin_token", Kind::Secret, "the administrators' token"),
    optional("encryption_key", Kind::Secret, "32 bytes in base64"),
    optional("metrics_listen", Kind::Address, "the address that serves metrics alone"),
    optional("settle_ms", Kind::Integer(0, 60_000), "how long a finished call has to be quiet, in ms,"),
    optional(
        "unmapped_wait_hours",
        Kind::Integer(0, WEEK_SEC / 3600),
        "how long the registration of a call at an extension of nobody waits for a user, in hours (0: not at all),",
    ),
    optional(
        "shut_down_within_sec",
        Kind::Integer(1, 600),
        "how long draining may take when the server is stopped, in s,",
    ),
    optional("kontur", Kind::Table(KONTUR), "the connection to Kontur"),
    optional("retry", Kind::Table(RETRY), "the schedule of retries"),
    optional("outbox", Kind::Table(OUTBOX), "how many deliveries may be under way at once"),
    optional("healing", Kind::Table(HEALING), "what becomes of calls whose end never comes"),
    optional("retention", Kind::Table(RETENTION), "how long what is done with is kept"),
    optional("recordings", Kind::Table(RECORDINGS), "where recordings are kept on their way"),
    optional("log", Kind::Table(LOG), "what is logged, and how"),
    optional("integration", Kind::Tables(INTEGRATION), "the integration instances"),
];

const KONTUR: &[Key] = &[optional("api_url", Kind::Url, "the base URL of Kontur CRM")];

const RETRY: &[Key] = &[
    optional("delays_ms", Kind::Integers, "the delays after the first, second, … attempt, in ms,"),
    optional(
        "give_up_after_sec",
        Kind::Integer(0, WEEK_SEC),
        "when retries end after the first attempt, in s,",
    ),
    optional("jitter_percent", Kind::Integer(0, 100), "by how much a delay varies, in percent,"),
    optional("realtime_expires_after_sec", Kind::Integer(1, WEEK_SEC), "when realtime is too late, in s,"),
];

/// More connections than this no machine of ours makes good use of.
const MOST: i64 = 10_000;

const OUTBOX: &[Key] = &[
    optional(
        "per_queue",
        Kind::Integer(1, MOST),
        "how many deliveries of a workspace to a destination may be under way,",
    ),
    optional(
        "per_destination",
        Kind::Integer(1, MOST),
        "how many deliveries to a destination may be under way,",
    ),
    optional("total", Kind::Integer(1, MOST), "how many deliveries may be under way in all,"),
];

const HEALING: &[Key] = &[
    optional(
        "ask_after_sec",
        Kind::Integer(1, WEEK_SEC),
        "after how much quiet the telephony is asked for an open call, in s,",
    ),
    optional(
        "infer_after_sec",
        Kind::Integer(1, WEEK_SEC),
        "after how much quiet an open call is taken to be over, in s,",
    ),
];

/// A hundred years: whoever wants more wants 0.
const DAYS: Kind = Kind::Integer(0, 36_500);

const RETENTION: &[Key] = &[
    optional(
        "raw_requests_days",
        DAYS,
        "how long requests of providers and runs of the sync are kept, in days (0: for ever),",
    ),
    optional(
        "calls_days",
        DAYS,
        "how long calls are kept, with all that belongs to them, in days (0: for ever),",
    ),
    optional("deliveries_days", DAYS, "how long settled deliveries are kept, in days (0: for ever),"),
];

const RECORDINGS: &[Key] = &[
    optional("folder", Kind::Text, "the folder for recordings on their way"),
    optional(
        "keep_hours",
        Kind::Integer(1, WEEK_SEC / 3600),
        "how long a recording stays that could not be handed on, in h,",
    ),
    optional("max_total_mb", Kind::Integer(1024, 1_000_000), "how much all of them may take, in MiB,"),
];

const LOG: &[Key] = &[
    optional("format", Kind::Word(&["text", "json"]), "the form of log lines"),
    optional("level", Kind::Level, "what is logged"),
];

impl Key {
    /// Completes "expected …".
    pub(super) fn expected(&self) -> String {
        let what = self.what;
        match &self.kind {
            Kind::Text | Kind::TextOrNothing => format!("{what} as text"),
            Kind::Secret => format!("{what} as text, \"env:NAME\" or \"file:/path\""),
            Kind::Url => format!("{what} as an absolute http or https URL"),
            Kind::Address => format!("{what} as IP:PORT such as 127.0.0.1:8080"),
            Kind::Integer(min, i64::MAX) => format!("{what} as a whole number from {min}"),
            Kind::Integer(min, max) => format!("{what} as a whole number from {min} to {max}"),
            Kind::Integers => format!("{what} as a list of whole numbers from 0, at least one"),
            Kind::Hosts => format!("{what} as a list of names without scheme, port or path"),
            Kind::Texts => format!("{what} as a list of texts, at least one"),
            Kind::HostPort => format!("{what} as HOST:PORT such as pbx.example.ru:5038"),
            Kind::Expression => format!("{what} as a regular expression"),
            Kind::Boolean => format!("true or false: {what}"),
            Kind::Word(words) => format!("{what}: {}", one_of(words)),
            Kind::Moment => format!("{what} as a time with offset such as 2026-11-22T00:00:00+03:00"),
            Kind::TimeZone => format!("{what} as an IANA name such as \"Europe/Moscow\""),
            Kind::Schedule => format!("{what} as five cron fields such as \"*/5 * * * *\", or \"never\""),
            Kind::Country => format!("{what} as a code of two capitals such as \"RU\""),
            Kind::Level => format!("{what}, such as \"info\" or \"warn,engine=debug\""),
            Kind::Free | Kind::Table(_) | Kind::Tagged(..) => format!("{what} as a table"),
            Kind::Tables(_) => format!("{what} as a list of tables"),
        }
    }
}

/// `"a", "b" or "c"`.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
