//! Relative links of every document lead to a file of the repository, and to a heading that is in it; the paths that a
//! document names are there.

use std::path::Path;

use super::page;

/// The targets of a text's links, `[words](target)`.
fn targets(prose: &str) -> Vec<&str> {
    let starts = prose.match_indices("](").map(|(at, _)| &prose[at + 2..]);
    starts.filter_map(|rest| rest.split_once(')').map(|(target, _)| target.trim())).collect()
}

/// As GitHub makes an anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

fn anchors(document: &str) -> Vec<String> {
    let prose = page::prose(document);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// Why a link leads nowhere, if it does.
fn fault(document: &Path, text: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) =
        target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
    let folder = document.parent().expect("a document is in a folder");
    let path = if file.is_empty() { document.to_owned() } else { folder.join(file) };
    if !path.exists() {
        return Some(format!("{}: {target} is not there", document.display()));
    }
    let heading = heading?;
    let there = if file.is_empty() { text.to_owned() } else { std::fs::read_to_string(&path).ok()? };
    let known = anchors(&there);
    (!known.iter().any(|one| one == heading))
        .then(|| format!("{}: {target}: no such heading, there are {known:?}", document.display()))
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut faults = Vec::new();
    let documents = page::documents();
    assert!(documents.len() > 5, "the documents were not found: {documents:?}");
    for document in documents {
        let text = std::fs::read_to_string(&document).expect("a document can be read");
        let prose = page::prose(&text);
        faults.extend(targets(&prose).into_iter().filter_map(|target| fault(&document, &text, target)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Where the paths of the repository begin.
const FOLDERS: [&str; 7] = ["crates/", "docs/", "openapi/", "scripts/", "src/", "tests/", ".ci/"];

/// The paths that a text names in back quotes, without those that stand for many.
fn paths(prose: &str) -> impl Iterator<Item = &str> {
    let quoted = prose.split('`').skip(1).step_by(2);
    let is_path = |name: &&str| FOLDERS.iter().any(|folder| name.starts_with(folder));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    quoted.filter(is_path).filter(move |name| name.chars().all(is_plain) && !name.contains("NAME"))
}

#[test]
fn every_path_that_a_document_names_is_there() {
    let mut missing = Vec::new();
    for document in page::documents() {
        let text = std::fs::read_to_string(&document).expect("a document can be read");
        let prose = page::prose(&text);
        let gone = paths(&prose).filter(|path| !page::root().join(path).exists());
        missing.extend(gone.map(|path| format!("{}: {path} is not there", document.display())));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn paths_are_told_from_other_words() {
    let prose = "see `src/api.rs` and `src/NAME.rs`, `crates/*/src`, `serve`, `docs/no-such.md`";
    assert_eq!(paths(prose).collect::<Vec<_>>(), ["src/api.rs", "docs/no-such.md"]);
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let readme = page::root().join("README.md");
    let fault = |target| fault(&readme, "# One\n\n## Two words, `three`\n", target);
    assert_eq!(fault("Cargo.toml"), None);
    assert_eq!(fault("https://example.org/nothing"), None);
    assert_eq!(fault("#two-words-three"), None);
    assert!(fault("#four").is_some());
    assert!(fault("no-such-file.md").is_some());
    assert_eq!(targets("see [a](b.md) and [c](d.md#e)."), ["b.md", "d.md#e"]);
}
