//! The known word nearest to a mistyped one.

/// The candidate nearest to `given`, unless all are too far to be meant.
pub(super) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let near = candidates.into_iter().map(|candidate| (distance(&given, candidate), candidate));
    let (distance, candidate) = near.min()?;
    (distance <= 1.max(candidate.len() / 3)).then_some(candidate)
}

/// Levenshtein's distance: how many characters to insert, delete or replace.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_found_if_it_is_near() {
        let known = ["listen", "public_url", "database_url", "api_url"];
        for (given, expected) in [
            ("lisen", Some("listen")),
            ("public-url", Some("public_url")),
            ("Database_URL", Some("database_url")),
            ("apiurl", Some("api_url")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, known), expected, "{given}");
        }
    }
}
