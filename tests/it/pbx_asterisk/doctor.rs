//! What `doctor` says of an Asterisk.

use serde_json::Value;

use super::asterisk::Version;
use super::office::Office;
use crate::doctor::examine;

/// The row of the telephony, with that replaced in the configuration.
async fn row(office: &Office, from: &str, to: &str) -> Value {
    let server = &office.company.server;
    let file = server.directory().join("kontur-telephony.toml");
    let good = std::fs::read_to_string(&file).expect("a configuration");
    assert!(good.contains(from), "{from} in {good}");
    server.configure(&good.replace(from, to));
    let diagnosis = examine(server, "kontur-telephony.toml").await;
    server.configure(&good);
    diagnosis.rows("provider").next().expect("a row").clone()
}

#[tokio::test]
async fn it_logs_in_and_says_what_is_wrong() {
    let mut office = Office::open(Version::V22).await;
    // It asks each system whether it is there, in ways that no contract has.
    office.company.forgive_violations();
    let good = row(&office, "asterisk", "asterisk").await;
    assert_eq!(good["state"], "green", "{good}");
    for (from, to, found) in [
        ("PJSIP/trunk", "PJSIP/nobody", "no endpoint nobody"),
        ("\"amisecret\"", "\"another\"", "Authentication failed"),
        ("Master.csv", "no/Master.csv", "no such folder"),
    ] {
        let row = row(&office, from, to).await;
        assert_eq!(row["state"], "red", "{row}");
        assert!(row["found"].as_str().is_some_and(|text| text.contains(found)), "{found}: {row}");
    }
}
