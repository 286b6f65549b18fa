//! Everything that speaks to a remote system. Parsing and rendering are pure; only clients touch the network. An
//! adapter never imports a sibling, only the shared [`http`], [`signature`] and [`template`].

pub mod destination;
pub mod http;
pub mod provider;
pub mod signature;
pub mod template;
