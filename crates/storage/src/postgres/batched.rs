//! One statement for many rows of parameters, derived from the statement for one row. Pure.
//!
//! `UPDATE call SET state = $2 WHERE id = $1` becomes
//! `UPDATE call SET state = of.p2 FROM (SELECT UNNEST($1::bigint[]) AS p1, UNNEST($2::text[]) AS p2) AS of WHERE id = of.p1`.
//! So written, rows go on one by one; `UNNEST` of many arrays at once makes all of them first.

/// What a statement changes.
pub(super) fn table(sql: &str) -> &str {
    let mut words = sql.split_ascii_whitespace();
    let table = match words.next() {
        Some("UPDATE") => words.next(),
        // INSERT INTO, DELETE FROM
        _ => words.nth(1),
    };
    table.unwrap_or(sql)
}

/// Whether it adds rows.
fn is_insert(sql: &str) -> bool {
    sql.starts_with("INSERT ")
}

/// Whether it overwrites rows that it meets.
fn overwrites(sql: &str) -> bool {
    sql.contains(" DO UPDATE ")
}

/// Whether nobody can tell in which order its rows came.
pub(super) fn has_no_order(sql: &str) -> bool {
    is_insert(sql) && !overwrites(sql)
}

/// The statement for many rows; `types` are those of its parameters, as PostgreSQL names them. None if it is of no form that
/// can be turned into one, or if rows of the same statement could meet each other.
pub(super) fn batched(sql: &str, types: &[&str]) -> Option<String> {
    if types.is_empty() || overwrites(sql) {
        return None;
    }
    let rows = rows(types);
    if let Some((head, values)) = sql.split_once("VALUES (").filter(|_| is_insert(sql)) {
        let end = closing(values)?;
        let (values, rest) = (&values[..end], &values[end + 1..]);
        return Some(format!("{head}SELECT {} FROM {rows}{rest}", of_row(values)));
    }
    let (head, condition) = sql.split_once("WHERE ")?;
    let from = match sql.split_ascii_whitespace().next()? {
        "UPDATE" => "FROM",
        "DELETE" => "USING",
        _ => return None,
    };
    Some(format!("{}{from} {rows} WHERE {}", of_row(head), of_row(condition)))
}

/// Where the bracket is closed that was opened before.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => open += 1,
            b')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(place);
        }
    }
    None
}

/// The rows of parameters as a table.
fn rows(types: &[&str]) -> String {
    let numbered = types.iter().enumerate().map(|(index, of)| (index + 1, of));
    let columns = numbered.map(|(number, of)| format!("UNNEST(${number}::{of}[]) AS p{number}"));
    format!("(SELECT {}) AS of", columns.collect::<Vec<_>>().join(", "))
}

/// Parameters as columns of that table.
fn of_row(text: &str) -> String {
    text.replace('$', "of.p")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insert_takes_its_values_from_rows() {
        let sql = "INSERT INTO delivery (a, state, n, id) VALUES ($1, 'pending', (SELECT COUNT(*) + 1 FROM x WHERE y = $1), $2)
                   ON CONFLICT DO NOTHING";
        assert_eq!(
            batched(sql, &["bigint", "text"]).unwrap(),
            "INSERT INTO delivery (a, state, n, id) SELECT of.p1, 'pending', (SELECT COUNT(*) + 1 FROM x WHERE y = of.p1), of.p2 \
             FROM (SELECT UNNEST($1::bigint[]) AS p1, UNNEST($2::text[]) AS p2) AS of
                   ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn updates_and_deletes_find_their_rows_by_them() {
        assert_eq!(
            batched("UPDATE call SET state = $2 WHERE id = $1", &["bigint", "text"]).unwrap(),
            "UPDATE call SET state = of.p2 \
             FROM (SELECT UNNEST($1::bigint[]) AS p1, UNNEST($2::text[]) AS p2) AS of WHERE id = of.p1"
        );
        assert_eq!(
            batched("DELETE FROM call WHERE id = $1", &["bigint"]).unwrap(),
            "DELETE FROM call USING (SELECT UNNEST($1::bigint[]) AS p1) AS of WHERE id = of.p1"
        );
    }

    #[test]
    fn what_overwrites_what_it_meets_is_run_row_by_row() {
        let sql = "INSERT INTO mark (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = excluded.b";
        assert_eq!(batched(sql, &["bigint", "text"]), None);
        assert_eq!(batched("UPDATE x SET a = 1", &[]), None);
    }

    #[test]
    fn each_statement_names_its_table() {
        let named = ["UPDATE call SET", "INSERT INTO delivery (a)", "DELETE FROM mark\nWHERE"].map(table);
        assert_eq!(named, ["call", "delivery", "mark"]);
    }
}
