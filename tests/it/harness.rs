//! Starts a company: the four simulated systems, and the server under test between them.

mod chance;
mod company;
mod configuration;
mod database;
mod leaks;
mod poll;
mod reply;
mod server;

pub(crate) use chance::chance;
pub(crate) use company::{Company, Plan};
pub(crate) use configuration::{Configuration, integration, table};
pub(crate) use poll::{DEADLINE, PAUSE, eventually, within};
pub(crate) use reply::Reply;
pub(crate) use server::{Server, binary};
pub(crate) use testkit::free_port;

/// The client's number of stories that need one and do not care which: as a PBX writes it, and as digits.
pub(crate) const CLIENT: &str = "+7 999 777-55-33";
pub(crate) const CLIENT_DIGITS: &str = "79997775533";
/// The company's number.
pub(crate) const VATS: &str = "79229929292";
