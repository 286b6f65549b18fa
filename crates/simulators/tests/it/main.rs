//! The simulated systems, each against its contract.

mod metabot;
mod workonflow;
