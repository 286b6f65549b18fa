//! The downstream adapters.

pub mod kontur;
pub mod metabot;
pub mod workonflow;
