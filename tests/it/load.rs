//! Five hundred calls, every event one to three times and in no order: each call is registered once, as what it was.

mod call;
mod registered;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::Value;
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;

use self::call::Call;
use crate::harness::{Company, chance, eventually};

const CALLS: u64 = 500;

/// Calls whose events are shuffled among each other.
const TOGETHER: usize = 25;

/// Requests under way at once.
const CONNECTIONS: usize = 8;

/// The most events in one request.
const BATCH: usize = 20;

/// Events of one call come this close to each other, however they were shuffled.
const SETTLE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_calls_shuffled_and_repeated_are_registered_once_each() {
    let settle_ms = i64::try_from(SETTLE.as_millis()).expect("small");
    let company = Company::plan().set("settle_ms", settle_ms).set("log.level", "info").start().await;
    let calls: Vec<Call> = (0..CALLS).map(Call::new).collect();
    let mut chance = chance();
    for together in calls.chunks(TOGETHER) {
        let events = shuffled(together, &mut chance);
        send(&company, events, &mut chance).await;
    }
    everything_is_told(&company).await;
    kontur_has_each_call_as_it_was(&company, &calls);
    workonflow_has_a_comment_on_each(&company, &calls);
    let missed = calls.iter().filter(|call| !call.is_answered()).count();
    assert_eq!(company.sandbox.metabot.jobs().len(), missed);
}

/// Every event of these calls, one to three times.
fn shuffled(calls: &[Call], chance: &mut StdRng) -> Vec<Value> {
    let mut events = Vec::new();
    for event in calls.iter().flat_map(|call| &call.events) {
        events.extend(std::iter::repeat_n(event.clone(), chance.random_range(1..=3)));
    }
    events.shuffle(chance);
    events
}

/// Sends them, half of the requests with one event, half with a batch. Every event counts as new once.
async fn send(company: &Company, mut events: Vec<Value>, chance: &mut StdRng) {
    let total = events.len() as u64;
    let mut ids: Vec<&str> = events.iter().filter_map(|event| event["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let different = ids.len() as u64;

    let mut requests = Vec::new();
    while !events.is_empty() {
        let size = if chance.random() { 1 } else { chance.random_range(2..=BATCH).min(events.len()) };
        requests.push(events.split_off(events.len() - size));
    }
    let (telephony, began) = (company.telephony(), Instant::now());
    let sending = futures_util::stream::iter(&requests).map(|events| telephony.send(events));
    let replies: Vec<_> = sending.buffer_unordered(CONNECTIONS).collect().await;
    let took = began.elapsed();
    assert!(took < SETTLE, "this machine is too slow for the test: {total} events took {took:?}");

    let replies: Vec<Value> = replies.into_iter().map(|reply| reply.ok()).collect();
    let sum = |of: &str| replies.iter().filter_map(|reply| reply[of].as_u64()).sum::<u64>();
    assert_eq!((sum("accepted"), sum("duplicates")), (different, total - different));
}

/// Waits until each call was registered and commented, and nothing is left to tell.
async fn everything_is_told(company: &Company) {
    let calls = usize::try_from(CALLS).expect("small");
    company.seen(System::Kontur, "register-call", calls).await;
    company.seen(System::Workonflow, "comment/create", calls).await;
    let admin = company.admin();
    eventually("no delivery is pending", async || (admin.pending_deliveries().await == 0).then_some(()))
        .await;
}

/// That they came in a legal order is checked when the company ends.
fn kontur_has_each_call_as_it_was(company: &Company, calls: &[Call]) {
    assert_eq!(company.sandbox.kontur.communications(WORKSPACE).len(), calls.len());
    let told = company.journal().of(System::Kontur, "register-call");
    assert_eq!(told.len(), calls.len());
    for entry in told {
        let external_id = entry.body["externalId"].as_str().expect("an externalId");
        let call = calls.iter().find(|call| call.external_id == external_id).expect("a call that was sent");
        assert_eq!(registered::plain(&entry.body), registered::expected(company, call));
        let known = company.kontur().communication(external_id);
        assert_eq!((known.started, known.finished, known.registered), (true, true, 1), "{known:?}");
    }
}

/// Each client called twice and is one contact.
fn workonflow_has_a_comment_on_each(company: &Company, calls: &[Call]) {
    let workonflow = &company.sandbox.workonflow;
    let contacts = workonflow.contacts();
    let threads = workonflow.threads();
    assert_eq!(workonflow.all_comments().len(), calls.len());
    for call in calls {
        let contact: Vec<_> =
            contacts.iter().filter(|one| one.phones().iter().any(|phone| call.is_of(phone))).collect();
        assert_eq!(contact.len(), 1, "contacts of {}", call.client_digits);
        let of_client = threads.iter().filter(|thread| thread.customer_id() == Some(&contact[0].id));
        let comments: usize = of_client.map(|thread| workonflow.comments(&thread.id).len()).sum();
        assert_eq!(comments, 2, "comments on the calls of {}", call.client_digits);
    }
}
