//! The adapters against servers that answer as the contracts say, and as they do not.

// Everything here is test code: helpers may unwrap as tests do.
#![cfg(test)]

mod calls;
mod generic;
mod kontur;
mod metabot;
mod shelf;
mod spool;
mod workonflow;
