//! Prints a shape as an OpenAPI schema.

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use serde_json::json;

use super::{Field, Kind};

/// The schema of an object with these fields.
pub(crate) fn object(fields: &[Field]) -> MetaSchema {
    MetaSchema {
        required: fields.iter().filter(|field| field.required).map(|field| field.name).collect(),
        properties: fields.iter().map(|field| (field.name, value(field.kind))).collect(),
        ..MetaSchema::new("object")
    }
}

/// The schema of one value.
pub(crate) fn value(kind: Kind) -> MetaSchemaRef {
    let schema = match kind {
        Kind::Id => MetaSchema { pattern: Some("^[0-9a-fA-F]{24}$".into()), ..MetaSchema::new("string") },
        Kind::Text => MetaSchema { min_length: Some(1), ..MetaSchema::new("string") },
        Kind::AnyText => MetaSchema::new("string"),
        Kind::LocalTime => MetaSchema {
            pattern: Some(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$".into()),
            example: Some(json!("2026-11-22 10:00:00")),
            ..MetaSchema::new("string")
        },
        Kind::Tags => MetaSchema { example: Some(json!("tag1,tag2")), ..MetaSchema::new("string") },
        Kind::Word(words) => MetaSchema {
            enum_items: words.iter().map(|word| json!(word)).collect(),
            ..MetaSchema::new("string")
        },
        Kind::Count => MetaSchema { minimum: Some(0.0), ..MetaSchema::new_with_format("integer", "int64") },
        Kind::Boolean => MetaSchema::new("boolean"),
        Kind::List(item) => {
            MetaSchema { items: Some(Box::new(value(*item))), min_items: Some(1), ..MetaSchema::new("array") }
        }
        Kind::Object(fields) => object(fields),
        Kind::Map => MetaSchema::new("object"),
        Kind::Period => MetaSchema {
            items: Some(Box::new(nullable_milliseconds())),
            min_items: Some(2),
            max_items: Some(2),
            ..MetaSchema::new("array")
        },
        Kind::Either(first, second) => {
            MetaSchema { one_of: vec![value(*first), value(*second)], ..MetaSchema::ANY }
        }
    };
    MetaSchemaRef::Inline(Box::new(schema))
}

fn nullable_milliseconds() -> MetaSchemaRef {
    let schema = MetaSchema { nullable: true, ..MetaSchema::new_with_format("integer", "int64") };
    MetaSchemaRef::Inline(Box::new(schema))
}
