use super::*;

use crate::provider::asterisk::cdr::page::PAGE;
use tempfile::TempDir;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// A database of FreePBX's columns, with calls that began one a second.
fn table(calls: i64) -> (TempDir, SqliteTable) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.db");
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE cdr (calldate TEXT, channel TEXT, dstchannel TEXT, duration INTEGER, billsec INTEGER, \
             disposition TEXT, uniqueid TEXT, linkedid TEXT)",
        )
        .unwrap();
    for call in 0..calls {
        let row = [super::super::time::local(at(call), chrono_tz::Europe::Moscow), format!("{call:04}.0")];
        let insert = "INSERT INTO cdr VALUES ($1, 'PJSIP/trunk-1', 'PJSIP/101-2', 7, 5, 'ANSWERED', $2, $2)";
        database.execute(insert, row).unwrap();
    }
    (folder, SqliteTable::new(path, "cdr".to_owned(), chrono_tz::Europe::Moscow))
}

#[tokio::test]
async fn calls_come_page_after_page_and_their_records_with_them() {
    let (_folder, table) = table(250);
    let first = table.next(&Mark::before(at(10)), at(240)).await.unwrap();
    assert_eq!((first.marks.len(), first.has_more), (PAGE, true));
    assert_eq!(first.marks[0], Mark { began_at: at(10), linkedid: "0010.0".to_owned() });
    let second = table.next(first.marks.last().unwrap(), at(240)).await.unwrap();
    assert_eq!(second.marks[0].linkedid, "0210.0");
    assert!(!second.has_more);

    let records = table.records(&["0011.0".to_owned(), "none".to_owned()], at(0), at(300)).await.unwrap();
    let [Ok(row)] = &*records else { panic!("{records:?}") };
    assert_eq!((row.start, row.answer, row.end), (at(11), Some(at(13)), at(18)));
}

#[tokio::test]
async fn a_call_that_began_before_is_not_one_that_begins() {
    let (folder, table) = table(20);
    let later = "INSERT INTO cdr SELECT '1970-01-01 03:00:15', channel, dstchannel, duration, billsec, disposition, \
                 uniqueid, linkedid FROM cdr WHERE linkedid = '0005.0'";
    Connection::open(folder.path().join("master.db")).unwrap().execute(later, []).unwrap();
    let listed = table.next(&Mark::before(at(10)), at(20)).await.unwrap();
    assert_eq!(listed.marks.len(), 10);
    assert!(listed.marks.iter().all(|mark| mark.linkedid != "0005.0"));
}

#[tokio::test]
async fn what_is_wrong_with_a_database_is_said() {
    let (folder, good) = table(0);
    assert_eq!(good.latest().await, Ok(Vec::new()));
    let other = |path: &str, table: &str| {
        SqliteTable::new(folder.path().join(path), table.to_owned(), chrono_tz::UTC)
    };
    let missing = other("none.db", "cdr").latest().await.unwrap_err();
    assert!(missing.message.contains("check cdr.path"), "{}", missing.message);
    let unknown = other("master.db", "calls").latest().await.unwrap_err();
    assert!(unknown.message.contains("no such table: calls"), "{}", unknown.message);
    let plain = "CREATE TABLE old (calldate, channel, dstchannel, duration, disposition, uniqueid)";
    Connection::open(folder.path().join("master.db")).unwrap().execute(plain, []).unwrap();
    let old = other("master.db", "old").latest().await.unwrap_err();
    assert_eq!(old.kind, RemoteErrorKind::Rejected);
    assert!(old.message.contains("has no column linkedid;"), "{}", old.message);
}
