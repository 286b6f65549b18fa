//! Recordings that fit into no memory, and one that fits nowhere.

use super::{delivery, record, registered, tracked};
use crate::harness::Company;

const MB: u64 = 1_000_000;

/// What the server may hold more than before, in KiB, while a recording goes through.
const MAY_GROW_BY: u64 = 32 * 1024;

/// Seen by the kernel, in KiB: `VmRSS` now, `VmHWM` at most so far.
fn memory(company: &Company, line: &str) -> u64 {
    let pid = company.server.pid().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let value = status.lines().find_map(|found| found.strip_prefix(line)).expect("a line of it");
    value.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_recording_of_90_mb_goes_through_without_being_held() {
    let company = Company::start().await;
    let (call, _) = registered(&company).await;
    record(&company, &call, 1000).await;
    let before = memory(&company, "VmRSS:");
    let (call, _) = registered(&company).await;
    record(&company, &call, 90 * MB).await;
    let grown = memory(&company, "VmHWM:").saturating_sub(before);
    assert!(grown < MAY_GROW_BY, "{grown} KiB more than {before} KiB");
    assert_eq!(tracked(&company, &call).await["state"], "attached");
}

#[tokio::test]
async fn a_recording_of_300_mb_is_a_link_and_nobodys_fault() {
    let company = Company::start().await;
    let (call, _) = registered(&company).await;
    record(&company, &call, 300 * MB).await;
    let shown = tracked(&company, &call).await;
    assert_eq!((&shown["state"], &shown["fault"]), (&"failed".into(), &"too_large".into()), "{shown}");
    let link = shown["url"].as_str().expect("a link");
    let told = delivery(&company, &call, "call-recording").await;
    assert_eq!(told["state"], "expired", "{told}");
    assert!(told["reason"].as_str().is_some_and(|reason| reason.contains("larger than")), "{told}");
    assert_eq!(delivery(&company, &call, "file").await["state"], "delivered");
    let comments = company.sandbox.workonflow.all_comments();
    assert!(comments.iter().any(|comment| comment.text.contains(link)), "{comments:?}");
    assert_eq!(company.admin().status_word().await, "active");
    assert_eq!(company.kontur().communication(&call).recordings.len(), 0);
}

#[tokio::test]
async fn both_ends_of_the_limit() {
    let company = Company::start().await;
    let most = 100 * 1024 * 1024;
    for (size, state) in [(most, "attached"), (most + 1, "failed")] {
        let (call, _) = registered(&company).await;
        record(&company, &call, size).await;
        assert_eq!(tracked(&company, &call).await["state"], state, "{size}");
    }
}
