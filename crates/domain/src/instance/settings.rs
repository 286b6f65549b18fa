//! What an administrator declares about an integration instance: `[[integration]]` of the configuration file, or
//! the body of `PUT /admin/v1/integrations/{workspace}` (design, Configuration).

mod asterisk;

use serde::Deserialize;
use url::Url;

use crate::clock::Timestamp;
use crate::directory::Period;
use crate::id::{Extension, IntegrationId, KonturUserId, WorkonflowUserId, Workspace};
use crate::phone::Country;
use crate::secret::Secret;
use crate::sync::SyncSettings;

pub use asterisk::{
    AmiSettings, AsteriskSettings, CdrSettings, CdrSource, OriginateSettings, RecordingSettings,
    ServedRecordings,
};

/// One integration instance.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceSettings {
    /// The workspace in Kontur.
    pub workspace: Workspace,
    /// The integration in Kontur; the instance has the same id.
    pub integration_id: IntegrationId,
    /// Private (uploaded by an administrator) or public (published).
    pub kind: IntegrationKind,
    /// `X-XCOM-Integration-ApiKey` (contract Kontur §2).
    pub api_key: Secret,
    /// Public integrations only: `X-XCOM-Integration-Secret` (contract Kontur §2).
    pub secret_key: Option<Secret>,
    /// IANA name; local times in comments and of providers without an offset.
    #[serde(default = "moscow", deserialize_with = "time_zone")]
    pub time_zone: chrono_tz::Tz,
    /// How national numbers are normalised.
    #[serde(default = "russia")]
    pub country: Country,
    /// Overridden by the arguments of Kontur's setup.
    #[serde(default)]
    pub settings: Behaviour,
    /// The telephony system.
    pub provider: ProviderSettings,
    /// How the telephony's history is read.
    #[serde(default)]
    pub sync: SyncSettings,
    /// Kontur users and their extensions.
    #[serde(default, rename = "user")]
    pub users: Vec<UserMapping>,
    /// Where the history is written, if anywhere.
    pub workonflow: Option<WorkonflowSettings>,
    /// Where follow-up jobs run, if anywhere.
    pub metabot: Option<MetabotSettings>,
}

/// How the integration was installed in Kontur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntegrationKind {
    /// Uploaded as a zip by an administrator of the workspace (contract Kontur §6).
    Private,
    /// Published; activated by `integrations/{id}/setup`, authorised with a secret as well.
    Public,
}

/// Switches that Kontur's setup may override (`autoRedirect`, `autoAnswer`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// Calls of a known client ring at the responsible employee first.
    pub auto_redirect: bool,
    /// The employee's phone picks up by itself when a call was started from Kontur.
    pub auto_answer: bool,
}

/// A user of Kontur at the telephony system. A user may have several extensions, and an extension other users at other
/// times.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserMapping {
    /// The user in Kontur.
    pub kontur_user_id: KonturUserId,
    /// The user's extension.
    pub extension: Extension,
    /// The user in Workonflow, if the user works there.
    pub workonflow_user_id: Option<WorkonflowUserId>,
    /// Since when the extension is the user's, that moment included; RFC 3339. Always, if not given.
    #[serde(default, deserialize_with = "moment")]
    pub valid_from: Option<Timestamp>,
    /// From when on it is not any more; RFC 3339. Never, if not given.
    #[serde(default, deserialize_with = "moment")]
    pub valid_to: Option<Timestamp>,
}

impl UserMapping {
    /// A user of Kontur alone, whose extension it is at any time.
    pub const fn always(kontur_user_id: KonturUserId, extension: Extension) -> Self {
        Self { kontur_user_id, extension, workonflow_user_id: None, valid_from: None, valid_to: None }
    }

    /// When the extension is the user's.
    pub const fn period(&self) -> Period {
        Period { from: self.valid_from, to: self.valid_to }
    }
}

/// The telephony system of an instance. Each kind has its own keys.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ProviderSettings {
    /// A PBX that speaks our own contract (design, Generic PBX).
    Generic(GenericSettings),
    /// An Asterisk, observed through its manager interface (contract Providers §c).
    Asterisk(Box<AsteriskSettings>),
}

/// Connection to a generic PBX.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenericSettings {
    /// Signs webhooks: `whsec_` and base64 (Standard Webhooks).
    pub webhook_secret: Secret,
    /// Base of the control API we call; without it calls cannot be started from Kontur and history is not read.
    pub control_url: Option<Url>,
    /// Bearer token of the control API.
    pub control_token: Option<Secret>,
    /// Hosts besides that of `control_url` from which recordings are fetched, by https and without the token.
    #[serde(default)]
    pub recording_hosts: Vec<String>,
}

/// Connection to a Workonflow team (contract Workonflow).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkonflowSettings {
    /// Which revision of the API is spoken.
    #[serde(default)]
    pub dialect: WorkonflowDialect,
    /// Base URL without the team.
    pub api_url: Url,
    /// The team: 24 hex digits.
    pub team_id: String,
    /// Api-key of the query dialect, the bot's id in the body dialect.
    pub api_key: Secret,
    /// Signs requests.
    pub secret_key: Secret,
    /// The stream in which threads of customers live.
    pub stream_id: String,
    /// Status of new threads.
    pub status_id: String,
    /// Where a returned missed call moves its thread.
    pub done_status_id: Option<String>,
    /// The unguessable part of the URL that Workonflow's events are sent to.
    pub events_token: Option<Secret>,
    /// Texts of threads and comments; those left out are our own, in Russian.
    #[serde(default)]
    pub templates: WorkonflowTemplates,
}

/// Revisions of Workonflow's API (contract Workonflow §1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkonflowDialect {
    /// Reads are GET with `?query=`.
    #[default]
    Query,
    /// Everything is POST with a signed body.
    Body,
}

/// Templates (Jinja syntax, `{{ call.client_phone }}` and the like) that replace our own texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkonflowTemplates {
    /// The comment of a finished call.
    pub comment: Option<String>,
    /// The title of a new thread.
    pub thread_title: Option<String>,
    /// The name of a new contact.
    pub contact_name: Option<String>,
}

/// Connection to a Metabot bot (contract Metabot).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetabotSettings {
    /// Base URL including any `/api/v1`.
    pub api_url: Url,
    /// The bot.
    pub bot_id: i64,
    /// Its token.
    pub token: Secret,
    /// Time zone of the bot's server: `run_at` is written in it.
    #[serde(default = "moscow", deserialize_with = "time_zone")]
    pub time_zone: chrono_tz::Tz,
    /// Which header carries the token.
    #[serde(default)]
    pub auth: MetabotAuth,
    /// What to run and when.
    #[serde(default, rename = "job")]
    pub jobs: Vec<JobRule>,
}

/// The header that carries Metabot's token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetabotAuth {
    /// `Authentication: TOKEN`, as the seed shows it.
    #[default]
    Authentication,
    /// `Authorization: Bearer TOKEN`, behind the standard gateway.
    Bearer,
}

/// A job to schedule on every call of one kind. Strings may be templates.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRule {
    /// Which calls.
    pub on: JobTrigger,
    /// Script by number.
    pub script_id: Option<i64>,
    /// Script by code.
    pub script_code: Option<String>,
    /// Trigger by number.
    pub trigger_id: Option<i64>,
    /// Trigger by code.
    pub trigger_code: Option<String>,
    /// Broadcast by number.
    pub broadcast_id: Option<i64>,
    /// Broadcast by code.
    pub broadcast_code: Option<String>,
    /// The lead the job is for.
    pub lead_id: Option<i64>,
    /// The ticket the job is for.
    pub ticket_id: Option<i64>,
    /// `YYYY-MM-DD hh:mm:ss` in the bot's time zone, or a template that yields it; wins over `run_after_sec`.
    pub run_at: Option<String>,
    /// Delay in seconds.
    pub run_after_sec: Option<i64>,
    /// Whether the job repeats.
    pub is_periodic: Option<bool>,
    /// Seconds between repetitions, on installations that know it.
    pub repeat_interval_sec: Option<i64>,
    /// JavaScript; the job runs only if it returns true. Not a template: it is code.
    pub condition_script_code: Option<String>,
    /// Input of the script; without it the call's own facts are sent (design, Configuration).
    pub script_request_params: Option<serde_json::Map<String, serde_json::Value>>,
    /// Comma-separated tags to set on the lead.
    pub add_tags: Option<String>,
    /// Comma-separated tags to take from the lead.
    pub remove_tags: Option<String>,
}

/// What starts a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobTrigger {
    /// A conversation took place.
    Answered,
    /// An inbound call nobody answered.
    Missed,
    /// An outgoing call that did not come through.
    Failed,
    /// A recording became available.
    Recording,
}

const fn moscow() -> chrono_tz::Tz {
    chrono_tz::Europe::Moscow
}

const fn russia() -> Country {
    Country::RU
}

/// A time of RFC 3339, which is not how rows hold times.
fn moment<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
    text.map(|text| Timestamp::parse(&text).map_err(serde::de::Error::custom)).transpose()
}

fn optional_time_zone<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<chrono_tz::Tz>, D::Error> {
    time_zone(deserializer).map(Some)
}

fn time_zone<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<chrono_tz::Tz, D::Error> {
    let name = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
    name.parse().map_err(|_| {
        serde::de::Error::custom(format!(
            "{name:?} is not a time zone; expected an IANA name such as Europe/Moscow"
        ))
    })
}
