//! The settings of an integration as the documentation shows them: made from the configuration's own schema.

use std::borrow::Cow;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;

use crate::config::schema::{INTEGRATION, Key, Kind, Variant};

/// The body of `PUT /integrations/{workspace}`. Only documents it: the configuration reads it.
pub(super) struct IntegrationSettings;

const NAME: &str = "IntegrationSettings";

impl Type for IntegrationSettings {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        NAME.into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference(NAME.to_owned())
    }

    fn register(registry: &mut Registry) {
        registry.create_schema::<Self, _>(NAME.to_owned(), |_| {
            let mut schema = object(INTEGRATION);
            // The path names it.
            schema.required.retain(|name| *name != "workspace");
            schema.description = Some("The keys of `[[integration]]` of the configuration file.");
            schema
        });
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

fn object(keys: &[Key]) -> MetaSchema {
    let property =
        |key: &Key| (key.name, inline(MetaSchema { description: Some(key.what), ..schema(&key.kind) }));
    MetaSchema {
        required: keys.iter().filter(|key| key.required).map(|key| key.name).collect(),
        properties: keys.iter().map(property).collect(),
        ..MetaSchema::new("object")
    }
}

fn schema(kind: &Kind) -> MetaSchema {
    match kind {
        Kind::Moment => MetaSchema::new_with_format("string", "date-time"),
        Kind::Expression => MetaSchema::new_with_format("string", "regex"),
        Kind::Text
        | Kind::TextOrNothing
        | Kind::TimeZone
        | Kind::Schedule
        | Kind::Country
        | Kind::Level
        | Kind::Address
        | Kind::HostPort => MetaSchema::new("string"),
        Kind::Secret => MetaSchema { write_only: true, ..MetaSchema::new_with_format("string", "password") },
        Kind::Url => MetaSchema::new_with_format("string", "uri"),
        Kind::Integer(..) => MetaSchema::new_with_format("integer", "int64"),
        Kind::Hosts | Kind::Texts => array(MetaSchema::new("string")),
        Kind::Integers => array(MetaSchema::new("integer")),
        Kind::Boolean => MetaSchema::new("boolean"),
        Kind::Word(words) => words_of(words.iter().copied()),
        Kind::Free => MetaSchema::new("object"),
        Kind::Table(keys) => object(keys),
        Kind::Tables(keys) => array(object(keys)),
        Kind::Tagged(tag, variants) => one_of(tag, variants),
    }
}

fn one_of(tag: &'static str, variants: &[Variant]) -> MetaSchema {
    let variant = |variant: &Variant| {
        let mut schema = object(variant.keys?);
        schema.required.insert(0, tag);
        schema.properties.insert(0, (tag, inline(words_of([variant.word]))));
        Some(inline(schema))
    };
    MetaSchema { one_of: variants.iter().filter_map(variant).collect(), ..MetaSchema::ANY }
}

fn words_of(words: impl IntoIterator<Item = &'static str>) -> MetaSchema {
    MetaSchema { enum_items: words.into_iter().map(Into::into).collect(), ..MetaSchema::new("string") }
}

fn array(items: MetaSchema) -> MetaSchema {
    MetaSchema { items: Some(Box::new(inline(items))), ..MetaSchema::new("array") }
}

fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}
