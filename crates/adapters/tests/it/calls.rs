//! Calls as the fold makes them of events, and their deliveries.

use std::time::Duration;

use domain::call::event::{CallEvent, Direction, Happening, LegChange, LegEvent, Party, Reason};
use domain::call::{Call, CallReference};
use domain::clock::Timestamp;
use domain::directory::Directory;
use domain::id::ExternalId;
use domain::instance::settings::UserMapping;
use domain::outbox::{Notice, Outcome};
use domain::phone::{Country, Phone};
use domain::port::destination::{CustomerHistory, Delivery, Destination, Effect, Report};
use serde_json::Value;

pub(crate) const CLIENT: &str = "79997775533";

/// 10:00 in Moscow plus this many seconds.
pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::parse("2026-11-22T10:00:00+03:00").unwrap().plus(Duration::from_secs(seconds))
}

/// One call and what its attempts left behind, as the engine keeps it.
pub(crate) struct Case {
    pub(crate) notice: Notice,
    pub(crate) call: Call,
    pub(crate) external_id: ExternalId,
    pub(crate) directory: Directory,
    pub(crate) customer: CustomerHistory,
    pub(crate) suspect: bool,
    pub(crate) progress: Value,
}

impl Case {
    pub(crate) fn new(notice: Notice, external_id: &str, call: Call) -> Self {
        Self {
            notice,
            call,
            external_id: external_id.into(),
            directory: Directory::default(),
            customer: CustomerHistory::default(),
            suspect: false,
            progress: Value::Null,
        }
    }

    /// The employee at 101 has this id in Workonflow.
    pub(crate) fn with_employee(mut self, workonflow_user_id: &str) -> Self {
        let mapping = UserMapping {
            workonflow_user_id: Some(workonflow_user_id.into()),
            ..UserMapping::always("u-1".into(), "101".into())
        };
        self.directory = Directory::new(vec![mapping]).unwrap();
        self
    }

    pub(crate) fn reference(&self) -> CallReference {
        CallReference::of(&"acme".into(), &self.external_id)
    }

    /// One attempt; keeps its progress and doubts, as the engine does.
    pub(crate) async fn attempt(&mut self, destination: &dyn Destination) -> Report {
        let report = destination
            .deliver(&Delivery {
                notice: &self.notice,
                call: &self.call,
                external_id: &self.external_id,
                reference: &self.reference(),
                communication: None,
                directory: &self.directory,
                customer: &self.customer,
                suspect: self.suspect,
                progress: &self.progress,
                now: at(3600),
            })
            .await;
        self.progress = report.progress.clone();
        self.suspect |= matches!(report.outcome, Outcome::Retry { ambiguous: true, .. });
        report
    }

    /// One attempt that has to succeed; gives its effects.
    #[track_caller]
    pub(crate) fn delivered(&mut self, destination: &dyn Destination) -> impl Future<Output = Vec<Effect>> {
        let caller = std::panic::Location::caller();
        async move {
            let report = self.attempt(destination).await;
            assert_eq!(report.outcome, Outcome::Delivered, "at {caller}");
            report.effects
        }
    }
}

/// A client's call of ten seconds that nobody answered.
pub(crate) fn missed(phone: &str, began: Timestamp) -> Call {
    let end = Some(Reason::NoAnswer);
    told(phone, Direction::Inbound, began, &[(0, LegChange::Ringing), (10, LegChange::Ended(end))])
}

/// A client's call that 101 answered after five seconds, and that lasted a minute and two seconds more.
pub(crate) fn answered(phone: &str, began: Timestamp) -> Call {
    let changes = [(0, LegChange::Ringing), (5, LegChange::Answered), (67, LegChange::Ended(None))];
    told(phone, Direction::Inbound, began, &changes)
}

/// A call of 101 to a client who was busy.
pub(crate) fn failed(phone: &str, began: Timestamp) -> Call {
    let end = Some(Reason::Busy);
    told(phone, Direction::Outbound, began, &[(0, LegChange::Ringing), (10, LegChange::Ended(end))])
}

/// A call of one leg, each change so many seconds after its beginning; it ends with the last.
fn told(phone: &str, direction: Direction, began: Timestamp, changes: &[(u64, LegChange)]) -> Call {
    let (client, user) = (Party::Client, Party::User { extension: "101".into() });
    let (from, to) = if direction == Direction::Inbound { (client, user) } else { (user, client) };
    let leg =
        |change| LegEvent { id: "leg-1".into(), from: Some(from.clone()), to: Some(to.clone()), change };
    let mut happenings = vec![(0, Happening::CallStarted)];
    happenings.extend(changes.iter().map(|(seconds, change)| (*seconds, Happening::Leg(leg(*change)))));
    happenings.extend(changes.last().map(|(seconds, _)| (*seconds, Happening::CallFinished(None))));

    let mut call = Call::default();
    for (index, (seconds, happening)) in happenings.into_iter().enumerate() {
        let event = CallEvent {
            id: format!("evt-{index}").into(),
            at: began.plus(Duration::from_secs(seconds)),
            call: "unused".into(),
            direction: Some(direction),
            client_phone: Some(Phone::normalise(phone, Country::RU)),
            vats_phone: Some(Phone::normalise("79229929292", Country::RU)),
            request: None,
            happening,
        };
        assert!(call.fold(&event), "every event of a test tells something");
    }
    call
}
