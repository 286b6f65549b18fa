//! Words of a fixed vocabulary.

use std::fmt;
use std::marker::PhantomData;

use engine::error::EngineError;
use poem_openapi::registry::MetaSchema;
use serde_json::Value;

use super::{given, json_scalar};

/// A fixed vocabulary.
pub(in crate::api::admin) trait Vocabulary: Send + Sync + 'static {
    /// All its words.
    const WORDS: &'static [&'static str];
}

/// A word of the vocabulary `V`.
pub(in crate::api::admin) struct Word<V> {
    /// The word.
    pub(in crate::api::admin) text: &'static str,
    vocabulary: PhantomData<fn() -> V>,
}

impl<V: Vocabulary> Word<V> {
    const NAME: &str = "word";

    fn schema() -> MetaSchema {
        let enum_items = V::WORDS.iter().map(|word| Value::from(*word)).collect();
        MetaSchema { enum_items, ..MetaSchema::new("string") }
    }

    fn read(text: &str) -> Result<Self, String> {
        let known = V::WORDS.iter().find(|word| **word == text);
        known
            .map(|word| Self::of(word))
            .ok_or_else(|| format!("{} is not known; expected one of {}", given(text), V::WORDS.join(", ")))
    }

    /// A word that is known to be one.
    pub(in crate::api::admin) fn of(text: &'static str) -> Self {
        Self { text, vocabulary: PhantomData }
    }

    /// A word as it is stored.
    pub(in crate::api::admin) fn stored(text: &str) -> Result<Self, EngineError> {
        Self::read(text).map_err(|error| {
            tracing::error!(%error, "a stored word cannot be shown");
            EngineError::Internal
        })
    }

    fn shown(&self) -> Value {
        self.text.into()
    }
}

json_scalar!(Word<V: Vocabulary>);

impl<V> fmt::Debug for Word<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Colours;

    impl Vocabulary for Colours {
        const WORDS: &'static [&'static str] = &["red", "blue"];
    }

    #[test]
    fn a_wrong_word_is_named_with_the_right_ones() {
        assert_eq!(Word::<Colours>::read("blue").unwrap().text, "blue");
        let message = Word::<Colours>::read("Blue").unwrap_err();
        assert!(message.contains("\"Blue\"") && message.contains("red, blue"), "{message}");
    }
}
