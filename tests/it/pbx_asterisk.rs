//! Real calls on a real Asterisk, 22 and 16: SIPp's processes are the phones, the trunk and the client.
//!
//! What an Asterisk says of such calls is recorded in `crates/adapters/tests/asterisk`, where the README tells of it.

mod asterisk;
mod cdr;
mod doctor;
mod laboratory;
mod office;
mod relay;
mod routing;
mod sipp;
mod smoke;
mod stories;
mod trouble;
