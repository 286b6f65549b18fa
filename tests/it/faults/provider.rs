//! The provider's control API fails: calls that a user asks for, ends of legs, the history, recordings. Its webhooks
//! come all the same, and what they tell goes on to everybody.

use serde_json::json;
use simulators::kontur::PressedCall;
use uuid::Uuid;

use super::calls::{Calls, End, Everybody};
use super::cell::Fate;
use super::office::Office;
use super::row::Row;
use super::way::Way;
use crate::harness::{CLIENT, CLIENT_DIGITS, Company, VATS, eventually};
use crate::sync::past_call;

/// A call of the history that nobody told of.
const PAST: &str = "past-1";

/// What becomes of a call that a user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dial {
    /// Kontur gets its "OK" in time, and the phone rings once when the PBX works again.
    Rings,
    /// Kontur is told that it cannot be placed.
    Refused,
}

use Dial::{Refused, Rings};
use Fate::{Dead, Told};

cells! { check;
    // it is                            a call   hangup  a sync    the status   a recording
    down:            Way::Down,         Rings,   503,    "failed", "hasErrors", Told;
    hanging:         Way::Hanging,      Rings,   503,    "failed", "hasErrors", Told;
    slow:            Way::Slow,         Rings,   200,    "done",   "active",    Told;
    busy:            Way::Busy,         Rings,   503,    "failed", "hasErrors", Told;
    unauthorized:    Way::Unauthorized, Refused, 409,    "failed", "failed",    Told;
    conflict:        Way::Conflict,     Refused, 409,    "failed", "hasErrors", Told;
    broken:          Way::Broken,       Rings,   503,    "failed", "hasErrors", Told;
    unavailable:     Way::Unavailable,  Rings,   503,    "failed", "hasErrors", Told;
    cut_before:      Way::CutBefore,    Rings,   503,    "failed", "hasErrors", Told;
    cut_after:       Way::CutAfter,     Rings,   503,    "failed", "hasErrors", Told;
    html:            Way::Html,         Rings,   200,    "failed", "hasErrors", Told;
    broken_json:     Way::BrokenJson,   Rings,   200,    "failed", "hasErrors", Told;
    odd_json:        Way::OddJson,      Rings,   200,    "failed", "hasErrors", Told;
    error_inside:    Way::ErrorInside,  Rings,   200,    "failed", "hasErrors", Told;
}

async fn check(way: Way, dial: Dial, hangup: u16, sync: &str, status: &str, recording: Fate) {
    let office = Office::start().await;
    let company = &office.company;
    company.sandbox.pbx.import(past_call(PAST, 60));
    let conversation = Conversation::begin(company).await;
    let calls = Calls::begin(&office).await;
    Row::Provider.strike(&company.sandbox, way);
    calls.go_on(&office).await;

    let (admin, nothing) = (company.admin(), json!({}));
    let (run, hung_up) = tokio::join!(admin.sync(&nothing), conversation.hang_up(company));
    assert_eq!((&run["state"], hung_up), (&json!(sync), hangup), "{run}");
    admin.becomes(status).await;
    office.others_are_served(&while_it_lasts(way, &calls), Row::Provider, false).await;
    office.is_well().await;
    if let Dead(cause) = recording {
        let dead =
            eventually("the recording is a dead letter", async || admin.deliveries("state=dead").await.pop())
                .await;
        assert_eq!((&dead["kind"], &dead["cause"]), (&json!("call-recording"), &json!(cause)));
    }
    let request = press(company, dial).await;

    Row::Provider.heal(&company.sandbox);
    office.send_dead_letters_again().await;
    let rings = usize::from(dial == Rings);
    eventually("the phone rings", async || (ringing(company, &request) >= rings).then_some(())).await;
    assert_eq!(conversation.hang_up(company).await, 200);
    assert_eq!(admin.sync(&nothing).await["state"], "done");
    office.everything_is_whole(&calls.everybody(), None, false).await;
    assert_eq!(company.kontur().story(PAST), ["register-call"]);
    assert_eq!(ringing(company, &request), rings, "it rings once");
    admin.becomes("active").await;
}

/// What others know while the PBX gives no recordings: a registration does not wait for one that is refused; for one
/// that hangs it waits longer than this test.
fn while_it_lasts(way: Way, calls: &Calls) -> Everybody {
    let mut known = calls.everybody();
    match way {
        Way::Slow => {}
        Way::Hanging => known.own.retain(|call| call.end != End::Recorded),
        _ => {
            for call in known.own.iter_mut().filter(|call| call.end == End::Recorded) {
                call.end = End::Answered;
            }
        }
    }
    known
}

/// Somebody talks to a client.
struct Conversation {
    leg: String,
    communication: Uuid,
}

impl Conversation {
    async fn begin(company: &Company) -> Self {
        let call = company.sandbox.pbx.ring_in(CLIENT, VATS, &["102"]);
        company.sandbox.pbx.answer(&call, "102").expect("rings");
        company.settle().await;
        Self { leg: format!("{call}-1"), communication: company.kontur().communication(&call).id }
    }

    /// The user presses "Hang up"; gives the status of the reply.
    async fn hang_up(&self, company: &Company) -> u16 {
        let boris = company.employee("102").kontur_user_id;
        company.crm().press_hangup(&self.leg, boris, self.communication).await.status
    }
}

/// A user presses "Call"; gives the communication.
async fn press(company: &Company, dial: Dial) -> String {
    let anna = company.employee("101").kontur_user_id;
    let PressedCall { communication_id, reply } = company.crm().press_call(anna, CLIENT_DIGITS).await;
    assert_eq!(reply.status, if dial == Rings { 200 } else { 409 }, "{reply:?}");
    communication_id.to_string()
}

/// Calls that the PBX has placed for a communication.
fn ringing(company: &Company, request: &str) -> usize {
    let history = company.sandbox.pbx.history();
    history.iter().filter(|call| call.request_id.as_deref() == Some(request)).count()
}
