//! What the tests of this folder share.

use domain::instance::settings::{WorkonflowDialect, WorkonflowSettings, WorkonflowTemplates};
use domain::secret::Secret;

pub(super) fn settings(api_url: &str) -> WorkonflowSettings {
    WorkonflowSettings {
        dialect: WorkonflowDialect::Query,
        api_url: api_url.parse().unwrap(),
        team_id: "team-1".to_owned(),
        api_key: Secret::new("key-1"),
        secret_key: Secret::new("secret-1"),
        stream_id: "stream-1".to_owned(),
        status_id: "status-1".to_owned(),
        done_status_id: None,
        events_token: None,
        templates: WorkonflowTemplates::default(),
    }
}
