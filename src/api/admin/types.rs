//! Types of parameters and fields that say in words what is wrong with a value and what is expected.

mod cursor;
mod limit;
mod moment;
mod word;

pub(super) use cursor::Cursor;
pub(super) use limit::Limit;
pub(super) use moment::Moment;
pub(super) use word::{Vocabulary, Word};

/// Makes a type that is a text or number in JSON and in parameters: `read` takes the text, `shown` gives the JSON.
macro_rules! json_scalar {
    ($name:ident $(<$generic:ident: $bound:path>)?) => {
        impl $(<$generic: $bound>)? poem_openapi::types::Type for $name $(<$generic>)? {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> std::borrow::Cow<'static, str> {
                Self::NAME.into()
            }

            fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
                poem_openapi::registry::MetaSchemaRef::Inline(Box::new(Self::schema()))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl $(<$generic: $bound>)? poem_openapi::types::ParseFromParameter for $name $(<$generic>)? {
            fn parse_from_parameter(text: &str) -> poem_openapi::types::ParseResult<Self> {
                Self::read(text).map_err(poem_openapi::types::ParseError::custom)
            }
        }

        impl $(<$generic: $bound>)? poem_openapi::types::ParseFromJSON for $name $(<$generic>)? {
            fn parse_from_json(value: Option<serde_json::Value>) -> poem_openapi::types::ParseResult<Self> {
                let value = value.unwrap_or_default();
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Self::read(&text).map_err(poem_openapi::types::ParseError::custom)
            }
        }

        impl $(<$generic: $bound>)? poem_openapi::types::ToJSON for $name $(<$generic>)? {
            fn to_json(&self) -> Option<serde_json::Value> {
                Some(self.shown())
            }
        }
    };
}
use json_scalar;

/// What was given, shortened, for a message.
fn given(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}
