//! The diagnosis as a table for people and as JSON for scripts.

use serde::Serialize;

use super::check::{Check, State};

/// The table is readable on a terminal this wide.
const WIDTH: usize = 100;

/// Wider targets are wrapped.
const WIDEST_TARGET: usize = 32;

/// The longest word of a state.
const STATE_WIDTH: usize = 6;

/// Between columns.
const GAP: usize = 2;

/// All rows.
pub(super) struct Report(pub(super) Vec<Check>);

/// What scripts read.
#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    checks: &'a [Check],
}

impl Report {
    /// Whether nothing is red.
    pub(super) fn is_ok(&self) -> bool {
        self.count(State::Red) == 0
    }

    /// `{"ok":…,"checks":[…]}`, indented.
    pub(super) fn json(&self) -> String {
        let document = Document { ok: self.is_ok(), checks: &self.0 };
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }

    /// The whole in one line.
    pub(super) fn verdict(&self) -> String {
        let total = self.0.len();
        match (self.count(State::Red), self.count(State::Yellow)) {
            (0, 0) => format!("{total} checks, all green"),
            (0, yellow) => format!("{total} checks: none red, {yellow} yellow"),
            (red, yellow) => format!("{total} checks: {red} red, {yellow} yellow"),
        }
    }

    /// The table, each row followed by its fix.
    pub(super) fn table(&self, colours: bool) -> String {
        let columns = Columns::of(&self.0);
        let mut lines = columns.lines(["STATE", "CHECK", "TARGET", "FOUND"]);
        for check in &self.0 {
            let mut row = columns.lines([check.state.word(), check.name, &check.target, &check.found]);
            if let (true, Some(first)) = (colours, row.first_mut()) {
                *first = coloured(check.state, first);
            }
            lines.append(&mut row);
            lines.extend(check.fix.iter().flat_map(|fix| fix_lines(fix)));
        }
        lines.join("\n")
    }

    fn count(&self, state: State) -> usize {
        self.0.iter().filter(|check| check.state == state).count()
    }
}

/// The widths of the columns.
struct Columns([usize; 4]);

impl Columns {
    fn of(checks: &[Check]) -> Self {
        let widest = |text: fn(&Check) -> &str, heading: &str| {
            let texts = checks.iter().map(|check| text(check).chars().count());
            texts.max().unwrap_or(0).max(heading.len())
        };
        let name = widest(|check| check.name, "CHECK");
        let target = widest(|check| &check.target, "TARGET").min(WIDEST_TARGET);
        let found = WIDTH.saturating_sub(STATE_WIDTH + name + target + 3 * GAP);
        Self([STATE_WIDTH, name, target, found])
    }

    /// One row, each cell wrapped within its column.
    fn lines(&self, cells: [&str; 4]) -> Vec<String> {
        let columns: Vec<_> = cells.iter().zip(self.0).map(|(cell, width)| wrapped(cell, width)).collect();
        let height = columns.iter().map(Vec::len).max().unwrap_or(0);
        (0..height).map(|line| self.line(&columns, line)).collect()
    }

    fn line(&self, columns: &[Vec<String>], line: usize) -> String {
        let cells = columns.iter().zip(self.0).map(|(column, width)| {
            let cell = column.get(line).map_or("", String::as_str);
            format!("{cell:<width$}")
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    }
}

/// Wider than the last column, since a fix is copied from here.
fn fix_lines(fix: &str) -> Vec<String> {
    let indent = STATE_WIDTH + GAP;
    let lines = wrapped(&format!("fix: {fix}"), WIDTH - indent);
    lines.into_iter().map(|line| format!("{}{line}", " ".repeat(indent))).collect()
}

/// Lines of at most `width` characters, broken between words where that is possible.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        let used = lines.last().map_or(0, |line| line.chars().count());
        if used > 0 && used + 1 + word.len() <= width {
            push(&mut lines, " ");
        } else if used > 0 {
            lines.push(String::new());
        }
        while word.len() > width {
            let rest = word.split_off(width);
            push(&mut lines, &word.into_iter().collect::<String>());
            lines.push(String::new());
            word = rest;
        }
        push(&mut lines, &word.into_iter().collect::<String>());
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

/// The state at the beginning of the line in its colour.
fn coloured(state: State, line: &str) -> String {
    let code = match state {
        State::Green => 32,
        State::Yellow => 33,
        State::Red => 31,
    };
    let word = state.word();
    let rest = line.strip_prefix(word).unwrap_or(line);
    format!("\u{1b}[{code}m{word}\u{1b}[0m{rest}")
}

#[cfg(test)]
mod tests {
    use super::super::check::Subject;
    use super::*;

    fn report() -> Report {
        let found =
            "answered 401: Unauthorized, which is said at some length so that it does not fit in one line";
        Report(vec![
            Subject::new("listen", "127.0.0.1:8080").green("free"),
            Subject::new("kontur authorisation", "acme at crm.kontur.ru")
                .red(found, "correct integration.api_key"),
        ])
    }

    #[test]
    fn the_table_is_aligned_and_no_wider_than_a_hundred_columns() {
        let expected = "\
STATE   CHECK                 TARGET                 FOUND
green   listen                127.0.0.1:8080         free
red     kontur authorisation  acme at crm.kontur.ru  answered 401: Unauthorized, which is said at
                                                     some length so that it does not fit in one line
        fix: correct integration.api_key";
        assert_eq!(report().table(false), expected);
        assert!(expected.lines().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn colours_do_not_move_the_columns() {
        let table = report().table(true);
        assert!(table.contains("\u{1b}[32mgreen\u{1b}[0m   listen"), "{table}");
        assert!(table.contains("\u{1b}[31mred\u{1b}[0m     kontur"), "{table}");
    }

    #[test]
    fn what_has_no_spaces_is_broken_all_the_same() {
        assert_eq!(wrapped("a /very/long/path b", 6), ["a", "/very/", "long/p", "ath b"]);
        assert_eq!(wrapped("", 6), [""]);
        assert_eq!(wrapped("ждите ответа", 6), ["ждите", "ответа"]);
    }

    #[test]
    fn one_red_row_spoils_the_verdict() {
        let mut report = report();
        assert_eq!(report.verdict(), "2 checks: 1 red, 0 yellow");
        report.0.pop();
        assert_eq!((report.is_ok(), report.verdict().as_str()), (true, "1 checks, all green"));
        let json = r#"{
  "ok": true,
  "checks": [
    {
      "name": "listen",
      "target": "127.0.0.1:8080",
      "state": "green",
      "found": "free",
      "fix": null
    }
  ]
}"#;
        assert_eq!(report.json(), json);
    }
}
