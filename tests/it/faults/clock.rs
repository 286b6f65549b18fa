//! The machine's clock is set wrong by an hour while calls go on, and set right again. Only the server sees it: Debian's
//! `faketime` stands between it and the system's time, not between it and the time that passes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use simulators::faults::{Fault, FaultKind};
use simulators::journal::System;
use simulators::sandbox::WORKSPACE;
use simulators::scenario::{Kind, Trace};

use super::calls::Call;
use super::office::until_nothing_is_missing;
use super::whole;
use crate::harness::{Company, eventually};

/// Where Debian puts the library, in a folder for each kind of machine.
const LIBRARIES: &str = "/usr/lib";
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// The name of the file that says how far the server's clock is off.
const FILE: &str = "clock";

/// Longer than it takes to set the clock after a call has ended.
const SETTLE: Duration = Duration::from_secs(2);

cells! { check;
    ahead_by_an_hour:   3_600, "ahead of";
    behind_by_an_hour: -3_600, "behind";
}

/// The clock is off by so many seconds for a while.
async fn check(off: i64, side: &str) {
    let company = start().await;
    let [going_on, ending, waiting] = [1, 2, 3].map(|n| Trace::new(Kind::Missed, n));
    // One call's comment is to be tried again, one call has just ended, one goes on.
    company.sandbox.workonflow.faults().set(Fault::always(FaultKind::status(503)));
    let telephony = company.telephony();
    telephony.tell(&waiting.events()).await;
    company.seen(System::Workonflow, "contact/read", 2).await;
    telephony.tell(&going_on.events()[..2]).await;
    company.seen(System::Kontur, "call-event", 3).await;
    telephony.tell(&ending.events()).await;
    // Realtime under way would be an hour late: skipped, as it should be.
    company.seen(System::Kontur, "call-finished", 2).await;
    set_clock(&company, off);
    company.sandbox.workonflow.faults().clear();

    // Signatures hold the time: events are refused, and so are we. Nothing that was taken waits for an hour.
    let refused = telephony.send(&going_on.events()[2..]).await.problem(401, "unauthorized");
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("clock")), "{refused}");
    company.seen(System::Kontur, "register-call", 2).await;
    assert!(company.crm().upgrade().await.is_ok());
    let status = company.admin().becomes("hasErrors").await;
    let reason = status["reasons"][0].as_str().expect("a reason");
    assert!(reason.contains("3600 s") || reason.contains("3599 s"), "{reason}");
    assert!(reason.contains(side), "{reason}");
    eventually("Workonflow refuses signatures", async || {
        let tried = company.journal().of(System::Workonflow, "contact/read");
        tried.iter().any(|entry| entry.status == 403).then_some(())
    })
    .await;

    set_clock(&company, 0);
    telephony.tell(&going_on.events()[2..]).await;
    company.settle().await;
    let calls = [going_on, ending, waiting].map(|trace| Call::traced(Kind::Missed, &trace));
    until_nothing_is_missing("everything is whole", || {
        [
            whole::at_kontur(&company.sandbox.kontur, WORKSPACE, &calls),
            whole::at_workonflow(&company.sandbox.workonflow, &calls),
            whole::at_metabot(&company.sandbox.metabot, &calls, false),
        ]
        .concat()
    })
    .await;
    assert!(company.crm().upgrade().await.is_ok());
    company.admin().becomes("active").await;
}

/// A company whose server has a clock of its own.
async fn start() -> Company {
    let settle = i64::try_from(SETTLE.as_millis()).expect("small");
    let plan = Company::plan().set("settle_ms", settle).set("log.level", "info");
    plan.launch_by(|directory| {
        let file = directory.join(FILE);
        write(&file, 0);
        let of_library = format!("LD_PRELOAD={}", library().display());
        let of_file = format!("FAKETIME_TIMESTAMP_FILE={}", file.display());
        let fixed = ["FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1"];
        [vec!["env".to_owned(), of_library, of_file], fixed.map(str::to_owned).to_vec()].concat()
    })
    .start()
    .await
}

fn library() -> PathBuf {
    let folders = std::fs::read_dir(LIBRARIES).expect("a folder of libraries");
    let mut found = folders.filter_map(|folder| Some(folder.ok()?.path().join(LIBRARY)));
    found.find(|path| path.exists()).expect("Debian's package libfaketime is installed")
}

/// From now on the server's clock is off by so many seconds.
fn set_clock(company: &Company, off: i64) {
    write(&company.server.directory().join(FILE), off);
}

/// In one step: whoever reads it finds the old text or the new one.
fn write(file: &Path, off: i64) {
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{off:+}\n")).expect("the file can be written");
    std::fs::rename(&new, file).expect("the file can be replaced");
}
