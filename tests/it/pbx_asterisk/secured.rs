//! The manager interface over TLS.

use std::time::Duration;

use super::asterisk::Version;
use super::laboratory::{Laboratory, ONE};
use super::office::Office;
use super::sipp::Behaviour;
use crate::doctor::examine;
use crate::harness::Company;

on_both! {
    a_call_is_heard_over_tls_from_an_asterisk_with_a_trusted_certificate,
}

async fn a_call_is_heard_over_tls_from_an_asterisk_with_a_trusted_certificate(version: Version) {
    let lab = Laboratory::start(version).await;
    let (port, authority) = (lab.tls_port(), lab.asterisk().authority());
    // So a machine is told whom it trusts.
    let trusts = format!("SSL_CERT_FILE={}", authority.display());
    let plan = Company::plan().launch_by(move |_| vec!["env".to_owned(), trusts]);
    let secured = move |provider: &mut toml::Table| {
        let ami = provider["ami"].as_table_mut().expect("a table");
        ami.insert("address".to_owned(), format!("localhost:{port}").into());
        ami.insert("tls".to_owned(), true.into());
    };
    let mut office = Office::open_by(plan, lab, port, secured).await;
    let _anna = office.lab.phone("101", Behaviour::answers()).await;
    office.lab.client(1, ONE, &Behaviour::calls().talks(Duration::from_secs(1))).succeeds().await;
    office.agrees(&office.only_call().await, &office.lab.rows(1).await);

    // A machine that trusts nobody of that name does not log in.
    office.company.forgive_violations();
    let diagnosis = examine(&office.company.server, "kontur-telephony.toml").await;
    let row = diagnosis.rows("provider").next().expect("a row");
    assert_eq!(row["state"], "red", "{row}");
    assert!(row["found"].as_str().is_some_and(|found| found.contains("no secure connection")), "{row}");
}
