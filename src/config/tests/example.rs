//! The example file: it loads as it is, it loads with everything in it, and everything is in it.

use crate::config::schema::{Key, Kind, SERVER};

use super::*;

const NAMES: [&str; 14] = [
    "ADMIN_TOKEN",
    "ACME_KONTUR_API_KEY",
    "ACME_KONTUR_SECRET_KEY",
    "PBX_TOKEN",
    "WORKONFLOW_API_KEY",
    "WORKONFLOW_SECRET_KEY",
    "WORKONFLOW_EVENTS_TOKEN",
    "METABOT_TOKEN",
    "GLOBEX_KONTUR_API_KEY",
    "AMI_SECRET",
    "CDR_DATABASE",
    "CDR_TOKEN",
    "RECORDINGS_PASSWORD",
    "ROUTE_TOKEN",
];

fn environment() -> Variables {
    let mut environment: Variables = NAMES.map(|name| (name.to_owned(), "x".to_owned())).into();
    environment.extend(variables([
        ("PBX_WEBHOOK_SECRET", "whsec_AAECAw=="),
        ("ENCRYPTION_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ]));
    environment
}

/// The example with its commented keys and tables in force.
fn uncommented() -> String {
    let in_force = |line: &'static str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') || is_key(rest) => rest,
        _ => line,
    };
    EXAMPLE.lines().map(in_force).collect::<Vec<_>>().join("\n")
}

fn is_key(line: &str) -> bool {
    let name = line.split_once(" = ").map(|(name, _)| name);
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
}

/// The paths of all keys, such as `integration.provider.kind`.
fn paths(within: &str, keys: &[Key], found: &mut Vec<String>) {
    for key in keys {
        let path = format!("{within}{}", key.name);
        let inner = format!("{path}.");
        match &key.kind {
            Kind::Table(keys_of) | Kind::Tables(keys_of) => paths(&inner, keys_of, found),
            Kind::Tagged(tag, variants) => {
                found.push(format!("{inner}{tag}"));
                variants.iter().filter_map(|variant| variant.keys).for_each(|of| paths(&inner, of, found));
            }
            _ => found.push(path),
        }
    }
}

fn written(within: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.push(format!("{within}{name}"));
            written(&format!("{within}{name}."), value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| written(within, item, found)),
        _ => {}
    }
}

#[test]
fn it_loads_as_it_is_and_says_the_defaults() {
    let example = parse(EXAMPLE, &environment()).unwrap();
    let plain = parse("admin_token = 'env:ADMIN_TOKEN'", &environment()).unwrap();
    assert_eq!(format!("{example:?}"), format!("{plain:?}"));
    assert_eq!(example.database_url, plain.database_url);
}

#[test]
fn it_loads_with_everything_in_force() {
    let config = parse(&uncommented(), &environment()).unwrap();
    let acme = &config.integrations[0].settings;
    assert_eq!(acme.users.len(), 1);
    assert_eq!(acme.metabot.as_ref().unwrap().jobs.len(), 2);
}

#[test]
fn every_key_is_in_it() {
    let root = tree::read_toml(&uncommented()).unwrap();
    let (mut known, mut shown) = (Vec::new(), Vec::new());
    paths("", SERVER, &mut known);
    written("", &root.tree.to_json(), &mut shown);
    for other in EXAMPLE.lines().filter_map(|line| line.strip_prefix("# or: ")) {
        written("integration.provider.", &tree::read_toml(other).unwrap().tree.to_json(), &mut shown);
    }
    let missing: Vec<_> = known.iter().filter(|key| !shown.contains(key)).collect();
    assert!(missing.is_empty(), "not in config.example.toml: {missing:?}");
}

/// What may stand in the place of a line passes the same checks.
#[test]
fn every_alternative_loads() {
    for other in EXAMPLE.lines().filter_map(|line| line.strip_prefix("# or: ")) {
        let key = other.split(" = ").next().unwrap();
        let replaced = uncommented()
            .lines()
            .map(|line| if line.starts_with(&format!("{key} = ")) { other } else { line })
            .collect::<Vec<_>>()
            .join("\n");
        let config = parse(&replaced, &environment()).unwrap_or_else(|faults| panic!("{other}: {faults:?}"));
        assert_eq!(config.integrations.len(), 2);
    }
}
