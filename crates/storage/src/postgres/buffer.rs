//! Changes that are made when the transaction ends, or before somebody asks. Pure.
//!
//! Those of one table keep their order; those of different tables may overtake each other, which nobody can see: no change
//! that is kept here looks at another table than its own.

use std::collections::HashMap;

use super::batched;
use super::rows::Rows;
use crate::session::Value;

/// Rows of parameters for one statement.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) sql: &'static str,
    pub(super) rows: Rows,
    /// Of changes that overwrite each other: where the one with a key is.
    by_key: HashMap<i64, usize>,
}

/// What is kept, by table in the order in which tables were first changed.
#[derive(Debug, Default)]
pub(super) struct Buffer(Vec<(&'static str, Vec<Run>)>);

impl Buffer {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps a change.
    pub(super) fn put(&mut self, sql: &'static str, parameters: &[Value<'_>]) {
        self.run(sql).rows.push(parameters);
    }

    /// Keeps a change; it takes the place of the one with the same last parameter, if nothing else was done to the table since.
    pub(super) fn put_latest(&mut self, sql: &'static str, parameters: &[Value<'_>]) {
        let run = self.run(sql);
        let Some(Value::Int(key)) = parameters.last() else { return run.rows.push(parameters) };
        if let Some(&place) = run.by_key.get(key) {
            run.rows.replace(place, parameters);
        } else {
            run.by_key.insert(*key, run.rows.len());
            run.rows.push(parameters);
        }
    }

    /// Gives what was kept, in an order in which it may be made. Rows that are added go in the order of their parameters, so
    /// that two who add the same wait for each other and not in a circle.
    pub(super) fn take(&mut self) -> Vec<Run> {
        let mut runs: Vec<_> = std::mem::take(&mut self.0).into_iter().flat_map(|(_, runs)| runs).collect();
        for run in &mut runs {
            if batched::has_no_order(run.sql) {
                run.rows.sort();
            }
        }
        runs
    }

    /// The rows that a change with that statement joins.
    fn run(&mut self, sql: &'static str) -> &mut Run {
        let table = batched::table(sql);
        let place = self.0.iter().position(|(known, _)| *known == table).unwrap_or_else(|| {
            self.0.push((table, Vec::new()));
            self.0.len() - 1
        });
        let runs = &mut self.0[place].1;
        if runs.last().is_none_or(|last| !std::ptr::eq(last.sql, sql)) {
            runs.push(Run { sql, rows: Rows::default(), by_key: HashMap::new() });
        }
        let last = runs.len() - 1;
        &mut runs[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADD: &str = "INSERT INTO a (x, y) VALUES ($1, $2)";
    const SET: &str = "UPDATE a SET y = $1 WHERE x = $2";
    const OTHER: &str = "UPDATE b SET y = $2 WHERE x = $1";

    fn taken(buffer: &mut Buffer) -> Vec<(&'static str, Vec<(i64, i64)>)> {
        let pair = |row: Vec<Value<'_>>| match row[..] {
            [Value::Int(x), Value::Int(y)] => (x, y),
            _ => unreachable!(),
        };
        buffer.take().iter().map(|run| (run.sql, run.rows.iter().map(pair).collect())).collect()
    }

    #[test]
    fn changes_of_a_table_keep_their_order_and_like_ones_go_together() {
        let mut buffer = Buffer::default();
        for (sql, x, y) in [(ADD, 2, 0), (OTHER, 9, 9), (ADD, 1, 0), (SET, 1, 5), (ADD, 3, 0), (SET, 1, 6)] {
            buffer.put(sql, &[Value::Int(x), Value::Int(y)]);
        }
        let expected = vec![
            (ADD, vec![(1, 0), (2, 0)]),
            (SET, vec![(1, 5)]),
            (ADD, vec![(3, 0)]),
            (SET, vec![(1, 6)]),
            (OTHER, vec![(9, 9)]),
        ];
        assert_eq!(taken(&mut buffer), expected);
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_later_change_takes_the_place_of_an_earlier_one_unless_another_stands_between() {
        let mut buffer = Buffer::default();
        for (x, y) in [(1, 5), (2, 5), (1, 6)] {
            buffer.put_latest(SET, &[Value::Int(y), Value::Int(x)]);
        }
        buffer.put(ADD, &[Value::Int(7), Value::Int(7)]);
        buffer.put_latest(SET, &[Value::Int(8), Value::Int(1)]);
        let expected = vec![(SET, vec![(6, 1), (5, 2)]), (ADD, vec![(7, 7)]), (SET, vec![(8, 1)])];
        assert_eq!(taken(&mut buffer), expected);
    }
}
