//! How statements find their rows where there are many.

use std::collections::{BTreeSet, HashMap};

use domain::clock::Timestamp;
use domain::retention::Retention;
use domain::secret::Secret;
use serde_json::Value;
use testkit::postgres::Database;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{OF_SQLITE, connect};
use crate::filling::{Filling, fill};
use crate::postgres::address::{Address, SETTINGS};
use crate::postgres::connection::Connection;
use crate::postgres::{batched, prefetch};
use crate::statement::tests::MODULES;
use crate::store::Place;
use crate::{calls, deliveries, instances};

/// Tables of which nobody may look at all rows.
const GROWING: [&str; 8] =
    ["call", "call_event", "call_leg", "recording", "delivery", "attempt", "raw_request", "parked"];

/// Statements that may look at a whole index, each with why that is little.
const MAY_SCAN: &[(&str, &str)] = &[
    ("calls::SETTLING", "an index of what settles, at the start"),
    ("calls::open::LOOK_SOONER", "an index of what is open, when the clock was set back"),
    ("deliveries::MARK_SUSPECT", "an index of what is pending, at the start"),
    ("deliveries::MARK_SUSPECT_OF", "an index of what is pending, for many at once, as it is never run"),
    ("deliveries::PENDING_DESTINATIONS", "an index of what is pending"),
    ("deliveries::COUNT_PENDING", "an index of what is pending"),
    ("parked::COUNT", "an index of what is parked, at the start"),
    ("reconciliations::DEAD", "calls of a few days, where nothing is known of how many there are"),
    ("reconciliations::DELETED", "calls of a few days, where nothing is known of how many there are"),
];

/// Calls that are over, each with all that there can be of one.
const CALLS: &str = "
    INSERT INTO call SELECT n, 1, 'call-' || n, NULL, '7900' || n, 'inbound', 'answered', n, n, NULL, NULL, '{}', '{}', 0
    FROM generate_series(1, 200) AS n;
    INSERT INTO call_event SELECT id, 'event-' || n, 'leg.ringing', 'leg-' || id, n, n, id FROM call, generate_series(1, 3) AS n;
    INSERT INTO call_leg SELECT 1, 'leg-' || id, id FROM call;
    INSERT INTO recording SELECT id, 'leg-' || id, 1, 'stored', NULL, NULL, NULL, NULL, id FROM call;
    INSERT INTO delivery SELECT 2 * id + n, 1, 'kontur', id, 'comment', '{}', 'delivered', id, id, NULL, 1, id, id, 200, NULL,
                                NULL, NULL, FALSE, FALSE, NULL
    FROM call, generate_series(0, 1) AS n;
    INSERT INTO attempt SELECT id, 1, created_at, 1, 200, 'delivered', NULL FROM delivery;
    INSERT INTO raw_request SELECT id, 1, 'generic', began_at, '{}', NULL FROM call";

/// Before anything is known of the tables, and when statistics say that nothing is pending, as if nothing ever were.
#[test]
fn no_statement_looks_at_all_rows_but_those_that_are_listed() {
    let database = Database::fresh();
    let address = Address::parse(&Secret::new(database.url())).unwrap();
    let statements = statements(&connect(&database));
    let mut scanning = scanning(&address, &statements);
    database.session().run(CALLS);
    let now = Timestamp::from_micros(1_800_000_000_000_000);
    let filling = Filling { calls: 20_000, now, retention: Retention::default() };
    fill(&Place::Postgres(address.clone()), &filling).unwrap();
    scanning.extend(self::scanning(&address, &statements));
    for (name, plan) in &scanning {
        let allowed = MAY_SCAN.iter().any(|(allowed, _)| allowed == name);
        assert!(allowed, "{name} looks at all rows: {plan:#}");
    }
    let scanning: BTreeSet<_> = scanning.into_iter().map(|(name, _)| name).collect();
    assert_eq!(scanning.len(), MAY_SCAN.len(), "listed and not scanning any more: {scanning:?}");
}

/// Those that look at all rows, with how they do.
#[tokio::main(flavor = "current_thread")]
async fn scanning<'s>(address: &Address, statements: &'s [(String, String)]) -> Vec<(&'s str, Value)> {
    let client = address.connect().await.unwrap();
    client.batch_execute(SETTINGS).await.unwrap();
    let leading = leading_columns(&client).await;
    let mut scanning = Vec::new();
    for (name, text) in statements {
        let plan = plan(&client, text).await;
        if looks_at_all_rows(&plan, &leading) {
            scanning.push((name.as_str(), plan));
        }
    }
    scanning
}

/// All texts, and what they become for many rows, each with the name of the statement.
fn statements(connection: &Connection) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (module, statements) in MODULES.iter().filter(|(module, _)| *module != OF_SQLITE) {
        for (name, sql) in *statements {
            let name = format!("{module}::{name}");
            let types = connection.prepare(sql).unwrap().params().to_vec();
            let types: Vec<_> = types.iter().map(Type::name).collect();
            all.extend(batched::batched(sql, &types).map(|text| (name.clone(), text)));
            all.push((name, (*sql).to_owned()));
        }
    }
    let own = [calls::OF_POSTGRES, deliveries::OF_POSTGRES, instances::OF_POSTGRES, prefetch::QUESTIONS];
    all.extend(own.concat().into_iter().map(|sql| (sql.to_owned(), sql.to_owned())));
    all
}

/// How it is run whatever its parameters are.
async fn plan(client: &Client, sql: &str) -> Value {
    let count = client.prepare(sql).await.unwrap().params().len();
    let parameters = if count == 0 { String::new() } else { format!("({})", vec!["NULL"; count].join(", ")) };
    let asked = format!(
        "DEALLOCATE ALL; PREPARE asked AS {sql}; EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE asked{parameters}"
    );
    let answer = client.simple_query(&asked).await.unwrap();
    let text = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    serde_json::from_str(text.unwrap()).unwrap()
}

/// The first column of each index.
async fn leading_columns(client: &Client) -> HashMap<String, String> {
    let sql = "SELECT indexrelid::regclass::text, attname::text
               FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Whether any part of a plan reads a whole table that grows, or an index of one without knowing where to begin.
fn looks_at_all_rows(plan: &Value, leading: &HashMap<String, String>) -> bool {
    let text = |key| plan[key].as_str().unwrap_or_default();
    let is_bounded = match text("Node Type") {
        "Seq Scan" => false,
        "Index Scan" | "Index Only Scan" => {
            let column = &leading[text("Index Name")];
            text("Index Cond")
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .any(|word| word == column)
        }
        _ => true,
    };
    let below = match plan {
        Value::Array(parts) => parts.iter().collect(),
        Value::Object(parts) => parts.values().filter(|part| part.is_array() || part.is_object()).collect(),
        _ => Vec::new(),
    };
    (!is_bounded && GROWING.contains(&text("Relation Name")))
        || below.into_iter().any(|part| looks_at_all_rows(part, leading))
}
