//! A telephony system.

mod history;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::call::event::{CallEvent, Direction, Happening, LegChange, LegEvent, Party, Recording};
use domain::call::past::{PastCall, PastLeg};
use domain::clock::Timestamp;
use domain::id::{ExternalId, LegId};
use domain::phone::Phone;
use domain::port::provider::{
    Capabilities, DialRequest, Ear, HistoryPage, Provider, WebhookError, WebhookFault, WebhookRequest, Window,
};
use domain::port::recordings::{FetchError, Fetched, Sink};
use domain::port::{RemoteError, RemoteErrorKind};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub use self::history::FakeHistory;
use crate::{START, lock};

/// The header that a webhook has to carry.
pub const SIGNATURE: &str = "x-signature";

/// Its value.
pub const SIGNED: &str = "signed";

/// Look-ups that may be under way at once.
const TURNS: usize = 64;

/// A telephony system whose webhooks are lines `SECONDS EVENT CALL WHAT [LEG] [OPTION]…`, such as
/// `3.5 e2 c1 leg.answered l1`, of an inbound call that rings at extension 101. The options `to=EXTENSION`,
/// `client=PHONE`, `direction=WORD` and `request=COMMUNICATION` say otherwise.
#[derive(Debug)]
pub struct FakeProvider {
    capabilities: Mutex<Capabilities>,
    dials: Mutex<Vec<DialRequest>>,
    hung_up: Mutex<Vec<LegId>>,
    /// What it tells of the past.
    pub history: FakeHistory,
    calls: Mutex<HashMap<ExternalId, PastCall>>,
    look_ups: Mutex<Vec<ExternalId>>,
    /// Look-ups wait while there is nothing to take.
    look_up_turns: Semaphore,
    trouble: Mutex<Option<RemoteErrorKind>>,
    /// What it tells whoever listens: lines of a webhook, or that the connection is lost.
    tells: UnboundedSender<Option<String>>,
    told: tokio::sync::Mutex<UnboundedReceiver<Option<String>>>,
}

impl Default for FakeProvider {
    fn default() -> Self {
        let capabilities =
            Capabilities { dial: true, hang_up: true, history: true, look_up: true, listen: false };
        let (tells, told) = unbounded_channel();
        Self {
            tells,
            told: told.into(),
            capabilities: Mutex::new(capabilities),
            dials: Mutex::default(),
            hung_up: Mutex::default(),
            history: FakeHistory::default(),
            calls: Mutex::default(),
            look_ups: Mutex::default(),
            look_up_turns: Semaphore::new(TURNS),
            trouble: Mutex::default(),
        }
    }
}

impl FakeProvider {
    /// Can do that and no more from now on.
    pub fn set_capabilities(&self, capabilities: Capabilities) {
        *lock(&self.capabilities) = capabilities;
    }

    /// Answers everything with this error from now on; `None`: works again.
    pub fn fail(&self, trouble: Option<RemoteErrorKind>) {
        *lock(&self.trouble) = trouble;
    }

    /// Tells whoever listens to it what these lines of a webhook say.
    ///
    /// # Panics
    /// Never: it is there as long as it is asked.
    pub fn tell(&self, lines: &str) {
        self.tells.send(Some(lines.to_owned())).expect("it hears itself");
    }

    /// Whoever listens to it loses the connection.
    ///
    /// # Panics
    /// Never: it is there as long as it is asked.
    pub fn lose_connection(&self) {
        self.tells.send(None).expect("it hears itself");
    }

    /// The calls it was asked to place.
    pub fn dials(&self) -> Vec<DialRequest> {
        lock(&self.dials).clone()
    }

    /// The legs it was asked to end.
    pub fn hung_up(&self) -> Vec<LegId> {
        lock(&self.hung_up).clone()
    }

    /// Knows a call from now on, as these lines of a webhook.
    pub fn know(&self, call: &str, lines: &str) {
        let known = past(&self.parse(lines.as_bytes()).expect("lines that are events"));
        lock(&self.calls).insert(call.into(), known);
    }

    /// The calls it was asked about.
    pub fn look_ups(&self) -> Vec<ExternalId> {
        lock(&self.look_ups).clone()
    }

    /// Look-ups get no answer until they are released.
    pub fn hold_look_ups(&self) {
        self.look_up_turns.forget_permits(TURNS);
    }

    /// Look-ups get their answers again.
    pub fn release_look_ups(&self) {
        self.look_up_turns.add_permits(TURNS);
    }

    fn answer(&self, operation: &'static str) -> Result<(), RemoteError> {
        let failed = |kind| Err(RemoteError::new("generic", operation, kind, "made to fail"));
        lock(&self.trouble).map_or(Ok(()), failed)
    }
}

#[async_trait]
impl Provider for FakeProvider {
    fn kind(&self) -> &'static str {
        "generic"
    }

    fn capabilities(&self) -> Capabilities {
        *lock(&self.capabilities)
    }

    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        let is_signed = (request.header)(SIGNATURE) == Some(SIGNED);
        is_signed.then_some(()).ok_or_else(|| WebhookError::Unauthorized("the signature is wrong".to_owned()))
    }

    fn parse(&self, body: &[u8]) -> Result<Vec<CallEvent>, WebhookError> {
        let text = String::from_utf8_lossy(body);
        let events: Vec<_> = text.lines().enumerate().map(|(index, line)| event(line).ok_or(index)).collect();
        let faults = events.iter().filter_map(|event| event.as_ref().err()).map(|index| WebhookFault {
            index: Some(*index),
            field: "line".to_owned(),
            message: "is no event".to_owned(),
        });
        let faults: Vec<_> = faults.collect();
        if faults.is_empty() {
            Ok(events.into_iter().flatten().collect())
        } else {
            Err(WebhookError::Invalid(faults))
        }
    }

    async fn listen(&self, ear: &dyn Ear) -> RemoteError {
        ear.listening().await;
        let mut told = self.told.lock().await;
        while let Some(Some(lines)) = told.recv().await {
            let events = self.parse(lines.as_bytes()).expect("lines that are events");
            ear.hear(lines, events).await;
        }
        RemoteError::new("generic", "listen", RemoteErrorKind::Interrupted, "the connection was lost")
    }

    async fn dial(&self, request: &DialRequest) -> Result<ExternalId, RemoteError> {
        self.answer("place call")?;
        lock(&self.dials).push(request.clone());
        Ok(ExternalId::new(format!("call-of-{}", request.request)))
    }

    async fn hang_up(&self, _: &ExternalId, leg: &LegId) -> Result<(), RemoteError> {
        self.answer("hang up")?;
        lock(&self.hung_up).push(leg.clone());
        Ok(())
    }

    async fn history(&self, window: Window, cursor: Option<&str>) -> Result<HistoryPage, RemoteError> {
        self.answer("read history")?;
        self.history.page(window, cursor)
    }

    async fn call(&self, call: &ExternalId) -> Result<PastCall, RemoteError> {
        lock(&self.look_ups).push(call.clone());
        let _turn = self.look_up_turns.acquire().await;
        self.answer("read call")?;
        let unknown = || RemoteError::new("generic", "read call", RemoteErrorKind::NotFound, "no such call");
        lock(&self.calls).get(call).cloned().ok_or_else(unknown)
    }

    async fn fetch(
        &self,
        _: &ExternalId,
        _: &Recording,
        into: &mut dyn Sink,
        _: u64,
    ) -> Result<Fetched, FetchError> {
        self.answer("fetch recording")?;
        into.restart(None).await?;
        into.append(b"audio").await?;
        let (content_type, file_name) = ("audio/mpeg".to_owned(), "call.mp3".to_owned());
        Ok(Fetched { content_type, file_name, size: 5 })
    }

    async fn check(&self) -> Result<(), RemoteError> {
        self.answer("check")
    }
}

/// What the history says of a call of which these events told; they have to be of one call.
///
/// # Panics
/// Without an event.
pub fn past(events: &[CallEvent]) -> PastCall {
    let first = events.first().expect("an event of the call");
    let ended_at = events.iter().find(|event| event.ends_call()).map(|event| event.at);
    let mut legs: Vec<PastLeg> = Vec::new();
    for event in events {
        match &event.happening {
            Happening::Leg(leg) => leg_of(&mut legs, leg, event.at),
            Happening::RecordingReady(recording) => {
                let of = legs.iter_mut().find(|leg| leg.id == recording.leg);
                of.expect("a leg that was recorded").recording = Some(recording.clone());
            }
            _ => {}
        }
    }
    PastCall {
        call: first.call.clone(),
        direction: first.direction,
        client_phone: first.client_phone.clone(),
        vats_phone: first.vats_phone.clone(),
        request: first.request.clone(),
        started_at: first.at,
        finished_at: ended_at,
        legs,
    }
}

fn leg_of(legs: &mut Vec<PastLeg>, event: &LegEvent, at: Timestamp) {
    let known = legs.iter().position(|leg| leg.id == event.id).unwrap_or_else(|| {
        let (from, to) = (event.from.clone(), event.to.clone());
        legs.push(PastLeg {
            rough: false,
            id: event.id.clone(),
            from,
            to,
            started_at: at,
            answered_at: None,
            finished_at: None,
            recording: None,
        });
        legs.len() - 1
    });
    match event.change {
        LegChange::Answered => legs[known].answered_at = Some(at),
        LegChange::Ended(_) => legs[known].finished_at = Some(at),
        LegChange::Ringing | LegChange::Held | LegChange::Resumed => {}
    }
}

fn event(line: &str) -> Option<CallEvent> {
    let (options, words): (Vec<_>, Vec<_>) = line.split_whitespace().partition(|word| word.contains('='));
    let option = |name: &str| options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
    let [seconds, id, call, what, leg @ ..] = words.as_slice() else { return None };
    let direction = match option("direction") {
        None | Some("inbound") => Direction::Inbound,
        Some("outbound") => Direction::Outbound,
        Some("internal") => Direction::Internal,
        Some(_) => return None,
    };
    Some(CallEvent {
        id: (*id).into(),
        at: START.plus(Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?),
        call: (*call).into(),
        direction: Some(direction),
        client_phone: Some(Phone::from_stored(option("client").unwrap_or("79997775533"))),
        vats_phone: Some(Phone::from_stored("79229929292")),
        request: option("request").map(Into::into),
        happening: happening(what, leg.first().copied(), option("to").unwrap_or("101"))?,
    })
}

fn happening(word: &str, leg: Option<&str>, extension: &str) -> Option<Happening> {
    let of_leg = |change| {
        let to = Party::User { extension: extension.into() };
        Some(Happening::Leg(LegEvent { id: leg?.into(), from: Some(Party::Client), to: Some(to), change }))
    };
    match word {
        "call.started" => Some(Happening::CallStarted),
        "call.finished" => Some(Happening::CallFinished(None)),
        "call.failed" => Some(Happening::CallFailed(None)),
        "leg.ringing" => of_leg(LegChange::Ringing),
        "leg.answered" => of_leg(LegChange::Answered),
        "leg.held" => of_leg(LegChange::Held),
        "leg.resumed" => of_leg(LegChange::Resumed),
        "leg.ended" => of_leg(LegChange::Ended(None)),
        "recording.ready" => Some(Happening::RecordingReady(recording(leg?))),
        _ => None,
    }
}

fn recording(leg: &str) -> Recording {
    Recording { leg: leg.into(), url: format!("https://pbx.test/{leg}"), content_type: None, size: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_events_and_faults_have_their_index() {
        let provider = FakeProvider::default();
        let events = provider.parse(b"0 e1 c1 call.started\n3 e2 c1 leg.answered l1").expect("events");
        assert_eq!(
            events.iter().map(|event| event.happening.word()).collect::<Vec<_>>(),
            ["call.started", "leg.answered"]
        );
        let Err(WebhookError::Invalid(faults)) = provider.parse(b"0 e1 c1 call.started\nnonsense") else {
            panic!("nonsense is taken")
        };
        assert_eq!(faults[0].index, Some(1));
    }
}
