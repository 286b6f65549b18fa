use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::*;

mod real_postgres;

/// What the next versions might bring: something more, which the version before can do without, and something less.
const NEXT: &[Migration] = &[
    Migration { postgres: Postgres::AtOnce(FIRST), ..FIRST_ALONE },
    Migration {
        name: "0002_more",
        needs: 1,
        sqlite: "ALTER TABLE thing ADD COLUMN colour TEXT",
        postgres: Postgres::AtOnce("ALTER TABLE thing ADD COLUMN colour TEXT"),
    },
    Migration {
        name: "0003_index",
        needs: 1,
        sqlite: "CREATE INDEX thing_size ON thing (size)",
        postgres: Postgres::OneByOne(&[
            "DROP INDEX CONCURRENTLY IF EXISTS thing_size",
            "CREATE INDEX CONCURRENTLY thing_size ON thing (size)",
        ]),
    },
    Migration {
        name: "0004_less",
        needs: 2,
        sqlite: "DROP INDEX thing_size",
        postgres: Postgres::AtOnce("DROP INDEX thing_size"),
    },
];
const FIRST: &str = "CREATE TABLE thing (id BIGINT PRIMARY KEY, size BIGINT NOT NULL)";
const FIRST_ALONE: Migration =
    Migration { name: "0001_first", needs: 1, sqlite: FIRST, postgres: Postgres::AtOnce(FIRST) };

#[test]
fn each_is_named_by_its_place_and_can_run_on_what_it_leaves() {
    for list in [MIGRATIONS, NEXT] {
        for (migration, number) in list.iter().zip(1..) {
            assert!(migration.name.starts_with(&format!("{number:04}_")), "{}", migration.name);
            assert!((1..=number).contains(&migration.needs), "{}", migration.name);
        }
    }
}

#[test]
fn each_has_a_file_for_either_database() {
    let names: Vec<String> = MIGRATIONS.iter().map(|migration| format!("{}.sql", migration.name)).collect();
    for database in ["sqlite", "postgres"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
        let files =
            fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<String> = files.collect();
        files.sort();
        assert_eq!(files, names, "{database}");
    }
}

#[test]
fn what_is_there_is_not_applied_again() {
    let connection = Connection::open_in_memory().unwrap();
    assert_eq!(sqlite::apply(&connection, &NEXT[..1]).unwrap(), ["0001_first"]);
    assert_eq!(sqlite::apply(&connection, &NEXT[..3]).unwrap(), ["0002_more", "0003_index"]);
    assert_eq!(sqlite::apply(&connection, &NEXT[..3]).unwrap(), [""; 0]);
}

#[test]
fn the_version_before_runs_on_what_the_newer_one_left_it_as_long_as_it_can() {
    let connection = Connection::open_in_memory().unwrap();
    sqlite::apply(&connection, &NEXT[..3]).unwrap();
    assert_eq!(sqlite::apply(&connection, &NEXT[..1]), Ok(vec![]));
    sqlite::apply(&connection, NEXT).unwrap();
    assert_eq!(sqlite::apply(&connection, &NEXT[..2]), Ok(vec![]));
    assert_eq!(sqlite::apply(&connection, &NEXT[..1]), Err(StorageError::Newer("0004_less".into())));
}

#[test]
fn what_fails_leaves_nothing() {
    let connection = Connection::open_in_memory().unwrap();
    let sqlite = "CREATE TABLE half (id BIGINT); CREATE TABLE thing (id BIGINT)";
    let [first, mut wrong] = [FIRST_ALONE, FIRST_ALONE];
    (wrong.name, wrong.sqlite) = ("0002_wrong", sqlite);
    let error = sqlite::apply(&connection, &[first, wrong]).unwrap_err();
    assert!(error.to_string().starts_with("migration 0002_wrong cannot be applied: "), "{error}");
    assert!(
        connection.table_exists(None, "thing").unwrap() && !connection.table_exists(None, "half").unwrap()
    );
}

#[test]
fn ten_that_start_at_once_apply_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let connection = Connection::open(folder.path().join("test.db")).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
        sqlite::apply(&connection, NEXT).unwrap()
    };
    let applied = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..10).map(|_| scope.spawn(start)).collect();
        starts.into_iter().flat_map(|start| start.join().unwrap()).collect::<Vec<_>>()
    });
    let mut applied = applied;
    applied.sort_unstable();
    assert_eq!(applied, names(NEXT));
}
