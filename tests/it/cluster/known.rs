//! What one server was told, the others know.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, trace};
use testkit::postgres::Postgres;

use super::on;
use crate::actors::{Admin, Telephony};
use crate::admin::own::{self, PATH, WEBHOOK_SECRET};
use crate::harness::{Company, Server, eventually, within};

/// Calls that wait for a user: enough for two servers to get at them at the same time.
const WAITING: u64 = 20;

/// Nobody who has changed something waits longer until it holds everywhere.
const SOON: Duration = Duration::from_secs(2);

/// The PBX of the integration that was made by the admin API; it knows this server alone.
fn telephony_of(company: &Company, server: &Server) -> Telephony {
    let url = format!("{}/telephony/other/generic", server.url());
    company.telephony().to(url).signing_with(WEBHOOK_SECRET)
}

async fn becomes_everywhere(company: &Company, status: &str) {
    for server in company.servers() {
        within(SOON, &format!("{} says {status}", server.url()), async || {
            (company.admin_of(server).status_word().await == status).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn an_integration_that_one_server_made_takes_events_at_the_others() {
    let postgres = Postgres::quick();
    let company = own::start(on(&postgres, Company::plan())).await;
    assert_eq!(company.admin().put(PATH, &own::settings()).await.status, 201);
    assert!(company.sandbox.kontur.crm("other").setup(json!({})).await.is_ok());
    for (n, server) in company.servers().enumerate() {
        let (telephony, events) = (telephony_of(&company, server), trace(Kind::Outbound, n as u64));
        within(SOON, "events are taken", async || telephony.try_to_tell(&events).await.ok()).await;
    }
}

#[tokio::test]
async fn a_pause_at_one_server_holds_what_all_of_them_take() {
    let postgres = Postgres::quick();
    let company = on(&postgres, Company::plan()).start().await;
    let [second, third] = [0, 1].map(|place| company.admin_of(&company.others[place]));
    second.post(&format!("/integrations/{WORKSPACE}/pause")).await.ok();
    becomes_everywhere(&company, "paused").await;
    let telephony = company.balanced_telephony();
    for n in 1..=6 {
        telephony.tell(&trace(Kind::Missed, n)).await;
    }
    eventually("the calls are handed on", async || (third.settling_calls().await == 0).then_some(())).await;
    for operation in ["call-started", "register-call"] {
        assert_eq!(company.journal().count(System::Kontur, operation), 0, "{operation}");
    }
    third.post(&format!("/integrations/{WORKSPACE}/resume")).await.ok();
    becomes_everywhere(&company, "active").await;
    company.settle().await;
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), 6);
    assert_eq!(company.sandbox.workonflow.all_comments().len(), 6);
}

/// The calls are of 101, whom nobody has in that integration yet.
#[tokio::test]
async fn users_that_one_server_was_given_are_those_of_calls_at_another() {
    let postgres = Postgres::quick();
    let company = own::start(on(&postgres, Company::plan())).await;
    let admins: Vec<Admin> = company.servers().map(|server| company.admin_of(server)).collect();
    assert_eq!(admins[0].put(PATH, &own::settings()).await.status, 201);
    assert!(company.sandbox.kontur.crm("other").setup(json!({})).await.is_ok());
    let waiting: Vec<Value> = (1..=WAITING).flat_map(|n| trace(Kind::Outbound, n)).collect();
    let telephony = telephony_of(&company, &company.others[0]);
    within(SOON, "events are taken", async || telephony.try_to_tell(&waiting).await.ok()).await;
    eventually("they wait", async || {
        let report = admins[0].get(&format!("{PATH}/unmapped")).await.ok();
        (report["items"][0]["parked"] == WAITING).then_some(())
    })
    .await;

    let id = "44d00000-0000-4000-8000-000000000201";
    let users = json!([{"kontur_user_id": id, "extension": "101"}]);
    admins[2].put(&format!("{PATH}/users"), &users).await.ok();
    telephony.tell(&trace(Kind::Outbound, WAITING + 1)).await;
    company.settle().await;
    for n in 1..=WAITING + 1 {
        let registered = company.kontur().only(&format!("trace-{n}"), "register-call");
        assert_eq!(registered["items"][0]["from"]["userId"], id, "{registered}");
    }
}
