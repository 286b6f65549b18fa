//! A call whose end never comes: when the provider is asked, and when the end is inferred. Pure.

use std::time::Duration;

use crate::clock::Timestamp;

/// Between two questions about one call there is never more than this.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// How long an open call may be quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The provider is asked when nothing came for this long.
    pub ask_after: Duration,
    /// The end is inferred when nothing came for this long and nobody can say that the call goes on.
    pub infer_after: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { ask_after: Duration::from_mins(10), infer_after: Duration::from_hours(4) }
    }
}

/// For how long nothing has come of an open call, by our own clock: a provider's may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// When an event last came.
    pub since: Timestamp,
    /// When anything last came: an event, or the provider's answer that the call goes on.
    pub last_sign_at: Timestamp,
}

/// Whoever looks after open calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// How long a call may be quiet.
    pub patience: Patience,
    /// Since when events can come in. Before that nobody listened, so that quiet means nothing: what the provider
    /// has kept for us may come any moment.
    pub listening_since: Timestamp,
}

/// What to do about an open call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Ask the provider; [`Watch::after`] says how to go on.
    Ask,
    /// Go on without.
    Then(Verdict),
}

/// What a look at an open call ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Leave it alone until then.
    LookAgain(Timestamp),
    /// Take it to be over.
    InferEnd,
}

/// What asking came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is over.
    Ended,
    /// It goes on.
    GoesOn,
    /// The provider does not know the call.
    Unknown,
    /// The provider gave no answer, or none that makes sense.
    None,
}

impl Answer {
    /// The word of metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::GoesOn => "goes_on",
            Self::Unknown => "unknown",
            Self::None => "none",
        }
    }
}

impl Patience {
    /// How often to see which calls are due: often enough to be on time by a tenth.
    pub fn look_every(&self) -> Duration {
        (self.ask_after / 10).clamp(Duration::from_millis(100), Duration::from_secs(30))
    }
}

impl Watch {
    /// What to do about a call now; `askable` is whether its provider can be asked. If the clock was set back, it is
    /// not known for how long a call has been quiet: it is asked for.
    pub fn step(&self, quiet: Quiet, askable: bool, now: Timestamp) -> Step {
        let ask_at = quiet.last_sign_at.plus(self.patience.ask_after);
        match askable {
            true if quiet.last_sign_at <= now && now < ask_at => Step::Then(Verdict::LookAgain(ask_at)),
            true => Step::Ask,
            false if now < self.infer_at(quiet) => Step::Then(Verdict::LookAgain(self.infer_at(quiet))),
            false => Step::Then(Verdict::InferEnd),
        }
    }

    /// What to do about a call after its provider was asked. One that is over there is over here as well, once the
    /// answer is taken in; should that fail, it is asked for again.
    pub fn after(&self, quiet: Quiet, answer: Answer, now: Timestamp) -> Verdict {
        let again_at = now.plus(self.pause(quiet, now));
        let infer_at = self.infer_at(quiet);
        match answer {
            Answer::Ended | Answer::GoesOn => Verdict::LookAgain(again_at),
            Answer::Unknown | Answer::None if now >= infer_at => Verdict::InferEnd,
            Answer::Unknown | Answer::None => Verdict::LookAgain(again_at.min(infer_at)),
        }
    }

    fn infer_at(&self, quiet: Quiet) -> Timestamp {
        let not_before = self.listening_since.plus(self.patience.ask_after);
        quiet.last_sign_at.plus(self.patience.infer_after).max(not_before)
    }

    /// The longer it has been quiet, the longer it may stay so: each pause is as long as all before it.
    fn pause(&self, quiet: Quiet, now: Timestamp) -> Duration {
        now.since(quiet.since).min(LONGEST_PAUSE).max(self.patience.ask_after)
    }
}

#[cfg(test)]
mod tests;
