//! What becomes of calls when Asterisk dies, when the way to it is cut, and when very many come at once.

use std::time::Duration;

use simulators::kontur::Communication;

use super::asterisk::Version;
use super::laboratory::{Laboratory, ONE};
use super::office::Office;
use super::relay::Relay;
use super::sipp::Behaviour;
use crate::harness::eventually;

const TALK: Duration = Duration::from_secs(1);

/// For how long the way to Asterisk is cut.
const CUT: Duration = Duration::from_secs(10);

on_both! {
    asterisk_dies_in_mid_call,
    the_way_to_asterisk_is_cut,
    two_hundred_calls_at_once,
}

/// The call is told to have ended when Asterisk is back; it wrote no record of it. The next call is told as ever.
async fn asterisk_dies_in_mid_call(version: Version) {
    let mut office = Office::open(version).await;
    let anna = office.lab.phone("101", Behaviour::answers()).await;
    let client = office.lab.client(1, ONE, &Behaviour::calls());
    is_connected(&office).await;
    office.lab.restart().await;
    office.is_listened_to(2).await;
    let call = office.only_call().await;
    assert_eq!(
        office.story(&call),
        [
            "call-started",
            "appeared 101",
            "connected 101",
            "disconnected 101",
            "call-finished",
            "register-call"
        ]
    );
    assert_eq!((call.registered, call.items.len(), office.comments()), (1, 1, 1));
    drop((anna, client));
    let _anna = office.lab.phone("101", Behaviour::answers()).await;
    office.lab.client(1, ONE, &Behaviour::calls().talks(TALK)).succeeds().await;
    let calls = office.calls(2).await;
    office.agrees(&calls[1], &office.lab.rows(1).await);
    assert_eq!(office.company.admin().status_word().await, "active");
}

/// One call ends meanwhile, one begins and ends, and one goes on: all are registered once, as the records have them.
async fn the_way_to_asterisk_is_cut(version: Version) {
    let lab = Laboratory::start(version).await;
    let relay = Relay::to(lab.asterisk().ami_port()).await;
    let office = Office::open_at(lab, relay.port(), |_| {}).await;
    let _anna = office.lab.phone("101", Behaviour::answers()).await;
    let ends = office.lab.client(1, ONE, &Behaviour::calls().talks(TALK * 4));
    let goes_on = office.lab.client(1, ONE, &Behaviour::calls().talks(CUT + TALK * 8));
    is_connected(&office).await;
    relay.pull();
    let cut = tokio::time::sleep(CUT);
    office.lab.client(1, ONE, &Behaviour::calls().talks(TALK)).succeeds().await;
    ends.succeeds().await;
    // That it lasts so long is the story.
    cut.await;
    assert_eq!(office.company.admin().status_word().await, "hasErrors");
    relay.plug_in();
    office.is_listened_to(2).await;
    goes_on.succeeds().await;
    let calls = office.calls(3).await;
    let rows = office.lab.rows(3).await;
    for call in &calls {
        assert_eq!(call.items.len(), 1, "{call:?}");
        office.agrees(call, &rows);
    }
    assert_eq!(office.comments(), 3);
    assert_eq!(office.company.admin().status_word().await, "active");
}

async fn two_hundred_calls_at_once(version: Version) {
    let lab = Laboratory::start(version).await;
    let port = lab.asterisk().ami_port();
    // Nobody says anything, so that there is nothing to hear.
    let office = Office::open_at(lab, port, |provider| drop(provider.remove("recordings"))).await;
    let _anna = office.lab.phone("101", Behaviour::answers().answers_after(TALK * 6)).await;
    let waits = Behaviour::calls().says_nothing().talks(TALK * 2);
    let gives_up = Behaviour::calls().says_nothing().gives_up_after(TALK * 3);
    let (waiting, leaving) = (office.lab.client(150, ONE, &waits), office.lab.client(50, ONE, &gives_up));
    waiting.succeeds().await;
    leaving.succeeds().await;
    let calls = office.calls(200).await;
    let rows = office.lab.history(200).await;
    let answered = rows.iter().filter(|row| row.ends_with(" ANSWERED")).count();
    assert_eq!((rows.len(), answered), (200, 150));
    let talked = |call: &Communication| call.items.iter().any(|item| item["startedAt"].is_string());
    assert_eq!(calls.iter().filter(|call| talked(call)).count(), answered);
    assert!(calls.iter().all(|call| call.registered == 1), "each is registered once");
    assert_eq!(office.comments(), 200);
}

/// Waits until somebody talks.
async fn is_connected(office: &Office) {
    eventually("somebody talks", async || {
        let calls = office.company.sandbox.kontur.communications(simulators::sandbox::WORKSPACE);
        calls.iter().any(|call| call.events.iter().any(|event| event["type"] == "connected")).then_some(())
    })
    .await;
}
