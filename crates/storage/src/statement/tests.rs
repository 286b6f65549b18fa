use rusqlite::Connection;

use crate::{
    calls, deliveries, dials, instances, parked, prune, raw_requests, reconciliations, recordings, space,
    sqlite, sync_jobs, unmapped, unreturned,
};

/// Every module with statements.
pub(crate) const MODULES: [(&str, &[(&str, &str)]); 16] = [
    ("calls", calls::ALL),
    ("calls::open", calls::OPEN),
    ("deliveries", deliveries::ALL),
    ("dials", dials::ALL),
    ("instances", instances::ALL),
    ("parked", parked::ALL),
    ("prune", prune::ALL),
    ("prune::calls", prune::ALL_BELOW[0]),
    ("prune::deliveries", prune::ALL_BELOW[1]),
    ("raw_requests", raw_requests::ALL),
    ("reconciliations", reconciliations::ALL),
    ("recordings", recordings::ALL),
    ("space", space::ALL),
    ("sync_jobs", sync_jobs::ALL),
    ("unmapped", unmapped::ALL),
    ("unreturned", unreturned::ALL),
];

/// Statements that may look at all rows of what they name, each with why that is little.
const MAY_SCAN: &[(&str, &str, &str)] = &[
    ("calls::open", "LOOK_SOONER", "an index of what is open, when the clock was set back"),
    ("deliveries", "MARK_SUSPECT", "an index of what is pending, at the start"),
    ("deliveries", "PENDING_DESTINATIONS", "an index of what is pending"),
    ("deliveries", "COUNT_PENDING", "an index of what is pending"),
    ("instances", "REVISIONS", "some thousand instances, where several processes serve"),
    ("sync_jobs", "RUNNING", "an index of what runs, at the start"),
    ("instances", "LIST", "some thousand instances at most, at the start"),
    ("parked", "COUNT", "an index of what is parked, at the start"),
    ("space", "PAGES", "three numbers of the file's header"),
];

#[test]
fn every_statement_is_valid_on_a_fresh_database() {
    let connection = sqlite::fresh_for_tests();
    for (module, statements) in MODULES {
        for (name, sql) in statements {
            assert!(connection.prepare(sql).is_ok(), "{module}::{name}: {:?}", connection.prepare(sql).err());
        }
    }
}

/// With millions of calls stored, one statement that looks at all of them stops everybody.
#[test]
fn no_statement_looks_at_all_rows_but_those_that_are_listed() {
    let connection = sqlite::fresh_for_tests();
    let mut scanning = Vec::new();
    for (module, statements) in MODULES {
        for (name, sql) in statements {
            let scans: Vec<_> = plan(&connection, sql).into_iter().filter(|step| is_scan(step)).collect();
            if !scans.is_empty() {
                scanning.push((module, *name, scans));
            }
        }
    }
    for (module, name, scans) in &scanning {
        let allowed = MAY_SCAN.iter().any(|(of, allowed, _)| (of, allowed) == (module, name));
        assert!(allowed, "{module}::{name} looks at all rows: {scans:?}");
    }
    assert_eq!(scanning.len(), MAY_SCAN.len(), "listed and not scanning any more: {scanning:?}");
}

/// What is read at each start, or again and again, holds only what is not done with.
#[test]
fn what_is_still_to_be_done_is_found_by_an_index_of_just_that() {
    let connection = sqlite::fresh_for_tests();
    for (module, name, index) in [
        ("calls", "SETTLING", "call_settling"),
        ("calls::open", "DUE", "call_open"),
        ("deliveries", "MARK_SUSPECT", "delivery_pending"),
        ("deliveries", "PENDING_DESTINATIONS", "delivery_pending"),
        ("dials", "OPEN", "dial_open"),
        ("dials", "WAITING", "dial_waiting"),
        ("dials", "LOOK_SOONER", "dial_waiting"),
        ("reconciliations", "INTERRUPTED", "reconciliation_running"),
        ("reconciliations", "BEGAN", "call_began"),
        ("reconciliations", "DEAD", "delivery_dead"),
        ("sync_jobs", "RUNNING", "sync_job_running"),
        ("sync_jobs", "TIDY", "sync_job_news"),
        ("deliveries", "PENDING_BEYOND", "delivery_pending"),
        ("parked", "DUE", "parked_until"),
    ] {
        let statements = MODULES.iter().find(|(of, _)| *of == module).unwrap().1;
        let sql = statements.iter().find(|(of, _)| *of == name).unwrap().1;
        let plan = plan(&connection, sql).join("; ");
        assert!(plan.contains(&format!("INDEX {index}")), "{module}::{name}: {plan}");
    }
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let parameters = vec![rusqlite::types::Null; statement.parameter_count()];
    let steps = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get(3)).unwrap();
    steps.collect::<Result<_, _>>().unwrap()
}

fn is_scan(step: &str) -> bool {
    step.starts_with("SCAN ") && !step.starts_with("SCAN CONSTANT ROW")
}
