//! A world: a scenario, the time that passes in it, and what has happened so far.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::clock::Clock;
use domain::id::ExternalId;
use domain::outbox::DestinationKind;

use super::books::Books;
use super::coverage::Class;
use super::death::Death;
use super::dice::Dice;
use super::pbx::Sent;
use super::remote::Attempt;
use super::scenario::Scenario;
use super::time::Time;

/// A world in which one schedule is played.
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) time: Arc<Time>,
    /// What is decided on the way.
    pub(super) dice: Arc<Dice>,
    /// Ends processes at crash points.
    pub(super) death: Arc<Death>,
    state: Mutex<State>,
    /// Kept only if somebody wants to read it.
    story: Option<Mutex<Vec<String>>>,
}

/// What has happened so far.
#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    attempts: Vec<Attempt>,
    books: Books,
    covered: BTreeSet<Class>,
    violations: Vec<String>,
    /// Processes so far.
    lives: u32,
    /// Ends of a process so far that the scenario had planned.
    ends: usize,
}

/// One call at one destination of one office.
pub(super) type Lane = (usize, DestinationKind, ExternalId);

impl World {
    pub(super) fn new(seed: u64, with_story: bool) -> Self {
        let scenario = Scenario::of(seed);
        let state = State { sent: vec![Sent::default(); scenario.posts.len()], ..State::default() };
        Self {
            time: Arc::default(),
            dice: Arc::new(Dice::new(seed, 1)),
            death: Arc::new(Death::at(scenario.deaths.clone())),
            state: Mutex::new(state),
            story: with_story.then(Mutex::default),
            scenario,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether things still go wrong.
    pub(super) fn is_hostile(&self) -> bool {
        self.time.passed() < self.scenario.hostile
    }

    /// Writes a line of the story.
    pub(super) fn tell(&self, line: impl FnOnce() -> String) {
        if let Some(story) = &self.story {
            let (passed, wall) = (self.time.passed(), self.time.now());
            let line = format!("{:>11.6} {} {}", passed.as_secs_f64(), &wall.rfc3339()[11..19], line());
            story.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    /// The story so far.
    pub(super) fn story(&self) -> Vec<String> {
        let story = self.story.as_ref().map(|story| story.lock().unwrap_or_else(PoisonError::into_inner));
        story.map(|story| story.clone()).unwrap_or_default()
    }

    /// Notes that something of that class happened.
    pub(super) fn cover(&self, class: Class) {
        self.state().covered.insert(class);
    }

    pub(super) fn covered(&self) -> BTreeSet<Class> {
        self.state().covered.clone()
    }

    /// A rule is broken.
    pub(super) fn violation(&self, what: String) {
        self.tell(|| format!("BROKEN: {what}"));
        self.state().violations.push(what);
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    pub(super) fn sent(&self, post: usize) -> Sent {
        self.state().sent[post]
    }

    pub(super) fn change_sent(&self, post: usize, change: impl FnOnce(&mut Sent)) {
        change(&mut self.state().sent[post]);
    }

    /// What the remote systems know.
    pub(super) fn books<T>(&self, look: impl FnOnce(&mut Books) -> T) -> T {
        look(&mut self.state().books)
    }

    /// All attempts at deliveries so far, in order.
    pub(super) fn attempts<T>(&self, look: impl FnOnce(&mut Vec<Attempt>) -> T) -> T {
        look(&mut self.state().attempts)
    }

    pub(super) fn begin_life(&self) {
        self.time.begin_life();
        self.state().lives += 1;
        self.tell(|| format!("--- process {} starts", self.lives()));
    }

    pub(super) fn lives(&self) -> u32 {
        self.state().lives
    }

    /// When the present process ends, and how; none if it sees the end of the schedule.
    pub(super) fn next_end(&self) -> Option<(Duration, super::scenario::End)> {
        let mut state = self.state();
        // Those that fell into the time between two processes are gone.
        while let Some(&end) = self.scenario.ends.get(state.ends) {
            state.ends += 1;
            if end.0 > self.time.passed() {
                return Some(end);
            }
        }
        None
    }
}
