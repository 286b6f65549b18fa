//! A history of any length that nobody has to keep: each call is a function of its number.

use chrono::{DateTime, Duration, FixedOffset};
use serde::{Deserialize, Serialize};

use super::call::{Call, Direction, Leg, LegState, Party, Recording};
use super::history::Place;
use super::sound::Sound;

/// How many different clients there are.
const CLIENTS: u64 = 1_000;
/// The lengths of conversations, in seconds.
const LENGTHS: std::ops::Range<u64> = 5..300;

/// Calls that are imagined when somebody asks for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Imagined {
    /// What every call's id begins with: `{name}-{number}`, the number with nine digits.
    pub name: String,
    pub count: u64,
    /// When the first call started.
    pub first_at: DateTime<FixedOffset>,
    /// Milliseconds from the start of a call to that of the next.
    pub every_ms: u64,
    /// At least one; the others are used in turn.
    pub extensions: Vec<String>,
    pub vats_phone: String,
    /// Whether four of ten calls are recorded.
    pub recorded: bool,
    /// The bytes of every recording.
    pub recording_size: u64,
    /// Whether every tenth call still goes on; else that one is answered and not recorded.
    pub unfinished: bool,
}

/// What becomes of an imagined call. Ten calls in a row are: three recorded inbound and one that is not, two missed
/// ones, a recorded outbound call and one that nobody took, an internal one, and one that may be unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Inbound, answered and recorded, if recordings there are.
    Recorded,
    /// Inbound and answered.
    Answered,
    /// Inbound, two extensions rang.
    Missed,
    /// Outbound, answered and recorded.
    Outbound,
    /// Outbound, nobody took it.
    Failed,
    /// Between two employees, answered.
    Internal,
    /// Inbound and answered; it goes on.
    Unfinished,
}

impl Default for Imagined {
    /// No calls; otherwise one a minute, three extensions, recordings of 10 kB and no end open.
    fn default() -> Self {
        Self {
            name: "imagined".to_owned(),
            count: 0,
            first_at: DateTime::UNIX_EPOCH.fixed_offset(),
            every_ms: 60_000,
            extensions: ["101", "102", "103"].map(str::to_owned).to_vec(),
            vats_phone: "79229929292".to_owned(),
            recorded: true,
            recording_size: 10_000,
            unfinished: false,
        }
    }
}

impl Imagined {
    /// The call of this number; none behind the last.
    pub fn call(&self, number: u64) -> Option<Call> {
        (number < self.count).then(|| self.imagine(number))
    }

    /// What becomes of the call of this number.
    pub fn fate(&self, number: u64) -> Fate {
        match number % 10 {
            0..3 => Fate::Recorded,
            3 => Fate::Answered,
            4 | 5 => Fate::Missed,
            6 => Fate::Outbound,
            7 => Fate::Failed,
            8 => Fate::Internal,
            _ if self.unfinished => Fate::Unfinished,
            _ => Fate::Answered,
        }
    }

    /// The call with this id.
    pub(super) fn find(&self, call_id: &str) -> Option<Call> {
        let digits = call_id.strip_prefix(&self.name)?.strip_prefix('-')?;
        let call = self.call(digits.parse().ok()?)?;
        (call.call_id == call_id).then_some(call)
    }

    /// The call with this leg.
    pub(super) fn find_leg(&self, leg_id: &str) -> Option<Call> {
        let (call_id, _) = leg_id.rsplit_once('-')?;
        self.find(call_id)
    }

    /// The calls that do not stand before this place, oldest first.
    pub(super) fn since(&self, place: &Place) -> impl Iterator<Item = Call> {
        (self.first_behind(place)..self.count).map(|number| self.imagine(number))
    }

    /// The number of the first call that does not stand before this place.
    fn first_behind(&self, place: &Place) -> u64 {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            if Place::new(self.started_at(middle), self.id(middle)) < *place {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number:09}", self.name)
    }

    fn started_at(&self, number: u64) -> DateTime<FixedOffset> {
        let offset = i64::try_from(number.saturating_mul(self.every_ms)).unwrap_or(i64::MAX);
        let moment =
            Duration::try_milliseconds(offset).and_then(|since| self.first_at.checked_add_signed(since));
        moment.unwrap_or(self.first_at)
    }

    fn imagine(&self, number: u64) -> Call {
        let (fate, started_at) = (self.fate(number), self.started_at(number));
        let direction = match fate {
            Fate::Recorded | Fate::Answered | Fate::Missed | Fate::Unfinished => Direction::Inbound,
            Fate::Outbound | Fate::Failed => Direction::Outbound,
            Fate::Internal => Direction::Internal,
        };
        let client = format!("7900{:07}", mixed(number) % CLIENTS);
        let mut call = Call {
            call_id: self.id(number),
            direction,
            client_phone: if fate == Fate::Internal { self.extension(number + 1).to_owned() } else { client },
            vats_phone: self.vats_phone.clone(),
            request_id: None,
            started_at,
            finished_at: None,
            legs: Vec::new(),
        };
        call.legs = self.legs(number, fate, &call);
        call.finished_at = call.legs.iter().map(|leg| leg.finished_at).max().flatten();
        call
    }

    fn legs(&self, number: u64, fate: Fate, call: &Call) -> Vec<Leg> {
        let user = |turn: u64| Party::user(self.extension(number + turn));
        let ends = match fate {
            Fate::Recorded | Fate::Answered | Fate::Unfinished => vec![(Party::Client, user(0))],
            Fate::Missed => vec![(Party::Client, user(0)), (Party::Client, user(1))],
            Fate::Outbound | Fate::Failed => vec![(user(0), Party::Client)],
            Fate::Internal => vec![(user(0), user(1))],
        };
        let legs = ends.into_iter().zip(1..);
        legs.map(|((from, to), place)| {
            let id = format!("{}-{place}", call.call_id);
            self.leg(Leg::ringing(id, from, to, call.started_at), fate, mixed(number))
        })
        .collect()
    }

    /// The leg as it ended, or as it stands.
    fn leg(&self, mut leg: Leg, fate: Fate, chance: u64) -> Leg {
        let rings = Duration::milliseconds(i64::try_from(1_000 + chance % 20_000).unwrap_or_default());
        let talks = LENGTHS.start + chance % (LENGTHS.end - LENGTHS.start);
        let talks = Duration::seconds(i64::try_from(talks).unwrap_or_default());
        let picked_up = leg.started_at + rings;
        (leg.state, leg.answered_at, leg.finished_at) = match fate {
            Fate::Missed | Fate::Failed => (LegState::Ended, None, Some(picked_up)),
            Fate::Unfinished => (LegState::Talking, Some(picked_up), None),
            _ => (LegState::Ended, Some(picked_up), Some(picked_up + talks)),
        };
        leg.recording = (self.recorded && matches!(fate, Fate::Recorded | Fate::Outbound))
            .then(|| Recording::mp3(Sound::Generated { key: leg.id.clone(), size: self.recording_size }));
        leg
    }

    fn extension(&self, turn: u64) -> &str {
        let count = u64::try_from(self.extensions.len()).unwrap_or_default().max(1);
        let place = usize::try_from(turn % count).unwrap_or_default();
        self.extensions.get(place).map_or("101", String::as_str)
    }
}

/// A number without a pattern that always is the same for the same number (`SplitMix64`).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_call_is_found_by_what_it_is_called_and_where_it_stands() {
        for every_ms in [0, 1, 60_000] {
            let imagined = Imagined { count: 1_000_000_000, every_ms, ..Imagined::default() };
            for number in [0, 1, 999_999, 999_999_999] {
                let call = imagined.call(number).expect("there");
                assert_eq!(imagined.find(&call.call_id).as_ref(), Some(&call));
                assert_eq!(imagined.find_leg(&call.legs[0].id).as_ref(), Some(&call));
                assert_eq!(imagined.first_behind(&Place::of(&call)), number);
            }
            assert_eq!(imagined.call(1_000_000_000), None);
            assert_eq!((imagined.find("imagined-1"), imagined.find("other-000000001")), (None, None));
        }
    }

    #[test]
    fn ten_calls_in_a_row_have_every_fate() {
        let imagined = Imagined { count: 10, unfinished: true, ..Imagined::default() };
        let fates: HashSet<Fate> = (0..10).map(|number| imagined.fate(number)).collect();
        assert_eq!(fates.len(), 7);
        for number in 0..10 {
            let (fate, call) = (imagined.fate(number), imagined.call(number).expect("there"));
            assert_eq!(call.finished_at.is_none(), fate == Fate::Unfinished, "{fate:?}");
            let answered = call.legs.iter().any(|leg| leg.answered_at.is_some());
            assert_eq!(answered, !matches!(fate, Fate::Missed | Fate::Failed), "{fate:?}");
            let recorded = call.legs.iter().any(|leg| leg.recording.is_some());
            assert_eq!(recorded, matches!(fate, Fate::Recorded | Fate::Outbound), "{fate:?}");
        }
    }
}
