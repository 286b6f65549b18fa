//! What the document promises the adapter reads.

use adapters::provider::generic::Generic;
use domain::call::event::CallEvent;
use domain::instance::settings::GenericSettings;
use domain::phone::Country;
use domain::port::provider::{Provider, WebhookError};
use domain::secret::Secret;
use poem_openapi::registry::Registry;
use poem_openapi::types::{Example, ToJSON, Type};
use serde_json::{Value, json};

use super::*;

fn read(event: &Value) -> Result<Vec<CallEvent>, WebhookError> {
    let settings = GenericSettings {
        webhook_secret: Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        control_url: None,
        control_token: None,
        recording_hosts: Vec::new(),
    };
    let http = adapters::http::client(std::time::Duration::from_secs(1)).unwrap();
    Generic::new(&settings, Country::RU, http, None).unwrap().parse(event.to_string().as_bytes())
}

fn words<T: Type>() -> Vec<Value> {
    let mut registry = Registry::new();
    T::register(&mut registry);
    registry.schemas[&*T::name()].enum_items.clone()
}

fn example(key: &str, value: Value) -> Value {
    let mut event = Event::example().to_json().unwrap();
    event["recording"] =
        json!({"leg_id": "pbx-42-1", "url": "https://pbx.test/1.mp3", "content_type": null, "size": 7});
    event[key] = value;
    event
}

#[test]
fn the_example_is_read() {
    let event = Event::example().to_json().unwrap();
    assert_eq!(read(&event).unwrap().len(), 1);
    assert_eq!(read(&json!({"events": [event]})).unwrap().len(), 1);
}

#[test]
fn every_documented_word_is_read() {
    for (key, words) in
        [("type", words::<Kind>()), ("direction", words::<Direction>()), ("reason", words::<Reason>())]
    {
        assert!(!words.is_empty());
        for word in words {
            assert_eq!(read(&example(key, word.clone())).map(|events| events.len()), Ok(1), "{key} {word}");
        }
        assert!(read(&example(key, json!("nonsense"))).is_err(), "{key}");
    }
}

#[test]
fn kinds_are_those_of_the_domain() {
    for word in words::<Kind>() {
        let events = read(&example("type", word.clone())).unwrap();
        assert_eq!(json!(events[0].happening.word()), word);
    }
}

#[test]
fn what_is_required_is_required() {
    let mut registry = Registry::new();
    Event::register(&mut registry);
    for (name, _) in &registry.schemas["Event"].properties {
        let mut event = example("type", json!("call.started"));
        event.as_object_mut().unwrap().remove(*name);
        let required = registry.schemas["Event"].required.contains(name);
        assert_eq!(read(&event).is_err(), required, "{name}");
    }
}
