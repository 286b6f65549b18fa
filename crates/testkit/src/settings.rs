//! Settings of an integration instance.

use domain::instance::settings::InstanceSettings;
use serde_json::json;

/// A private integration with one user at extension 101 and nothing beyond Kontur.
pub fn settings(workspace: &str) -> InstanceSettings {
    let settings = json!({
        "workspace": workspace,
        "integration_id": "6838aaaa-0000-4000-8000-00000000ed82",
        "kind": "private",
        "api_key": "api key",
        "provider": {"kind": "generic", "webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        "user": [{"kontur_user_id": "44d0c1f2-7d54-4c2f-8f0e-3f7a0b8d9e21", "extension": "101"}],
    });
    serde_json::from_value(settings).expect("settings that fit their type")
}
