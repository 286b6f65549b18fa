//! Showing an integration without its secrets.

use serde_json::Value;

/// What is shown in place of a secret.
pub const HIDDEN: &str = "***";

/// The names of keys whose values are secrets, at any depth; a test compares them with the schema.
const SECRET_KEYS: &[&str] = &[
    "admin_token",
    "api_key",
    "control_token",
    "database_url",
    "encryption_key",
    "events_token",
    "password",
    "route_token",
    "secret",
    "secret_key",
    "token",
    "webhook_secret",
];

/// The same tree with [`HIDDEN`] in place of every secret; `null` stays, to show that there is none.
pub fn redact(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let shown = fields.iter().map(|(name, value)| {
                let is_secret = SECRET_KEYS.contains(&name.as_str()) && !value.is_null();
                (name.clone(), if is_secret { HIDDEN.into() } else { redact(value) })
            });
            Value::Object(shown.collect())
        }
        Value::Array(items) => items.iter().map(redact).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::schema::{Key, Kind, SERVER};

    #[test]
    fn secrets_are_hidden_at_any_depth_and_everything_else_is_shown() {
        let settings = json!({
            "workspace": "acme", "api_key": "env:KEY", "secret_key": null,
            "provider": {"kind": "generic", "webhook_secret": "whsec_AAAA", "control_url": "https://pbx.test"},
            "metabot": {"token": "t", "job": [{"script_request_params": {"token": "t"}}]}
        });
        let shown = json!({
            "workspace": "acme", "api_key": "***", "secret_key": null,
            "provider": {"kind": "generic", "webhook_secret": "***", "control_url": "https://pbx.test"},
            "metabot": {"token": "***", "job": [{"script_request_params": {"token": "***"}}]}
        });
        assert_eq!(redact(&settings), shown);
    }

    fn secrets(keys: &[Key], found: &mut Vec<&'static str>) {
        for key in keys {
            match &key.kind {
                Kind::Secret => found.push(key.name),
                Kind::Table(keys) | Kind::Tables(keys) => secrets(keys, found),
                Kind::Tagged(_, variants) => {
                    variants.iter().filter_map(|variant| variant.keys).for_each(|keys| secrets(keys, found));
                }
                _ => {}
            }
        }
    }

    #[test]
    fn every_secret_of_the_schema_is_known() {
        let mut found = Vec::new();
        secrets(SERVER, &mut found);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, SECRET_KEYS);
    }
}
