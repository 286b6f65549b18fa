//! The laboratory itself: each thing that a phone can do, and what the PBX's own history says of it.

use std::time::Duration;

use super::asterisk::Version;
use super::laboratory::{CLIENT, GROUP, IVR, LOCAL_QUEUE, Laboratory, ONE};
use super::sipp::Behaviour;

const TALK: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_millis(700);

on_both! {
    an_answered_call_is_in_the_history_with_its_recording,
    nobody_answers_and_somebody_is_busy,
    a_group_and_queues_ring_three_phones,
    calls_are_held_forwarded_and_picked_up,
    calls_are_transferred,
    employees_call_outside_and_each_other,
    the_history_survives_a_restart,
    two_hundred_calls_at_once,
}

async fn an_answered_call_is_in_the_history_with_its_recording(version: Version) {
    let office = Laboratory::start(version).await;
    let _anna = office.phone("101", Behaviour::answers()).await;
    office.client(1, ONE, &Behaviour::calls().talks(TALK)).succeeds().await;
    let rows = office.rows(1).await;
    assert_eq!(rows[0].gist(), "trunk 101 ANSWERED");
    assert_eq!((&rows[0]["src"], &rows[0]["dst"], &rows[0]["linkedid"]), (CLIENT, ONE, &rows[0]["uniqueid"]));
    let seconds: u32 = rows[0]["billsec"].parse().expect("seconds");
    assert!((1..=2).contains(&seconds), "{seconds}");
    let recording = std::fs::read(office.recording(&rows[0]["userfield"])).expect("a recording");
    // 8000 samples of two bytes a second, after the header.
    assert!(recording.starts_with(b"RIFF") && recording.len() > 12_000, "{} bytes", recording.len());
}

async fn nobody_answers_and_somebody_is_busy(version: Version) {
    let office = Laboratory::start(version).await;
    let anna = office.phone("101", Behaviour::rings()).await;
    office.client(1, ONE, &Behaviour::calls().gives_up_after(PATIENCE)).succeeds().await;
    assert_eq!(office.history(1).await, ["trunk 101 NO ANSWER"]);
    drop(anna);
    let _anna = office.phone("101", Behaviour::is_busy()).await;
    office.client(1, ONE, &Behaviour::calls()).succeeds().await;
    assert_eq!(office.history(2).await, ["trunk 101 BUSY", "trunk 101 NO ANSWER"]);
}

async fn a_group_and_queues_ring_three_phones(version: Version) {
    let office = Laboratory::start(version).await;
    let _anna = office.phone("101", Behaviour::rings()).await;
    let _boris = office.phone("102", Behaviour::answers().talks(TALK)).await;
    let _vera = office.phone("103", Behaviour::rings()).await;
    let losers = ["trunk 101 NO ANSWER", "trunk 102 ANSWERED", "trunk 103 NO ANSWER"];
    for (calls, number) in [(1, GROUP), (2, IVR)] {
        office.client(1, number, &Behaviour::calls()).succeeds().await;
        let history = office.history(calls * losers.len()).await;
        for line in losers {
            assert_eq!(history.iter().filter(|found| *found == line).count(), calls, "{history:?}");
        }
    }
    office.client(1, LOCAL_QUEUE, &Behaviour::calls()).succeeds().await;
    let history = office.history(12).await;
    let answered = "Local/102@from-queue 102 ANSWERED";
    assert_eq!(history.iter().filter(|line| *line == answered).count(), 1, "{history:?}");
}

async fn calls_are_held_forwarded_and_picked_up(version: Version) {
    let office = Laboratory::start(version).await;
    let anna = office.phone("101", Behaviour::holds(PATIENCE, PATIENCE).talks(PATIENCE)).await;
    let client = Behaviour::calls();
    office.client(1, ONE, &client).succeeds().await;
    assert_eq!(office.history(1).await, ["trunk 101 ANSWERED"]);
    drop(anna);
    let anna = office.phone("101", Behaviour::forwards_to("102")).await;
    let _boris = office.phone("102", Behaviour::answers().talks(TALK)).await;
    office.client(1, ONE, &client).succeeds().await;
    assert!(office.history(5).await.contains(&"trunk 102 ANSWERED".to_owned()));
    drop(anna);
    let anna = office.phone("101", Behaviour::rings()).await;
    let waiting = office.client(1, ONE, &client);
    anna.rings().await;
    office.employee("103", "*8", &client.clone().talks(TALK)).succeeds().await;
    waiting.succeeds().await;
    assert!(office.history(7).await.contains(&"trunk 103 ANSWERED".to_owned()));
}

async fn calls_are_transferred(version: Version) {
    let office = Laboratory::start(version).await;
    let anna = office.phone("101", Behaviour::transfers_to("102", PATIENCE)).await;
    let boris = office.phone("102", Behaviour::answers().talks(TALK)).await;
    let client = Behaviour::calls();
    office.client(1, ONE, &client).succeeds().await;
    assert_eq!(office.history(2).await, ["trunk 101 ANSWERED", "trunk 102 ANSWERED"]);
    drop((anna, boris));
    let asks = Behaviour::consults_and_transfers_to("102", PATIENCE, PATIENCE);
    let _anna = office.phone("101", asks).await;
    let _boris = office.phone("102", Behaviour::answers().talks(PATIENCE + TALK)).await;
    office.client(1, ONE, &client).succeeds().await;
    let consulted = office.history(5).await;
    assert_eq!(consulted.iter().filter(|line| *line == "101 102 ANSWERED").count(), 1, "{consulted:?}");
    assert_eq!(consulted.iter().filter(|line| *line == "trunk 102 ANSWERED").count(), 2, "{consulted:?}");
}

async fn employees_call_outside_and_each_other(version: Version) {
    let office = Laboratory::start(version).await;
    let client = office.outside(Behaviour::answers()).await;
    let calls = Behaviour::calls().talks(TALK);
    office.employee("101", CLIENT, &calls).succeeds().await;
    drop(client);
    let _client = office.outside(Behaviour::is_busy()).await;
    office.employee("101", CLIENT, &calls).succeeds().await;
    let _boris = office.phone("102", Behaviour::answers()).await;
    office.employee("101", "102", &calls).succeeds().await;
    let history = office.history(3).await;
    assert_eq!(history, ["101 102 ANSWERED", "101 trunk ANSWERED", "101 trunk BUSY"]);
}

async fn the_history_survives_a_restart(version: Version) {
    let mut office = Laboratory::start(version).await;
    let _anna = office.phone("101", Behaviour::answers()).await;
    let calls = Behaviour::calls().talks(TALK);
    office.client(2, ONE, &calls).succeeds().await;
    assert_eq!(office.rows(2).await.len(), 2);
    office.restart().await;
    office.client(1, ONE, &calls).succeeds().await;
    let rows = office.rows(3).await;
    // It counts from 0 again: only together with `uniqueid` it is a key.
    assert_eq!(rows[2]["sequence"], rows[0]["sequence"]);
    assert_ne!(rows[2]["uniqueid"], rows[0]["uniqueid"]);
}

async fn two_hundred_calls_at_once(version: Version) {
    let office = Laboratory::start(version).await;
    let _anna = office.phone("101", Behaviour::answers()).await;
    // So long that the last one comes before the first one ends.
    let calls = Behaviour::calls().says_nothing().talks(Duration::from_secs(6));
    office.client(200, ONE, &calls).succeeds().await;
    let history = office.history(200).await;
    assert_eq!(history, vec!["trunk 101 ANSWERED"; 200]);
}
