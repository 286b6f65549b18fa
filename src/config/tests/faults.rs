//! Every fault: its file, its line, its key, and what is expected. And all of them at once.

use super::*;

/// All errors, one per line, of the text.
#[track_caller]
pub(super) fn errors(text: &str, environment: &Variables) -> String {
    parse(text, environment).unwrap_err().to_string()
}

/// The one error of a file.
#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(errors(text, &variables([])), format!("kontur-telephony.toml:{expected}"), "{text}");
}

/// The one error of [`SMALL`] with `more` at its end.
#[track_caller]
fn check_after_small(more: &str, expected: &str) {
    check(&format!("{SMALL}{more}"), expected);
}

/// The one error of [`SMALL`] with one text replaced.
#[track_caller]
fn check_replaced(from: &str, to: &str, expected: &str) {
    assert!(SMALL.contains(from));
    check(&SMALL.replace(from, to), expected);
}

#[test]
fn missing_keys_are_told_at_their_table() {
    let secret = r#"as text, "env:NAME" or "file:/path""#;
    check("", &format!("1: admin_token: missing; expected the administrators' token {secret}"));
    check_replaced(
        "api_key = \"k3y\"\n",
        "",
        &format!("3: integration.api_key: missing; expected the integration's API key {secret}"),
    );
    check_replaced(
        "webhook_secret = \"whsec_AAECAw==\"\n",
        "",
        &format!(
            "9: integration.provider.webhook_secret: missing; expected the secret that signs webhooks (whsec_…) {secret}"
        ),
    );
    check_replaced(
        "kind = \"generic\"\n",
        "",
        "9: integration.provider.kind: missing; expected \"generic\" or \"asterisk\"",
    );
    check_after_small(
        "[[integration.user]]\nkontur_user_id = 'a'\n",
        "12: integration.user.extension: missing; expected the user's extension as text",
    );
}

#[test]
fn unknown_keys_come_with_a_suggestion() {
    check("admin_token = 't'\nlisen = 1", "2: lisen: unknown key; did you mean listen?");
    check(
        "admin_token = 't'\n[kontur]\ncolour = 1",
        "3: kontur.colour: unknown key; expected one of api_url",
    );
    check_after_small(
        "control_ulr = 'https://pbx.test'\n",
        "12: integration.provider.control_ulr: unknown key; did you mean control_url?",
    );
    check_after_small(
        "[[integration.user]]\nkontur_user_id = 'a'\nextention = '1'\nextension = '1'\n",
        "14: integration.user.extention: unknown key; did you mean extension?",
    );
}

#[test]
fn wrong_kinds_are_told_at_the_line_of_the_key() {
    for (line, expected) in [
        (
            "listen = 'localhost'",
            "listen: is \"localhost\"; expected the address to listen on as IP:PORT such as 127.0.0.1:8080",
        ),
        (
            "listen = 8080",
            "listen: is a whole number; expected the address to listen on as IP:PORT such as 127.0.0.1:8080",
        ),
        (
            "public_url = '/x'",
            "public_url: is no absolute URL of http or https; expected the URL under which Kontur and the providers reach this server as an absolute http or https URL",
        ),
        (
            "settle_ms = -1",
            "settle_ms: is -1; expected how long a finished call has to be quiet, in ms, as a whole number from 0 to 60000",
        ),
        (
            "settle_ms = '1'",
            "settle_ms: is text; expected how long a finished call has to be quiet, in ms, as a whole number from 0 to 60000",
        ),
        (
            "settle_ms = 0.5",
            "settle_ms: is a number with a fraction; expected how long a finished call has to be quiet, in ms, as a whole number from 0 to 60000",
        ),
        (
            "retry.delays_ms = []",
            "retry.delays_ms: is an empty list; expected the delays after the first, second, … attempt, in ms, as a list of whole numbers from 0, at least one",
        ),
        (
            "retry.delays_ms = [1, -2]",
            "retry.delays_ms: is -2; expected the delays after the first, second, … attempt, in ms, as a list of whole numbers from 0, at least one",
        ),
        (
            "retry.jitter_percent = 101",
            "retry.jitter_percent: is 101; expected by how much a delay varies, in percent, as a whole number from 0 to 100",
        ),
        (
            "log.format = 'jason'",
            "log.format: is \"jason\" (did you mean \"json\"?); expected the form of log lines: \"text\" or \"json\"",
        ),
        (
            "log.level = 'loud'",
            "log.level: is \"loud\"; expected what is logged, such as \"info\" or \"warn,engine=debug\"",
        ),
        (
            "healing.infer_after_sec = 599",
            "healing.infer_after_sec: is 599, less than ask_after_sec; expected at least 600",
        ),
        ("log = 'info'", "log: is text; expected what is logged, and how as a table"),
        (
            "integration = 1",
            "integration: is a whole number; expected the integration instances as a list of tables",
        ),
        (
            "encryption_key = 'AAAA'",
            "encryption_key: is not 32 bytes in base64; make one with: openssl rand -base64 32",
        ),
        (
            "encryption_key = ''",
            "encryption_key: is empty; expected 32 bytes in base64 as text, \"env:NAME\" or \"file:/path\"",
        ),
        (
            "database_url = 'postgres://u:p@db:x/x'",
            "database_url: is no URL of PostgreSQL; expected postgres://USER:PASSWORD@HOST/NAME",
        ),
        (
            "database_url = 'calls.db'",
            "database_url: is of no kind that is known; expected sqlite://FILE such as sqlite://kontur-telephony.db, or postgres://USER:PASSWORD@HOST/NAME",
        ),
    ] {
        check(&format!("admin_token = 't'\n\n{line}\n"), &format!("3: {expected}"));
    }
}

#[test]
fn faults_in_integrations() {
    for (from, to, expected) in [
        (
            "\"acme\"",
            "\"acme/x\"",
            "4: integration.workspace: has characters that a URL cannot hold; expected latin letters, digits, '.', '_' and '-'",
        ),
        (
            "kind = \"private\"",
            "kind = \"privat\"",
            "6: integration.kind: is \"privat\" (did you mean \"private\"?); expected how the integration is installed: \"private\" or \"public\"",
        ),
        (
            "kind = \"private\"",
            "kind = \"public\"",
            "3: integration.secret_key: missing; a public integration needs the secret that it is published with",
        ),
        (
            "kind = \"private\"",
            "kind = \"private\"\nsecret_key = 's'",
            "7: integration.secret_key: does not go with kind = \"private\"; remove it, or make the kind \"public\"",
        ),
        (
            "api_key = \"k3y\"",
            "api_key = \"env:NONE\"",
            "7: integration.api_key: the environment variable NONE is not set; set it to the secret",
        ),
        (
            "api_key = \"k3y\"",
            "api_key = 7",
            "7: integration.api_key: is a whole number; expected the integration's API key as text, \"env:NAME\" or \"file:/path\"",
        ),
        (
            "api_key = \"k3y\"",
            "api_key = \"k3y\"\ntime_zone = 'Moscow'",
            "8: integration.time_zone: is \"Moscow\"; expected the workspace's time zone as an IANA name such as \"Europe/Moscow\"",
        ),
        (
            "api_key = \"k3y\"",
            "api_key = \"k3y\"\nsettings = { auto_answer = 1 }",
            "8: integration.settings.auto_answer: is a whole number; expected true or false: whether the employee's phone picks up by itself",
        ),
        (
            "\"generic\"",
            "\"mango\"",
            "10: integration.provider.kind: \"mango\" is not built yet in this version; expected \"generic\" or \"asterisk\"",
        ),
        (
            "\"generic\"",
            "\"skype\"",
            "10: integration.provider.kind: is \"skype\"; expected \"generic\" or \"asterisk\"",
        ),
        (
            "\"whsec_AAECAw==\"",
            "\"AAECAw==\"",
            "11: integration.provider.webhook_secret: is not a signing secret of Standard Webhooks; expected \"whsec_\" and base64 (make one: echo whsec_$(openssl rand -base64 32))",
        ),
    ] {
        check_replaced(from, to, expected);
    }
}

#[test]
fn countries_and_control_go_by_the_rules() {
    check_replaced(
        "api_key = \"k3y\"",
        "api_key = \"k3y\"\ncountry = 'XX'",
        "8: integration.country: \"XX\" is not a known country; expected one of AM, AZ, BY, GE, KG, KZ, MD, RU, TJ, TM, UZ",
    );
    check_after_small(
        "control_url = 'https://pbx.test'\n",
        "9: integration.provider.control_token: missing; control_url needs the token that it is called with",
    );
    check_after_small(
        "control_token = 't'\n",
        "9: integration.provider.control_url: missing; control_token needs the URL that it is for",
    );
}

#[test]
fn a_workspace_is_declared_once() {
    let twice = format!("{SMALL}{}", SMALL.replace("admin_token = \"t0p\"\n", ""));
    check(
        &twice,
        "14: integration.workspace: \"acme\" is declared twice; expected one [[integration]] per workspace",
    );
}

#[test]
fn periods_are_times_with_an_offset() {
    let user = "[[integration.user]]\nkontur_user_id = 'a'\nextension = '1'\n";
    let expected = "expected since when the extension is the user's, that moment included, as a time with offset such as 2026-11-22T00:00:00+03:00";
    for (value, found) in [
        ("'soon'", "\"soon\""),
        ("2026-11-22", "\"2026-11-22\""),
        ("2026-11-22T00:00:00", "\"2026-11-22T00:00:00\""),
        ("7", "a whole number"),
    ] {
        let line = format!("15: integration.user.valid_from: is {found}; {expected}");
        check_after_small(&format!("{user}valid_from = {value}\n"), &line);
    }
}

#[test]
fn people_who_contradict_each_other_are_told_at_the_later_one() {
    let user = |id: &str, extension: &str, period: &str| {
        format!("[[integration.user]]\nkontur_user_id = '{id}'\nextension = '{extension}'\n{period}")
    };
    let users = [
        user("a", "101", ""),
        user("b", "101", "valid_from = 2026-11-22T00:00:00+03:00\n"),
        user("A", "102", "valid_to = '2026-11-22T00:00:00+03:00'\n"),
        user("c", "102", "valid_from = '2026-11-22T00:00:00+03:00'\n"),
        user("d", "103", "valid_from = '2026-11-22T00:00:00Z'\nvalid_to = '2026-11-22T03:00:00+03:00'\n"),
    ];
    let text = errors(&format!("{SMALL}{}", users.concat()), &variables([]));
    let expected = [
        "kontur-telephony.toml:17: integration.user.extension: extension 101 is given twice for the same time (always; from 2026-11-21T21:00:00+00:00); at any time it belongs to one user",
        "kontur-telephony.toml:31: integration.user.valid_to: the period is empty (from 2026-11-22T00:00:00+00:00 until 2026-11-22T00:00:00+00:00); valid_from has to be before valid_to",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn jobs_are_validated() {
    let metabot = "[integration.metabot]\napi_url = 'https://m.test'\nbot_id = 1\ntoken = 't'\n[[integration.metabot.job]]\non = 'missed'\n";
    for (job, expected) in [
        ("", "16: integration.metabot.job.script_code: nothing to run"),
        (
            "script_id = 1\nscript_code = 'a'",
            "19: integration.metabot.job.script_code: script_id names the same thing",
        ),
        (
            "script_id = 1\nrun_at = 2026-11-22 10:00:00",
            "19: integration.metabot.job.run_at: is a date or time without quotes; expected YYYY-MM-DD",
        ),
        ("script_id = 1\nrun_at = 'soon'", "19: integration.metabot.job.run_at: \"soon\" is no time"),
        (
            "script_code = '{{ call.colour }}'",
            "18: integration.metabot.job.script_code: \"call.colour\" is not known",
        ),
        (
            "script_id = 1\nscript_request_params = { a = '{{' }",
            "19: integration.metabot.job.script_request_params.a: the template cannot be used",
        ),
        ("script_id = 1\non = 'late'", "19: not valid TOML: duplicate key"),
    ] {
        let text = errors(&format!("{SMALL}{metabot}{job}\n"), &variables([]));
        assert!(text.starts_with(&format!("kontur-telephony.toml:{expected}")), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn templates_are_compiled() {
    let workonflow = "[integration.workonflow]\napi_url = 'https://w.test'\nteam_id = 't'\napi_key = 'a'\n\
                      secret_key = 's'\nstream_id = 's'\nstatus_id = 's'\n";
    let templates =
        "[integration.workonflow.templates]\ncomment = '{{ call.colour }}'\nthread_title = '{{'\n";
    let text = errors(&format!("{SMALL}{workonflow}{templates}"), &variables([]));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(
        lines[0].starts_with(
            "kontur-telephony.toml:20: integration.workonflow.templates.comment: \"call.colour\" is not known"
        ),
        "{text}"
    );
    assert!(lines[1].starts_with("kontur-telephony.toml:21: integration.workonflow.templates.thread_title: the template cannot be used"), "{text}");
}

#[test]
fn all_faults_come_at_once_in_the_order_of_the_file() {
    let text =
        SMALL.replace("\"k3y\"", "\"\"").replace("\"private\"", "\"public\"").replace("admin_token", "token");
    let text = errors(&format!("{text}colour = 1\n"), &variables([]));
    let keys: Vec<_> =
        text.lines().map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        ("1", "token"),
        ("1", "admin_token"),
        ("3", "integration.secret_key"),
        ("7", "integration.api_key"),
        ("12", "integration.provider.colour"),
    ];
    assert_eq!(keys, expected.map(|(line, key)| format!("kontur-telephony.toml:{line} {key}")));
}

#[test]
fn broken_toml_is_told_with_every_line() {
    let text = errors("listen = \n[log\nlevel = 'info'", &variables([]));
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("kontur-telephony.toml:1: not valid TOML: "), "{text}");
    assert!(lines[1].starts_with("kontur-telephony.toml:2: not valid TOML: "), "{text}");
}
