//! A delivery as the body of a callback (contract Kontur §4; design, From events to Kontur). Pure.

use std::collections::BTreeMap;

use domain::call::event::{Direction, Party};
use domain::call::leg::Leg;
use domain::clock::Timestamp;
use domain::communication::{Item, Registration};
use domain::directory::Directory;
use domain::id::{CommunicationId, LegId};
use domain::phone::Phone;
use domain::plan::LegSignal;
use domain::port::destination::Delivery;

use super::wire::{
    CallEvent, CallFinished, CallItem, CallRecording, CallStarted, FileMeta, Participant, Recording,
    RegisterCall,
};

/// call-started. Names the communication only of a call that a user started in Kontur.
pub(super) fn call_started(delivery: &Delivery<'_>, at: Timestamp) -> CallStarted {
    CallStarted {
        timestamp: at.rfc3339(),
        communication_id: delivery.call.request().cloned(),
        external_id: delivery.external_id.clone(),
        external_vats_phone: vats_phone(delivery),
        client_phone: delivery.call.client_phone(),
        direction: delivery.call.direction(),
    }
}

/// call-event.
pub(super) fn call_event(
    delivery: &Delivery<'_>,
    communication_id: CommunicationId,
    leg: &LegId,
    signal: LegSignal,
    at: Timestamp,
) -> CallEvent {
    let known = delivery.call.legs().get(leg);
    let people = People { directory: delivery.directory, at: delivery.call.began_at() };
    let side = |of: fn(&Leg) -> &Party| people.participant(known.map_or(&Party::Client, of));
    CallEvent {
        communication_id,
        external_id: delivery.external_id.clone(),
        external_call_item_id: leg.clone(),
        realtime_call_item_id: leg.clone(),
        timestamp: at.rfc3339(),
        kind: signal,
        from: side(Leg::from),
        to: side(Leg::to),
    }
}

/// call-finished.
pub(super) fn call_finished(
    delivery: &Delivery<'_>,
    communication_id: CommunicationId,
    at: Timestamp,
) -> CallFinished {
    CallFinished {
        timestamp: at.rfc3339(),
        communication_id,
        external_id: delivery.external_id.clone(),
        external_vats_phone: vats_phone(delivery),
        client_phone: delivery.call.client_phone(),
        direction: delivery.call.direction(),
    }
}

/// register-call, with the recordings that were uploaded.
pub(super) fn register_call(
    registration: Registration,
    communication_id: Option<CommunicationId>,
    files: &BTreeMap<LegId, FileMeta>,
    directory: &Directory,
) -> RegisterCall {
    let direction = registration.direction;
    let people = People { directory, at: registration.began_at };
    let items = registration.items.into_iter();
    let items = items.map(|item| call_item(item, direction, files, people)).collect();
    RegisterCall {
        external_vats_phone: registration.vats_phone,
        client_phone: registration.client_phone,
        items,
        communication_id,
        external_created_at: registration.began_at.rfc3339(),
        external_id: registration.external_id,
        direction,
    }
}

/// call-recording.
pub(super) fn call_recording(
    delivery: &Delivery<'_>,
    communication_id: CommunicationId,
    leg: &LegId,
    file: &FileMeta,
) -> CallRecording {
    CallRecording {
        communication_id,
        external_id: delivery.external_id.clone(),
        external_call_item_id: leg.clone(),
        realtime_call_item_id: leg.clone(),
        recording_file_id: file.file_id.clone(),
    }
}

fn call_item(
    item: Item,
    direction: Direction,
    files: &BTreeMap<LegId, FileMeta>,
    people: People<'_>,
) -> CallItem {
    let (from, to) = match (&item.from, &item.to) {
        (Party::Client, Party::Client) => nobody_rung(direction),
        (from, to) => (people.participant(from), people.participant(to)),
    };
    CallItem {
        from,
        to,
        recordings: files.get(&item.leg).map(recording).into_iter().collect(),
        started_at: item.started_at.map(Timestamp::rfc3339),
        finished_at: item.finished_at.rfc3339(),
        id: item.leg,
    }
}

/// The client gave up before any employee was rung. One side of a call item is the company's all the same.
fn nobody_rung(direction: Direction) -> (Participant, Participant) {
    let employee = Participant::User { user_id: None };
    match direction {
        Direction::Inbound => (Participant::Client, employee),
        Direction::Outbound => (employee, Participant::Client),
        Direction::Internal => (employee.clone(), employee),
    }
}

fn recording(file: &FileMeta) -> Recording {
    Recording {
        file_id: file.file_id.clone(),
        file_name: file.file_name.clone(),
        content_type: file.content_type.clone(),
        content_length: file.content_length.to_string(),
    }
}

/// Who was at which extension when the call began. All of a call goes by that moment.
#[derive(Clone, Copy)]
struct People<'a> {
    directory: &'a Directory,
    at: Timestamp,
}

impl People<'_> {
    fn participant(self, party: &Party) -> Participant {
        match party {
            Party::Client => Participant::Client,
            Party::User { extension } => {
                Participant::User { user_id: self.directory.user_at(extension, self.at).cloned() }
            }
        }
    }
}

fn vats_phone(delivery: &Delivery<'_>) -> Phone {
    delivery.call.vats_phone().cloned().unwrap_or_else(Phone::anonymous)
}

#[cfg(test)]
mod tests;
