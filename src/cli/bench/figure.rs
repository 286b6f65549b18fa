//! What a bench prints: both sides of a ratio, round by round, and whether the goal is met.

use serde::Serialize;

/// One round: both sides, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Round {
    pub(super) ours: f64,
    pub(super) reference: f64,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Goal {
    #[serde(rename = "goal")]
    value: f64,
    #[serde(rename = "goal_is")]
    bound: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    AtLeast,
    AtMost,
}

impl Goal {
    /// More is better.
    pub(super) fn at_least(value: f64) -> Self {
        Self { value, bound: Bound::AtLeast }
    }

    /// Less is better.
    pub(super) fn at_most(value: f64) -> Self {
        Self { value, bound: Bound::AtMost }
    }

    fn met(self, value: f64) -> bool {
        match self.bound {
            Bound::AtLeast => value >= self.value,
            Bound::AtMost => value <= self.value,
        }
    }

    fn shown(self, value: f64) -> String {
        let sign = if self.bound == Bound::AtLeast { '≥' } else { '≤' };
        let verdict = if self.met(value) { "ok" } else { "MISSED" };
        format!("goal {sign} {} {verdict}", plain(self.value))
    }
}

/// A ratio.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figure {
    name: String,
    /// Median over the rounds of ours ÷ reference.
    ratio: f64,
    #[serde(flatten)]
    goal: Goal,
    met: bool,
    /// Of both sides.
    unit: &'static str,
    rounds: Vec<Round>,
    /// What else was measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    further: Vec<Absolute>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A value that is no ratio, such as milliseconds.
#[derive(Debug, Clone, Serialize)]
struct Absolute {
    name: &'static str,
    /// Median over the rounds.
    value: f64,
    unit: &'static str,
    #[serde(flatten)]
    goal: Option<Goal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    met: Option<bool>,
}

impl Figure {
    pub(super) fn new(name: impl Into<String>, unit: &'static str, goal: Goal, rounds: Vec<Round>) -> Self {
        let ratio = median(rounds.iter().map(|round| round.ours / round.reference));
        let met = goal.met(ratio);
        Self { name: name.into(), ratio, goal, met, unit, rounds, further: Vec::new(), note: None }
    }

    /// Adds a value with a goal of its own: the median of what the rounds came to.
    pub(super) fn with(
        mut self,
        name: &'static str,
        unit: &'static str,
        goal: Goal,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        let value = median(values);
        self.further.push(Absolute { name, value, unit, goal: Some(goal), met: Some(goal.met(value)) });
        self
    }

    /// Adds a value that explains the ratio: the median of what the rounds came to.
    pub(super) fn beside(
        mut self,
        name: &'static str,
        unit: &'static str,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        let value = median(values);
        self.further.push(Absolute { name, value, unit, goal: None, met: None });
        self
    }

    /// Adds what a reader has to know.
    pub(super) fn noting(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    fn table(&self) -> String {
        let mut lines =
            vec![format!("{}, {}", self.name, self.unit), "        ours   reference   ratio".to_owned()];
        for Round { ours, reference } in &self.rounds {
            lines.push(format!(
                "  {:>10}  {:>10}   {:.3}",
                short(*ours),
                short(*reference),
                ours / reference
            ));
        }
        lines.push(format!("  median                   {:.3}   {}", self.ratio, self.goal.shown(self.ratio)));
        for further in &self.further {
            let Absolute { name, value, unit, goal, .. } = further;
            let verdict = goal.map_or_else(String::new, |goal| format!("   {}", goal.shown(*value)));
            lines.push(format!("  {name}: {} {unit}{verdict}", short(*value)));
        }
        lines.extend(self.note.iter().map(|note| format!("  {note}")));
        lines.join("\n")
    }
}

/// Prints figures, as lines of JSON or as tables.
#[expect(clippy::print_stdout, reason = "the bench's answer")]
pub(super) fn print(figures: &[Figure], json: bool) -> anyhow::Result<()> {
    for figure in figures {
        if json {
            println!("{}", serde_json::to_string(figure)?);
        } else {
            println!("{}\n", figure.table());
        }
    }
    Ok(())
}

/// How many a second.
#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds are far below 2^52")]
pub(super) fn per_second(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// The middle one; of an even number the larger of the two in the middle.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

/// The smallest value that so much of all values does not exceed; 0 of none.
pub(super) fn quantile(values: impl IntoIterator<Item = f64>, part: f64) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index of a list in memory, and a part between 0 and 1"
    )]
    let index = (sorted.len() as f64 * part) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// As people write it: no zeros at the end.
fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Enough digits to compare, not more.
fn short(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(goal: Goal, rounds: &[(f64, f64)]) -> Figure {
        let rounds = rounds.iter().map(|(ours, reference)| Round { ours: *ours, reference: *reference });
        Figure::new("x", "/s", goal, rounds.collect())
    }

    #[test]
    fn the_ratio_is_the_median_of_the_rounds() {
        let figure = figure(Goal::at_least(0.35), &[(1.0, 10.0), (9.0, 10.0), (4.0, 10.0)]);
        assert!((figure.ratio - 0.4).abs() < 1e-9 && figure.met, "{figure:?}");
    }

    #[test]
    fn a_goal_has_a_direction() {
        assert!(figure(Goal::at_most(1.5), &[(3.0, 2.0)]).met);
        assert!(!figure(Goal::at_most(1.4), &[(3.0, 2.0)]).met);
        assert!(figure(Goal::at_least(1.5), &[(3.0, 2.0)]).met);
        assert!(!figure(Goal::at_least(1.6), &[(3.0, 2.0)]).met);
    }

    #[test]
    fn a_script_finds_what_it_looks_for() {
        let figure = figure(Goal::at_least(0.5), &[(1.0, 2.0)]);
        let figure = figure.with("p99", "ms", Goal::at_most(5.0), [7.0]).beside("CPU", "µs", [9.0]);
        let json = serde_json::to_value(figure).unwrap();
        let expected = serde_json::json!({
            "name": "x", "ratio": 0.5, "goal": 0.5, "goal_is": "at_least", "met": true, "unit": "/s",
            "rounds": [{"ours": 1.0, "reference": 2.0}],
            "further": [
                {"name": "p99", "value": 7.0, "unit": "ms", "goal": 5.0, "goal_is": "at_most", "met": false},
                {"name": "CPU", "value": 9.0, "unit": "µs"},
            ],
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn quantiles_of_few_values() {
        assert!((quantile((1..=100).map(f64::from), 0.99) - 100.0).abs() < 1e-9);
        assert!((quantile((1..=1000).map(f64::from), 0.99) - 991.0).abs() < 1e-9);
        assert!(quantile([], 0.99).abs() < 1e-9);
    }
}
