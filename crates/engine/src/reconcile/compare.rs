//! One pass over a span: each day's history page by page, then the calls here that it did not name.

use std::collections::HashSet;
use std::sync::Arc;

use domain::call::past::PastCall;
use domain::clock::Timestamp;
use domain::id::CallId;
use domain::outbox::DestinationKind;
use domain::port::provider::Window;
use domain::reconciliation::{History, Known, Recorded, Report, Sides, Stage, days};
use domain::recording::{Fault, RecordingState, Tracked};
use storage::reconciliations::{Began, Standing};
use storage::recordings::RecordingRecord;

use crate::Engine;
use crate::error::EngineError;
use crate::instance::Instance;
use crate::sync::reading::leads_on;

/// Calls looked at in one go.
const AT_ONCE: u32 = 200;

impl Engine {
    /// Compares all sides of the calls that began within `window`.
    pub(super) async fn compare(&self, instance: &Instance, window: Window) -> Result<Report, EngineError> {
        let mut report = Report::default();
        report.notes.extend(self.read_deletions(instance).await?);
        let has_history = instance.live().connections.provider.capabilities().history;
        if !has_history {
            report.notes.push("this telephony tells no history: nothing to compare with".to_owned());
        }
        for (day, part) in days(window, instance.live().settings.time_zone) {
            let mut named = HashSet::new();
            if has_history {
                self.compare_history(instance, (&day, part), &mut named, &mut report).await?;
            }
            let silent = if has_history { History::Silent } else { History::None };
            self.compare_journal(instance, (&day, part), &named, silent, &mut report).await?;
        }
        Ok(report)
    }

    async fn compare_history(
        &self,
        instance: &Instance,
        (day, part): (&str, Window),
        named: &mut HashSet<CallId>,
        report: &mut Report,
    ) -> Result<(), EngineError> {
        let mut cursor: Option<String> = None;
        loop {
            let provider = Arc::clone(&instance.live().connections.provider);
            let page = provider.history(part, cursor.as_deref()).await?;
            leads_on(&page, cursor.as_deref())?;
            for sides in self.sides_of(instance, page.calls).await? {
                named.extend(sides.known.as_ref().map(|known| known.id));
                report.count(day, &sides);
            }
            if page.next.is_none() {
                return Ok(());
            }
            cursor = page.next;
        }
    }

    /// What goes on is nobody's concern yet.
    async fn sides_of(&self, instance: &Instance, calls: Vec<PastCall>) -> Result<Vec<Sides>, EngineError> {
        let (id, commented) = (instance.id, has_workonflow(instance));
        let read = self.store.read(move |tx| {
            let finished = calls.into_iter().filter(|call| call.finished_at.is_some());
            let sides = finished.map(|call| {
                let recordings = u32::try_from(call.recordings()).unwrap_or(u32::MAX);
                let known = tx.standing_of(id, &call.call)?.map(|standing| known(standing, commented));
                let (external_id, began_at) = (call.call, call.started_at);
                Ok(Sides { external_id, began_at, history: History::Names { recordings }, known })
            });
            sides.collect::<Result<Vec<_>, _>>()
        });
        Ok(read.await?)
    }

    async fn compare_journal(
        &self,
        instance: &Instance,
        (day, part): (&str, Window),
        named: &HashSet<CallId>,
        history: History,
        report: &mut Report,
    ) -> Result<(), EngineError> {
        let (id, commented) = (instance.id, has_workonflow(instance));
        let mut place = before(part.from);
        loop {
            let found = self.store.read(move |tx| tx.standings(id, place, part.to, AT_ONCE)).await?;
            let is_last = found.len() < AT_ONCE as usize;
            for standing in found {
                let (began_at, external_id) =
                    (standing.stored.call.began_at(), standing.stored.external_id.clone());
                place = Began { at: began_at, after: standing.stored.id };
                if !named.contains(&standing.stored.id) {
                    let known = Some(known(standing, commented));
                    report.count(day, &Sides { external_id, began_at, history, known });
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// Before all calls that began at that time.
const fn before(at: Timestamp) -> Began {
    Began { at, after: CallId(0) }
}

fn has_workonflow(instance: &Instance) -> bool {
    instance.live().connections.destinations.contains_key(&DestinationKind::Workonflow)
}

fn known(standing: Standing, commented: bool) -> Known {
    let call = &standing.stored.call;
    let stage = match () {
        () if call.is_closed() && call.could_not_be_placed() => Stage::Unplaced,
        () if standing.stored.told.is_parked() => Stage::Parked,
        () if standing.stored.told.is_settled() => Stage::HandedOn,
        () => Stage::Open,
    };
    Known {
        id: standing.stored.id,
        stage,
        is_deleted: standing.is_deleted,
        registered: standing.registered,
        commented: standing.commented.filter(|_| commented),
        recordings: standing.recordings.into_iter().map(recorded).collect(),
    }
}

fn recorded(recording: RecordingRecord) -> Recorded {
    let Tracked { state, fault, reason, .. } = recording.tracked;
    match (state, fault) {
        (RecordingState::Attached, _) => Recorded::Attached,
        (RecordingState::Failed, Some(Fault::TooLarge)) => Recorded::TooLarge(reason.unwrap_or_default()),
        (RecordingState::Failed, _) => Recorded::Failed(reason.unwrap_or_default()),
        _ => Recorded::OnItsWay,
    }
}
