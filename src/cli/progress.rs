//! How far something is: a bar for those who look at a terminal, lines for those who read later. Both go to standard error.

use std::io::{self, IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

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

    /// Shows where it stands.
    pub(super) fn show(&mut self, percent: u8, told: &str, is_last: bool) -> io::Result<()> {
        let text = format!("{percent} %, {told}");
        let text = if self.is_watched { format!("{} {text}", bar(percent)) } else { text };
        self.write(text, is_last)
    }

    /// Shows what it is waiting for.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        self.write(text.to_owned(), false)
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

/// The two largest units: nobody plans by more.
pub(super) fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{hours} h {minutes} min"),
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

    #[test]
    fn a_time_has_two_units_at_most() {
        let cases =
            [(0, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3_599, "59 min 59 s"), (90_000, "25 h 0 min")];
        for (seconds, expected) in cases {
            assert_eq!(short(Duration::from_secs(seconds)), expected);
        }
    }
}
