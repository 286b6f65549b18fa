//! The telephony adapters.

pub mod asterisk;
pub mod generic;
