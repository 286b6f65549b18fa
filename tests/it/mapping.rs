//! Users at their extensions over time: whose a call is, and calls that wait until somebody has their extension.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::clock;
use simulators::journal::System;
use simulators::scenario::{Kind, Trace};
use toml::Table;

use crate::harness::{CLIENT, Company, Configuration, VATS, eventually, integration};

/// The users of the `[[integration]]`: Anna at 101, Boris at 102, Vera at 103.
fn users(integration: &mut Table) -> &mut Vec<toml::Value> {
    integration.get_mut("user").and_then(toml::Value::as_array_mut).expect("users")
}

/// Another configuration for the next start.
fn reconfigure(company: &Company, edit: impl FnOnce(&mut Configuration)) {
    let path = company.server.directory().join("kontur-telephony.toml");
    let text = std::fs::read_to_string(path).expect("a configuration");
    let mut configuration: Configuration = text.parse().expect("TOML");
    edit(&mut configuration);
    company.server.configure(&configuration.to_string());
}

/// Boris is missing in the configuration and has talked with a client. Gives the call.
async fn of_nobody() -> (Company, String) {
    let company = Company::plan().integration(|integration| drop(users(integration).remove(1))).start().await;
    let pbx = &company.sandbox.pbx;
    let call = pbx.ring_in(CLIENT, VATS, &["102"]);
    pbx.answer(&call, "102").expect("rings");
    pbx.hang_up(&call).expect("talks");
    eventually("all but the registration is told", async || {
        let timeline = told_of(&company, &call).await?;
        let deliveries = timeline["deliveries"].as_array()?;
        let is_over = deliveries.iter().all(|delivery| delivery["state"] == "delivered");
        (is_over && deliveries.iter().any(|delivery| delivery["kind"] == "comment")).then_some(())
    })
    .await;
    (company, call)
}

async fn told_of(company: &Company, call: &str) -> Option<Value> {
    let calls = company.admin().all("/calls").await;
    let call = calls.iter().find(|listed| listed["external_id"] == call)?;
    Some(company.admin().get(&format!("/calls/{}", call["id"])).await.ok())
}

/// Gives Boris his extension back, from the next start on.
fn hire_boris(company: &Company) {
    let boris = company.employee("102").kontur_user_id.to_string();
    reconfigure(company, |configuration| {
        let user =
            Table::from_iter([("kontur_user_id".into(), boris.into()), ("extension".into(), "102".into())]);
        users(integration(configuration)).push(user.into());
    });
}

async fn unmapped(company: &Company) -> Value {
    company.admin().get("/integrations/sandbox/unmapped").await.ok()["items"].clone()
}

#[tokio::test]
async fn a_call_of_nobody_waits_and_everybody_is_told_so() {
    let (company, call) = of_nobody().await;
    assert_eq!(company.kontur().story(&call).last().map(String::as_str), Some("call-finished"));
    let timeline = company.admin().call(&call).await;
    assert_eq!(timeline["registration_parked"]["extensions"], json!(["102"]));
    let report = unmapped(&company).await;
    assert_eq!(
        (&report[0]["extension"], &report[0]["calls"], &report[0]["parked"]),
        (&json!("102"), &json!(1), &json!(1))
    );
    assert_eq!(report[0]["first_call_at"], timeline["started_at"]);
    let metrics =
        company.http.get(format!("{}/metrics", company.server.url())).send().await.expect("metrics");
    assert!(metrics.text().await.expect("text").contains("kontur_telephony_parked_calls 1"));
}

/// At each place: before the change that registers it is committed, after it, and when Kontur has acted on it.
#[tokio::test]
async fn killed_when_it_is_registered_at_last_it_is_registered_once() {
    for place in ["handed-on:1", "claimed:1", "answered:1"] {
        let (mut company, call) = of_nobody().await;
        company.server.restart().await;
        assert_eq!(unmapped(&company).await[0]["parked"], 1, "a restart alone changes nothing");
        hire_boris(&company);
        company.server.kill();
        company.server.die_at(place).await;
        company.server.start().await;
        company.settle().await;
        let registration = company.kontur().only(&call, "register-call");
        let boris = company.employee("102").kontur_user_id.to_string();
        assert_eq!(registration["items"][0]["to"]["userId"], boris, "{place}");
        assert_eq!(company.admin().call(&call).await["registration_parked"], Value::Null);
        assert_eq!(unmapped(&company).await, json!([]));
        assert_eq!(company.sandbox.workonflow.all_comments().len(), 1, "the comment did not wait");
    }
}

/// Anna left a day ago; Boris moved to her desk then.
#[tokio::test]
async fn calls_of_both_periods_are_of_whoever_sat_there_then() {
    let now = clock::now();
    let moved = (now - Duration::from_hours(24)).to_rfc3339();
    let plan = Company::plan().integration(move |integration| {
        let all = users(integration);
        let boris = all[1].clone();
        all.push(boris);
        let periods = [(0, "101", "valid_to"), (1, "102", "valid_to"), (3, "101", "valid_from")];
        for (place, extension, key) in periods {
            let user = all[place].as_table_mut().expect("a user");
            user.insert("extension".into(), extension.into());
            user.insert(key.into(), moved.clone().into());
        }
    });
    let company = plan.start().await;
    let traces = [(1, 25), (2, 23)].map(|(number, hours)| {
        Trace::new(Kind::Answered, number).started_at(now - Duration::from_hours(hours))
    });
    for trace in &traces {
        company.telephony().tell(&trace.events()).await;
    }
    company.settle().await;
    let users = ["101", "102"].map(|extension| company.employee(extension).kontur_user_id.to_string());
    for (trace, user) in traces.iter().zip(users) {
        let registration = company.kontur().only(&trace.call_id(), "register-call");
        assert_eq!(registration["items"][0]["to"]["userId"], user);
    }
    let boris = company.employee("102").kontur_user_id;
    assert!(company.crm().press_call(boris, "79997775533").await.reply.is_ok());
    let asked = company.seen(System::Pbx, "calls/create", 1).await;
    assert_eq!(asked[0]["extension"], "101", "he is rung where he sits now");
}
