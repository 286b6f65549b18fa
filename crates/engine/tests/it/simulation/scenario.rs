//! What a seed decides beforehand: the offices and their calls, when what goes wrong, and for how long.

use std::time::Duration;

use domain::outbox::DestinationKind;
use domain::outbox::schedule::RetrySchedule;
use domain::port::crash::CrashPoint;

use super::dice::Dice;
use super::pbx::{self, Post};
use super::trouble::{DiskTrouble, Spell, Trouble};

/// Crash points that are passed often enough to be met. A CALL passes others, and calls of Kontur are not simulated.
const POINTS: [CrashPoint; 14] = [
    CrashPoint::Recovering,
    CrashPoint::Received,
    CrashPoint::Stored,
    CrashPoint::Folded,
    CrashPoint::Planned,
    CrashPoint::Written,
    CrashPoint::Committed,
    CrashPoint::Acknowledged,
    CrashPoint::Claimed,
    CrashPoint::Loaded,
    CrashPoint::Sending,
    CrashPoint::Answered,
    CrashPoint::Settled,
    CrashPoint::HandedOn,
];

/// One schedule.
pub(super) struct Scenario {
    pub(super) offices: Vec<Office>,
    /// What the PBX of each office sends.
    pub(super) posts: Vec<Post>,
    /// Things go wrong until then; afterwards everything works.
    pub(super) hostile: Duration,
    pub(super) retries: RetrySchedule,
    pub(super) settle: Duration,
    /// How long the registration of a call at an extension of nobody is parked.
    pub(super) unmapped_wait: Duration,
    /// A process that starts later finds everybody in its configuration.
    pub(super) everybody_mapped_from: Duration,
    /// Deliveries under way of one workspace to one destination.
    pub(super) per_queue: usize,
    /// Changes that may wait for the writer.
    pub(super) queue: usize,
    /// A look or a commit takes up to so many milliseconds.
    pub(super) disk_takes: u64,
    pub(super) disk: Vec<Spell<DiskTrouble>>,
    /// When a process ends, and how.
    pub(super) ends: Vec<(Duration, End)>,
    /// At which crash points a process ends, each with how often it is passed before.
    pub(super) deaths: Vec<(CrashPoint, u64)>,
    /// When the clock is set, by how many seconds.
    pub(super) clock_set: Vec<(Duration, i64)>,
    /// When a change comes up that fails by itself.
    pub(super) poison: Vec<Duration>,
}

/// A workspace and its remote systems.
pub(super) struct Office {
    pub(super) workspace: String,
    /// Whether its Kontur has the event feed in which a call in doubt is looked up.
    pub(super) feed: bool,
    pub(super) workonflow: bool,
    pub(super) metabot: bool,
    /// Calls that its Kontur finds wrong, whatever it is told of them.
    pub(super) refused: Vec<String>,
    spells: Vec<(DestinationKind, Spell<Trouble>)>,
    /// How long an exchange takes, in milliseconds at most, by destination.
    takes: [u64; 3],
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Killed.
    Death,
    /// Asked to stop.
    Stop,
}

impl Scenario {
    pub(super) fn of(seed: u64) -> Self {
        let dice = Dice::new(seed, 0);
        let hostile = Duration::from_secs(dice.pick(&[20, 60, 60, 180, 900]));
        let offices: Vec<_> = (0..dice.between(1, 3)).map(|number| office(&dice, number, hostile)).collect();
        let mut ends: Vec<_> = some(&dice, 45, 3)
            .map(|_| (moment(&dice, hostile), dice.pick(&[End::Death, End::Death, End::Stop])))
            .collect();
        ends.sort_by_key(|(at, _)| *at);
        let mut scenario = Self {
            posts: pbx::posts(&dice, offices.len(), hostile),
            hostile,
            retries: retries(&dice),
            settle: Duration::from_millis(dice.pick(&[0, 200, 500, 3_000])),
            per_queue: dice.pick(&[1, 2, 64]),
            queue: dice.pick(&[2, 64, 64]),
            disk_takes: dice.pick(&[1, 5, 20, 400]),
            disk: some(&dice, 40, 3).map(|_| Spell::of(&dice, hostile, DiskTrouble::any(&dice))).collect(),
            ends,
            deaths: some(&dice, 30, 3).map(|_| (dice.pick(&POINTS), dice.between(0, 60))).collect(),
            clock_set: some(&dice, 15, 2).map(|_| (moment(&dice, hostile), clock_jump(&dice))).collect(),
            poison: some(&dice, 30, 6).map(|_| moment(&dice, hostile)).collect(),
            offices,
            unmapped_wait: Duration::ZERO,
            everybody_mapped_from: Duration::MAX,
        };
        scenario.refuse_some(&dice);
        scenario.unmapped_wait = Duration::from_secs(dice.pick(&[0, 2, 60, 60]));
        scenario.everybody_mapped_from = if dice.chance(60) { moment(&dice, hostile) } else { Duration::MAX };
        scenario
    }

    /// Everything has been told by so long after the last trouble: the longest pause between attempts, the longest
    /// Retry-After and time-out, the clock set back, whom calls wait for, and some room for what follows one by one.
    pub(super) fn drains_within(&self) -> Duration {
        let pause = self.retries.delays.last().copied().unwrap_or_default().mul_f64(1.25);
        let set_back: i64 = self.clock_set.iter().map(|(_, seconds)| (-seconds).max(0)).sum();
        pause + self.unmapped_wait + Duration::from_secs(set_back.unsigned_abs()) + Duration::from_mins(8)
    }

    /// Whether neither the process nor its disk nor its clock gives reason to be late.
    pub(super) fn is_calm_inside(&self) -> bool {
        self.disk.is_empty()
            && self.ends.is_empty()
            && self.deaths.is_empty()
            && self.clock_set.is_empty()
            && self.queue > 2
    }

    fn refuse_some(&mut self, dice: &Dice) {
        for (number, office) in self.offices.iter_mut().enumerate() {
            let calls = self.posts.iter().filter(|post| post.office == number).flat_map(|post| &post.events);
            office.refused =
                calls.map(|(call, _)| call.clone()).take(1).filter(|_| dice.chance(12)).collect();
        }
    }
}

impl Office {
    /// What goes wrong with an exchange at that moment.
    pub(super) fn trouble(&self, to: DestinationKind, at: Duration, dice: &Dice) -> Option<Trouble> {
        let mut spells = self.spells.iter().filter(|(kind, _)| *kind == to);
        spells.find_map(|(_, spell)| spell.strikes(at, dice))
    }

    /// Whether nothing ever goes wrong with a destination.
    pub(super) fn is_calm(&self, kind: DestinationKind) -> bool {
        self.refused.is_empty() && self.spells.iter().all(|(other, _)| *other != kind)
    }

    /// The longest that half an exchange takes.
    pub(super) fn takes_at_most(&self, kind: DestinationKind) -> Duration {
        Duration::from_millis(self.takes[kind as usize])
    }

    /// How long half an exchange takes.
    pub(super) fn takes(&self, kind: DestinationKind, dice: &Dice) -> Duration {
        dice.millis(0, self.takes[kind as usize])
    }
}

fn office(dice: &Dice, number: u64, hostile: Duration) -> Office {
    let trouble = |kind| some(dice, 55, 2).map(move |_| (kind, Spell::of(dice, hostile, Trouble::any(dice))));
    Office {
        workspace: format!("office{number}"),
        feed: dice.chance(85),
        workonflow: dice.chance(60),
        metabot: dice.chance(40),
        refused: Vec::new(),
        spells: DestinationKind::ALL.into_iter().flat_map(trouble).collect(),
        takes: DestinationKind::ALL.map(|_| dice.pick(&[5, 50, 50, 1_500])),
    }
}

fn retries(dice: &Dice) -> RetrySchedule {
    if dice.chance(50) {
        return RetrySchedule::default();
    }
    RetrySchedule {
        delays: [200, 700, 3_000].map(Duration::from_millis).into(),
        give_up_after: Duration::from_secs(dice.pick(&[15, 60, 3_600])),
        realtime_expires_after: Duration::from_secs(dice.pick(&[5, 20])),
        ..RetrySchedule::default()
    }
}

fn clock_jump(dice: &Dice) -> i64 {
    dice.pick(&[-90, -5, 2, 40, 700, 3_700])
}

/// In so many of a hundred cases up to `most`, else none.
fn some(dice: &Dice, percent: u32, most: u64) -> std::ops::Range<u64> {
    0..if dice.chance(percent) { dice.between(1, most) } else { 0 }
}

fn moment(dice: &Dice, hostile: Duration) -> Duration {
    dice.millis(10, u64::try_from(hostile.as_millis()).unwrap_or(u64::MAX))
}
