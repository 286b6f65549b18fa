//! The rules of the configuration as a whole.

use domain::call::healing::Patience;
use domain::secret::Secret;
use serde_json::Value;
use storage::Address;

use super::{Checked, Fault, fault, instance, text};
use crate::config::key::EncryptionKey;
use crate::config::path::KeyPath;

/// The rules of the file, those of its integrations included.
pub(in super::super) fn server(server: &Checked) -> Vec<Fault> {
    let root = KeyPath::default();
    let mut faults = Vec::new();
    faults.extend(encryption_key(&root, server));
    faults.extend(database_url(&root, server));
    faults.extend(healing(&root, server));
    let mut workspaces: Vec<&str> = Vec::new();
    for (index, integration) in integrations(server) {
        let at = root.key("integration").index(index);
        faults.extend(instance(&at, integration));
        let workspace = text(integration, "workspace");
        if let Some(workspace) = workspace.filter(|workspace| workspaces.contains(workspace)) {
            let message =
                format!("{workspace:?} is declared twice; expected one [[integration]] per workspace");
            faults.push(fault(at.key("workspace"), message));
        }
        workspaces.extend(workspace);
    }
    faults
}

fn integrations(server: &Checked) -> impl Iterator<Item = (usize, &Checked)> {
    let integrations = server.get("integration").and_then(Value::as_array).into_iter().flatten();
    integrations.enumerate().filter_map(|(index, integration)| Some((index, integration.as_object()?)))
}

fn encryption_key(root: &KeyPath, server: &Checked) -> Option<Fault> {
    let error = EncryptionKey::parse(text(server, "encryption_key")?).err()?;
    Some(fault(root.key("encryption_key"), error.to_string()))
}

/// Whoever infers before asking never asks.
fn healing(root: &KeyPath, server: &Checked) -> Option<Fault> {
    let (healing, patience) = (server.get("healing")?.as_object()?, Patience::default());
    let seconds = |key: &str, default: u64| healing.get(key).map_or(Some(default), Value::as_u64);
    let ask_after = seconds("ask_after_sec", patience.ask_after.as_secs())?;
    let infer_after = seconds("infer_after_sec", patience.infer_after.as_secs())?;
    (infer_after < ask_after).then(|| {
        let message = format!("is {infer_after}, less than ask_after_sec; expected at least {ask_after}");
        fault(root.key("healing").key("infer_after_sec"), message)
    })
}

/// The URL may carry a password and is not repeated.
fn database_url(root: &KeyPath, server: &Checked) -> Option<Fault> {
    let url = text(server, "database_url")?;
    let path = root.key("database_url");
    if url.strip_prefix("sqlite://").is_some_and(|file| !file.is_empty()) {
        return None;
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let none = |_| fault(path, "is no URL of PostgreSQL; expected postgres://USER:PASSWORD@HOST/NAME");
        return Address::parse(&Secret::new(url)).map(drop).map_err(none).err();
    }
    Some(fault(
        path,
        "is of no kind that is known; expected sqlite://FILE such as sqlite://kontur-telephony.db, or \
         postgres://USER:PASSWORD@HOST/NAME",
    ))
}
