//! The simulated systems, each against its contract.

#![expect(clippy::expect_used, reason = "a test's helpers may fail the test")]

mod faults;
mod kontur;
mod metabot;
mod page;
mod pbx;
mod scenario;
mod workonflow;
