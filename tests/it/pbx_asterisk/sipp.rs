//! What a phone does: a scenario of `phones/`, with its times and numbers filled in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Longer than any test.
const NEVER: Duration = Duration::from_mins(10);

/// The folder with the scenarios and the configuration that this file belongs to.
pub(super) fn parts() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/pbx_asterisk"))
}

/// How somebody at a phone behaves. Times that are not given: answers after half a second, talks until the other side
/// hangs up.
#[derive(Debug, Clone)]
pub(super) struct Behaviour {
    scenario: &'static str,
    values: BTreeMap<&'static str, String>,
}

impl Behaviour {
    /// Answers.
    pub(super) fn answers() -> Self {
        let behaviour = Self { scenario: "answers", values: BTreeMap::new() };
        behaviour.answers_after(Duration::from_millis(500)).talks(NEVER)
    }

    /// Lets it ring.
    pub(super) fn rings() -> Self {
        Self::answers().answers_after(NEVER)
    }

    /// Is busy.
    pub(super) fn is_busy() -> Self {
        Self { scenario: "busy", ..Self::answers() }
    }

    /// Sends its calls on to another extension or number.
    pub(super) fn forwards_to(target: &str) -> Self {
        Self { scenario: "forwards", ..Self::answers() }.with("target", target)
    }

    /// Answers, talks for `before`, and puts the other side on hold for a while.
    pub(super) fn holds(before: Duration, hold: Duration) -> Self {
        Self { scenario: "holds", ..Self::answers() }.time("before_ms", before).time("hold_ms", hold)
    }

    /// Answers, talks for `before`, and sends the other side to another extension without asking there.
    pub(super) fn transfers_to(target: &str, before: Duration) -> Self {
        let transfers = Self { scenario: "transfers_blind", ..Self::answers() };
        transfers.with("target", target).time("before_ms", before)
    }

    /// Answers, talks for `before`, asks at another extension for `consults`, and connects the two.
    pub(super) fn consults_and_transfers_to(target: &str, before: Duration, consults: Duration) -> Self {
        let transfers = Self { scenario: "transfers_attended", ..Self::answers() };
        transfers.with("target", target).time("before_ms", before).time("consult_ms", consults)
    }

    /// Calls, and waits for an answer as long as it takes.
    pub(super) fn calls() -> Self {
        Self { scenario: "caller", ..Self::answers() }.gives_up_after(NEVER)
    }

    /// The caller says nothing: hundreds who talk would be a load of their own.
    pub(super) fn says_nothing(self) -> Self {
        self.with("sound", "")
    }

    /// How long it rings here.
    pub(super) fn answers_after(self, time: Duration) -> Self {
        self.time("answer_ms", time)
    }

    /// After how long this side hangs up.
    pub(super) fn talks(self, time: Duration) -> Self {
        self.time("talk_ms", time)
    }

    /// After how long the caller gives up, counted from the last word of progress.
    pub(super) fn gives_up_after(self, time: Duration) -> Self {
        self.time("patience_ms", time)
    }

    /// The scenario's name.
    pub(super) fn scenario(&self) -> &'static str {
        self.scenario
    }

    /// Sets a value of the scenario.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.values.insert(name, value.to_owned());
        self
    }

    fn time(self, name: &'static str, time: Duration) -> Self {
        self.with(name, &time.as_millis().to_string())
    }

    /// The scenario as SIPp reads it.
    pub(super) fn xml(&self) -> String {
        let file = parts().join(format!("phones/{}.xml", self.scenario));
        fill(&std::fs::read_to_string(file).expect("the scenario exists"), &self.values)
    }
}

/// Puts a value, or else the piece of a scenario of that name, where `{{name}}` stands.
pub(super) fn fill(template: &str, values: &BTreeMap<&'static str, String>) -> String {
    let mut pieces = template.split("{{");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").expect("a name ends");
        match values.get(name) {
            Some(value) => filled.push_str(value),
            None => filled.push_str(&fill(&scenario_piece(name), values)),
        }
        filled.push_str(rest);
    }
    filled
}

fn scenario_piece(name: &str) -> String {
    let file = parts().join(format!("phones/pieces/{name}.xml"));
    let piece =
        std::fs::read_to_string(file).unwrap_or_else(|_| panic!("{name} is neither given nor a piece"));
    piece.trim_end().to_owned()
}
