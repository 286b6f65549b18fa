//! Integrations as administrators see them.

use domain::instance::settings::IntegrationKind;
use domain::instance::status::Status;
use engine::instance::Instance;
use poem_openapi::Object;
use serde_json::Value;

use super::types::{Moment, Vocabulary, Word};

/// Kontur's words for the status of an instance.
struct StatusWords;

const STATUSES: [Status; 5] =
    [Status::NotConfigured, Status::Active, Status::Paused, Status::HasErrors, Status::Failed];

impl Vocabulary for StatusWords {
    const WORDS: &'static [&'static str] =
        &[STATUSES[0].word(), STATUSES[1].word(), STATUSES[2].word(), STATUSES[3].word(), STATUSES[4].word()];
}

/// An integration instance.
#[derive(Debug, Object)]
pub(super) struct Integration {
    /// The workspace in Kontur.
    workspace: String,
    /// The integration in Kontur (GUID).
    #[oai(rename = "integration_id")]
    id: String,
    /// `private` or `public`.
    kind: String,
    /// The kind of telephony, such as `generic`.
    provider: String,
    /// Its time zone, such as `Europe/Moscow`.
    time_zone: String,
    /// It is declared in the configuration file, hence read-only here.
    declared: bool,
    /// Its status in Kontur's words.
    status: Word<StatusWords>,
    /// Kontur's number of the status.
    code: u8,
    /// Why it is so; empty when all is well.
    reasons: Vec<String>,
    /// The `baseUrl` to give to Kontur.
    base_url: String,
    /// Where the telephony has to send its webhooks.
    webhook_url: String,
    /// Its settings with `***` in place of secrets; only when one integration is asked for.
    #[oai(skip_serializing_if_is_none)]
    settings: Option<Value>,
}

impl Integration {
    /// What is shown of `instance`, on a server that is reached under `public_url`.
    pub(super) fn of(instance: &Instance, public_url: &str, settings: Option<Value>) -> Self {
        let (live, condition, workspace) = (instance.live(), instance.condition(), &instance.workspace);
        let provider = live.connections.provider.kind();
        let kind = match live.settings.kind {
            IntegrationKind::Private => "private",
            IntegrationKind::Public => "public",
        };
        Self {
            workspace: workspace.to_string(),
            id: live.settings.integration_id.to_string(),
            kind: kind.to_owned(),
            provider: provider.to_owned(),
            time_zone: live.settings.time_zone.to_string(),
            declared: instance.declared,
            status: Word::of(condition.status().word()),
            code: condition.status().code(),
            reasons: condition.reasons(),
            base_url: format!("{public_url}/kontur/{workspace}"),
            webhook_url: format!("{public_url}/telephony/{workspace}/{provider}"),
            settings,
        }
    }
}

/// The status of an integration instance, why it is so, and how it came to be.
#[derive(Debug, Object)]
pub(super) struct StatusReport {
    /// Kontur's word.
    status: Word<StatusWords>,
    /// Kontur's number.
    code: u8,
    /// Since when.
    since: Moment,
    /// Why it is so, the weightiest first; empty when all is well.
    reasons: Vec<String>,
    /// The latest changes, the latest first.
    history: Vec<StatusChange>,
}

/// A change of status.
#[derive(Debug, Object)]
pub(super) struct StatusChange {
    /// Before.
    from: Word<StatusWords>,
    /// After.
    to: Word<StatusWords>,
    /// When.
    at: Moment,
    /// Why.
    reason: String,
}

impl StatusReport {
    /// What is shown of `report`.
    pub(super) fn of(report: engine::admin::StatusReport) -> Self {
        let condition = &report.condition;
        let change = |change: storage::instances::StatusChange| StatusChange {
            from: word_of(change.from),
            to: word_of(change.to),
            at: change.at.into(),
            reason: change.reason,
        };
        Self {
            status: Word::of(condition.status().word()),
            code: condition.status().code(),
            since: report.since.into(),
            reasons: condition.reasons(),
            history: report.history.into_iter().map(change).collect(),
        }
    }
}

fn word_of(code: u8) -> Word<StatusWords> {
    let status = STATUSES.into_iter().find(|status| status.code() == code);
    Word::of(status.unwrap_or(Status::NotConfigured).word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_konturs() {
        let words: Vec<_> = (0..5).map(|code| word_of(code).text).collect();
        assert_eq!(words, ["notConfigured", "active", "paused", "hasErrors", "failed"]);
    }
}
