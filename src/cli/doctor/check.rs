//! A row of the diagnosis: what was looked at, how it is, what was found and how to mend it.

use serde::Serialize;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Green,
    /// Works, or was not looked at; worth a look.
    Yellow,
    /// Does not work.
    Red,
}

impl State {
    /// The word in table and JSON.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// Which check: the same word in every run, for scripts.
    pub(super) name: &'static str,
    /// The file, address or integration that was looked at.
    pub(super) target: String,
    /// How it is.
    pub(super) state: State,
    /// What was found.
    pub(super) found: String,
    /// What to type, or where to change what; none if it is green.
    pub(super) fix: Option<String>,
}

/// A row whose finding is not known yet.
pub(super) struct Subject {
    name: &'static str,
    target: String,
}

impl Subject {
    pub(super) fn new(name: &'static str, target: impl Into<String>) -> Self {
        Self { name, target: target.into() }
    }

    pub(super) fn green(self, found: impl Into<String>) -> Check {
        self.row(State::Green, found, None)
    }

    pub(super) fn yellow(self, found: impl Into<String>, fix: impl Into<String>) -> Check {
        self.row(State::Yellow, found, Some(fix.into()))
    }

    pub(super) fn red(self, found: impl Into<String>, fix: impl Into<String>) -> Check {
        self.row(State::Red, found, Some(fix.into()))
    }

    /// Nothing is known, which is no failure by itself.
    pub(super) fn not_checked(self, why: &str, fix: impl Into<String>) -> Check {
        self.yellow(format!("not checked: {why}"), fix)
    }

    fn row(self, state: State, found: impl Into<String>, fix: Option<String>) -> Check {
        Check { name: self.name, target: self.target, state, found: found.into(), fix }
    }
}
