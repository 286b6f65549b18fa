//! Integration instances: those that the file declares, and those that come as JSON to the admin API.

use domain::instance::settings::{InstanceSettings, UserMapping};
use serde_json::{Value, json};

use super::check::{Checker, Fault};
use super::path::KeyPath;
use super::rules::{self, Checked};
use super::schema::{INTEGRATION, Key, USERS};
use super::tree::{Table, Tree};

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
    let values = check(INTEGRATION, &table)?;
    serde_json::from_value(Value::Object(values)).map_err(|error| vec![whole(&error.to_string())])
}

/// Reads the users of an integration from a JSON list of them, with the same checks.
pub fn parse_users(json: &Value) -> Result<Vec<UserMapping>, Vec<KeyFault>> {
    let Tree::Table(table) = Tree::of_json(&json!({"user": json})) else {
        return Err(vec![whole("is no list of users")]);
    };
    let mut values = check(USERS, &table)?;
    let users = values.remove("user").unwrap_or_default();
    serde_json::from_value(users).map_err(|error| vec![whole(&error.to_string())])
}

/// The values of `keys` in `table` if there is no fault.
fn check(keys: &[Key], table: &Table) -> Result<Checked, Vec<KeyFault>> {
    let root = KeyPath::default();
    let mut checker = Checker::new(None);
    let values = checker.table(&root, keys, table);
    let mut faults = checker.faults;
    faults.extend(rules::instance(&root, &values));
    if faults.is_empty() { Ok(values) } else { Err(faults.into_iter().map(KeyFault::from).collect()) }
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
