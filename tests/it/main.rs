//! The server as the world sees it: HTTP in, callbacks out, against the built binary and the simulated systems.
//!
//! One story per file, named after what it tells. [`harness`] starts a company with its server, [`actors`] hold the
//! verbs. Nothing sleeps: what takes time is waited for, with a deadline.

#![expect(clippy::expect_used, reason = "a test's helpers may fail the test")]
#![expect(clippy::print_stderr, reason = "a test that failed shows the server's log")]

mod actors;
mod admin;
mod architecture;
mod bench;
mod browser;
mod calls_to_kontur;
mod cli;
mod cluster;
mod crash;
mod docs;
mod doctor;
mod faults;
mod harness;
mod healing;
mod kontur_calls;
mod kontur_setup;
mod load;
mod mapping;
mod metabot;
mod outbox;
mod pbx_asterisk;
mod readme;
mod reconcile;
mod recordings;
mod retention;
mod status;
mod sync;
mod webhooks;
mod workonflow;
