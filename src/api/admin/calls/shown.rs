//! Calls as administrators see them.

use domain::call::event::{Party, Recording};
use domain::call::leg::Leg;
use domain::call::{Call, CallReference};
use domain::clock::Timestamp;
use domain::id::LegId;
use domain::recording::{RecordingState, open_link};
use poem_openapi::Object;
use storage::calls::{EventRecord, StoredCall, state_word};
use storage::parked::Parked;
use storage::recordings::RecordingRecord;

use crate::api::Workspaces;
use crate::api::admin::deliveries::shown::{TracedDelivery, without_credentials};
use crate::api::admin::types::{Moment, Vocabulary, Word};

/// Where a call stands.
pub(super) struct States;

impl Vocabulary for States {
    const WORDS: &'static [&'static str] = &["active", "answered", "missed", "failed"];
}

/// A call as a list shows it.
#[derive(Debug, Object)]
pub(super) struct CallSummary {
    /// Its number here.
    id: i64,
    /// The workspace; `null` once its integration was deleted.
    workspace: Option<String>,
    /// The telephony's id of the call: Kontur's `externalId`.
    external_id: String,
    /// Its short name in comments.
    reference: Option<String>,
    /// Kontur's communication, once known (GUID).
    communication_id: Option<String>,
    /// `inbound`, `outbound` or `internal`.
    direction: String,
    /// Whether it goes on or how it ended: `missed` is an inbound call nobody answered, `failed` an outgoing one that
    /// did not come through.
    state: Word<States>,
    /// The client's number; `anonymous` if it was withheld.
    client_phone: String,
    /// The company's number, if it is known.
    vats_phone: Option<String>,
    /// When it began.
    started_at: Moment,
    /// When the first conversation began.
    answered_at: Option<Moment>,
    /// When it ended.
    finished_at: Option<Moment>,
    /// Whether it counts as over although the telephony never said so: `finished_at` is when it was last known to go
    /// on.
    end_inferred: bool,
    /// Whether its end was inferred and the telephony told the real one later. Kontur and Workonflow keep what they were
    /// told by then.
    end_corrected: bool,
    /// Why it ended without a conversation, if the telephony said.
    reason: Option<String>,
}

/// One side of a leg.
#[derive(Debug, Object)]
struct Side {
    /// `client` or `user`.
    #[oai(rename = "type")]
    kind: String,
    /// The employee's extension.
    extension: Option<String>,
}

/// A leg: a conversation between two participants, or the attempt at one.
#[derive(Debug, Object)]
struct LegShown {
    /// The telephony's id of the leg: Kontur's `externalCallItemId`.
    id: String,
    /// Who calls.
    from: Side,
    /// Who is called.
    to: Side,
    /// When it came up.
    appeared_at: Moment,
    /// When it was picked up.
    answered_at: Option<Moment>,
    /// When it ended, by itself or with the call.
    finished_at: Option<Moment>,
    /// Whether it is on hold now.
    held: bool,
    /// Why it ended, if the telephony said.
    reason: Option<String>,
    /// Its recording.
    recording: Option<RecordingShown>,
}

/// The recording of a leg.
#[derive(Debug, Object)]
struct RecordingShown {
    /// Where the telephony keeps it, without credentials.
    url: String,
    /// MIME type, if the telephony said.
    content_type: Option<String>,
    /// Bytes, if the telephony said.
    size: Option<u64>,
}

/// How far a recording is.
pub(super) struct RecordingStates;

impl Vocabulary for RecordingStates {
    const WORDS: &'static [&'static str] =
        &["expected", "available", "fetched", "attached", "none", "failed"];
}

/// What keeps a recording from being brought.
pub(super) struct RecordingFaults;

impl Vocabulary for RecordingFaults {
    const WORDS: &'static [&'static str] =
        &["not_there", "not_audio", "empty", "too_large", "forbidden", "refused", "trouble", "not_taken"];
}

/// A recording on its way.
#[derive(Debug, Object)]
struct TrackedShown {
    /// The leg that was recorded.
    leg_id: String,
    /// How far it is: `expected` (the telephony may yet tell of it), `available` (it told where it is), `fetched`,
    /// `attached` (its call has it in Kontur), `none` (it was never told of), `failed`.
    state: Word<RecordingStates>,
    /// Why it failed; of one that has not, what went wrong last.
    fault: Option<Word<RecordingFaults>>,
    /// The fault in words.
    reason: Option<String>,
    /// Bytes, if known.
    size: Option<u64>,
    /// MIME type, if known.
    content_type: Option<String>,
    /// Where the telephony keeps it; `null` if the URL carries a credential.
    url: Option<String>,
    /// Since when all this is so; `null` of what is only `expected` or `none`.
    updated_at: Option<Moment>,
}

/// An event of a call.
#[derive(Debug, Object)]
struct EventShown {
    /// The telephony's id of the event, or ours of one that was made here.
    id: String,
    /// What happened, in the words of the generic PBX contract; also `call.in_history` (read from the history),
    /// `call.goes_on` (the telephony was asked) and `call.end_inferred`.
    #[oai(rename = "type")]
    kind: String,
    /// To which leg.
    leg_id: Option<String>,
    /// When it happened, by the telephony's clock.
    at: Moment,
    /// When it came here.
    received_at: Moment,
    /// Whether it came in a `webhook` or was made here or read from `history`.
    source: String,
}

/// A call with all that happened to it.
#[derive(Debug, Object)]
pub(super) struct Timeline {
    #[oai(flatten)]
    call: CallSummary,
    /// Its legs.
    legs: Vec<LegShown>,
    /// How far the recording of each answered leg is on its way to Kontur.
    recordings: Vec<TrackedShown>,
    /// Its events in the order they happened.
    events: Vec<EventShown>,
    /// What remote systems were told of it, in the order it was planned.
    deliveries: Vec<TracedDelivery>,
    /// Whether its registration waits for its extensions to be given to users; `null` if it does not.
    registration_parked: Option<RegistrationParked>,
}

/// A registration that waits for users.
#[derive(Debug, Object)]
struct RegistrationParked {
    /// Then the call is registered without a user.
    until: Moment,
    /// The extensions that are to be given to users.
    extensions: Vec<String>,
}

impl CallSummary {
    /// What a list shows of `stored`.
    pub(super) fn of(stored: &StoredCall, workspaces: &Workspaces) -> Self {
        let call = &stored.call;
        let workspace = workspaces.get(&stored.instance);
        let communication = stored.communication.as_ref().or(call.request());
        Self {
            id: stored.id.0,
            workspace: workspace.map(ToString::to_string),
            external_id: stored.external_id.to_string(),
            reference: workspace.map(|name| CallReference::of(name, &stored.external_id).to_string()),
            communication_id: communication.map(ToString::to_string),
            direction: call.direction().word().to_owned(),
            state: Word::of(state_word(call)),
            client_phone: call.client_phone().as_str().to_owned(),
            vats_phone: call.vats_phone().map(|phone| phone.as_str().to_owned()),
            started_at: call.began_at().into(),
            answered_at: call.answered_at().map(Moment::from),
            finished_at: call.ended_at().map(Moment::from),
            end_inferred: call.end_is_inferred(),
            end_corrected: call.end_was_corrected(),
            reason: call.reason().map(|reason| reason.word().to_owned()),
        }
    }
}

impl Timeline {
    /// What is shown of `timeline`.
    pub(super) fn of(timeline: engine::admin::Timeline, workspaces: &Workspaces, now: Timestamp) -> Self {
        let call = &timeline.stored.call;
        let legs = call.legs().iter().map(|(id, leg)| LegShown::of(id, leg, call));
        let mut legs: Vec<_> = legs.collect();
        legs.sort_by_key(|leg| leg.appeared_at.0);
        let deliveries = timeline.deliveries.into_iter();
        Self {
            call: CallSummary::of(&timeline.stored, workspaces),
            recordings: tracked(call, timeline.recordings, now),
            legs,
            events: timeline.events.into_iter().map(EventShown::of).collect(),
            deliveries: deliveries.map(|traced| TracedDelivery::of(traced, workspaces)).collect(),
            registration_parked: timeline.parked.as_ref().map(RegistrationParked::of),
        }
    }
}

impl RegistrationParked {
    fn of(parked: &Parked) -> Self {
        Self {
            until: parked.until.into(),
            extensions: parked.extensions.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Those of which the telephony told, then the answered legs of a finished call without one.
fn tracked(call: &Call, known: Vec<RecordingRecord>, now: Timestamp) -> Vec<TrackedShown> {
    let untold = call.ended_at().filter(|_| call.is_closed()).into_iter().flat_map(|ended_at| {
        let talked = call.legs().iter().filter(|(_, leg)| leg.conversation_began_at().is_some());
        let without = talked.filter(|(id, _)| call.recording(id).is_none());
        without.map(move |(id, _)| TrackedShown::untold(id, RecordingState::untold(ended_at, now)))
    });
    let untold: Vec<_> = untold.collect();
    known.into_iter().map(|record| TrackedShown::of(record, call)).chain(untold).collect()
}

impl TrackedShown {
    fn of(record: RecordingRecord, call: &Call) -> Self {
        let RecordingRecord { leg, tracked, updated_at } = record;
        Self {
            state: Word::of(tracked.state.word()),
            fault: tracked.fault.map(|fault| Word::of(fault.word())),
            reason: tracked.reason,
            size: tracked.size,
            content_type: tracked.content_type,
            url: call.recording(&leg).and_then(|recording| open_link(&recording.url)),
            updated_at: Some(updated_at.into()),
            leg_id: leg.to_string(),
        }
    }

    fn untold(leg: &LegId, state: RecordingState) -> Self {
        let (fault, reason, size, content_type, url, updated_at) = (None, None, None, None, None, None);
        let (leg_id, state) = (leg.to_string(), Word::of(state.word()));
        Self { leg_id, state, fault, reason, size, content_type, url, updated_at }
    }
}

impl LegShown {
    fn of(id: &LegId, leg: &Leg, call: &Call) -> Self {
        Self {
            id: id.to_string(),
            from: Side::of(leg.from()),
            to: Side::of(leg.to()),
            appeared_at: leg.appeared_at().into(),
            answered_at: leg.answered_at().map(Moment::from),
            finished_at: call.leg_ended_at(leg).map(Moment::from),
            held: leg.is_held(),
            reason: leg.end_reason().map(|reason| reason.word().to_owned()),
            recording: call.recording(id).map(RecordingShown::of),
        }
    }
}

impl RecordingShown {
    fn of(recording: &Recording) -> Self {
        Self {
            url: without_credentials(&recording.url),
            content_type: recording.content_type.clone(),
            size: recording.size,
        }
    }
}

impl Side {
    fn of(party: &Party) -> Self {
        match party {
            Party::Client => Self { kind: "client".to_owned(), extension: None },
            Party::User { extension } => {
                Self { kind: "user".to_owned(), extension: Some(extension.to_string()) }
            }
        }
    }
}

impl EventShown {
    fn of(record: EventRecord) -> Self {
        let source = if record.raw_request.is_some() { "webhook" } else { "history" };
        Self {
            id: record.event_id,
            kind: record.kind,
            leg_id: record.leg_id,
            at: record.at.into(),
            received_at: record.received_at.into(),
            source: source.to_owned(),
        }
    }
}
