//! How far a run is: a bar for those who look at a terminal, lines for those who read later. Both go to standard error.

use std::io::{self, IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

use super::job::Job;

/// Lines do not come more often.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Parts of a bar.
const WIDTH: usize = 25;

/// Back to the beginning of the terminal's line, whose rest is cleared (ECMA-48, CR and EL).
const ANEW: &str = "\r\u{1b}[K";

/// What was last shown, and when.
pub(super) struct Progress {
    is_watched: bool,
    last: Option<(Instant, String)>,
}

impl Progress {
    /// A bar if somebody looks, else lines.
    pub(super) fn start() -> Self {
        Self { is_watched: stderr().is_terminal(), last: None }
    }

    /// Shows where the run stands.
    pub(super) fn show(&mut self, job: &Job) -> io::Result<()> {
        let text = format!("{} %, {}", job.percent, job.told());
        let text = if self.is_watched { format!("{} {text}", bar(job.percent)) } else { text };
        self.write(text, job.state.has_ended())
    }

    /// Shows that the server cannot be asked.
    pub(super) fn silent(&mut self) -> io::Result<()> {
        self.write("the server does not answer; trying again".to_owned(), false)
    }

    /// Writes what was not just written; what is last in any case.
    fn write(&mut self, text: String, is_last: bool) -> io::Result<()> {
        let is_due = self.last.as_ref().is_none_or(|(at, before)| {
            text != *before && (is_last || self.is_watched || at.elapsed() >= LINE_EVERY)
        });
        if is_due {
            if self.is_watched {
                write!(stderr(), "{ANEW}{text}")?;
            } else {
                writeln!(stderr(), "{text}")?;
            }
            self.last = Some((Instant::now(), text));
        }
        Ok(())
    }
}

impl Drop for Progress {
    /// What follows begins a line of its own.
    fn drop(&mut self) {
        if self.is_watched {
            // Nobody is left to be told.
            writeln!(stderr()).ok();
        }
    }
}

fn bar(percent: u8) -> String {
    let done = WIDTH * usize::from(percent.min(100)) / 100;
    format!("[{}{}]", "#".repeat(done), ".".repeat(WIDTH - done))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_the_run_is_done() {
        assert_eq!(bar(0), format!("[{}]", ".".repeat(25)));
        assert_eq!(bar(50), format!("[{}{}]", "#".repeat(12), ".".repeat(13)));
        assert_eq!(bar(100), format!("[{}]", "#".repeat(25)));
    }
}
