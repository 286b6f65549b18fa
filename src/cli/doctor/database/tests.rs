//! Files and folders as they are found, and what is said of them.

use super::super::check::State;
use super::*;

#[track_caller]
fn check(path: &Path, expected: &Found, state: State, fix: &str) {
    let (facts, _) = look(path);
    assert_eq!(&facts.found, expected, "{}", path.display());
    let row = judge(&Facts { free: None, ..facts });
    assert_eq!(row.state, state, "{row:?}");
    assert!(row.fix.unwrap_or_default().contains(fix), "{fix}");
}

#[test]
fn what_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.db");
    check(&path, &Found::NotYet, State::Green, "");
    assert!(!path.exists());
    fs::write(&path, "").unwrap();
    check(&path, &Found::NotYet, State::Green, "");
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn folders_and_files_of_other_kinds_are_red() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "no database at all").unwrap();
    check(&folder.path().join("none/k.db"), &Found::NoFolder, State::Red, "mkdir -p");
    check(&file.join("k.db"), &Found::NotAFolder, State::Red, "database_url");
    check(&file.join("below/k.db"), &Found::NotAFolder, State::Red, "database_url");
    check(&file, &Found::NotADatabase, State::Red, "database_url");
    check(folder.path(), &Found::NotADatabase, State::Red, "database_url");
}

#[test]
fn a_database_in_use_is_green() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.db");
    let serving = Store::open(&StoreOptions::at(&path)).unwrap();
    check(&path, &Found::Open, State::Green, "");
    drop(serving);
    check(&path, &Found::Open, State::Green, "");
}

#[test]
fn a_newer_or_locked_database_and_a_full_disk_are_told_apart() {
    for (error, found, fix) in [
        (StorageError::Newer("9999_future".to_owned()), "9999_future", "newer version"),
        (StorageError::Busy, "locked", "fuser"),
        (StorageError::Full, "full", "make room"),
        (StorageError::Driver("malformed".to_owned()), "malformed", "backup"),
    ] {
        let row = judge(&Facts { path: "k.db".into(), found: Found::Closed(error), free: None, size: None });
        assert_eq!(row.state, State::Red);
        assert!(row.found.contains(found) && row.fix.as_ref().unwrap().contains(fix), "{row:?}");
    }
}

#[test]
fn the_size_is_told_in_whole_mebibytes() {
    let facts = Facts { path: "k.db".into(), found: Found::Open, free: None, size: Some(MEBIBYTE + 1) };
    assert!(judge(&facts).found.ends_with("; 2 MiB"));
}

#[test]
fn little_space_is_yellow() {
    let row =
        |free| judge(&Facts { path: "k.db".into(), found: Found::NotYet, free: Some(free), size: None });
    assert_eq!(row(LOW_SPACE).state, State::Green);
    let low = row(3 * MEBIBYTE);
    assert_eq!(low.state, State::Yellow);
    assert!(low.found.contains("only 3 MiB"), "{low:?}");
}
