//! Faults in variables and in references to secrets, and that none of them tells a secret.

use super::faults::errors;
use super::*;

#[test]
fn faulty_variables_are_named() {
    for (name, value, expected) in [
        ("LISTEN", "x", "KONTUR_TELEPHONY__LISTEN: listen: is \"x\"; expected the address"),
        ("SETTLE_MS", "soon", "KONTUR_TELEPHONY__SETTLE_MS: settle_ms: is text; expected how long"),
        (
            "RETRY__DELAYS_MS",
            "1,x",
            "KONTUR_TELEPHONY__RETRY__DELAYS_MS: retry.delays_ms[1]: is text; expected the delays",
        ),
        ("LISTN", "x", "KONTUR_TELEPHONY__LISTN: unknown variable; did you mean KONTUR_TELEPHONY__LISTEN?"),
        (
            "LOG__LEVL",
            "x",
            "KONTUR_TELEPHONY__LOG__LEVL: unknown variable; did you mean KONTUR_TELEPHONY__LOG__LEVEL?",
        ),
        (
            "LOG",
            "info",
            "KONTUR_TELEPHONY__LOG: names a section, not a key; expected KONTUR_TELEPHONY__LOG__ and one of FORMAT, LEVEL",
        ),
        (
            "LISTEN__PORT",
            "1",
            "KONTUR_TELEPHONY__LISTEN__PORT: unknown variable; KONTUR_TELEPHONY__LISTEN has no parts",
        ),
        (
            "INTEGRATION__API_KEY",
            "x",
            "KONTUR_TELEPHONY__INTEGRATION__API_KEY: names no element of a list; expected KONTUR_TELEPHONY__INTEGRATION__0__KEY, counted from 0",
        ),
        (
            "INTEGRATION__2__API_KEY",
            "x",
            "KONTUR_TELEPHONY__INTEGRATION__2__API_KEY: there is no integration[2]; there are 1, so the next is 1",
        ),
        (
            "INTEGRATION__0__KIND",
            "x",
            "KONTUR_TELEPHONY__INTEGRATION__0__KIND: integration[0].kind: is \"x\"; expected how",
        ),
        (
            "INTEGRATION__0__PROVIDER__KIND",
            "uis",
            "KONTUR_TELEPHONY__INTEGRATION__0__PROVIDER__KIND: integration[0].provider.kind: \"uis\" is not built yet",
        ),
        ("", "x", "KONTUR_TELEPHONY__: unknown variable; expected KONTUR_TELEPHONY__ and one of LISTEN"),
    ] {
        let variable = format!("KONTUR_TELEPHONY__{name}");
        let text = errors(SMALL, &variables([(variable.as_str(), value)]));
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn secrets_are_in_no_message() {
    let text = errors(
        &SMALL.replace("whsec_AAECAw==", "s3cret").replace("\"acme\"", "1"),
        &variables([
            ("KONTUR_TELEPHONY__ENCRYPTION_KEY", "s3cret"),
            ("KONTUR_TELEPHONY__DATABASE_URL", "db:s3cret"),
        ]),
    );
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn references_that_lead_nowhere_name_what_to_set() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    let empty = format!("file:{}", empty.display());
    for (reference, said) in [
        ("env:NONE", "the environment variable NONE is not set"),
        ("env:EMPTY", "the environment variable EMPTY is empty"),
        ("file:/nowhere/token", "the file /nowhere/token cannot be read (No such file"),
        (empty.as_str(), "is empty; put the secret in it"),
    ] {
        let text = errors(&format!("admin_token = '{reference}'"), &variables([("EMPTY", "")]));
        assert!(text.starts_with("kontur-telephony.toml:1: admin_token: the "), "{text}");
        assert!(text.contains(said), "{text}");
    }
}
