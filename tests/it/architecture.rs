//! The house rules that cargo does not enforce by itself: who may import whom, and which crate may use what from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::Table;

/// The crates from outside that each crate may use. A new name here is a decision: it costs build time and trust.
const OUTSIDE: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "async-trait",
            "chrono",
            "chrono-tz",
            "croner",
            "secrecy",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "url",
        ],
    ),
    (
        "storage",
        &[
            "bytes",
            "futures-util",
            "hashlink",
            "rusqlite",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
            "tokio-postgres",
            "tracing",
        ],
    ),
    (
        "adapters",
        &[
            "async-trait",
            "base64",
            "bytes",
            "chrono",
            "chrono-tz",
            "csv-core",
            "futures-util",
            "hmac",
            "json-patch",
            "md-5",
            "minijinja",
            "regex",
            "reqwest",
            "rusqlite",
            "rustls",
            "serde",
            "serde_json",
            "sha2",
            "subtle",
            "thiserror",
            "tokio",
            "tokio-postgres",
            "tracing",
            "url",
        ],
    ),
    (
        "engine",
        &[
            "async-trait",
            "bytes",
            "chacha20poly1305",
            "futures-util",
            "metrics",
            "rand",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
        ],
    ),
    (
        "simulators",
        &[
            "base64",
            "bytes",
            "chrono",
            "futures-util",
            "hmac",
            "poem",
            "poem-openapi",
            "rand",
            "reqwest",
            "rustls",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
            "tracing",
            "uuid",
        ],
    ),
    ("tls", &["rustls", "rustls-platform-verifier", "tokio", "tokio-postgres", "tokio-rustls"]),
    ("testkit", &["async-trait", "rusqlite", "serde_json", "tempfile", "tokio", "tokio-postgres", "url"]),
    (
        "kontur-telephony",
        &[
            "anyhow",
            "async-trait",
            "base64",
            "bytes",
            "chrono",
            "chrono-tz",
            "clap",
            "futures-util",
            "hmac",
            "metrics-exporter-prometheus",
            "poem",
            "poem-openapi",
            "reqwest",
            "rustix",
            "serde",
            "serde_json",
            "sha2",
            "subtle",
            "tempfile",
            "thiserror",
            "tokio",
            "tokio-util",
            "toml",
            "tracing",
            "tracing-subscriber",
            "url",
            "uuid",
            "zip",
        ],
    ),
];

const ROOT: &str = "kontur-telephony";

#[test]
fn crates_import_only_whom_the_table_in_architecture_md_allows() {
    let allowed = allowed_imports();
    let manifests = manifests();
    let (documented, real): (BTreeSet<&String>, BTreeSet<&String>) =
        (allowed.keys().collect(), manifests.keys().collect());
    assert_eq!(documented, real, "the table in ARCHITECTURE.md and the crates");
    for (name, manifest) in &manifests {
        for import in dependencies(manifest).iter().filter(|import| manifests.contains_key(*import)) {
            assert!(
                allowed[name].contains(import),
                "{name} may not import {import}; see the table in ARCHITECTURE.md"
            );
        }
    }
}

#[test]
fn crates_use_only_the_outside_crates_that_are_listed_for_them() {
    let manifests = manifests();
    let listed: BTreeMap<&str, BTreeSet<&str>> =
        OUTSIDE.iter().map(|(name, outside)| (*name, outside.iter().copied().collect())).collect();
    for (name, manifest) in &manifests {
        let allowed =
            listed.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not in the table OUTSIDE"));
        for import in dependencies(manifest).iter().filter(|import| !manifests.contains_key(*import)) {
            assert!(
                allowed.contains(import.as_str()),
                "{name} may not use {import}; OUTSIDE does not list it"
            );
        }
    }
}

#[test]
fn the_simulators_are_behind_their_feature() {
    let simulators = &manifests()[ROOT]["dependencies"]["simulators"];
    assert_eq!(simulators.get("optional").and_then(toml::Value::as_bool), Some(true));
}

#[test]
fn every_dependency_is_named_once_in_the_workspace() {
    for (name, manifest) in manifests() {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (import, entry) in manifest.get(section).and_then(toml::Value::as_table).into_iter().flatten()
            {
                let inherits = entry.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                assert!(inherits, "{name}: [{section}] {import} has to be `{import}.workspace = true`");
            }
        }
    }
}

/// Modules that may not know others, each with what may not appear in it.
#[test]
fn modules_do_not_reach_around() {
    check("src/api", &["crate::cli", "adapters::"]);
    check("src/config", &["crate::cli", "crate::api"]);
    check("crates/adapters/src/destination/kontur", &["destination::workonflow", "destination::metabot"]);
    check("crates/adapters/src/destination/workonflow", &["destination::kontur", "destination::metabot"]);
    check("crates/adapters/src/destination/metabot", &["destination::kontur", "destination::workonflow"]);
    check("crates/engine/src/outbox/lanes", &["domain::call::", "StoredCall"]);
    check("crates/engine/src/outbox/queues", &["domain::call::", "StoredCall", "Clock"]);
}

#[track_caller]
fn check(module: &str, forbidden: &[&str]) {
    let mut files = vec![root().join(format!("{module}.rs"))];
    collect(&root().join(module), &mut files);
    files.retain(|file| file.exists());
    assert!(!files.is_empty(), "{module} has no files");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file");
        for word in forbidden {
            assert!(!text.contains(word), "{} may not know {word}", file.display());
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test(&path) {
            files.push(path);
        }
    }
}

/// Tests may know more than what they test.
fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The manifests of our crates, by the crate's name.
fn manifests() -> BTreeMap<String, Table> {
    let folders = std::fs::read_dir(root().join("crates")).expect("crates/");
    let crates = folders.map(|entry| entry.expect("an entry").path().join("Cargo.toml"));
    let all = crates.chain([root().join("Cargo.toml")]);
    all.map(|path| {
        let manifest: Table = std::fs::read_to_string(&path).expect("a manifest").parse().expect("TOML");
        (manifest["package"]["name"].as_str().expect("a name").to_owned(), manifest)
    })
    .collect()
}

/// What a crate needs to run; what its tests need is its own business.
fn dependencies(manifest: &Table) -> Vec<String> {
    let sections = ["dependencies", "build-dependencies"];
    let tables = sections.iter().filter_map(|section| manifest.get(*section)?.as_table());
    tables.flat_map(|table| table.keys().cloned()).collect()
}

/// The table of ARCHITECTURE.md: for each crate, whom of ours it may import.
fn allowed_imports() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let rows = text.lines().skip_while(|line| !line.starts_with("| crate |")).skip(2);
    let rows: Vec<Vec<&str>> =
        rows.take_while(|line| line.starts_with('|')).map(|line| line.split('|').collect()).collect();
    let names: BTreeSet<String> = rows.iter().flat_map(|row| quoted(row[1])).collect();
    let imports = |cell: &str| match cell.trim() {
        cell if cell.starts_with("all") => names.clone(),
        cell if cell.starts_with("nothing") => BTreeSet::new(),
        cell => quoted(cell).filter(|name| names.contains(name)).collect(),
    };
    rows.iter()
        .flat_map(|row| quoted(row[1]).map(|name| (name, imports(row[3]))).collect::<Vec<_>>())
        .collect()
}

/// What stands between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}
