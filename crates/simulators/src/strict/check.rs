//! The walk through a JSON value along its schema.

use std::collections::BTreeMap;

use chrono::DateTime;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::{Map, Value};

/// What is wrong, by the path of the field: `items[0].from.type`.
pub(crate) type Faults = BTreeMap<String, Vec<String>>;

/// Everything in `value` that does not fit the schema of `T`: missing and unknown fields, types, words, formats.
pub(crate) fn check<T: Type>(value: &Value) -> Faults {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let mut walk = Walk { registry: &registry, faults: Faults::new() };
    walk.value("", &T::schema_ref(), value);
    walk.faults
}

struct Walk<'a> {
    registry: &'a Registry,
    faults: Faults,
}

impl Walk<'_> {
    fn fault(&mut self, path: &str, text: String) {
        let path = if path.is_empty() { "$" } else { path };
        self.faults.entry(path.to_owned()).or_default().push(text);
    }

    fn value(&mut self, path: &str, schema: &MetaSchemaRef, value: &Value) {
        let registry = self.registry;
        match schema {
            MetaSchemaRef::Inline(schema) => self.schema(path, schema, value),
            MetaSchemaRef::Reference(name) => match registry.schemas.get(name) {
                Some(schema) => self.schema(path, schema, value),
                None => self.fault(path, format!("the schema {name} is missing")),
            },
        }
    }

    fn schema(&mut self, path: &str, schema: &MetaSchema, value: &Value) {
        for part in &schema.all_of {
            self.value(path, part, value);
        }
        if !is_of_type(schema.ty, value) {
            return self.fault(path, format!("the value is not of type {}", schema.ty));
        }
        if !schema.enum_items.is_empty() && !schema.enum_items.contains(value) {
            let words: Vec<String> = schema.enum_items.iter().map(ToString::to_string).collect();
            return self.fault(path, format!("the value is none of {}", words.join(", ")));
        }
        match value {
            Value::String(text) => self.text(path, schema, text),
            Value::Array(items) => self.array(path, schema, items),
            Value::Object(fields) => self.object(path, schema, fields),
            _ => {}
        }
    }

    fn text(&mut self, path: &str, schema: &MetaSchema, text: &str) {
        if let Some(format) = schema.format
            && !fits(format, text)
        {
            self.fault(path, format!("the value does not have the format {format}"));
        }
        if schema.min_length.is_some_and(|least| text.chars().count() < least) {
            self.fault(path, "the value is too short".to_owned());
        }
    }

    fn array(&mut self, path: &str, schema: &MetaSchema, items: &[Value]) {
        let Some(element) = &schema.items else { return };
        if schema.min_items.is_some_and(|least| items.len() < least) {
            self.fault(path, "the array has too few elements".to_owned());
        }
        for (index, item) in items.iter().enumerate() {
            self.value(&format!("{path}[{index}]"), element, item);
        }
    }

    fn object(&mut self, path: &str, schema: &MetaSchema, fields: &Map<String, Value>) {
        if schema.properties.is_empty() && schema.required.is_empty() {
            return;
        }
        for name in &schema.required {
            if fields.get(*name).is_none_or(Value::is_null) {
                self.fault(&join(path, name), format!("the field {name} is required"));
            }
        }
        for (name, value) in fields {
            match schema.properties.iter().find(|(known, _)| known == name) {
                Some(_) if value.is_null() => {}
                Some((_, property)) => self.value(&join(path, name), property, value),
                None => self.fault(&join(path, name), "the field is unknown".to_owned()),
            }
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn is_of_type(ty: &str, value: &Value) -> bool {
    match ty {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

/// The formats in use. `uuid` is stricter than the type behind it: hyphens are part of a GUID.
fn fits(format: &str, text: &str) -> bool {
    match format {
        "uuid" => text.len() == 36 && uuid::Uuid::parse_str(text).is_ok(),
        "date-time" => DateTime::parse_from_rfc3339(text).is_ok() && text.as_bytes().get(10) == Some(&b'T'),
        "phone" => text == "anonymous" || (is_digits(text) && (2..=15).contains(&text.len())),
        "digits" => is_digits(text),
        "dialable" => fits("phone", text.strip_prefix('+').unwrap_or(text)) && text != "anonymous",
        "period" => is_period(text),
        _ => true,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_period(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let two_digits = |part: &&str| part.len() == 2 && is_digits(part);
    parts.len() == 3 && parts.iter().all(two_digits) && parts[1] < "60" && parts[2] < "60"
}
