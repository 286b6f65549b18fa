//! Syncs by our own schedule, so that the history is read even if Kontur stopped asking for it. Which is due when is pure.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{InstanceId, Workspace};
use domain::schedule::Zone;
use domain::sync::SyncSettings;

use super::{SyncRequest, can_be_synced};
use crate::Engine;
use crate::happening;

/// Workspaces do not all begin in the same second.
const SPREAD: u64 = 30;

/// It is looked at least so often: settings change, and clocks are set.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// When what is due.
#[derive(Debug, Default)]
pub(crate) struct Timetable(HashMap<InstanceId, Times>);

#[derive(Debug)]
struct Times {
    settings: SyncSettings,
    zone: Zone,
    /// Since when the next times are those that are noted here.
    since: Timestamp,
    news: Option<Timestamp>,
    again: Option<Timestamp>,
}

impl Times {
    fn of(settings: &SyncSettings, zone: Zone, spread: Duration, now: Timestamp) -> Self {
        let next = |at: Option<Timestamp>| at.map(|at| at.plus(spread));
        Self {
            news: next(settings.schedule.next_after(now, zone)),
            again: next(settings.again.next_after(now, zone)),
            settings: settings.clone(),
            zone,
            since: now,
        }
    }

    fn next(&self) -> Option<Timestamp> {
        [self.news, self.again].into_iter().flatten().min()
    }
}

impl Timetable {
    /// What is due of an instance by now. `asked`: when Kontur, or somebody else, last asked for a regular sync; who was
    /// asked need not ask itself.
    pub(crate) fn due(
        &mut self,
        instance: InstanceId,
        spread: Duration,
        (settings, zone): (&SyncSettings, Zone),
        asked: Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<SyncRequest> {
        let fresh = || Times::of(settings, zone, spread, now);
        let times = match self.0.entry(instance) {
            Entry::Vacant(new) => new.insert(fresh()),
            Entry::Occupied(known) => known.into_mut(),
        };
        // Other settings, or a clock that was set back.
        if times.settings != *settings || times.zone != zone || times.since > now {
            *times = fresh();
        }
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let (news, again) = (is_due(times.news), is_due(times.again));
        if !news && !again {
            return Vec::new();
        }
        let was_asked = asked.is_some_and(|at| at >= times.since);
        let due = [(news && !was_asked, SyncRequest::News), (again, SyncRequest::Again)];
        // What is spread is still before the next time by the schedule.
        let since = now.minus(spread);
        *times = Times { since: now, ..Times::of(settings, zone, spread, since) };
        due.into_iter().filter(|(is_due, _)| *is_due).map(|(_, request)| request).collect()
    }

    /// When something is due next.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.values().filter_map(Times::next).min()
    }

    /// Forgets all but these.
    fn keep(&mut self, is_there: impl Fn(InstanceId) -> bool) {
        self.0.retain(|instance, _| is_there(*instance));
    }
}

/// How long after the scheduled second a workspace begins: always as long.
fn spread(workspace: &Workspace) -> Duration {
    let mut hasher = DefaultHasher::new();
    workspace.as_str().hash(&mut hasher);
    Duration::from_secs(hasher.finish() % SPREAD)
}

/// Runs until the engine stops.
pub(crate) async fn run(engine: Arc<Engine>) {
    let stop = engine.stop.clone();
    let mut timetable = Timetable::default();
    let keeping = async {
        loop {
            engine.begin_due_syncs(&mut timetable).await;
            let now = engine.clock.now();
            let wait = timetable.next().map_or(LOOK_EVERY, |at| at.since(now));
            tokio::time::sleep(wait.clamp(Duration::from_secs(1), LOOK_EVERY)).await;
        }
    };
    stop.run_until_cancelled(keeping).await;
}

impl Engine {
    async fn begin_due_syncs(self: &Arc<Self>, timetable: &mut Timetable) {
        let now = self.clock.now();
        timetable.keep(|instance| self.instances.get(instance).is_some());
        for instance in self.our_instances() {
            let live = instance.live();
            let settings = (&live.settings.sync, live.settings.time_zone);
            let asked = self.syncing.asked_for_news(instance.id);
            for request in timetable.due(instance.id, spread(&instance.workspace), settings, asked, now) {
                if can_be_synced(&instance).is_err() {
                    continue;
                }
                if let Err(error) = self.begin_run(&instance, request).await {
                    happening::background_failed(&instance.workspace, "sync", &error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: InstanceId = InstanceId(1);

    fn at(clock: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-11-22T{clock}Z")).unwrap()
    }

    fn look(table: &mut Timetable, asked: Option<&str>, now: &str) -> Vec<SyncRequest> {
        let settings = SyncSettings::default();
        let (spread, zone) = (Duration::from_secs(10), Zone::UTC);
        table.due(INSTANCE, spread, (&settings, zone), asked.map(at), at(now))
    }

    #[test]
    fn the_history_is_read_every_five_minutes() {
        let mut table = Timetable::default();
        assert_eq!(look(&mut table, None, "10:01:00"), []);
        assert_eq!(table.next(), Some(at("10:05:10")));
        assert_eq!(look(&mut table, None, "10:05:09"), []);
        assert_eq!(look(&mut table, None, "10:05:10"), [SyncRequest::News]);
        assert_eq!(look(&mut table, None, "10:05:11"), [], "once");
        assert_eq!(table.next(), Some(at("10:10:10")));
    }

    #[test]
    fn who_was_asked_by_kontur_does_not_ask_itself() {
        let mut table = Timetable::default();
        look(&mut table, None, "10:01:00");
        assert_eq!(look(&mut table, Some("10:04:00"), "10:05:10"), []);
        assert_eq!(look(&mut table, Some("10:04:00"), "10:10:10"), [SyncRequest::News], "Kontur has stopped");
    }

    #[test]
    fn the_last_day_is_read_again_at_night() {
        let mut table = Timetable::default();
        look(&mut table, None, "03:16:00");
        assert_eq!(look(&mut table, Some("03:17:00"), "03:17:30"), [SyncRequest::Again]);
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nothing() {
        let mut table = Timetable::default();
        look(&mut table, None, "10:01:00");
        assert_eq!(look(&mut table, None, "08:01:00"), []);
        assert_eq!(table.next(), Some(at("08:05:10")));
    }

    #[test]
    fn other_settings_are_followed_at_once() {
        let mut table = Timetable::default();
        look(&mut table, None, "10:01:00");
        let hourly = SyncSettings { schedule: "0 * * * *".parse().unwrap(), ..SyncSettings::default() };
        let zone = Zone::UTC;
        table.due(INSTANCE, Duration::ZERO, (&hourly, zone), None, at("10:02:00"));
        assert_eq!(table.next(), Some(at("11:00:00")));
    }
}
