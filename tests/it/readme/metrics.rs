//! Every metric that the code counts is explained to the operator, and none that it does not.

use std::collections::BTreeSet;

use super::page;

const PREFIX: &str = "kontur_telephony_";

/// The words of a text that begin like a metric.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with(PREFIX)).map(str::to_owned).collect()
}

#[test]
fn operations_tells_every_metric_and_no_other() {
    let counted = names(&page::read("crates/engine/src/happening.rs"));
    let section = page::read("docs/operations.md");
    let told: BTreeSet<_> = names(page::section(&section, "Metrics"))
        .into_iter()
        .map(|name| {
            ["_bucket", "_sum", "_count"]
                .iter()
                .fold(name, |name, end| name.strip_suffix(end).map_or(name.clone(), str::to_owned))
        })
        .collect();
    assert!(counted.len() > 5, "the metrics were not found");
    assert_eq!(counted, told);
}
