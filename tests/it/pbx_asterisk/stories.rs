//! Each kind of call, from the phones to Kontur: the exact callbacks, one comment, and what Asterisk's own records say.

use std::time::Duration;

use serde_json::json;
use simulators::kontur::Communication;

use super::asterisk::Version;
use super::laboratory::{CLIENT, GROUP, IVR, LOCAL_QUEUE, ONE};
use super::office::Office;
use super::sipp::Behaviour;
use crate::harness::eventually;

const TALK: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_millis(700);

on_both! {
    an_answered_call,
    a_missed_call,
    a_busy_phone,
    a_menu_and_a_queue_of_three,
    a_queue_as_freepbx_has_it,
    a_ring_group,
    a_call_on_hold,
    a_blind_transfer,
    an_attended_transfer,
    a_picked_up_call,
    an_outbound_call,
    a_call_from_kontur,
    a_call_from_kontur_that_the_employee_does_not_take,
    a_call_from_kontur_that_kontur_ends,
    a_call_from_kontur_that_the_phone_takes_by_itself,
    a_call_from_kontur_to_a_colleague,
    two_calls_of_one_client_at_once,
}

/// The conversation of one leg.
fn conversation(of: &str) -> Vec<String> {
    ["appeared", "connected", "disconnected"].map(|word| format!("{word} {of}")).into()
}

/// A call of which legs are told as given.
fn whole(legs: &[Vec<String>]) -> Vec<String> {
    let mut story = vec!["call-started".to_owned()];
    story.extend(legs.iter().flatten().cloned());
    story.extend(["call-finished".to_owned(), "register-call".to_owned()]);
    story
}

#[track_caller]
fn told(office: &Office, call: &Communication, legs: &[Vec<String>]) {
    let mut story = office.story(call);
    // The recording goes with the registration if it is there in time.
    story.retain(|word| word != "call-recording");
    assert_eq!(story, whole(legs));
}

async fn an_answered_call(version: Version) {
    let office = Office::open(version).await;
    let _anna = office.lab.phone("101", Behaviour::answers()).await;
    office.lab.client(1, ONE, &Behaviour::calls().talks(TALK)).succeeds().await;
    let call = office.only_call().await;
    told(&office, &call, &[conversation("101")]);
    assert_eq!((call.direction.as_deref(), call.client_phone.as_deref()), (Some("inbound"), Some(CLIENT)));
    assert_eq!(call.external_vats_phone.as_deref(), Some(ONE));
    office.agrees(&call, &office.lab.rows(1).await);
    assert_eq!(office.comments(), 1);
}

async fn a_missed_call(version: Version) {
    let office = Office::open(version).await;
    let _anna = office.lab.phone("101", Behaviour::rings()).await;
    office.lab.client(1, ONE, &Behaviour::calls().gives_up_after(PATIENCE)).succeeds().await;
    let call = office.only_call().await;
    told(&office, &call, &[vec!["appeared 101".to_owned(), "disconnected 101".to_owned()]]);
    office.agrees(&call, &office.lab.rows(1).await);
    assert_eq!(office.comments(), 1);
}

async fn a_busy_phone(version: Version) {
    let office = Office::open(version).await;
    let _anna = office.lab.phone("101", Behaviour::is_busy()).await;
    office.lab.client(1, ONE, &Behaviour::calls()).succeeds().await;
    let call = office.only_call().await;
    told(&office, &call, &[vec!["appeared 101".to_owned(), "disconnected 101".to_owned()]]);
    let shown = office.company.admin().call(call.external_id.as_deref().expect("an id")).await;
    assert_eq!(shown["reason"], "busy", "{shown}");
    office.agrees(&call, &office.lab.rows(1).await);
    assert_eq!(office.comments(), 1);
}

/// Three phones ring, 102 answers. Which of the others stops first is chance.
async fn three_ring(office: &Office, number: &str, rows: usize) {
    let _anna = office.lab.phone("101", Behaviour::rings()).await;
    let _boris = office.lab.phone("102", Behaviour::answers()).await;
    let _vera = office.lab.phone("103", Behaviour::rings()).await;
    office.lab.client(1, number, &Behaviour::calls().talks(TALK + TALK)).succeeds().await;
    let call = office.only_call().await;
    let story = office.story(&call);
    let place = |word: &str| {
        story.iter().position(|told| told == word).unwrap_or_else(|| panic!("no {word} in {story:?}"))
    };
    assert_eq!(story[0], "call-started");
    for phone in ["101", "102", "103"] {
        assert!(place(&format!("appeared {phone}")) < place(&format!("disconnected {phone}")), "{story:?}");
    }
    assert!(place("connected 102") < place("disconnected 102"), "{story:?}");
    assert!(place("disconnected 102") < place("call-finished"), "{story:?}");
    assert!(!story.iter().any(|word| word == "connected 101" || word == "connected 103"), "{story:?}");
    let registered = story.iter().filter(|word| *word == "register-call").count();
    assert_eq!(registered, 1, "{story:?}");
    assert_eq!(call.items.len(), 1, "{:?}", call.items);
    office.agrees(&call, &office.lab.rows(rows).await);
    assert_eq!(office.comments(), 1);
}

async fn a_menu_and_a_queue_of_three(version: Version) {
    three_ring(&Office::open(version).await, IVR, 3).await;
}

async fn a_queue_as_freepbx_has_it(version: Version) {
    three_ring(&Office::open(version).await, LOCAL_QUEUE, 6).await;
}

async fn a_ring_group(version: Version) {
    three_ring(&Office::open(version).await, GROUP, 3).await;
}

async fn a_call_on_hold(version: Version) {
    let office = Office::open(version).await;
    let _anna = office.lab.phone("101", Behaviour::holds(PATIENCE, PATIENCE).talks(PATIENCE)).await;
    office.lab.client(1, ONE, &Behaviour::calls()).succeeds().await;
    let call = office.only_call().await;
    let words = ["appeared 101", "connected 101", "paused 101", "connected 101", "disconnected 101"];
    told(&office, &call, &[words.map(str::to_owned).into()]);
    office.agrees(&call, &office.lab.rows(1).await);
    assert_eq!(office.comments(), 1);
}

async fn a_blind_transfer(version: Version) {
    let office = Office::open(version).await;
    let _anna = office.lab.phone("101", Behaviour::transfers_to("102", TALK)).await;
    let _boris = office.lab.phone("102", Behaviour::answers().talks(TALK)).await;
    office.lab.client(1, ONE, &Behaviour::calls()).succeeds().await;
    let call = office.only_call().await;
    told(&office, &call, &[conversation("101"), conversation("102")]);
    assert_eq!(call.items.len(), 2, "{:?}", call.items);
    office.agrees(&call, &office.lab.rows(2).await);
    assert_eq!(office.comments(), 1);
}

/// The consultation is a call of its own, between the employees; the client's call goes on with the second of them.
async fn an_attended_transfer(version: Version) {
    let office = Office::open(version).await;
    let _anna = office.lab.phone("101", Behaviour::consults_and_transfers_to("102", TALK, TALK)).await;
    let _boris = office.lab.phone("102", Behaviour::answers().talks(TALK + TALK + TALK)).await;
    office.lab.client(1, ONE, &Behaviour::calls()).succeeds().await;
    let calls = office.calls(2).await;
    let (clients, consultation) = (&calls[0], &calls[1]);
    assert_eq!(consultation.direction.as_deref(), Some("internal"));
    told(&office, consultation, &[conversation("102")]);
    let held =
        ["appeared 101", "connected 101", "paused 101", "connected 101", "appeared 102", "connected 102"];
    let ends = ["disconnected 101", "disconnected 102"];
    told(&office, clients, &[held.map(str::to_owned).into(), ends.map(str::to_owned).into()]);
    assert_eq!(clients.items.len(), 2, "{:?}", clients.items);
    let rows = office.lab.rows(3).await;
    office.agrees(clients, &rows);
    // What employees say among themselves is in no thread of a client.
    assert_eq!(office.comments(), 1);
}

async fn a_picked_up_call(version: Version) {
    let office = Office::open(version).await;
    let anna = office.lab.phone("101", Behaviour::rings()).await;
    let waiting = office.lab.client(1, ONE, &Behaviour::calls());
    anna.rings().await;
    office.lab.employee("103", "*8", &Behaviour::calls().talks(TALK)).succeeds().await;
    waiting.succeeds().await;
    let call = office.only_call().await;
    told(
        &office,
        &call,
        &[vec!["appeared 101".to_owned(), "disconnected 101".to_owned()], conversation("103")],
    );
    assert_eq!(call.items.len(), 1, "{:?}", call.items);
    office.agrees(&call, &office.lab.rows(2).await);
    assert_eq!(office.comments(), 1);
}

async fn an_outbound_call(version: Version) {
    let office = Office::open(version).await;
    let _client = office.lab.outside(Behaviour::answers()).await;
    office.lab.employee("101", CLIENT, &Behaviour::calls().talks(TALK)).succeeds().await;
    let call = office.only_call().await;
    told(&office, &call, &[conversation("trunk")]);
    assert_eq!((call.direction.as_deref(), call.client_phone.as_deref()), (Some("outbound"), Some(CLIENT)));
    office.agrees(&call, &office.lab.rows(1).await);
    assert_eq!(office.comments(), 1);
}

async fn press_call(office: &Office) -> Communication {
    let anna = office.company.employee("101").kontur_user_id;
    let pressed = office.company.crm().press_call(anna, CLIENT).await;
    assert!(pressed.reply.is_ok(), "{:?}", pressed.reply);
    let found =
        office.company.sandbox.kontur.communication(simulators::sandbox::WORKSPACE, pressed.communication_id);
    found.expect("Kontur made it")
}

async fn a_call_from_kontur(version: Version) {
    let office = Office::open(version).await;
    let _client = office.lab.outside(Behaviour::answers().talks(TALK)).await;
    let _anna = office.lab.phone("101", Behaviour::answers()).await;
    let asked = press_call(&office).await;
    let call = office.only_call().await;
    assert_eq!(call.id, asked.id);
    told(&office, &call, &[conversation("trunk")]);
    office.agrees(&call, &office.lab.rows(1).await);
    assert_eq!(office.comments(), 1);
}

async fn a_call_from_kontur_that_the_employee_does_not_take(version: Version) {
    let office = Office::open(version).await;
    let _anna = office.lab.phone("101", Behaviour::is_busy()).await;
    let asked = press_call(&office).await;
    let call = office.only_call().await;
    assert_eq!((call.id, call.failed, call.registered), (asked.id, true, 0));
    assert_eq!(office.story(&call), ["call-started", "call-failed"]);
    assert_eq!(office.comments(), 0);
}

async fn a_call_from_kontur_that_kontur_ends(version: Version) {
    let office = Office::open(version).await;
    let _client = office.lab.outside(Behaviour::answers()).await;
    let _anna = office.lab.phone("101", Behaviour::answers()).await;
    let asked = press_call(&office).await;
    let kontur = &office.company.sandbox.kontur;
    let leg = eventually("they talk", async || {
        let call = kontur.communication(simulators::sandbox::WORKSPACE, asked.id)?;
        let connected = call.events.iter().find(|event| event["type"] == "connected")?;
        Some(connected["externalCallItemId"].as_str()?.to_owned())
    })
    .await;
    let anna = office.company.employee("101").kontur_user_id;
    assert!(office.company.crm().press_hangup(&leg, anna, asked.id).await.is_ok());
    let call = office.only_call().await;
    told(&office, &call, &[conversation("trunk")]);
    office.agrees(&call, &office.lab.rows(1).await);
    assert_eq!(office.comments(), 1);
}

async fn a_call_from_kontur_that_the_phone_takes_by_itself(version: Version) {
    let office = Office::open(version).await;
    assert!(office.company.crm().setup(json!({"autoAnswer": true})).await.is_ok());
    let _client = office.lab.outside(Behaviour::answers().talks(TALK)).await;
    let anna = office.lab.phone("101", Behaviour::answers()).await;
    press_call(&office).await;
    told(&office, &office.only_call().await, &[conversation("trunk")]);
    assert!(anna.has_seen("answer-after=0"), "the phone was not told");
    assert!(anna.has_seen(CLIENT), "the phone shows the client");
}

async fn a_call_from_kontur_to_a_colleague(version: Version) {
    let office = Office::open(version).await;
    let _anna = office.lab.phone("101", Behaviour::answers()).await;
    let _boris = office.lab.phone("102", Behaviour::answers().talks(TALK)).await;
    let [anna, boris] = ["101", "102"].map(|extension| office.company.employee(extension).kontur_user_id);
    let pressed = office.company.crm().press_internal_call(anna, boris, "102").await;
    assert!(pressed.reply.is_ok(), "{:?}", pressed.reply);
    let call = office.only_call().await;
    assert_eq!(call.id, pressed.communication_id);
    told(&office, &call, &[conversation("102")]);
    office.agrees(&call, &office.lab.rows(1).await);
}

async fn two_calls_of_one_client_at_once(version: Version) {
    let office = Office::open(version).await;
    let _anna = office.lab.phone("101", Behaviour::answers()).await;
    office.lab.client(2, ONE, &Behaviour::calls().talks(TALK)).succeeds().await;
    let calls = office.calls(2).await;
    let rows = office.lab.rows(2).await;
    for call in &calls {
        told(&office, call, &[conversation("101")]);
        office.agrees(call, &rows);
    }
    assert_ne!(calls[0].external_id, calls[1].external_id);
    assert_eq!(office.comments(), 2);
}
