//! The schema and the typed structs name the same keys: a struct says which fields it knows when given another.

use domain::instance::settings::{
    Behaviour, GenericSettings, InstanceSettings, JobRule, MetabotSettings, UserMapping, WorkonflowSettings,
    WorkonflowTemplates,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;
use crate::config::sections::{Keys, Kontur, Log, Outbox, Retry};

/// The fields of `T`, from serde's "expected one of `a`, `b`".
fn fields<T: DeserializeOwned>() -> Vec<String> {
    let Err(error) = serde_json::from_value::<T>(json!({"no such field": 1})) else {
        panic!("unknown fields pass")
    };
    let message = error.to_string();
    let (_, expected) = message.split_once("expected ").unwrap();
    let mut fields: Vec<_> = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    fields.sort_unstable();
    fields
}

fn names(keys: &[Key]) -> Vec<String> {
    let mut names: Vec<_> = keys.iter().map(|key| key.name.to_owned()).collect();
    names.sort_unstable();
    names
}

/// The keys of the table at `path`.
fn at(path: &str) -> &'static [Key] {
    path.split('.').filter(|name| !name.is_empty()).fold(SERVER, |keys, name| {
        match &keys.iter().find(|key| key.name == name).unwrap().kind {
            Kind::Table(keys) | Kind::Tables(keys) => keys,
            Kind::Tagged(_, variants) => variants[0].keys.unwrap(),
            other => panic!("{name} is {other:?}"),
        }
    })
}

#[test]
fn every_struct_has_the_keys_of_its_table() {
    for (path, fields) in [
        ("", fields::<Keys>()),
        ("kontur", fields::<Kontur>()),
        ("retry", fields::<Retry>()),
        ("outbox", fields::<Outbox>()),
        ("log", fields::<Log>()),
        ("integration", fields::<InstanceSettings>()),
        ("integration.settings", fields::<Behaviour>()),
        ("integration.provider", fields::<GenericSettings>()),
        ("integration.user", fields::<UserMapping>()),
        ("integration.workonflow", fields::<WorkonflowSettings>()),
        ("integration.workonflow.templates", fields::<WorkonflowTemplates>()),
        ("integration.metabot", fields::<MetabotSettings>()),
        ("integration.metabot.job", fields::<JobRule>()),
    ] {
        assert_eq!(names(at(path)), fields, "{path}");
    }
}
