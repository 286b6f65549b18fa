//! The vocabulary and the rules of telephony integration: calls and legs, statuses, retry arithmetic, and the
//! ports to the outside. No I/O: the same input gives the same output. The system clock sits here behind its
//! trait, as the one exception.

#![warn(missing_docs)]

pub mod chance;
pub mod clock;
pub mod id;
pub mod secret;

pub mod phone;

pub mod instance;

pub mod directory;

pub mod call;
pub mod communication;
pub mod parking;
pub mod plan;
pub mod recording;

pub mod outbox;

pub mod retention;

pub mod reconciliation;
pub mod schedule;
pub mod sync;

pub mod port;
