//! Calls of the history, as the control API tells them.

use domain::call::event::Recording;
use domain::call::past::{PastCall, PastLeg};
use domain::phone::Country;
use domain::port::provider::WebhookFault;

use super::fields::{DIRECTIONS, Faults, Path};
use super::parse;
use super::wire::{self, List, MOST, Object};

/// A past call, or one that goes on.
pub(super) fn call(raw: &wire::PastCall<'_>, country: Country) -> Result<PastCall, Vec<WebhookFault>> {
    let mut faults = Faults::default();
    let started_at = faults.time(Path::of("started_at"), &raw.started_at);
    let finished_at = faults.optional_time(Path::of("finished_at"), &raw.finished_at);
    let call = faults.id(Path::of("call_id"), &raw.call_id);
    let direction = faults.word(Path::of("direction"), &raw.direction, DIRECTIONS);
    let client_phone = parse::client_phone(&raw.client_phone, country, &mut faults);
    let vats_phone = parse::vats_phone(&raw.vats_phone, country, &mut faults);
    let request = faults.guid(Path::of("request_id"), &raw.request_id).map(Into::into);
    let legs = legs(&raw.legs, &mut faults);
    let (Some(call), Some(started_at), true) = (call, started_at, faults.found.is_empty()) else {
        return Err(faults.found);
    };
    let call = call.into();
    Ok(PastCall { call, direction, client_phone, vats_phone, request, started_at, finished_at, legs })
}

fn legs(raw: &List<wire::PastLeg<'_>>, faults: &mut Faults) -> Vec<PastLeg> {
    match raw {
        List::Absent => Vec::new(),
        List::Are(items, total) if *total <= MOST => {
            let read = |(index, item): (usize, &Object<wire::PastLeg<'_>>)| {
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

fn leg(at: Path<'_>, raw: &wire::PastLeg<'_>, faults: &mut Faults) -> Option<PastLeg> {
    let id = faults.id(at.field("id"), &raw.id);
    let from = parse::party(at.field("from"), &raw.from, faults);
    let to = parse::party(at.field("to"), &raw.to, faults);
    let started_at = faults.time(at.field("started_at"), &raw.started_at);
    let answered_at = faults.optional_time(at.field("answered_at"), &raw.answered_at);
    let finished_at = faults.optional_time(at.field("finished_at"), &raw.finished_at);
    let recording = recording(at, raw, id, faults);
    let (id, started_at) = (id?.into(), started_at?);
    Some(PastLeg { id, from, to, started_at, answered_at, finished_at, recording, rough: false })
}

/// The recording of a leg may leave its `leg_id` out: it stands inside the leg.
fn recording(
    at: Path<'_>,
    raw: &wire::PastLeg<'_>,
    leg: Option<&str>,
    faults: &mut Faults,
) -> Option<Recording> {
    let at = at.field("recording");
    let raw = faults.object(at, &raw.recording, None)?;
    let named = faults.optional_id(at.field("leg_id"), &raw.leg_id);
    parse::recording(at, raw, named.or(leg), faults)
}

#[cfg(test)]
mod tests;
