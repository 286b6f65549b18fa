//! The arguments of Kontur's setup (contract Kontur §1): stored, validated, and laid over the file's settings.

use serde_json::{Map, Value};

use super::settings::Behaviour;
use crate::secret::Secret;

/// Arguments this integration defines. Absent or `null` means: as the configuration says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SetupArguments {
    /// `autoRedirect`.
    pub auto_redirect: Option<bool>,
    /// `autoAnswer`.
    pub auto_answer: Option<bool>,
    /// `SecretKey`: the secret of a public integration.
    pub secret_key: Option<Secret>,
}

/// Why the arguments were refused; the message names the argument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArguments {
    /// The body is no JSON object.
    #[error("setup takes a JSON object of arguments, such as {{\"autoAnswer\":false}}")]
    NotAnObject,
    /// An argument this integration does not define.
    #[error("unknown argument {0:?}; this integration takes SecretKey, autoRedirect and autoAnswer")]
    Unknown(String),
    /// An argument of the wrong type.
    #[error("argument {name:?} has to be {expected}")]
    WrongType {
        /// The argument.
        name: &'static str,
        /// What it takes.
        expected: &'static str,
    },
}

impl SetupArguments {
    /// Reads the body of setup.
    pub fn parse(body: &Value) -> Result<Self, InvalidArguments> {
        let arguments = body.as_object().ok_or(InvalidArguments::NotAnObject)?;
        if let Some(name) = arguments.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(InvalidArguments::Unknown(name.chars().take(64).collect()));
        }
        Ok(Self {
            auto_redirect: flag(arguments, "autoRedirect")?,
            auto_answer: flag(arguments, "autoAnswer")?,
            secret_key: text(arguments, "SecretKey")?.map(Secret::new),
        })
    }

    /// The switches in force: these arguments over the configuration's.
    #[must_use]
    pub fn over(&self, configured: Behaviour) -> Behaviour {
        Behaviour {
            auto_redirect: self.auto_redirect.unwrap_or(configured.auto_redirect),
            auto_answer: self.auto_answer.unwrap_or(configured.auto_answer),
        }
    }
}

const KNOWN: [&str; 3] = ["SecretKey", "autoRedirect", "autoAnswer"];

fn flag(arguments: &Map<String, Value>, name: &'static str) -> Result<Option<bool>, InvalidArguments> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(on)) => Ok(Some(*on)),
        Some(Value::String(word)) if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(word)) if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(_) => Err(InvalidArguments::WrongType { name, expected: "true or false" }),
    }
}

fn text(arguments: &Map<String, Value>, name: &'static str) -> Result<Option<String>, InvalidArguments> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(InvalidArguments::WrongType { name, expected: "a text that is not empty, or null" }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_seeds_sample_is_read() {
        let arguments =
            SetupArguments::parse(&json!({"SecretKey": null, "autoRedirect": false, "autoAnswer": true}))
                .unwrap();
        let behaviour = arguments.over(Behaviour { auto_redirect: true, auto_answer: false });
        assert_eq!(behaviour, Behaviour { auto_redirect: false, auto_answer: true });
    }

    #[test]
    fn what_is_left_out_stays_as_configured() {
        let configured = Behaviour { auto_redirect: true, auto_answer: true };
        assert_eq!(SetupArguments::parse(&json!({})).unwrap().over(configured), configured);
    }

    #[test]
    fn faults_name_the_argument() {
        for (body, named) in [
            (json!({"colour": 1}), "\"colour\""),
            (json!({"autoAnswer": "perhaps"}), "\"autoAnswer\""),
            (json!({"SecretKey": 7}), "\"SecretKey\""),
            (json!([]), "JSON object"),
        ] {
            let message = SetupArguments::parse(&body).unwrap_err().to_string();
            assert!(message.contains(named), "{message}");
        }
    }
}
