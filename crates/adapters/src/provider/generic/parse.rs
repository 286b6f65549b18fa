//! Webhook bodies → call events. Pure, and read in one pass: this is where every call comes in. Values are borrowed
//! from the body; only what an event keeps is copied.

use domain::call::event::{CallEvent, Happening, LegChange, LegEvent, Party, Reason, Recording};
use domain::id::Extension;
use domain::phone::{Country, Phone};
use domain::port::provider::{WebhookError, WebhookFault};

use super::fields::{DIRECTIONS, Faults, Path};
use super::wire::{self, List, MOST, Object, Scalar};

const BODY: &str = "expected one event as a JSON object, or {\"events\":[…]}";

/// The events of a body: one event, or a batch of 1 to [`MOST`]. One fault refuses the whole body.
pub(super) fn events(body: &[u8], country: Country) -> Result<Vec<CallEvent>, WebhookError> {
    let body: Object<wire::Event<'_>> = serde_json::from_slice(body)
        .map_err(|error| whole_body(format!("not a JSON body as expected: {error}; {BODY}")))?;
    let Object::Is(outer) = body else {
        return Err(whole_body(BODY.to_owned()));
    };
    let mut faults = Faults::default();
    let events = match &outer.events {
        List::Absent => single(&outer, country, &mut faults),
        List::Are(items, total) => batch(&outer, items, *total, country, &mut faults),
        List::Other(found) => {
            faults.note("events", format!("is {found}; expected a list of 1 to {MOST} events"));
            Vec::new()
        }
    };
    if faults.found.is_empty() { Ok(events) } else { Err(WebhookError::Invalid(faults.found)) }
}

fn whole_body(message: String) -> WebhookError {
    WebhookError::Invalid(vec![WebhookFault { index: None, field: String::new(), message }])
}

fn single(raw: &wire::Event<'_>, country: Country, faults: &mut Faults) -> Vec<CallEvent> {
    faults.index = Some(0);
    event(raw, country, faults).into_iter().collect()
}

fn batch(
    outer: &wire::Event<'_>,
    items: &[Object<wire::Event<'_>>],
    total: usize,
    country: Country,
    faults: &mut Faults,
) -> Vec<CallEvent> {
    if !matches!(outer.kind, Scalar::Absent) {
        faults.note("events", "stands beside an event of its own; expected either one event or a list");
    }
    if !(1..=MOST).contains(&total) {
        faults.note("events", format!("has {total} events; expected 1 to {MOST}"));
    }
    let mut events = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        faults.index = Some(index);
        match item {
            Object::Is(raw) => events.extend(event(raw, country, faults)),
            Object::Absent => faults.note("", "is null; expected an event"),
            Object::Other(found) => faults.note("", format!("is {found}; expected an event")),
        }
    }
    events
}

/// Every field is read before the event is put together, so that all faults are found at once.
fn event(raw: &wire::Event<'_>, country: Country, faults: &mut Faults) -> Option<CallEvent> {
    let id = faults.id(Path::of("id"), &raw.id);
    let happening = happening(raw, faults);
    let at = faults.time(Path::of("at"), &raw.at);
    let call = faults.id(Path::of("call_id"), &raw.call_id);
    let direction = faults.word(Path::of("direction"), &raw.direction, DIRECTIONS);
    let client_phone = client_phone(&raw.client_phone, country, faults);
    let vats_phone = vats_phone(&raw.vats_phone, country, faults);
    let request = faults.guid(Path::of("request_id"), &raw.request_id);
    Some(CallEvent {
        id: id?.into(),
        at: at?,
        call: call?.into(),
        direction,
        client_phone,
        vats_phone,
        request: request.map(Into::into),
        happening: happening?,
    })
}

pub(super) fn client_phone(raw: &Scalar<'_>, country: Country, faults: &mut Faults) -> Option<Phone> {
    faults.phone(Path::of("client_phone"), raw).map(|text| Phone::normalise(text, country))
}

/// A company does not withhold its own number from its own PBX: text without digits means that it is not known.
pub(super) fn vats_phone(raw: &Scalar<'_>, country: Country, faults: &mut Faults) -> Option<Phone> {
    let text = faults.phone(Path::of("vats_phone"), raw)?;
    Some(Phone::normalise(text, country)).filter(|phone| !phone.is_anonymous())
}

/// What an event's `type` says, before the rest of the event is looked at.
#[derive(Clone, Copy)]
enum Kind {
    CallStarted,
    CallFinished,
    CallFailed,
    Leg(LegChange),
    LegEnded,
    RecordingReady,
}

const KINDS: &[(&str, Kind)] = &[
    ("call.started", Kind::CallStarted),
    ("leg.ringing", Kind::Leg(LegChange::Ringing)),
    ("leg.answered", Kind::Leg(LegChange::Answered)),
    ("leg.held", Kind::Leg(LegChange::Held)),
    ("leg.resumed", Kind::Leg(LegChange::Resumed)),
    ("leg.ended", Kind::LegEnded),
    ("call.finished", Kind::CallFinished),
    ("call.failed", Kind::CallFailed),
    ("recording.ready", Kind::RecordingReady),
];

const REASONS: &[(&str, Reason)] = &[
    (Reason::Busy.word(), Reason::Busy),
    (Reason::NoAnswer.word(), Reason::NoAnswer),
    (Reason::Cancelled.word(), Reason::Cancelled),
    (Reason::Unreachable.word(), Reason::Unreachable),
    (Reason::Rejected.word(), Reason::Rejected),
    (Reason::Error.word(), Reason::Error),
];

fn happening(raw: &wire::Event<'_>, faults: &mut Faults) -> Option<Happening> {
    let reason = faults.word(Path::of("reason"), &raw.reason, REASONS);
    Some(match faults.required_word(Path::of("type"), &raw.kind, KINDS)? {
        Kind::CallStarted => Happening::CallStarted,
        Kind::CallFinished => Happening::CallFinished(reason),
        Kind::CallFailed => Happening::CallFailed(reason),
        Kind::Leg(change) => Happening::Leg(leg(&raw.leg, change, faults)?),
        Kind::LegEnded => Happening::Leg(leg(&raw.leg, LegChange::Ended(reason), faults)?),
        Kind::RecordingReady => Happening::RecordingReady(required_recording(&raw.recording, faults)?),
    })
}

fn leg(raw: &Object<wire::Leg<'_>>, change: LegChange, faults: &mut Faults) -> Option<LegEvent> {
    let at = Path::of("leg");
    let raw = faults.object(at, raw, Some("the leg: {\"id\",\"from\",\"to\"}"))?;
    let id = faults.id(at.field("id"), &raw.id);
    let from = party(at.field("from"), &raw.from, faults);
    let to = party(at.field("to"), &raw.to, faults);
    Some(LegEvent { id: id?.into(), from, to, change })
}

#[derive(Clone, Copy)]
enum Side {
    Client,
    User,
}

/// One side of a leg, if it is given.
pub(super) fn party(at: Path<'_>, raw: &Object<wire::Party<'_>>, faults: &mut Faults) -> Option<Party> {
    let raw = faults.object(at, raw, None)?;
    match faults.required_word(
        at.field("type"),
        &raw.kind,
        &[("client", Side::Client), ("user", Side::User)],
    )? {
        Side::Client => Some(Party::Client),
        Side::User => {
            let extension = faults.id(at.field("extension"), &raw.extension)?;
            Some(Party::User { extension: Extension::new(extension) })
        }
    }
}

fn required_recording(raw: &Object<wire::Recording<'_>>, faults: &mut Faults) -> Option<Recording> {
    let at = Path::of("recording");
    let raw =
        faults.object(at, raw, Some("the recording: {\"leg_id\",\"url\",\"content_type\",\"size\"}"))?;
    let leg = faults.id(at.field("leg_id"), &raw.leg_id);
    recording(at, raw, leg, faults)
}

/// A recording of `leg`; its URL is looked at again when it is fetched.
pub(super) fn recording(
    at: Path<'_>,
    raw: &wire::Recording<'_>,
    leg: Option<&str>,
    faults: &mut Faults,
) -> Option<Recording> {
    let url = recording_url(at.field("url"), &raw.url, faults);
    let content_type =
        faults.text(at.field("content_type"), &raw.content_type, "a MIME type such as \"audio/mpeg\"");
    let size = size(at.field("size"), &raw.size, faults);
    Some(Recording {
        leg: leg?.into(),
        url: url?.to_owned(),
        content_type: content_type.map(str::to_owned),
        size,
    })
}

const URL: &str = "an absolute http or https URL";

/// The URL may carry a credential, so faults do not repeat it.
fn recording_url<'a>(at: Path<'_>, raw: &'a Scalar<'_>, faults: &mut Faults) -> Option<&'a str> {
    let text = faults.text(at, raw, URL);
    let text = faults.required(at, text, matches!(raw, Scalar::Absent), URL)?;
    let is_web = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_web {
        faults.note(at, format!("cannot be fetched; expected {URL}"));
    }
    is_web.then_some(text)
}

fn size(at: Path<'_>, raw: &Scalar<'_>, faults: &mut Faults) -> Option<u64> {
    match raw {
        Scalar::Absent => None,
        Scalar::Number(Some(bytes)) => Some(*bytes),
        _ => {
            faults.note(at, "is not a whole number; expected the size in bytes, or null");
            None
        }
    }
}

#[cfg(test)]
mod tests;
