//! Calls as they become known, and deliveries of them.

use domain::call::event::{CallEvent, Direction, Happening, LegChange, LegEvent, Party, Recording};
use domain::call::{Call, CallReference};
use domain::clock::Timestamp;
use domain::directory::Directory;
use domain::id::{CommunicationId, EventId, ExternalId};
use domain::instance::settings::UserMapping;
use domain::outbox::{Notice, Outcome};
use domain::phone::{Country, Phone};
use domain::plan::Told;
use domain::port::destination::{CustomerHistory, Delivery, Destination, Effect, Report};
use serde_json::Value;

use super::{START, Simulated, USER};

/// A call with what is remembered of it between deliveries, as the engine does.
pub(super) struct Story {
    pub(super) call: Call,
    pub(super) communication: Option<CommunicationId>,
    /// Told next to nobody: the deliveries that follow from others.
    pub(super) follow: Vec<Notice>,
    external_id: ExternalId,
    told: Told,
    events: u32,
}

impl Story {
    pub(super) fn new(external_id: &str) -> Self {
        Self {
            call: Call::default(),
            communication: None,
            follow: Vec::new(),
            external_id: external_id.into(),
            told: Told::default(),
            events: 0,
        }
    }

    /// A call answered by the only employee, with a recording, over.
    pub(super) fn answered(external_id: &str) -> Self {
        let mut story = Self::new(external_id);
        story.happens(Happening::CallStarted);
        story.leg(LegChange::Ringing);
        story.leg(LegChange::Answered);
        story.leg(LegChange::Held);
        story.leg(LegChange::Resumed);
        story.leg(LegChange::Ended(None));
        story.happens(Happening::CallFinished(None));
        let url = "https://pbx.example.ru/r/1.mp3".to_owned();
        let recording = Recording { leg: "leg-1".into(), url, content_type: None, size: None };
        story.happens(Happening::RecordingReady(recording));
        story
    }

    pub(super) fn leg(&mut self, change: LegChange) {
        let to = Some(Party::User { extension: "101".into() });
        self.happens(Happening::Leg(LegEvent { id: "leg-1".into(), from: Some(Party::Client), to, change }));
    }

    pub(super) fn happens(&mut self, happening: Happening) {
        self.asked_for(happening, None);
    }

    pub(super) fn asked_for(&mut self, happening: Happening, request: Option<CommunicationId>) {
        self.events += 1;
        let direction = if request.is_some() { Direction::Outbound } else { Direction::Inbound };
        self.call.fold(&CallEvent {
            id: EventId::from(format!("e-{}", self.events)),
            at: Timestamp::from_micros(START.micros() + i64::from(self.events) * 1_000_000),
            call: self.external_id.clone(),
            direction: Some(direction),
            client_phone: Some(Phone::normalise("+7 999 777-55-33", Country::RU)),
            vats_phone: Some(Phone::normalise("79229929292", Country::RU)),
            request,
            happening,
        });
    }

    /// What there is to tell live.
    pub(super) fn untold(&mut self) -> Vec<Notice> {
        self.told.catch_up(&self.call)
    }

    /// One attempt; what follows from it is remembered.
    pub(super) async fn attempt(
        &mut self,
        at: &Simulated,
        notice: &Notice,
        suspect: bool,
        progress: &Value,
    ) -> Report {
        let report = self.attempt_at(&at.adapter, notice, suspect, progress).await;
        for effect in &report.effects {
            match effect {
                Effect::Communication(id) => self.communication = Some(id.clone()),
                Effect::Follow(notice) => self.follow.push(notice.clone()),
                Effect::Recording { .. } => {}
                other => assert!(matches!(other, Effect::Communication(_)), "no effect of Kontur: {other:?}"),
            }
        }
        report
    }

    pub(super) async fn attempt_at(
        &self,
        adapter: &impl Destination,
        notice: &Notice,
        suspect: bool,
        progress: &Value,
    ) -> Report {
        let user = UserMapping::always(USER.into(), "101".into());
        let delivery = Delivery {
            notice,
            call: &self.call,
            external_id: &self.external_id,
            reference: &CallReference::of(&"acme".into(), &self.external_id),
            communication: self.communication.as_ref(),
            directory: &Directory::new(vec![user]).expect("no conflict"),
            customer: &CustomerHistory::default(),
            suspect,
            progress,
            now: START,
        };
        adapter.deliver(&delivery).await
    }

    /// A first attempt that has to succeed.
    pub(super) async fn tell(&mut self, at: &Simulated, notice: &Notice) -> Report {
        let report = self.attempt(at, notice, false, &Value::Null).await;
        assert_eq!(report.outcome, Outcome::Delivered, "{notice:?}");
        report
    }

    /// Attempts until delivered, looking up where an attempt ended in doubt; gives the number of attempts.
    pub(super) async fn insist(&mut self, at: &Simulated, notice: &Notice) -> usize {
        let (mut suspect, mut progress) = (false, Value::Null);
        for attempt in 1..10 {
            let report = self.attempt(at, notice, suspect, &progress).await;
            progress = report.progress;
            match report.outcome {
                Outcome::Delivered => return attempt,
                Outcome::Retry { ambiguous, .. } => suspect = ambiguous,
                Outcome::Skipped { reason } | Outcome::Dead { reason, .. } => {
                    panic!("{notice:?} is dead: {reason}")
                }
            }
        }
        panic!("{notice:?} is never delivered")
    }
}
