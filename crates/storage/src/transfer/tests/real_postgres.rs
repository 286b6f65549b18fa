use domain::secret::Secret;
use testkit::postgres::{Database, Session};
use tokio::sync::oneshot;

use super::*;
use crate::{Place, Store, StoreOptions};

fn address(database: &Database) -> Address {
    Address::parse(&Secret::new(database.url())).unwrap()
}

async fn copied(office: &Office, into: &Database) -> Report {
    copy(&office.path(), &address(into), &mut |_| ()).await.unwrap()
}

async fn verified(office: &Office, copy: &Database) -> Report {
    verify(&office.path(), &address(copy), &mut |_| ()).await.unwrap()
}

async fn refused(office: &Office, into: &Database) -> TransferError {
    copy(&office.path(), &address(into), &mut |_| ()).await.unwrap_err()
}

fn table<'a>(report: &'a Report, name: &str) -> &'a TableReport {
    report.tables.iter().find(|table| table.name == name).unwrap()
}

#[tokio::test]
async fn what_was_copied_is_the_same_and_new_rows_come_after_it() {
    let (office, into) = (Office::with_calls(1, 100), Database::fresh());
    let first = copied(&office, &into).await;
    assert_eq!((first.rows(), first.copied()), (2 + 1 + 1 + 400, 2 + 1 + 1 + 400));
    let after = verified(&office, &into).await;
    assert!(after.is_same() && after.copied() == 0 && after.rows() == first.rows());
    let session = Session::to(into.url());
    let next = "INSERT INTO raw_request (instance_id, provider, received_at, body) VALUES (1, 'x', 1, '') RETURNING id";
    assert!(session.number(next) > 100);
    assert_eq!(session.number("SELECT count(*) FROM status_change WHERE reason = 'set up'"), 1);
    assert_eq!(session.number("SELECT count(*) FROM claim WHERE replica_id IS NULL AND NOT released"), 2);
}

#[tokio::test]
async fn another_copy_brings_only_what_has_changed() {
    let (office, into) = (Office::with_calls(1, 250), Database::fresh());
    copied(&office, &into).await;
    office.run(
        "UPDATE call SET told = 'changed' WHERE id = 120; DELETE FROM raw_request WHERE id = 3;
         DELETE FROM call WHERE id > 240; UPDATE instance SET condition = 'paused' WHERE id = 1;
         INSERT INTO mark VALUES (1, 'read_until', '17'); DELETE FROM user_mapping",
    );
    office.add_calls(251, 260);
    let differing = verified(&office, &into).await;
    assert_eq!(table(&differing, "call").differing, ["id 100 to 200", "id from 200"]);
    assert_eq!(table(&differing, "raw_request").differing, ["id up to 101", "id from 201"]);
    assert_eq!(table(&differing, "user_mapping").differing, ["all rows"]);
    assert_eq!(table(&differing, "status_change").differing, [""; 0]);
    let again = copied(&office, &into).await;
    for name in ["call", "raw_request", "status_change"] {
        assert_eq!(table(&again, name).differing, table(&differing, name).differing);
    }
    let copied =
        ["call", "raw_request", "status_change", "instance", "mark"].map(|name| table(&again, name).copied);
    assert_eq!(copied, [11, 10, 0, 1, 1]);
    assert!(verified(&office, &into).await.is_same());
}

#[tokio::test]
async fn values_of_every_kind_arrive_and_have_the_same_sum() {
    let (office, into) = (Office::with_calls(1, 1), Database::fresh());
    office.run(
        "INSERT INTO raw_request (instance_id, provider, received_at, body, fault) VALUES
             (-9223372036854775807, '', 9223372036854775807, x'00', NULL), (0, 'ü→🙂', 0, x'', 'a' || char(0) || 'b')",
    );
    copied(&office, &into).await;
    assert!(verified(&office, &into).await.is_same());
    let session = Session::to(into.url());
    assert_eq!(
        session.number("SELECT count(*) FROM raw_request WHERE fault = E'a\\uFFFDb' AND body = ''"),
        1
    );
    assert_eq!(session.number("SELECT count(*) FROM raw_request WHERE body = '\\x00' AND fault IS NULL"), 1);
    assert_eq!(session.number("SELECT count(*) FROM instance WHERE deleted AND settings IS NULL"), 1);
}

#[tokio::test]
async fn a_row_that_no_other_database_could_find_is_named() {
    let (office, into) = (Office::with_calls(1, 1), Database::fresh());
    office.run("INSERT INTO call_leg VALUES (7, 'a' || char(0), 1)");
    let error = refused(&office, &into).await.to_string();
    assert!(error.starts_with("leg_id of call_leg (instance_id 7) holds"), "{error}");
}

#[tokio::test]
async fn a_copy_that_was_cut_off_is_not_taken_for_one_and_is_gone_on_with() {
    let (office, into) = (Office::with_calls(1, 250), Database::fresh());
    let (reached, at) = oneshot::channel();
    let (path, address, mut reached) = (office.path(), address(&into), Some(reached));
    let mut told = |progress: Progress<'_>| {
        if progress.rows > 400 {
            reached.take().map(|reached| reached.send(()));
        }
    };
    tokio::select! {
        _ = copy(&path, &address, &mut told) => panic!("it came to its end"),
        _ = at => {}
    }
    let session = Session::to(into.url());
    assert_eq!(session.number("SELECT count(*) FROM copied WHERE finished_at IS NULL"), 1);
    let serve = || Store::open(&StoreOptions::in_place(Place::Postgres(address.clone()))).map(drop);
    assert_eq!(serve(), Err(StorageError::HalfCopied));
    let again = copied(&office, &into).await;
    assert!(again.copied() < again.rows(), "what was there is left");
    assert!(verified(&office, &into).await.is_same());
    assert_eq!(serve(), Ok(()));
}

/// The copy is of one moment, whatever is written meanwhile.
#[tokio::test]
async fn whoever_serves_goes_on_while_it_is_copied() {
    let (office, into) = (Office::with_calls(1, 250), Database::fresh());
    let mut calls = 250;
    let mut serve = |_: Progress<'_>| {
        calls += 1;
        office.add_calls(calls, calls);
    };
    let report = copy(&office.path(), &address(&into), &mut serve).await.unwrap();
    assert_eq!(table(&report, "call").rows, 250);
    assert_eq!(table(&report, "call_leg").rows, 500);
    assert!(!verified(&office, &into).await.is_same());
    copied(&office, &into).await;
    assert!(verified(&office, &into).await.is_same());
}

#[tokio::test]
async fn nothing_is_copied_over_what_would_be_lost() {
    let (office, into) = (Office::with_calls(1, 1), Database::fresh());
    copied(&office, &into).await;
    let other = Office::new();
    other.run("UPDATE instance SET workspace = 'third' WHERE id = 2");
    let error = refused(&other, &into).await.to_string();
    assert!(error.contains("integration 2 is other there and third here"), "{error}");
    let session = Session::to(into.url());
    session.run(
        "INSERT INTO replica (name, seen_at, leaving) VALUES ('one', now(), false); DELETE FROM replica",
    );
    assert_eq!(refused(&office, &into).await, TransferError::Served);
    session.run("TRUNCATE replica RESTART IDENTITY; DROP TABLE copied");
    assert_eq!(refused(&office, &into).await, TransferError::Occupied);
}

#[tokio::test]
async fn two_do_not_copy_into_the_same_at_once() {
    let (office, into) = (Office::with_calls(1, 250), Database::fresh());
    let session = Session::to(into.url());
    session.run(target::LOCK);
    assert_eq!(refused(&office, &into).await, TransferError::UnderWay);
    drop(session);
    copied(&office, &into).await;
}

#[tokio::test]
async fn databases_of_other_versions_are_refused() {
    let (office, into) = (Office::new(), Database::fresh());
    let unmade = verify(&office.path(), &address(&into), &mut |_| ()).await.unwrap_err();
    assert_eq!(unmade, TransferError::OutOfDate(Side::Target));
    office.run("DELETE FROM migration");
    assert_eq!(refused(&office, &into).await, TransferError::OutOfDate(Side::Source));
    office.run("INSERT INTO migration VALUES ('9999_future', 9999)");
    assert_eq!(refused(&office, &into).await, StorageError::Newer("9999_future".into()).into());
}
