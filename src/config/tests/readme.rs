//! The README's table of keys is the schema's, word for word: when this fails, put what it prints between the marks.

use serde_json::Value;

use super::*;
use crate::config::schema::{Key, Kind, SERVER, Variant, one_of};
use crate::config::sections::defaults;

const BEGIN: &str = "<!-- keys: begin -->\n";
const END: &str = "<!-- keys: end -->";

/// What an integration with every section has where it says nothing.
const SECTIONS: &str = r#"
[integration.workonflow]
api_url = "http://w.test"
team_id = "t"
api_key = "k"
secret_key = "s"
stream_id = "s"
status_id = "s"

[integration.metabot]
api_url = "http://m.test"
bot_id = 1
token = "t"
"#;

/// Defaults that the types of an integration have, read from one that was parsed.
fn defaults_of_integration() -> Vec<(&'static str, String)> {
    let config = parse(&format!("{SMALL}{SECTIONS}"), &variables([])).unwrap();
    let acme = &config.integrations[0].settings;
    let (workonflow, metabot) = (acme.workonflow.as_ref().unwrap(), acme.metabot.as_ref().unwrap());
    vec![
        ("integration.time_zone", acme.time_zone.to_string()),
        ("integration.country", acme.country.iso().to_owned()),
        ("integration.settings.auto_redirect", acme.settings.auto_redirect.to_string()),
        ("integration.settings.auto_answer", acme.settings.auto_answer.to_string()),
        ("integration.sync.schedule", acme.sync.schedule.to_string()),
        ("integration.sync.again", acme.sync.again.to_string()),
        ("integration.sync.settle_sec", acme.sync.settle_sec.to_string()),
        ("integration.workonflow.dialect", format!("{:?}", workonflow.dialect).to_lowercase()),
        ("integration.metabot.time_zone", metabot.time_zone.to_string()),
        ("integration.metabot.auth", format!("{:?}", metabot.auth).to_lowercase()),
    ]
}

fn default_of(path: &str) -> String {
    let of_server = path.split('.').try_fold(&defaults(), |value, key| value.get(key)).map(shown);
    let of_integration = || defaults_of_integration().into_iter().find(|(of, _)| *of == path);
    let default = of_server.or_else(|| of_integration().map(|(_, default)| default));
    default.map_or_else(String::new, |default| format!("`{default}`"))
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The meaning, with what the key takes where that does not go without saying.
fn meaning(key: &Key) -> String {
    match key.kind {
        Kind::Word(_)
        | Kind::Moment
        | Kind::TimeZone
        | Kind::Schedule
        | Kind::Country
        | Kind::Level
        | Kind::Integers
        | Kind::Hosts
        | Kind::Texts
        | Kind::HostPort
        | Kind::Expression
        | Kind::Address => key.expected(),
        Kind::Integer(_, max) if max < i64::MAX => key.expected(),
        Kind::Secret => format!("{} (secret)", key.what),
        _ => key.what.trim_end_matches(',').to_owned(),
    }
}

fn row(name: &str, meaning: &str, required: bool, default: &str) -> String {
    let required = if required { "yes" } else { "" };
    format!("| `{name}` | {meaning} | {required} | {default} |\n")
}

/// The table of `keys`, then those of the tables among them.
fn table(title: &str, within: &str, first: &str, keys: &[Key]) -> String {
    let mut text = format!("{title}\n\n| key | meaning | required | default |\n|---|---|---|---|\n{first}");
    let mut below = String::new();
    for key in keys {
        let path = format!("{within}{}", key.name);
        let inner = format!("{path}.");
        match &key.kind {
            Kind::Table(keys) => below += &table(&format!("`[{path}]`: {}", key.what), &inner, "", keys),
            Kind::Tables(keys) => {
                below += &table(&format!("`[[{path}]]`, any number: {}", key.what), &inner, "", keys);
            }
            Kind::Tagged(tag, variants) => below += &tagged(key, &path, tag, variants),
            _ => text += &row(key.name, &meaning(key), key.required, &default_of(&path)),
        }
    }
    format!("{text}\n{below}")
}

fn tagged(key: &Key, path: &str, tag: &str, variants: &[Variant]) -> String {
    let built = variants.iter().filter_map(|variant| Some((variant.word, variant.keys?)));
    let tables = built.map(|(word, keys)| {
        let first = row(tag, &format!("which kind: {}", one_of(&[word])), true, "");
        table(&format!("`[{path}]`: {}", key.what), &format!("{path}."), &first, keys)
    });
    tables.collect()
}

#[test]
fn the_table_of_keys_is_the_schemas() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, rest) = readme.split_once(BEGIN).expect("the mark of the beginning");
    let (written, _) = rest.split_once(END).expect("the mark of the end");
    let expected = table("At the top of the file", "", "", SERVER);
    assert!(written.trim() == expected.trim(), "README.md has another table of keys than:\n\n{expected}");
}
