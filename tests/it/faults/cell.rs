//! One cell: a destination fails in one way, and works again.

use serde_json::Value;
use simulators::sandbox::WORKSPACE;

use super::calls::Calls;
use super::office::Office;
use super::row::Row;
use super::way::Way;
use crate::harness::{Company, eventually};

/// What becomes of the deliveries to a destination that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// They are tried again until they are told, each once.
    Told,
    /// The same, but some may be told twice: nobody can be asked whether they were.
    ToldAgain,
    /// They are dead letters at once, with this cause, until an administrator sends them again.
    Dead(&'static str),
    /// They count as told: the contract calls every 2xx a yes.
    Believed,
}

/// Nobody waits for the system in this cell: what fails once is given up.
const GIVEN_UP: Fate = Fate::Dead("gave_up");

/// Plays a cell: `status` is the integration's while the fault lasts.
pub(super) async fn check(row: Row, way: Way, fate: Fate, status: &str) {
    let plan = Company::plan();
    let plan = if fate == GIVEN_UP { plan.set("retry.give_up_after_sec", 0) } else { plan };
    let mut office = Office::planned(plan).await;
    if fate == Fate::ToldAgain {
        office.company.forgive_violations();
    }
    let calls = Calls::begin(&office).await;
    row.strike(&office.company.sandbox, way);
    calls.go_on(&office).await;
    let known = calls.everybody();

    office.others_are_served(&known, row, row == Row::Kontur && way == Way::Down).await;
    lasts(&office, row, way, fate).await;
    office.company.admin().becomes(status).await;
    office.is_well().await;

    row.heal(&office.company.sandbox);
    if matches!(fate, Fate::Dead(_)) {
        office.send_dead_letters_again().await;
    }
    let exempt = (fate == Fate::Believed).then_some(row);
    office.everything_is_whole(&known, exempt, fate == Fate::ToldAgain).await;
    office.company.admin().becomes("active").await;
}

/// Waits until the deliveries have met with the fault as they should.
async fn lasts(office: &Office, row: Row, way: Way, fate: Fate) {
    match fate {
        Fate::Told | Fate::ToldAgain => is_felt(office, row, way).await,
        Fate::Dead(_) | Fate::Believed => {
            eventually("no delivery to the system is pending", async || {
                deliveries(office, row, "pending").await.is_empty().then_some(())
            })
            .await;
        }
    }
    let dead = deliveries(office, row, "dead").await;
    let causes: Vec<&str> = dead.iter().filter_map(|delivery| delivery["cause"].as_str()).collect();
    match fate {
        // What needs a call-started that was refused is not even sent.
        Fate::Dead(cause) => {
            assert!(causes.contains(&cause), "{dead:?}");
            assert!(causes.iter().all(|found| [cause, "prerequisite"].contains(found)), "{dead:?}");
        }
        _ => assert!(causes.is_empty(), "{dead:?}"),
    }
}

/// Waits until the fault has hit; where an attempt ends soon, until it has hit the same delivery again.
async fn is_felt(office: &Office, row: Row, way: Way) {
    eventually(&format!("{way:?} is felt"), async || {
        let is_felt = match way {
            Way::Hanging | Way::Slow => was_hit(office, row),
            _ => deliveries(office, row, "pending").await.iter().any(was_tried_again),
        };
        is_felt.then_some(())
    })
    .await;
}

fn was_hit(office: &Office, row: Row) -> bool {
    let entries = office.company.journal().entries();
    entries.iter().any(|entry| entry.system == row.system() && entry.fault.is_some())
}

fn was_tried_again(delivery: &Value) -> bool {
    delivery["attempts"].as_u64().is_some_and(|attempts| attempts >= 2)
}

async fn deliveries(office: &Office, row: Row, state: &str) -> Vec<Value> {
    let query = format!("workspace={WORKSPACE}&destination={}&state={state}&limit=500", word(row));
    office.company.admin().deliveries(&query).await
}

/// The destination's word in the admin API.
fn word(row: Row) -> &'static str {
    match row {
        Row::Kontur => "kontur",
        Row::Workonflow => "workonflow",
        Row::Metabot | Row::Provider => "metabot",
    }
}
