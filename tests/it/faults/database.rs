//! Another program holds the database for longer than anybody waits for it.

use std::time::{Duration, Instant};

use super::room::{self, Taken};
use crate::harness::Company;

/// Writes wait 2 s for the database: so long it is held at least.
const HELD_FOR: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_database_that_is_held_refuses_what_comes_and_loses_nothing_that_was_taken() {
    let company = Company::plan().set("log.level", "info").start().await;
    let mut taken = vec![room::under_way(&company, Duration::from_millis(500)).await];
    let other = company.server.database().hold();

    let held = Instant::now();
    let (refused, number) = room::until_refused(&company, 2, &mut taken).await;
    room::check_refusal(refused);
    while held.elapsed() < HELD_FOR {
        room::check_alive_but_not_ready(&company).await;
        room::check_refusal(Taken::tell(&company, number).await.expect_err("it is held"));
    }

    drop(other);
    taken.push(room::tell_patiently(&company, number).await);
    room::check_ready(&company).await;
    company.settle().await;
    room::check_everything(&company, &taken);
}
