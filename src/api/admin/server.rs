//! This server.

use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::Tag;

/// Operations.
pub(in crate::api) struct Server;

/// What is running.
#[derive(Debug, Object)]
struct Version {
    /// The program's name.
    name: String,
    /// The program's version.
    version: String,
}

#[OpenApi(prefix_path = "/admin/v1", tag = "Tag::Server")]
impl Server {
    /// Which version runs
    #[oai(path = "/version", method = "get", operation_id = "get_version")]
    #[expect(clippy::unused_async, reason = "the macro wants it")]
    async fn version(&self) -> Json<Version> {
        Json(Version {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }
}
