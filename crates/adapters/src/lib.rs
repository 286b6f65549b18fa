//! Everything that speaks to a remote system. Parsing and rendering are pure; only clients touch the network. An
//! adapter never imports a sibling, only the shared [`http`], `fetch`, [`signature`] and [`template`].

pub mod destination;
mod fetch;
pub mod http;
pub mod provider;
pub mod signature;
pub mod spool;
pub mod template;
