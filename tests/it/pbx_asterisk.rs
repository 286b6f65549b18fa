//! Real calls on a real Asterisk, 22 and 16: SIPp's processes are the phones, the trunk and the client.
//!
//! What an Asterisk says of such calls is recorded in `crates/adapters/tests/asterisk`, where the README tells of it.

/// The same stories for each version.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {
        mod on_22 {
            $(#[tokio::test] async fn $story() { super::$story(crate::pbx_asterisk::asterisk::Version::V22).await; })+
        }
        mod on_16 {
            $(#[tokio::test] async fn $story() { super::$story(crate::pbx_asterisk::asterisk::Version::V16).await; })+
        }
    };
}

mod asterisk;
mod cdr;
mod certificate;
mod doctor;
mod laboratory;
mod office;
mod relay;
mod routing;
mod secured;
mod sipp;
mod smoke;
mod stories;
mod trouble;
