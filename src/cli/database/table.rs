//! What was found in each table, for people and for programs.

use serde_json::{Value, json};
use storage::transfer::TableReport;

/// Ranges that are named; all of them are in the JSON.
const SHOWN: usize = 3;

/// A row for each table.
pub(super) fn of(tables: &[TableReport]) -> String {
    let width = tables.iter().map(|table| table.name.len()).max().unwrap_or_default();
    let heading = format!("{:<width$}  {:>10}  {:>11}  {:>10}", "TABLE", "ROWS", "IN THE COPY", "COPIED");
    let rows = tables.iter().map(|table| {
        let TableReport { name, rows, rows_in_target, copied, .. } = table;
        format!("{name:<width$}  {rows:>10}  {rows_in_target:>11}  {copied:>10}{}", differing(table))
    });
    std::iter::once(heading).chain(rows).collect::<Vec<_>>().join("\n")
}

/// The same for a program.
pub(super) fn json(table: &TableReport) -> Value {
    json!({
        "table": table.name,
        "rows": table.rows,
        "rows_in_copy": table.rows_in_target,
        "copied": table.copied,
        "differing": table.differing,
    })
}

/// The ranges that differed.
fn differing(table: &TableReport) -> String {
    let (named, beyond) = table.differing.split_at(table.differing.len().min(SHOWN));
    let beyond = (!beyond.is_empty()).then(|| format!("and {} more", beyond.len()));
    let parts: Vec<&str> = named.iter().map(String::as_str).chain(beyond.as_deref()).collect();
    if parts.is_empty() { String::new() } else { format!("  {}", parts.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, differing: &[&str]) -> TableReport {
        let differing = differing.iter().map(|range| (*range).to_owned()).collect();
        TableReport { name: name.to_owned(), rows: 12, rows_in_target: 7, copied: 5, differing }
    }

    #[test]
    fn each_table_has_a_row_with_the_first_ranges_that_differed() {
        let tables =
            [table("call", &["id 1 to 2", "id 2 to 3", "id 3 to 4", "id from 4"]), table("instance", &[])];
        assert_eq!(
            of(&tables),
            "TABLE           ROWS  IN THE COPY      COPIED\n\
             call              12            7           5  id 1 to 2; id 2 to 3; id 3 to 4; and 1 more\n\
             instance          12            7           5"
        );
    }
}
