use super::*;
use testkit::postgres::Database;

use crate::provider::asterisk::cdr::tests::{MASTER, rows, written};
use crate::provider::asterisk::cdr::{calls, page};

fn table(url: &str, name: &str, zone: Tz) -> PostgresTable {
    PostgresTable::new(&Secret::new(url), name.to_owned(), zone).unwrap()
}

#[test]
fn a_database_is_named_by_its_url_which_is_not_shown() {
    let table = table("postgres://me:hush@127.0.0.1/x", "cdr", chrono_tz::UTC);
    assert!(!format!("{table:?}").contains("hush"));
}

#[tokio::test]
async fn nobody_answering_is_said_without_the_password() {
    let table = table("postgres://me:hush@127.0.0.1:1/x", "cdr", chrono_tz::UTC);
    let error = table.latest().await.unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Unreachable);
    assert!(!error.message.contains("hush"), "{}", error.message);
}

#[test]
fn a_connection_is_secured_if_that_is_asked_for() {
    let mode = |query: &str| {
        let table = table(&format!("postgres://me@127.0.0.1/x{query}"), "cdr", chrono_tz::UTC);
        table.config.get_ssl_mode()
    };
    assert_eq!(mode("?sslmode=require"), SslMode::Require);
    assert_eq!(mode(""), SslMode::Disable);
}

mod real_postgres {
    use super::*;

    #[tokio::test]
    async fn a_table_of_asterisks_tells_the_same_calls_as_its_file() {
        let database = Database::fresh();
        let (text, expected) = written().await;
        for (table, time) in [("plain", "timestamp"), ("zoned", "timestamptz"), ("texts", "varchar")] {
            fill(&database, table, time, &text);
            let table = super::table(database.url(), table, calls::tests::ZONE);
            let listed =
                table.next(&Mark::before(Timestamp::default()), expected[3].started_at).await.unwrap();
            assert!(!listed.marks.is_empty() && !listed.has_more);
            let linkedids: Vec<String> = expected.iter().map(|call| call.call.as_str().to_owned()).collect();
            assert!(listed.marks.iter().all(|mark| linkedids.contains(&mark.linkedid)));
            let (from, to) = (expected[0].started_at, expected[0].started_at.plus(page::LONGEST_CALL));
            let records = table.records(&linkedids, from, to).await.unwrap();
            assert_eq!(calls::calls(records, &calls::tests::rules()).calls, expected);
            assert!(!table.latest().await.unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn pages_go_on_where_the_last_one_ended() {
        let database = Database::fresh();
        let many = "CREATE TABLE cdr AS SELECT timestamp '2026-11-22 10:00:00' + (n / 2) * interval '1 s' AS calldate, \
                    7 AS duration, 'PJSIP/trunk-1' AS channel, 'PJSIP/101-2' AS dstchannel, 'BUSY' AS disposition, \
                    'id-' || n AS linkedid FROM generate_series(1, 450) AS n";
        database.session().run(many);
        let zone = chrono_tz::Europe::Moscow;
        let table = table(database.url(), "cdr", zone);
        let mut after = Mark::before(Timestamp::parse("2026-11-22T07:00:00Z").unwrap());
        let to = after.began_at.plus(Duration::from_hours(1));
        let mut found = Vec::new();
        loop {
            let listed = table.next(&after, to).await.unwrap();
            found.extend(listed.marks.iter().cloned());
            match listed.marks.last().filter(|_| listed.has_more) {
                Some(last) => after = last.clone(),
                None => break,
            }
        }
        assert!(found.is_sorted());
        found.dedup();
        assert_eq!(found.len(), 450);
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_database_is_said() {
        let database = Database::fresh();
        let table = |table: &str| super::table(database.url(), table, calls::tests::ZONE);
        let missing = table("cdr").latest().await.unwrap_err();
        assert!(
            missing.message.contains("\"cdr\" does not exist; check cdr.database_url and"),
            "{}",
            missing.message
        );
        database.session().run("CREATE TABLE cdr (calldate timestamp, linkedid text)");
        let lacking = table("cdr").latest().await.unwrap_err();
        assert_eq!(lacking.kind, RemoteErrorKind::Rejected);
        assert!(
            lacking.message.contains("no column channel, dstchannel, disposition"),
            "{}",
            lacking.message
        );
    }

    fn fill(database: &Database, table: &str, time: &str, text: &str) {
        let columns: Vec<String> = MASTER
            .iter()
            .map(|name| {
                let kind = if matches!(*name, "start" | "answer" | "end") { time } else { "text" };
                format!("\"{name}\" {kind}")
            })
            .collect();
        let quoted = |text: &String| {
            if text.is_empty() { "NULL".to_owned() } else { format!("'{text}'") }
        };
        let mut statements =
            format!("SET TIME ZONE 'Europe/Moscow'; CREATE TABLE {table} ({});", columns.join(", "));
        for row in rows(text) {
            let values: Vec<String> = row.iter().map(quoted).collect();
            let values = values.join(", ");
            statements.extend(["INSERT INTO ", table, " VALUES (", &values, ");"]);
        }
        database.session().run(&statements);
    }
}
