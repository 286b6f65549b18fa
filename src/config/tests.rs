//! Files, variables and references: what is read, and where each fault is told to be.

mod example;
mod faults;
mod readme;
mod references;

use std::collections::BTreeMap;

use domain::retention::days;

use super::*;

type Variables = BTreeMap<String, String>;

fn variables<const N: usize>(pairs: [(&str, &str); N]) -> Variables {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn parse(text: &str, environment: &Variables) -> Result<Config, ConfigErrors> {
    Config::parse(Path::new("kontur-telephony.toml"), text, environment)
}

/// A file with one private integration and a generic PBX; ends inside of `[integration.provider]`.
const SMALL: &str = r#"admin_token = "t0p"

[[integration]]
workspace = "acme"
integration_id = "6838aaaa-0000-4000-8000-00000000ed82"
kind = "private"
api_key = "k3y"

[integration.provider]
kind = "generic"
webhook_secret = "whsec_AAECAw=="
"#;

#[test]
fn one_line_is_enough() {
    let config = parse("admin_token = 't0p'", &variables([])).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database_url.expose(), "sqlite://kontur-telephony.db");
    assert_eq!(config.kontur.api_url.as_str(), "https://crm.kontur.ru/");
    assert_eq!(config.settle, Duration::from_millis(500));
    assert_eq!(config.retry, RetrySchedule::default());
    assert_eq!(config.log, Log { format: LogFormat::Text, level: "info".to_owned() });
    assert!(
        config.encryption_key.is_none() && config.metrics_listen.is_none() && config.integrations.is_empty()
    );
}

#[test]
fn a_part_of_a_section_leaves_the_rest_at_its_default() {
    let config =
        parse("admin_token = 't'\nretry.jitter_percent = 0\nlog.format = 'json'", &variables([])).unwrap();
    assert_eq!(config.retry, RetrySchedule { jitter_percent: 0, ..RetrySchedule::default() });
    assert_eq!(config.log, Log { format: LogFormat::Json, level: "info".to_owned() });
}

#[test]
fn what_is_kept_for_no_days_is_kept_for_ever() {
    let config =
        parse(&format!("{SMALL}\n[retention]\ncalls_days = 0\ndeliveries_days = 1\n"), &variables([]))
            .unwrap();
    let expected = Retention { calls: None, deliveries: Some(days(1)), ..Retention::default() };
    assert_eq!(config.retention, expected);
}

#[test]
fn the_public_url_is_as_configured_or_what_was_bound() {
    let bound: SocketAddr = "127.0.0.1:4711".parse().unwrap();
    let plain = parse("admin_token = 't'", &variables([])).unwrap();
    assert_eq!(plain.public_url_at(bound), "http://127.0.0.1:4711");
    let named = parse("admin_token = 't'\npublic_url = 'https://t.test/x/'", &variables([])).unwrap();
    assert_eq!(named.public_url_at(bound), "https://t.test/x");
}

#[test]
fn integrations_are_read_and_shown_without_secrets() {
    let config = parse(SMALL, &variables([])).unwrap();
    let acme = &config.integrations[0];
    assert_eq!(acme.settings.workspace.as_str(), "acme");
    assert_eq!(acme.settings.api_key.expose(), "k3y");
    assert_eq!(acme.shown["api_key"], "***");
    assert_eq!(acme.shown["provider"]["webhook_secret"], "***");
    assert_eq!(acme.shown["provider"]["kind"], "generic");
}

#[test]
fn debug_output_shows_no_secret() {
    let key = "encryption_key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='\n";
    let shown = format!("{:?}", parse(&format!("{key}{SMALL}"), &variables([])).unwrap());
    for secret in ["t0p", "k3y", "AAECAw", "sqlite"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn secrets_may_be_references() {
    let folder = tempfile::tempdir().unwrap();
    for (content, expected) in
        [("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), ("a\n\n", "a\n"), ("a b", "a b")]
    {
        let file = folder.path().join("secret");
        fs::write(&file, content).unwrap();
        let config = parse(&format!("admin_token = 'file:{}'", file.display()), &variables([])).unwrap();
        assert_eq!(config.admin_token.expose(), expected);
    }
    let config = parse("admin_token = 'env:TOKEN'", &variables([("TOKEN", "from:env")])).unwrap();
    assert_eq!(config.admin_token.expose(), "from:env");
}

#[test]
fn variables_win_over_the_file_and_are_read_by_kind() {
    let environment = variables([
        ("KONTUR_TELEPHONY__LISTEN", "0.0.0.0:80"),
        ("KONTUR_TELEPHONY__ADMIN_TOKEN", "env:TOKEN"),
        ("TOKEN", "t"),
        ("KONTUR_TELEPHONY__SETTLE_MS", "0"),
        ("KONTUR_TELEPHONY__RETRY__DELAYS_MS", "10, 20"),
        ("KONTUR_TELEPHONY__INTEGRATION__0__API_KEY", "other"),
        ("KONTUR_TELEPHONY__INTEGRATION__0__SETTINGS__AUTO_ANSWER", "true"),
        ("KONTUR_TELEPHONY__INTEGRATION__0__PROVIDER__WEBHOOK_SECRET", "whsec_BBBB"),
        ("KONTUR_TELEPHONY__INTEGRATION__0__USER__0__EXTENSION", "007"),
        ("KONTUR_TELEPHONY__INTEGRATION__0__USER__0__KONTUR_USER_ID", "u"),
    ]);
    let config = parse(SMALL, &environment).unwrap();
    assert_eq!(config.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.admin_token.expose(), "t");
    assert_eq!(config.settle, Duration::ZERO);
    assert_eq!(config.retry.delays, [10, 20].map(Duration::from_millis));
    let acme = &config.integrations[0].settings;
    assert_eq!(acme.api_key.expose(), "other");
    assert!(acme.settings.auto_answer);
    assert_eq!(acme.users[0].extension.as_str(), "007");
}

#[test]
fn variables_alone_are_enough_for_many_integrations() {
    let mut environment = variables([("KONTUR_TELEPHONY__ADMIN_TOKEN", "t")]);
    for index in 0..12 {
        let workspace = format!("w{index}");
        for (key, value) in [
            ("WORKSPACE", workspace.as_str()),
            ("INTEGRATION_ID", "6838aaaa-0000-4000-8000-00000000ed82"),
            ("KIND", "private"),
            ("API_KEY", "k"),
            ("PROVIDER__KIND", "generic"),
            ("PROVIDER__WEBHOOK_SECRET", "whsec_AAECAw=="),
        ] {
            environment.insert(format!("KONTUR_TELEPHONY__INTEGRATION__{index}__{key}"), value.to_owned());
        }
    }
    let config = parse("", &environment).unwrap();
    let workspaces: Vec<_> =
        config.integrations.iter().map(|one| one.settings.workspace.to_string()).collect();
    assert_eq!(workspaces, (0..12).map(|index| format!("w{index}")).collect::<Vec<_>>());
}

#[test]
fn the_named_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    fs::write(&file, SMALL).unwrap();
    assert_eq!(Config::load(Some(&file), &variables([])).unwrap().admin_token.expose(), "t0p");
    fs::write(&file, "colour = 1").unwrap();
    let errors = Config::load(Some(&file), &variables([])).unwrap_err().to_string();
    assert!(errors.contains(&format!("{}:1: colour: unknown key", file.display())), "{errors}");
}

#[test]
fn a_file_that_is_missing_is_reported_with_what_to_do() {
    let error = Config::load(Some(Path::new("/nowhere/my.toml")), &variables([])).unwrap_err().to_string();
    assert_eq!(error, "/nowhere/my.toml: there is no such file; check the path given with --config");
    // Asked directly: a developer may well have a file of this name here.
    let not_found = io::Error::from(io::ErrorKind::NotFound);
    let error = unreadable(Path::new(DEFAULT_FILE), true, &not_found).to_string();
    assert!(
        error.starts_with("kontur-telephony.toml: there is no such file here; copy config.example.toml"),
        "{error}"
    );
}

#[test]
fn variables_may_be_all_there_is_if_no_file_is_named() {
    let not_found = io::Error::from(io::ErrorKind::NotFound);
    let denied = io::Error::from(io::ErrorKind::PermissionDenied);
    let (some, none) = (variables([("KONTUR_TELEPHONY__ADMIN_TOKEN", "t")]), variables([("HOME", "/")]));
    assert!(may_do_without(None, &not_found, &some));
    assert!(!may_do_without(None, &not_found, &none));
    assert!(!may_do_without(None, &denied, &some));
    assert!(!may_do_without(Some(Path::new("my.toml")), &not_found, &some));
}
