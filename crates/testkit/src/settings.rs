//! Settings of an integration instance.

use domain::instance::settings::InstanceSettings;
use serde_json::{Value, json};

/// A private integration with one user at extension 101 and nothing beyond Kontur.
pub fn settings(workspace: &str) -> InstanceSettings {
    parse(private(workspace))
}

/// The same with Workonflow, if wanted, and Metabot with a job on every missed and every answered call, if wanted.
pub fn settings_with(workspace: &str, workonflow: bool, metabot: bool) -> InstanceSettings {
    let mut settings = private(workspace);
    if workonflow {
        settings["workonflow"] = json!({
            "api_url": "https://workonflow.test", "team_id": "5b0000000000000000000001", "api_key": "key",
            "secret_key": "secret", "stream_id": "stream", "status_id": "new",
        });
    }
    if metabot {
        settings["metabot"] = json!({
            "api_url": "https://metabot.test/api/v1", "bot_id": 17, "token": "token",
            "job": [{"on": "missed", "trigger_code": "missed"}, {"on": "answered", "trigger_code": "answered"}],
        });
    }
    parse(settings)
}

fn private(workspace: &str) -> Value {
    json!({
        "workspace": workspace,
        "integration_id": "6838aaaa-0000-4000-8000-00000000ed82",
        "kind": "private",
        "api_key": "api key",
        "provider": {"kind": "generic", "webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        "sync": {"schedule": "never", "again": "never"},
        "user": [{"kontur_user_id": "44d0c1f2-7d54-4c2f-8f0e-3f7a0b8d9e21", "extension": "101"}],
    })
}

fn parse(settings: Value) -> InstanceSettings {
    serde_json::from_value(settings).expect("settings that fit their type")
}
