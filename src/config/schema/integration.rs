//! The keys of an integration instance, as `[[integration]]` and as the admin API's JSON.

use super::{Key, Kind, Variant, optional, required};

const ANY: i64 = i64::MAX;

/// The keys of `[[integration]]`.
pub(crate) const INTEGRATION: &[Key] = &[
    required("workspace", Kind::Text, "the workspace's name in Kontur"),
    required("integration_id", Kind::Text, "the integration's id in Kontur (a GUID)"),
    required("kind", Kind::Word(&["private", "public"]), "how the integration is installed"),
    required("api_key", Kind::Secret, "the integration's API key"),
    optional("secret_key", Kind::Secret, "the secret of a public integration"),
    optional("time_zone", Kind::TimeZone, "the workspace's time zone"),
    optional("country", Kind::Country, "the country of national numbers"),
    optional("settings", Kind::Table(SETTINGS), "switches that Kontur's setup may override"),
    required("provider", Kind::Tagged("kind", PROVIDERS), "the telephony system"),
    optional("sync", Kind::Table(SYNC), "how the telephony's history is read"),
    optional("user", Kind::Tables(USER), "Kontur users and their extensions"),
    optional("workonflow", Kind::Table(WORKONFLOW), "the connection to Workonflow"),
    optional("metabot", Kind::Table(METABOT), "the connection to Metabot"),
];

/// The users alone.
pub(crate) const USERS: &[Key] = &[required("user", Kind::Tables(USER), "Kontur users and their extensions")];

const SETTINGS: &[Key] = &[
    optional(
        "auto_redirect",
        Kind::Boolean,
        "whether a known client rings at the responsible employee first",
    ),
    optional("auto_answer", Kind::Boolean, "whether the employee's phone picks up by itself"),
];

const PROVIDERS: &[Variant] = &[
    Variant { word: "generic", keys: Some(GENERIC) },
    Variant { word: "megafon", keys: None },
    Variant { word: "mango", keys: None },
    Variant { word: "uis", keys: None },
    Variant { word: "zadarma", keys: None },
    Variant { word: "asterisk", keys: Some(ASTERISK) },
];

const GENERIC: &[Key] = &[
    required("webhook_secret", Kind::Secret, "the secret that signs webhooks (whsec_…)"),
    optional("control_url", Kind::Url, "the base of the PBX's control API"),
    optional("control_token", Kind::Secret, "the token of the PBX's control API"),
    optional("recording_hosts", Kind::Hosts, "hosts of recordings besides that of the control API,"),
];

const ASTERISK: &[Key] = &[
    required("ami", Kind::Table(AMI), "the manager interface"),
    required("trunks", Kind::Texts, "the endpoints that are the outside world, such as \"PJSIP/trunk\","),
    optional("extensions", Kind::Expression, "which endpoints are employees'"),
    optional("originate", Kind::Table(ORIGINATE), "how calls are placed for employees"),
    optional("cdr", Kind::Tagged("kind", CDR), "the call detail records"),
    optional("recordings", Kind::Table(MONITOR), "where recordings are"),
    optional(
        "route_token",
        Kind::Secret,
        "the token by which the dialplan asks for the responsible employee",
    ),
];

const AMI: &[Key] = &[
    required("address", Kind::HostPort, "where the manager interface listens"),
    optional("tls", Kind::Boolean, "whether the connection is secured"),
    required("username", Kind::Text, "the section of manager.conf"),
    required("secret", Kind::Secret, "its secret"),
];

const ORIGINATE: &[Key] = &[
    optional("channel", Kind::Text, "what is rung first, with {extension} for the employee's,"),
    optional("context", Kind::Text, "the context in which the client's number is dialled"),
    optional("prefix", Kind::TextOrNothing, "what is dialled before a client's number"),
];

const CDR: &[Variant] = &[
    Variant { word: "csv", keys: Some(CDR_CSV) },
    Variant { word: "sqlite", keys: Some(CDR_SQLITE) },
    Variant { word: "postgres", keys: Some(CDR_POSTGRES) },
    Variant { word: "http", keys: Some(CDR_HTTP) },
];

const CDR_CSV: &[Key] = &[
    required("path", Kind::Text, "the file Master.csv"),
    optional("time_zone", Kind::TimeZone, "the time zone of the records"),
];

const CDR_SQLITE: &[Key] = &[
    required("path", Kind::Text, "the database of cdr_sqlite3_custom"),
    optional("table", Kind::Text, "the table of the records"),
    optional("time_zone", Kind::TimeZone, "the time zone of the records"),
];

const CDR_POSTGRES: &[Key] = &[
    required("database_url", Kind::Secret, "the database (postgres://USER:PASSWORD@HOST/NAME)"),
    optional("table", Kind::Text, "the table of the records"),
    optional("time_zone", Kind::TimeZone, "the time zone of the records"),
];

const CDR_HTTP: &[Key] = &[
    required("url", Kind::Url, "the endpoint that gives records"),
    optional("token", Kind::Secret, "its bearer token"),
    optional("time_zone", Kind::TimeZone, "the time zone of the records"),
];

const MONITOR: &[Key] = &[
    optional("base_url", Kind::Url, "where the PBX serves the folder monitor"),
    optional("username", Kind::Text, "the user's name there"),
    optional("password", Kind::Secret, "the user's password there"),
    optional("folder", Kind::Text, "the folder monitor, if this machine sees it"),
];

const SYNC: &[Key] = &[
    optional("schedule", Kind::Schedule, "when what is new is read, should Kontur not ask for it,"),
    optional("again", Kind::Schedule, "when the last 24 hours are read again"),
    optional(
        "settle_sec",
        Kind::Integer(0, 3_600),
        "for how long a call has to be over before the history alone registers it, in s,",
    ),
    optional("pages_per_minute", Kind::Integer(1, 60_000), "how many pages are asked for in a minute,"),
];

const USER: &[Key] = &[
    required("kontur_user_id", Kind::Text, "the user's id in Kontur (a GUID)"),
    required("extension", Kind::Text, "the user's extension"),
    optional("workonflow_user_id", Kind::Text, "the user's id in Workonflow"),
    optional("valid_from", Kind::Moment, "since when the extension is the user's, that moment included,"),
    optional("valid_to", Kind::Moment, "from when on the extension is not the user's any more,"),
];

const WORKONFLOW: &[Key] = &[
    optional("dialect", Kind::Word(&["query", "body"]), "the revision of Workonflow's API"),
    required("api_url", Kind::Url, "the base URL of Workonflow's API"),
    required("team_id", Kind::Text, "the team's id"),
    required("api_key", Kind::Secret, "the Api-key (query) or the bot's id (body)"),
    required("secret_key", Kind::Secret, "the secret that signs requests to Workonflow"),
    required("stream_id", Kind::Text, "the stream of client threads"),
    required("status_id", Kind::Text, "the status of new threads"),
    optional("done_status_id", Kind::Text, "the status of threads whose missed call was returned"),
    optional("events_token", Kind::Secret, "the unguessable part of the URL for Workonflow's events"),
    optional("templates", Kind::Table(TEMPLATES), "texts that replace our own"),
];

const TEMPLATES: &[Key] = &[
    optional("comment", Kind::Text, "the comment of a finished call, a template,"),
    optional("thread_title", Kind::Text, "the title of a new thread, a template,"),
    optional("contact_name", Kind::Text, "the name of a new contact, a template,"),
];

const METABOT: &[Key] = &[
    required("api_url", Kind::Url, "the base URL of Metabot's API"),
    required("bot_id", Kind::Integer(1, ANY), "the bot's number"),
    required("token", Kind::Secret, "the bot's token"),
    optional("time_zone", Kind::TimeZone, "the time zone of the bot's server"),
    optional("auth", Kind::Word(&["authentication", "bearer"]), "the header that carries the token"),
    optional("job", Kind::Tables(JOB), "what to run and when"),
];

const JOB: &[Key] = &[
    required("on", Kind::Word(&["answered", "missed", "failed", "recording"]), "what starts the job"),
    optional("script_id", Kind::Integer(0, ANY), "the script's number"),
    optional("script_code", Kind::Text, "the script's code"),
    optional("trigger_id", Kind::Integer(0, ANY), "the trigger's number"),
    optional("trigger_code", Kind::Text, "the trigger's code"),
    optional("broadcast_id", Kind::Integer(0, ANY), "the broadcast's number"),
    optional("broadcast_code", Kind::Text, "the broadcast's code"),
    optional("lead_id", Kind::Integer(0, ANY), "the lead's number"),
    optional("ticket_id", Kind::Integer(0, ANY), "the ticket's number"),
    optional("run_at", Kind::Text, "YYYY-MM-DD hh:mm:ss in the bot's time zone"),
    optional("run_after_sec", Kind::Integer(0, ANY), "the delay in seconds"),
    optional("is_periodic", Kind::Boolean, "whether the job repeats"),
    optional("repeat_interval_sec", Kind::Integer(0, ANY), "the seconds between repetitions"),
    optional("condition_script_code", Kind::Text, "JavaScript that decides whether the job runs"),
    optional("script_request_params", Kind::Free, "the input of what is run"),
    optional("add_tags", Kind::Text, "tags to set, with commas between them,"),
    optional("remove_tags", Kind::Text, "tags to take, with commas between them,"),
];
