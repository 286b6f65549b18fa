//! Users whose extensions and periods cannot hold; of two that contradict each other, the later one is at fault.

use domain::directory::{Directory, DirectoryConflict};
use domain::instance::settings::UserMapping;
use serde::Deserialize as _;
use serde_json::Value;

use super::{Fault, fault};
use crate::config::path::KeyPath;

pub(super) fn users(at: &KeyPath, users: Option<&Value>) -> Vec<Fault> {
    let users = users.and_then(Value::as_array).into_iter().flatten().enumerate();
    let users = users.filter_map(|(index, user)| Some((index, UserMapping::deserialize(user).ok()?)));
    let users: Vec<_> = users.collect();
    let all = users.iter().map(|(_, user)| user.clone()).collect();
    if Directory::new(all).is_ok() { Vec::new() } else { conflicts(at, users) }
}

/// Adds one user after the other, and leaves out those that do not go with the ones before.
fn conflicts(at: &KeyPath, users: Vec<(usize, UserMapping)>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut taken: Vec<UserMapping> = Vec::new();
    for (index, user) in users {
        let mut with_user = taken.clone();
        with_user.push(user);
        match Directory::new(with_user.clone()) {
            Ok(_) => taken = with_user,
            Err(conflict) => faults.push(fault(at.index(index).key(key_of(&conflict)), conflict.to_string())),
        }
    }
    faults
}

const fn key_of(conflict: &DirectoryConflict) -> &'static str {
    match conflict {
        DirectoryConflict::Extension { .. } => "extension",
        DirectoryConflict::Period(_) => "valid_to",
    }
}
