//! `doctor` finds each of many seeded faults and says how to mend it; where nothing is wrong, all is green.

mod office;

use std::time::{Duration, Instant};

use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::sandbox::WORKSPACE;

use self::office::Office;
pub(crate) use self::office::examine;
use crate::harness::{Company, Server};

/// A fault, and what is said of it.
struct Case {
    what: &'static str,
    spoil: fn(&mut Office),
    /// The name of the row.
    row: &'static str,
    state: &'static str,
    /// What stands in the fix.
    fix: &'static [&'static str],
}

/// Faults of the file: the other checks wait until it is mended.
const CONFIGURATION: &[Case] = &[
    Case {
        what: "unknown key",
        spoil: |office| office.replace("listen = ", "listn = "),
        row: "configuration",
        state: "red",
        fix: &["listn", "line 2", "did you mean listen?"],
    },
    Case {
        what: "missing api_key",
        spoil: |office| office.replace("api_key = \"sandbox-kontur-api-key\"\n", ""),
        row: "configuration",
        state: "red",
        fix: &["add integration.api_key", "kontur-telephony.toml"],
    },
    Case {
        what: "no URL",
        spoil: |office| office.replace("https://telephony.example.ru", "telephony"),
        row: "configuration",
        state: "red",
        fix: &["correct public_url", "http or https URL"],
    },
    Case {
        what: "a variable that is not set",
        spoil: |office| office.replace("\"sandbox-kontur-api-key\"", "\"env:NO_SUCH_KEY\""),
        row: "configuration",
        state: "red",
        fix: &["integration.api_key", "set it"],
    },
    Case {
        what: "an extension of two users",
        spoil: |office| office.replace("extension = \"102\"", "extension = \"101\""),
        row: "configuration",
        state: "red",
        fix: &["correct integration.user.extension"],
    },
    Case {
        what: "webhook_secret of another form",
        spoil: |office| office.replace("\"whsec_", "\"secret_"),
        row: "configuration",
        state: "red",
        fix: &["correct integration.provider.webhook_secret", "echo whsec_$(openssl rand -base64 32)"],
    },
    Case {
        what: "a job that names its trigger twice",
        spoil: |office| office.replace("trigger_code = ", "trigger_id = 1\ntrigger_code = "),
        row: "configuration",
        state: "red",
        fix: &["correct integration.metabot.job.trigger_code"],
    },
    Case {
        what: "no file",
        spoil: |office| office.file = "elsewhere.toml",
        row: "configuration",
        state: "red",
        fix: &["--config"],
    },
];

/// Faults of this machine.
const MACHINE: &[Case] = &[
    Case {
        what: "a database below a file",
        spoil: |office| office.move_database("kontur-telephony.toml/below.db"),
        row: "database",
        state: "red",
        fix: &["change database_url"],
    },
    Case {
        what: "a database in no folder",
        spoil: |office| office.move_database("nowhere/k.db"),
        row: "database",
        state: "red",
        fix: &["mkdir -p", "nowhere", "database_url"],
    },
    Case {
        what: "a port in use",
        spoil: |office| {
            let taken = office.sandbox.metabot.url().replace("http://", "");
            let listen = office.place.listen();
            office.replace(&listen, &taken);
        },
        row: "listen",
        state: "red",
        fix: &["end the other program", "change listen"],
    },
    Case {
        what: "clocks apart",
        spoil: |office| {
            let metabot = office.sandbox.metabot.url().to_owned();
            office.replace(&metabot, &office::dated_in_the_past());
        },
        row: "clock",
        state: "red",
        fix: &["have the clock at metabot"],
    },
    Case {
        what: "public_url of this machine",
        spoil: |office| {
            office.replace("https://telephony.example.ru", "http://127.0.0.1:8080");
            let here = json!("http://127.0.0.1:8080/kontur");
            office.sandbox.kontur.set_instance(WORKSPACE, "baseUrl", here);
        },
        row: "public_url",
        state: "yellow",
        fix: &["set public_url"],
    },
];

/// Faults that only the remote systems can tell.
const REMOTE: &[Case] = &[
    Case {
        what: "wrong api key of Kontur",
        spoil: |office| office.replace("sandbox-kontur-api-key", "another-key"),
        row: "kontur authorisation",
        state: "red",
        fix: &["correct integration.api_key of workspace sandbox in kontur-telephony.toml"],
    },
    Case {
        what: "wrong integration id",
        spoil: |office| office.replace("6838aaaa", "6838bbbb"),
        row: "kontur instance",
        state: "red",
        fix: &["correct integration.integration_id"],
    },
    Case {
        what: "integration that is not installed",
        spoil: |office| office.sandbox.kontur.set_installed(WORKSPACE, false),
        row: "kontur authorisation",
        state: "red",
        fix: &["install the integration"],
    },
    Case {
        what: "nobody at Kontur's address",
        spoil: |office| {
            let kontur = office.sandbox.kontur.url().to_owned();
            office.replace(&kontur, &format!("http://{}", Server::new().listen()));
        },
        row: "kontur authorisation",
        state: "red",
        fix: &["check kontur.api_url"],
    },
    Case {
        what: "another base URL in Kontur",
        spoil: |office| {
            let elsewhere = json!("https://elsewhere.example.ru/kontur/sandbox");
            office.sandbox.kontur.set_instance(WORKSPACE, "baseUrl", elsewhere);
        },
        row: "kontur base_url",
        state: "red",
        fix: &["https://telephony.example.ru/kontur/sandbox", "public_url"],
    },
    Case {
        what: "not set up yet",
        spoil: |office| office.sandbox.kontur.set_instance(WORKSPACE, "status", json!("notConfigured")),
        row: "kontur instance",
        state: "yellow",
        fix: &["press Setup"],
    },
    Case {
        what: "another main telephony",
        spoil: |office| office.sandbox.kontur.set_main_telephony(WORKSPACE, Some(uuid::Uuid::from_u128(7))),
        row: "kontur main telephony",
        state: "yellow",
        fix: &["main telephony in Kontur"],
    },
    Case {
        what: "token that the PBX refuses",
        spoil: |office| office.replace("pbx-control-token", "another-token"),
        row: "provider",
        state: "red",
        fix: &["correct integration.provider.control_token"],
    },
    Case {
        what: "stream that is not there",
        spoil: |office| {
            let stream = office.sandbox.workonflow.seeds().stream_id.clone();
            office.replace(&stream, "5b0000000000000000000bad");
        },
        row: "workonflow",
        state: "red",
        fix: &["correct integration.workonflow.stream_id"],
    },
    Case {
        what: "status that is not there",
        spoil: |office| {
            let status = office.sandbox.workonflow.seeds().wait_status_id.clone();
            office.replace(&status, "5b0000000000000000000bad");
        },
        row: "workonflow",
        state: "red",
        fix: &["correct integration.workonflow.status_id", "expected one of"],
    },
    Case {
        what: "wrong secret of Workonflow",
        spoil: |office| office.replace("sandbox-workonflow-secret", "another-secret"),
        row: "workonflow",
        state: "red",
        fix: &["integration.workonflow.api_key", "secret_key", "clocks agree"],
    },
    Case {
        what: "nobody at Metabot's address",
        spoil: |office| {
            let metabot = office.sandbox.metabot.url().to_owned();
            office.replace(&metabot, &format!("http://{}", Server::new().listen()));
        },
        row: "metabot",
        state: "red",
        fix: &["check integration.metabot.api_url"],
    },
    Case {
        what: "no users",
        spoil: Office::dismiss_everybody,
        row: "users",
        state: "yellow",
        fix: &["add integration.user"],
    },
];

async fn check(cases: &[Case]) {
    for case in cases {
        let mut office = Office::open().await;
        (case.spoil)(&mut office);
        let diagnosis = office.doctor().await;
        let what = case.what;
        assert_eq!(diagnosis.is_ok(), case.state != "red", "{what}: {diagnosis:#?}");
        let said = diagnosis.rows(case.row).any(|row| {
            let fix = row["fix"].as_str().unwrap_or_default();
            row["state"] == case.state && case.fix.iter().all(|part| fix.contains(part))
        });
        assert!(
            said,
            "{what}: no {} row {} with the fix {:?} in {diagnosis:#?}",
            case.state, case.row, case.fix
        );
        diagnosis.assert_nothing_else_is_red(case.row);
    }
}

#[tokio::test]
async fn faults_of_the_configuration_are_named_with_their_fix() {
    check(CONFIGURATION).await;
}

#[tokio::test]
async fn faults_of_the_machine_are_named_with_their_fix() {
    check(MACHINE).await;
}

#[tokio::test]
async fn faults_that_the_remote_systems_tell_are_named_with_their_fix() {
    check(REMOTE).await;
}

#[tokio::test]
async fn every_fault_of_the_configuration_is_told_and_the_rest_is_not_checked() {
    let mut office = Office::open().await;
    office.replace("listen = ", "listn = ");
    office.replace("\"Europe/Moscow\"", "\"Moscow\"");
    let diagnosis = office.doctor().await;
    assert_eq!(diagnosis.rows("configuration").filter(|row| row["state"] == "red").count(), 3);
    for name in ["database", "listen", "public_url", "clock", "integrations"] {
        let found: Vec<_> =
            diagnosis.rows(name).map(|row| row["found"].as_str().unwrap_or_default()).collect();
        assert_eq!(found, ["not checked: the configuration cannot be used"], "{name}");
    }
}

#[tokio::test]
async fn where_nothing_is_wrong_all_is_green() {
    let office = Office::open().await;
    let diagnosis = office.doctor().await;
    assert!(diagnosis.is_ok(), "{diagnosis:#?}");
    assert!(diagnosis.is_green(), "{diagnosis:#?}");
    let database = office.place.database().url().replace("sqlite://", "");
    assert!(!std::path::Path::new(&database).exists(), "the database was made");

    let table = office.run(&[]).await;
    assert!(table.status.success());
    let text = String::from_utf8(table.stdout).expect("text");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.trim_end().ends_with("checks, all green"), "{text}");
}

#[tokio::test]
async fn a_running_server_holds_its_own_port_and_database() {
    let mut company = Company::start().await;
    // Asking a host for the time is no method of its API.
    company.forgive_violations();
    let diagnosis = examine(&company.server, "kontur-telephony.toml").await;
    assert!(diagnosis.is_ok(), "{diagnosis:#?}");
    for (name, found) in
        [("listen", "the server is running"), ("database", "opens, is writable and up to date; 1 MiB")]
    {
        let row = diagnosis.rows(name).next().expect("a row");
        assert_eq!((&row["state"], &row["found"]), (&json!("green"), &json!(found)));
    }
}

#[tokio::test]
async fn systems_that_hang_are_not_waited_for() {
    let office = Office::open().await;
    let sandbox = &office.sandbox;
    for faults in [sandbox.kontur.faults(), sandbox.workonflow.faults(), sandbox.metabot.faults()] {
        faults.set(Fault::always(FaultKind::Hang));
    }
    sandbox.pbx.set_silent(true);
    let begun = Instant::now();
    let diagnosis = office.doctor().await;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    for (name, key) in [
        ("kontur authorisation", "kontur.api_url"),
        ("provider", "provider.control_url"),
        ("workonflow", "workonflow.api_url"),
        ("metabot", "metabot.api_url"),
    ] {
        let row = diagnosis.rows(name).next().expect("a row");
        assert_eq!(row["state"], "red", "{row}");
        assert!(row["fix"].as_str().is_some_and(|fix| fix.contains(key)), "{row}");
    }
}
