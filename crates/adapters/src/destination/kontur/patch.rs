//! The difference between an instance as Kontur has it and as it should be, as operations in Kontur's dialect
//! (contract Kontur §3). Pure.
//!
//! A JSON-Patch library compares arrays by index. So arrays whose elements have ids are shown to it as objects by
//! id, and the paths it gives are walked through the wanted instance to write them as Kontur reads them.

use domain::port::crm::WantedInstance;
use json_patch::PatchOperation;
use serde_json::{Map, Value, json};

use super::wire::{Operation, OperationKind};

/// The id of an element that does not exist yet.
const NEW: &str = "00000000-0000-0000-0000-000000000000";

/// An object of JSON.
type Fields = Map<String, Value>;

/// What has to be sent so that `now` becomes as wanted; empty if it is.
pub(super) fn operations(now: &Fields, wanted: &WantedInstance) -> Vec<Operation> {
    difference(&now.clone().into(), &wanted_instance(now, wanted).into())
}

/// `now` with what is ours as it should be, and everything else as it is.
fn wanted_instance(now: &Fields, wanted: &WantedInstance) -> Fields {
    let mut instance = now.clone();
    edit_object(&mut instance, "features", |features| {
        features.insert("call".to_owned(), wanted.call.into());
        features.insert("hangup".to_owned(), wanted.hangup.into());
    });
    edit_array(&mut instance, "settings", |settings| {
        wanted.settings.iter().for_each(|(id, value)| want_setting(settings, id, value));
    });
    edit_array(&mut instance, "webHooks", |webhooks| {
        wanted.schedules.iter().for_each(|(url, period)| want_schedule(webhooks, url, *period));
    });
    instance
}

fn want_setting(settings: &mut Vec<Value>, id: &str, value: &str) {
    let known = objects(settings).find(|setting| text(setting, "id") == Some(id));
    match known {
        Some(setting) => drop(setting.insert("value".to_owned(), value.into())),
        None => settings.push(json!({"id": id, "value": value})),
    }
}

/// A webhook that exists is corrected rather than doubled: Kontur would call twice.
fn want_schedule(webhooks: &mut Vec<Value>, relative_url: &str, seconds: u32) {
    let period = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let known = objects(webhooks).find(|hook| {
        let same_url = text(hook, "relativeUrl").is_some_and(|url| url.trim_matches('/') == relative_url);
        same_url && text(hook, "triggerType") == Some("schedule")
    });
    match known {
        Some(hook) => {
            hook.insert("disabled".to_owned(), false.into());
            edit_object(hook, "schedule", |schedule| {
                schedule.insert("period".to_owned(), period.into());
            });
        }
        None => webhooks.push(json!({
            "id": NEW, "relativeUrl": relative_url, "triggerType": "schedule",
            "filter": {"items": []}, "schedule": {"period": period}, "disabled": false
        })),
    }
}

fn objects(elements: &mut [Value]) -> impl Iterator<Item = &mut Fields> {
    elements.iter_mut().filter_map(Value::as_object_mut)
}

fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

/// Edits the object in `parent.name`; a new one if there is none.
fn edit_object(parent: &mut Fields, name: &str, edit: impl FnOnce(&mut Fields)) {
    let mut object = match parent.remove(name) {
        Some(Value::Object(object)) => object,
        _ => Fields::new(),
    };
    edit(&mut object);
    parent.insert(name.to_owned(), object.into());
}

/// Edits the array in `parent.name`; a new one if there is none.
fn edit_array(parent: &mut Fields, name: &str, edit: impl FnOnce(&mut Vec<Value>)) {
    let mut array = match parent.remove(name) {
        Some(Value::Array(array)) => array,
        _ => Vec::new(),
    };
    edit(&mut array);
    parent.insert(name.to_owned(), array.into());
}

/// The operations that turn `now` into `wanted`.
fn difference(now: &Value, wanted: &Value) -> Vec<Operation> {
    let patch = json_patch::diff(&by_id(now), &by_id(wanted));
    let mut operations: Vec<Operation> = patch.iter().map(|step| in_dialect(step, wanted)).collect();
    // Several changes within an array without ids are one replacement of it.
    operations.dedup();
    operations
}

/// The same document with arrays of elements that have ids as objects by id.
fn by_id(value: &Value) -> Value {
    match value {
        Value::Array(elements) if are_addressable(elements) => {
            let keyed =
                elements.iter().enumerate().map(|(place, element)| (key(place, element), by_id(element)));
            Value::Object(keyed.collect())
        }
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), by_id(field))).collect(),
        other => other.clone(),
    }
}

fn are_addressable(elements: &[Value]) -> bool {
    elements.iter().all(|element| element["id"].is_string())
}

/// New elements share one id; their place tells them apart.
fn key(place: usize, element: &Value) -> String {
    match element["id"].as_str().unwrap_or_default() {
        NEW => format!("{NEW}#{place}"),
        id => id.to_owned(),
    }
}

/// Walks the step's path through the wanted instance.
fn in_dialect(step: &PatchOperation, wanted: &Value) -> Operation {
    let mut path = String::new();
    let mut place = Some(wanted);
    let mut tokens = step.path().tokens().peekable();
    while let Some(token) = tokens.next() {
        let name = token.decoded();
        let in_array = matches!(place, Some(Value::Array(_)));
        match place {
            Some(Value::Array(elements)) if !are_addressable(elements) => break,
            Some(Value::Array(elements)) => place = element(elements, &name),
            other => place = other.and_then(|value| value.get(&*name)),
        }
        if in_array && tokens.peek().is_none() && matches!(step, PatchOperation::Add(_)) {
            return Operation { op: OperationKind::Add, path, value: place.cloned() };
        }
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
    }
    match place {
        Some(value) => Operation { op: OperationKind::Replace, path, value: Some(value.clone()) },
        None => Operation { op: OperationKind::Remove, path, value: None },
    }
}

fn element<'a>(elements: &'a [Value], wanted: &str) -> Option<&'a Value> {
    elements
        .iter()
        .enumerate()
        .find(|(place, element)| key(*place, element) == wanted)
        .map(|(_, element)| element)
}

#[cfg(test)]
mod tests;
