//! How far a run is: a bar for those who look at a terminal, lines for those who read later. Both go to standard error.

use std::cell::RefCell;
use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::job::Job;

/// Lines do not come more often.
const LINE_EVERY: Duration = Duration::from_secs(5);

const BAR: &str = "{bar:30} {percent:>3} %  {msg}";

/// Where it is shown.
pub(super) enum Progress {
    Bar(ProgressBar),
    Lines(RefCell<Option<(Instant, String)>>),
}

impl Progress {
    /// A bar if somebody looks, else lines.
    pub(super) fn start() -> Self {
        if !stderr().is_terminal() {
            return Self::Lines(RefCell::default());
        }
        let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self::Bar(ProgressBar::new(100).with_style(style))
    }

    /// Shows where the run stands.
    pub(super) fn show(&self, job: &Job) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(job.percent.into());
                bar.set_message(job.told());
            }
            Self::Lines(last) => {
                line(last, format!("{} %, {}", job.percent, job.told()), job.state.has_ended())
            }
        }
    }

    /// Shows that the server cannot be asked.
    pub(super) fn silent(&self) {
        let message = "the server does not answer; trying again";
        match self {
            Self::Bar(bar) => bar.set_message(message),
            Self::Lines(last) => line(last, message.to_owned(), false),
        }
    }
}

/// Writes what was not just written; the last line in any case.
#[expect(clippy::print_stderr, reason = "progress is not the answer")]
fn line(last: &RefCell<Option<(Instant, String)>>, text: String, is_last: bool) {
    let mut last = last.borrow_mut();
    let is_due =
        last.as_ref().is_none_or(|(at, before)| text != *before && (is_last || at.elapsed() >= LINE_EVERY));
    if is_due {
        eprintln!("{text}");
        *last = Some((Instant::now(), text));
    }
}
