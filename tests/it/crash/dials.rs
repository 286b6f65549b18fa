//! Users press "Call" while the server comes and goes. Kontur sends what was not answered again (contract Kontur §1).

use std::time::{Duration, Instant};

use serde_json::Value;
use simulators::journal::System;
use simulators::pbx;
use simulators::sandbox::{Sandbox, WORKSPACE};
use simulators::scenario::{Kind, Trace};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::traffic::{Call, PATIENCE};
use super::trail::Trail;
use crate::harness::{Company, DEADLINE, PAUSE, eventually};

/// Between two calls.
const PACE: Duration = Duration::from_millis(20);

/// Presses "Call" until it is over: each call is pressed until there is an answer, and held if it came about. Gives the
/// communications.
pub(super) async fn press(sandbox: &Sandbox, over: &CancellationToken) -> Vec<Uuid> {
    let (crm, anna) = (sandbox.crm(), sandbox.employee("101").expect("Anna").kontur_user_id);
    let mut pressed = Vec::new();
    while !over.is_cancelled() {
        let client = Trace::new(Kind::ClickToCall, pressed.len() as u64).client_digits();
        let call = crm.press_call(anna, &client).await;
        let (mut status, began) = (call.reply.status, Instant::now());
        while status != 200 {
            assert!(began.elapsed() < PATIENCE, "CALL is answered with {status}");
            tokio::time::sleep(PAUSE).await;
            status = crm.repeat_call(call.communication_id, anna, &client).await.status;
        }
        if let [placed] = placed(sandbox, call.communication_id).as_slice() {
            sandbox.pbx.answer(&placed.call_id, "101").expect("it rings");
            sandbox.pbx.hang_up(&placed.call_id).expect("it talks");
        }
        pressed.push(call.communication_id);
        tokio::time::sleep(PACE).await;
    }
    pressed
}

/// What the calls have left behind: those that came about are registered, of the others Kontur knows that they failed.
pub(super) async fn trail(company: &Company, pressed: &[Uuid]) -> Trail {
    company.sandbox.pbx.delivered(DEADLINE).await.expect("the PBX gets rid of its events");
    let (mut calls, mut doubled, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for id in pressed {
        match placed(&company.sandbox, *id).as_slice() {
            [] => {
                eventually("Kontur hears that a call failed", async || failed(company, *id).then_some(()))
                    .await;
            }
            [one] => {
                calls.push(told(company, one));
                if failed(company, *id) {
                    wrong.push(format!("{id} came about and was said to have failed"));
                }
            }
            more => doubled.push(format!("{id} was placed {} times", more.len())),
        }
    }
    let mut trail = Trail::of(company, &calls).await;
    trail.doubled.extend(doubled);
    trail.out_of_order.extend(wrong);
    trail
}

/// The calls that the PBX placed for a communication.
fn placed(sandbox: &Sandbox, id: Uuid) -> Vec<pbx::Call> {
    let id = id.to_string();
    sandbox.pbx.history().into_iter().filter(|call| call.request_id.as_ref() == Some(&id)).collect()
}

fn failed(company: &Company, id: Uuid) -> bool {
    company.sandbox.kontur.communication(WORKSPACE, id).is_some_and(|known| known.failed)
}

/// A call of the PBX with the events that were taken of it.
fn told(company: &Company, call: &pbx::Call) -> Call {
    let taken =
        company.journal().of(System::Pbx, "→ webhook").into_iter().filter(|entry| entry.status == 200);
    let events: Vec<Value> = taken.map(|entry| entry.record.body).collect();
    let own = events.iter().filter(|event| event["call_id"] == call.call_id.as_str());
    let ids = own.filter_map(|event| event["id"].as_str().map(str::to_owned)).collect();
    let digits: String = call.client_phone.chars().filter(char::is_ascii_digit).collect();
    Call::told(&call.call_id, &digits, ids)
}
