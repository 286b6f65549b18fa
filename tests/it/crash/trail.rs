//! What the calls have left behind: in the server, at Kontur, in Workonflow.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;

use super::traffic::Call;
use crate::actors::text_of;
use crate::harness::{Company, eventually};

/// Waits until every call was registered and commented, and nothing is left to tell.
pub(super) async fn wait(company: &Company, calls: usize) {
    eventually("every call is registered and commented", async || {
        let registered = company.journal().count(System::Kontur, "register-call");
        let commented = company.sandbox.workonflow.all_comments().len();
        (registered >= calls && commented >= calls).then_some(())
    })
    .await;
    let admin = company.admin();
    eventually("no delivery is pending", async || (admin.pending_deliveries().await == 0).then_some(()))
        .await;
}

/// No event is missing, and none is there twice.
pub(super) async fn timelines_hold_every_event(company: &Company, calls: &[Call]) {
    let admin = company.admin();
    let listed = admin.all("/calls").await;
    let rows: HashMap<&str, &Value> =
        listed.iter().filter_map(|row| Some((row["external_id"].as_str()?, &row["id"]))).collect();
    assert_eq!(rows.len(), calls.len());
    for call in calls {
        let timeline = admin.get(&format!("/calls/{}", text_of(rows[call.external_id.as_str()]))).await.ok();
        let events = timeline["events"].as_array().expect("events");
        let ids: Vec<&str> = events.iter().filter_map(|event| event["id"].as_str()).collect();
        assert_eq!(ids, call.events, "events of {}", call.external_id);
        let states: BTreeSet<&str> = timeline["deliveries"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|delivery| delivery["state"].as_str())
            .collect();
        assert_eq!(states, BTreeSet::from(["delivered"]), "deliveries of {}", call.external_id);
    }
}

/// That callbacks came in a legal order, and that no call was doubled, is checked when the company ends.
pub(super) fn each_call_is_registered_once(company: &Company, calls: &[Call]) {
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), calls.len());
    for call in calls {
        let known = company.kontur().communication(&call.external_id);
        assert_eq!((known.started, known.finished, known.registered), (true, true, 1), "{known:?}");
    }
}

/// Every call has a client of its own: one contact, one thread, one comment.
pub(super) fn each_call_is_commented_once(company: &Company, calls: &[Call]) {
    let workonflow = &company.sandbox.workonflow;
    let (contacts, threads) = (workonflow.contacts(), workonflow.threads());
    for call in calls {
        let is_client = |phone: &&str| phone.ends_with(&call.client_digits);
        let contact: Vec<_> = contacts.iter().filter(|one| one.phones().iter().any(is_client)).collect();
        assert_eq!(contact.len(), 1, "contacts of {}", call.client_digits);
        let of_client: Vec<_> =
            threads.iter().filter(|thread| thread.customer_id() == Some(&contact[0].id)).collect();
        assert_eq!(of_client.len(), 1, "threads of {}", call.client_digits);
        assert_eq!(workonflow.comments(&of_client[0].id).len(), 1, "comments on {}", call.external_id);
    }
}
