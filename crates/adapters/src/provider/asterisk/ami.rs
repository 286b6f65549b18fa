//! The manager interface of Asterisk, AMI: blocks of `Key: Value` lines over one connection (contract Providers §c.2).

pub mod action;
pub(super) mod connection;
pub mod frame;
pub(super) mod login;
pub mod message;
mod stream;
