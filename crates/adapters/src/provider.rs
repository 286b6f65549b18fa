//! The telephony adapters.

pub mod generic;
