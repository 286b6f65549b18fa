//! What the kinds of single keys do not say: keys that need or exclude each other. These work on what was checked, so
//! that they find their faults even if another key is wrong; a wrong key is `null` there.

mod people;
mod server;

use adapters::destination::{metabot, workonflow};
use adapters::provider::generic as generic_pbx;
use domain::instance::settings::{JobRule, WorkonflowTemplates};
use domain::secret::Secret;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::check::Fault;
use super::path::KeyPath;

pub(super) use server::server;

/// A table that was checked.
pub(super) type Checked = Map<String, Value>;

/// The rules of one integration instance at `at`.
pub(super) fn instance(at: &KeyPath, instance: &Checked) -> Vec<Fault> {
    let none = Checked::new();
    let table = |name: &str| instance.get(name).and_then(Value::as_object).unwrap_or(&none);
    let mut faults = Vec::new();
    faults.extend(workspace(at, instance));
    faults.extend(secret_key(at, instance));
    faults.extend(provider(&at.key("provider"), table("provider")));
    faults.extend(people::users(&at.key("user"), instance.get("user")));
    faults.extend(templates(&at.key("workonflow"), table("workonflow")));
    faults.extend(jobs(&at.key("metabot").key("job"), table("metabot").get("job")));
    faults
}

fn fault(path: KeyPath, message: impl Into<String>) -> Fault {
    Fault { path, message: message.into() }
}

fn text<'a>(table: &'a Checked, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Value::as_str)
}

/// The workspace is a part of every URL of its integration.
fn workspace(at: &KeyPath, instance: &Checked) -> Option<Fault> {
    let name = text(instance, "workspace")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_plain = name.bytes().all(plain) && !name.bytes().all(|byte| byte == b'.');
    (!is_plain).then(|| {
        let message =
            "has characters that a URL cannot hold; expected latin letters, digits, '.', '_' and '-'";
        fault(at.key("workspace"), message)
    })
}

fn secret_key(at: &KeyPath, instance: &Checked) -> Option<Fault> {
    let path = at.key("secret_key");
    match (text(instance, "kind")?, instance.contains_key("secret_key")) {
        ("public", false) => {
            Some(fault(path, "missing; a public integration needs the secret that it is published with"))
        }
        ("private", true) => {
            Some(fault(path, "does not go with kind = \"private\"; remove it, or make the kind \"public\""))
        }
        _ => None,
    }
}

fn provider(at: &KeyPath, provider: &Checked) -> Vec<Fault> {
    let recordings = provider.get("recordings").and_then(Value::as_object);
    let mut faults: Vec<Fault> =
        recordings.and_then(|recordings| place(&at.key("recordings"), recordings)).into_iter().collect();
    faults.extend(generic(at, provider));
    faults
}

/// Recordings are in one place.
fn place(at: &KeyPath, recordings: &Checked) -> Option<Fault> {
    let has = |key| recordings.contains_key(key);
    match (has("base_url"), has("folder")) {
        (true, true) => Some(fault(at.key("folder"), "does not go with base_url; remove one of them")),
        (false, false) => {
            Some(fault(at.key("base_url"), "missing; give the URL of the folder monitor, or folder"))
        }
        (false, true) if has("username") || has("password") => {
            Some(fault(at.key("username"), "does not go with folder; remove it, and password"))
        }
        _ => None,
    }
}

fn generic(at: &KeyPath, provider: &Checked) -> Vec<Fault> {
    let (url, token) = (provider.contains_key("control_url"), provider.contains_key("control_token"));
    let mut faults = Vec::new();
    if url && !token {
        faults.push(fault(
            at.key("control_token"),
            "missing; control_url needs the token that it is called with",
        ));
    }
    if token && !url {
        faults.push(fault(at.key("control_url"), "missing; control_token needs the URL that it is for"));
    }
    let secret = text(provider, "webhook_secret").map(Secret::new);
    if let Some(Err(error)) = secret.map(|secret| generic_pbx::check_secret(&secret)) {
        faults.push(fault(at.key("webhook_secret"), format!("is {error}")));
    }
    faults
}

/// One at a time, so that the faults of all are found.
fn templates(at: &KeyPath, workonflow: &Checked) -> Vec<Fault> {
    let templates = workonflow.get("templates").and_then(Value::as_object).into_iter().flatten();
    let faults = templates.filter_map(|(name, template)| {
        let alone = Value::Object(Checked::from_iter([(name.clone(), template.clone())]));
        let error = workonflow::check_templates(&WorkonflowTemplates::deserialize(alone).ok()?).err()?;
        Some(fault(at.keys(&error.key), error.message))
    });
    faults.collect()
}

fn jobs(at: &KeyPath, jobs: Option<&Value>) -> Vec<Fault> {
    let jobs = jobs.and_then(Value::as_array).into_iter().flatten().enumerate();
    let rules = jobs.filter_map(|(index, job)| Some((index, JobRule::deserialize(job).ok()?)));
    let faults = rules.filter_map(|(index, rule)| {
        let error = metabot::validate(&rule).err()?;
        Some(fault(at.index(index).keys(&error.key), error.message))
    });
    faults.collect()
}
