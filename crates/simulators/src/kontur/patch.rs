//! The JSON-patch dialect of Kontur, contract §3: array elements by id, all operations or none, in order.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::wire::Instance;
use crate::strict::check;

/// One operation as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// `add`, `replace` or `remove`.
    pub(super) op: String,
    pub(super) path: String,
    pub(super) value: Value,
}

/// Why a patch is refused as a whole; each operation once, in the list that says what is wrong with it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PatchFaults {
    paths: Vec<Value>,
    value_types: Vec<Value>,
    datas: Vec<Value>,
}

/// What is wrong with one operation.
enum Fault {
    Path,
    ValueType,
    Data,
}

/// Applies all steps, or none and says which are wrong.
pub(super) fn apply(instance: &Value, steps: &[Step]) -> Result<Value, PatchFaults> {
    let mut patched = instance.clone();
    let mut faults = PatchFaults::default();
    for step in steps {
        match apply_step(&patched, step) {
            Ok(next) => patched = next,
            Err(fault) => faults.add(step, &fault),
        }
    }
    if faults == PatchFaults::default() { Ok(patched) } else { Err(faults) }
}

impl PatchFaults {
    fn add(&mut self, step: &Step, fault: &Fault) {
        let list = match fault {
            Fault::Path => &mut self.paths,
            Fault::ValueType => &mut self.value_types,
            Fault::Data => &mut self.datas,
        };
        list.push(json!({"op": step.op, "path": step.path, "value": step.value}));
    }

    /// The body of the 409.
    pub(super) fn body(&self) -> Value {
        json!({
            "errorInfo": {
                "invalidPaths": self.paths,
                "invalidValueTypes": self.value_types,
                "invalidDatas": self.datas,
                "invalidConstraints": {},
                "status": "invalidArgs",
                "message": "Patch contains invalid operations"
            },
            "isSuccessful": false,
            "responseCode": "conflict"
        })
    }
}

fn apply_step(instance: &Value, step: &Step) -> Result<Value, Fault> {
    let segments = segments(&step.path)?;
    let (last, parents) = segments.split_last().ok_or(Fault::Path)?;
    let top = segments.first().map(String::as_str);
    if matches!(top, Some("id" | "updateInfo")) || (parents.len() > 1 && last == "id") {
        return Err(Fault::Path);
    }
    let mut next = instance.clone();
    let mut target = &mut next;
    for segment in parents {
        target = child(target, segment).ok_or(Fault::Path)?;
    }
    change(target, last, step)?;
    let wrong = check::<Instance>(&next);
    if wrong.is_empty() { Ok(next) } else { Err(Fault::ValueType) }
}

fn segments(path: &str) -> Result<Vec<String>, Fault> {
    let relative = path.strip_prefix('/').ok_or(Fault::Path)?;
    Ok(relative.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect())
}

/// The member of an object by name, the element of an array by id; never by index.
fn child<'a>(parent: &'a mut Value, segment: &str) -> Option<&'a mut Value> {
    match parent {
        Value::Object(fields) => fields.get_mut(segment),
        Value::Array(elements) => elements.iter_mut().find(|element| has_id(element, segment)),
        _ => None,
    }
}

fn has_id(element: &Value, id: &str) -> bool {
    element["id"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(id))
}

fn change(parent: &mut Value, segment: &str, step: &Step) -> Result<(), Fault> {
    match parent {
        Value::Object(fields) => change_member(fields, segment, step),
        Value::Array(elements) => change_element(elements, segment, step),
        _ => Err(Fault::Path),
    }
}

fn change_member(fields: &mut Map<String, Value>, name: &str, step: &Step) -> Result<(), Fault> {
    let member = fields.get_mut(name).ok_or(Fault::Path)?;
    match (step.op.as_str(), member) {
        ("remove", _) => Err(Fault::Path),
        ("add", Value::Array(elements)) => add_element(elements, &step.value),
        ("replace", Value::Array(elements)) => replace_all(elements, &step.value),
        (_, member) => {
            *member = step.value.clone();
            Ok(())
        }
    }
}

/// `add` names the array; the nil GUID asks for a new id.
fn add_element(elements: &mut Vec<Value>, value: &Value) -> Result<(), Fault> {
    let Some(id) = value.get("id") else {
        return Err(if value.is_object() { Fault::Data } else { Fault::ValueType });
    };
    let id = id.as_str().ok_or(Fault::ValueType)?;
    if elements.iter().any(|element| has_id(element, id)) {
        return Err(Fault::Data);
    }
    elements.push(with_own_id(value));
    Ok(())
}

fn replace_all(elements: &mut Vec<Value>, value: &Value) -> Result<(), Fault> {
    let Value::Array(replacement) = value else { return Err(Fault::ValueType) };
    *elements = replacement.iter().map(with_own_id).collect();
    Ok(())
}

fn with_own_id(element: &Value) -> Value {
    let mut element = element.clone();
    if element["id"] == Uuid::nil().to_string() {
        element["id"] = Uuid::new_v4().to_string().into();
    }
    element
}

fn change_element(elements: &mut Vec<Value>, id: &str, step: &Step) -> Result<(), Fault> {
    let position = elements.iter().position(|element| has_id(element, id)).ok_or(Fault::Path)?;
    match step.op.as_str() {
        "remove" => {
            elements.remove(position);
            Ok(())
        }
        "replace" if !step.value.is_object() => Err(Fault::ValueType),
        "replace" if step.value.get("id").is_none_or(|own| own == &elements[position]["id"]) => {
            let mut element = step.value.clone();
            element["id"] = elements[position]["id"].clone();
            elements[position] = element;
            Ok(())
        }
        // `add` addresses the array, and the id of an element stays what it is.
        _ => Err(Fault::Path),
    }
}
