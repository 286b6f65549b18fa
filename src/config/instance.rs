//! Integration instances: those that the file declares, and those that come as JSON to the admin API.

use domain::instance::settings::InstanceSettings;
use serde_json::Value;

use super::check::{Checker, Fault};
use super::path::KeyPath;
use super::rules;
use super::schema::INTEGRATION;
use super::tree::Tree;

/// What is wrong with an integration that came as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFault {
    /// The key, such as `user[1].extension`; empty if the object as a whole is meant.
    pub path: String,
    /// What is wrong and what is expected.
    pub message: String,
}

/// Reads an integration from JSON: the same keys and checks as `[[integration]]` of the file, except that secrets are
/// given as they are. All faults at once.
pub fn parse_instance(json: &Value) -> Result<InstanceSettings, Vec<KeyFault>> {
    let Tree::Table(table) = Tree::of_json(json) else {
        return Err(vec![whole("is no JSON object; expected the keys of an integration")]);
    };
    let root = KeyPath::default();
    let mut checker = Checker::new(None);
    let values = checker.table(&root, INTEGRATION, &table);
    let mut faults = checker.faults;
    faults.extend(rules::instance(&root, &values));
    if !faults.is_empty() {
        return Err(faults.into_iter().map(KeyFault::from).collect());
    }
    serde_json::from_value(Value::Object(values)).map_err(|error| vec![whole(&error.to_string())])
}

fn whole(message: &str) -> KeyFault {
    KeyFault { path: String::new(), message: message.to_owned() }
}

impl From<Fault> for KeyFault {
    fn from(fault: Fault) -> Self {
        Self { path: fault.path.to_string(), message: fault.message }
    }
}

#[cfg(test)]
mod tests;
