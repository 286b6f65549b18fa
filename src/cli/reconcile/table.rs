//! A reconciliation as a table for people.

use serde_json::Value;

/// Differences printed; all that are listed are in the JSON.
const SHOWN: usize = 40;

/// The columns of a day: heading, and the counts that stand there.
const COLUMNS: [(&str, &[&str]); 6] = [
    ("TELEPHONY", &["telephony_calls"]),
    ("HERE", &["journal_calls"]),
    ("KONTUR", &["kontur_calls"]),
    ("COMMENTS", &["workonflow_comments"]),
    ("RECORDINGS", &["telephony_recordings", "journal_recordings", "kontur_recordings"]),
    ("DIFFERENCES", &["differences"]),
];

/// Each day, each cause, and the first of the differences.
pub(super) fn of(found: &Value) -> String {
    let causes = list(found, "causes");
    let mut parts = vec![days(list(found, "days"))];
    parts.extend(causes.iter().map(|cause| of_cause(cause, list(found, "differences"))));
    parts.extend(causes.is_empty().then(|| "no differences".to_owned()));
    parts.extend(list(found, "notes").iter().map(|note| word(note).to_owned()));
    parts.join("\n\n")
}

fn of_cause(cause: &Value, differences: &[Value]) -> String {
    let repairable = if cause["repairable"] == true { "" } else { ", nothing to repair" };
    let heading = format!("{} {}{repairable}", cause["count"], word(&cause["cause"]));
    let of_cause = differences.iter().filter(|difference| difference["cause"] == cause["cause"]);
    std::iter::once(heading).chain(of_cause.take(SHOWN).map(line)).collect::<Vec<_>>().join("\n")
}

/// What a repair set going.
pub(super) fn of_repair(workspace: &str, repaired: &Value) -> String {
    let counts =
        format!("{} sent again, {} registered again in Kontur", repaired["retried"], repaired["restored"]);
    match repaired["sync"].as_i64() {
        Some(job) => {
            format!("{counts}; the history is being read\n  kontur-telephony sync {workspace} --job {job}")
        }
        None => counts,
    }
}

fn days(days: &[Value]) -> String {
    let heading = std::iter::once("DAY       ".to_owned())
        .chain(COLUMNS.iter().map(|(heading, _)| (*heading).to_owned()));
    let mut lines = vec![heading.collect::<Vec<_>>().join("  ")];
    for day in days {
        let counts = COLUMNS.iter().map(|(heading, counted)| {
            let numbers: Vec<String> = counted.iter().map(|name| day[*name].to_string()).collect();
            format!("{:>width$}", numbers.join("/"), width = heading.len())
        });
        let row = std::iter::once(word(&day["date"]).to_owned()).chain(counts);
        lines.push(row.collect::<Vec<_>>().join("  "));
    }
    lines.join("\n")
}

fn line(difference: &Value) -> String {
    let reason = difference["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("  {}  {}{reason}", word(&difference["began_at"]), word(&difference["external_id"]))
}

fn list<'a>(found: &'a Value, name: &str) -> &'a [Value] {
    found[name].as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_day_has_a_row_and_each_cause_its_calls() {
        let found = json!({
            "days": [{
                "date": "2026-11-22", "telephony_calls": 200, "journal_calls": 200, "kontur_calls": 199,
                "workonflow_comments": 200, "telephony_recordings": 90, "journal_recordings": 90,
                "kontur_recordings": 89, "differences": 1
            }],
            "causes": [{"cause": "deleted_in_kontur", "count": 1, "repairable": true}],
            "differences": [{
                "external_id": "pbx-42", "began_at": "2026-11-22T10:00:00+00:00", "cause": "deleted_in_kontur",
                "reason": null
            }],
            "notes": []
        });
        assert_eq!(
            of(&found),
            "DAY         TELEPHONY  HERE  KONTUR  COMMENTS  RECORDINGS  DIFFERENCES\n\
             2026-11-22        200   200     199       200    90/90/89            1\n\n\
             1 deleted_in_kontur\n  2026-11-22T10:00:00+00:00  pbx-42"
        );
    }

    #[test]
    fn where_nothing_differs_that_is_said() {
        assert!(of(&json!({"days": [], "causes": []})).ends_with("no differences"));
    }

    #[test]
    fn a_repair_says_what_it_set_going() {
        let whole = json!({"sync": null, "retried": 0, "restored": 50});
        assert_eq!(of_repair("acme", &whole), "0 sent again, 50 registered again in Kontur");
        let reading = json!({"sync": 7, "retried": 1, "restored": 0});
        assert!(of_repair("acme", &reading).ends_with("kontur-telephony sync acme --job 7"));
    }
}
