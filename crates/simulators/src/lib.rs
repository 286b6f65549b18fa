//! The remote systems, well enough to develop and test against: they check strictly what they receive, keep a
//! journal of it, can be made to fail, and otherwise behave as their contracts say.
//!
//! Nothing here is shared with the server under test: a typo in its wire types must not hide in these.

pub mod clock;
pub mod faults;
mod hex;
pub mod http;
pub mod journal;
pub mod kontur;
pub mod metabot;
pub mod page;
pub mod pbx;
pub mod sandbox;
pub mod scenario;
pub mod server;
mod shape;
mod strict;
mod sync;
pub mod workonflow;

/// The OpenAPI documents of the remote systems as we understand them: file stem and YAML.
pub fn openapi() -> Vec<(&'static str, String)> {
    vec![
        ("kontur-remote", kontur::openapi()),
        ("workonflow-remote", workonflow::openapi()),
        ("metabot-remote", metabot::openapi()),
        ("generic-pbx-control", pbx::openapi()),
    ]
}
