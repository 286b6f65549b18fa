//! Past calls → the events they would have caused, so that history and webhooks take one road. The ids of these
//! events follow from the call alone: reading a page twice adds nothing.

use domain::call::event::{CallEvent, Happening, LegChange, LegEvent};
use domain::clock::Timestamp;
use domain::phone::Country;
use domain::port::provider::WebhookFault;

use super::fields::{DIRECTIONS, Faults, Path};
use super::parse;
use super::wire::{List, MOST, Object, PastCall, PastLeg};

/// The events of a past call in the order of their times; an unfinished call has no end among them.
pub(super) fn events(raw: &PastCall<'_>, country: Country) -> Result<Vec<CallEvent>, Vec<WebhookFault>> {
    let mut faults = Faults::default();
    let started_at = faults.time(Path::of("started_at"), &raw.started_at);
    let finished_at = faults.optional_time(Path::of("finished_at"), &raw.finished_at);
    let common = common(raw, country, started_at, &mut faults);
    let legs = legs(&raw.legs, &mut faults);
    let (Some(common), true) = (common, faults.found.is_empty()) else { return Err(faults.found) };
    let mut events = vec![common.clone()];
    events.extend(legs.iter().flatten().map(|past| past.event(&common)));
    events.extend(finished_at.map(|at| finished(&common, at, legs.is_empty())));
    events.sort_by_key(|event| event.at);
    Ok(events)
}

/// `call.started`, from which the call's other events take what all events of a call have in common.
fn common(
    raw: &PastCall<'_>,
    country: Country,
    started_at: Option<Timestamp>,
    faults: &mut Faults,
) -> Option<CallEvent> {
    let call = faults.id(Path::of("call_id"), &raw.call_id);
    let direction = faults.word(Path::of("direction"), &raw.direction, DIRECTIONS);
    let client_phone = parse::client_phone(&raw.client_phone, country, faults);
    let vats_phone = parse::vats_phone(&raw.vats_phone, country, faults);
    let request = faults.guid(Path::of("request_id"), &raw.request_id);
    let call = call?;
    Some(CallEvent {
        id: format!("history:{call}:started").into(),
        at: started_at?,
        call: call.into(),
        direction,
        client_phone,
        vats_phone,
        request: request.map(Into::into),
        happening: Happening::CallStarted,
    })
}

/// A call that Kontur asked for and that has no leg at all rang nowhere: it could not be placed.
fn finished(common: &CallEvent, at: Timestamp, rang_nowhere: bool) -> CallEvent {
    let happening = if rang_nowhere && common.request.is_some() {
        Happening::CallFailed(None)
    } else {
        Happening::CallFinished(None)
    };
    let word = if matches!(happening, Happening::CallFailed(_)) { "failed" } else { "finished" };
    CallEvent { id: format!("history:{}:{word}", common.call).into(), at, happening, ..common.clone() }
}

/// Something that happened to a leg of a past call.
struct Past {
    leg: String,
    word: &'static str,
    at: Timestamp,
    happening: Happening,
}

impl Past {
    fn event(&self, common: &CallEvent) -> CallEvent {
        // Some PBXs number the legs of each call anew, so the call is a part of the id.
        let id = format!("history:{}:{}:{}", common.call, self.leg, self.word);
        CallEvent { id: id.into(), at: self.at, happening: self.happening.clone(), ..common.clone() }
    }
}

fn legs(raw: &List<PastLeg<'_>>, faults: &mut Faults) -> Vec<Vec<Past>> {
    match raw {
        List::Absent => Vec::new(),
        List::Are(items, total) if *total <= MOST => {
            let read = |(index, item): (usize, &Object<PastLeg<'_>>)| {
                let at = Path::item("legs", index);
                let raw = faults.object(at, item, Some("a leg"))?;
                leg(at, raw, faults)
            };
            items.iter().enumerate().filter_map(read).collect()
        }
        List::Are(_, total) => {
            faults.note("legs", format!("has {total} legs; expected at most {MOST}"));
            Vec::new()
        }
        List::Other(found) => {
            faults.note("legs", format!("is {found}; expected a list of legs"));
            Vec::new()
        }
    }
}

fn leg(at: Path<'_>, raw: &PastLeg<'_>, faults: &mut Faults) -> Option<Vec<Past>> {
    let id = faults.id(at.field("id"), &raw.id);
    let from = parse::party(at.field("from"), &raw.from, faults);
    let to = parse::party(at.field("to"), &raw.to, faults);
    let started_at = faults.time(at.field("started_at"), &raw.started_at);
    let answered_at = faults.optional_time(at.field("answered_at"), &raw.answered_at);
    let finished_at = faults.optional_time(at.field("finished_at"), &raw.finished_at);
    let recording = recording(at, raw, id, faults);
    let (id, started_at) = (id?, started_at?);
    let past = |word, at, happening| Past { leg: id.to_owned(), word, at, happening };
    let changed = |word, at, change| {
        past(word, at, Happening::Leg(LegEvent { id: id.into(), from: from.clone(), to: to.clone(), change }))
    };
    let recorded_at = finished_at.or(answered_at).unwrap_or(started_at);
    let all = [
        Some(changed("ringing", started_at, LegChange::Ringing)),
        answered_at.map(|at| changed("answered", at, LegChange::Answered)),
        finished_at.map(|at| changed("ended", at, LegChange::Ended(None))),
        recording.map(|recording| past("recording", recorded_at, Happening::RecordingReady(recording))),
    ];
    Some(all.into_iter().flatten().collect())
}

/// The recording of a leg may leave its `leg_id` out: it stands inside the leg.
fn recording(
    at: Path<'_>,
    raw: &PastLeg<'_>,
    leg: Option<&str>,
    faults: &mut Faults,
) -> Option<domain::call::event::Recording> {
    let at = at.field("recording");
    let raw = faults.object(at, &raw.recording, None)?;
    let named = faults.optional_id(at.field("leg_id"), &raw.leg_id);
    parse::recording(at, raw, named.or(leg), faults)
}

#[cfg(test)]
mod tests;
