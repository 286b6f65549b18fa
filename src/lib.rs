//! The server: HTTP API, configuration, command line and wiring.

pub mod api;
pub mod cli;
pub mod config;
mod lifecycle;
mod telemetry;
mod wiring;
