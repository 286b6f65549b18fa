//! `bench bare`: what the web framework can do at most on this machine: a handler that reads JSON and answers.

use std::net::Ipv4Addr;

use poem::listener::TcpAcceptor;
use poem::web::Json;
use poem::{Route, handler, post};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// Where it takes events.
pub(super) const PATH: &str = "/";

/// Runs until it is killed, with as many threads as the server.
#[expect(clippy::print_stdout, reason = "read by the process that started this one")]
pub(super) fn run() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?);
        let server = poem::Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
        Ok(server.run(Route::new().at(PATH, post(bare))).await?)
    })
}

/// An event: read, but nothing done with it.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "call_id")]
    _call: String,
    #[serde(rename = "leg")]
    _leg: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct Reply {
    accepted: u32,
    duplicates: u32,
}

#[handler]
fn bare(_event: Json<Event>) -> Json<Reply> {
    Json(Reply { accepted: 1, duplicates: 0 })
}
