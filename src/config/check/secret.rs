//! Secrets: the text itself, `env:NAME` or `file:/path`.

use std::fs;

use serde_json::Value;

use super::Checker;
use crate::config::path::KeyPath;
use crate::config::schema::Key;

/// What is expected where references are not allowed.
const NO_REFERENCES: &str = "references such as \"env:NAME\" and \"file:/path\" are for the configuration file; \
                             expected the secret itself";

impl Checker<'_> {
    /// The secret that `text` is or refers to. Faults name the reference and never the secret.
    pub(super) fn secret(&mut self, path: &KeyPath, key: &Key, text: &str) -> Option<Value> {
        match self.resolve(text) {
            Ok(secret) if secret.is_empty() => {
                self.fault(path.clone(), format!("is empty; expected {}", key.expected()));
                None
            }
            Ok(secret) => Some(secret.into()),
            Err(message) => {
                self.fault(path.clone(), message);
                None
            }
        }
    }

    fn resolve(&self, text: &str) -> Result<String, String> {
        let reference = text.split_once(':').filter(|(scheme, _)| matches!(*scheme, "env" | "file"));
        match (reference, self.environment) {
            (None, _) => Ok(text.to_owned()),
            (Some(_), None) => Err(NO_REFERENCES.to_owned()),
            (Some(("env", name)), Some(environment)) => match environment.get(name) {
                Some(value) if !value.is_empty() => Ok(value),
                Some(_) => Err(format!("the environment variable {name} is empty; put the secret in it")),
                None => Err(format!("the environment variable {name} is not set; set it to the secret")),
            },
            (Some((_, path)), Some(_)) => read(path),
        }
    }
}

/// The file's text without the newline at its end.
fn read(path: &str) -> Result<String, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("the file {path} cannot be read ({error}); put the secret in it"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    match text.strip_suffix('\r').unwrap_or(text) {
        "" => Err(format!("the file {path} is empty; put the secret in it")),
        secret => Ok(secret.to_owned()),
    }
}
