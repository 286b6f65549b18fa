//! The generic PBX: the webhooks it sends, the control API it offers.

mod control;
mod history;
mod recordings;
mod webhooks;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use poem::listener::{Acceptor, Listener, TcpListener};
use poem::{Endpoint, Request, Response, Server};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use simulators::journal::Journal;
use simulators::pbx::{Options, Pbx};

const DEADLINE: Duration = Duration::from_secs(10);

/// A server that takes webhooks; what it answers can be written down beforehand.
#[derive(Clone, Default)]
struct Receiver {
    received: Arc<Mutex<Vec<Webhook>>>,
    /// Statuses of the next answers, with a Retry-After of 0; then 200.
    statuses: Arc<Mutex<VecDeque<u16>>>,
}

#[derive(Clone)]
struct Webhook {
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

impl Webhook {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

impl Endpoint for Receiver {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
        let (id, timestamp, signature) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let body = request.take_body().into_string().await?;
        let timestamp = timestamp.parse().expect("seconds");
        let webhook = Webhook { id, timestamp, signature, body };
        let count = webhook.json()["events"].as_array().map_or(1, Vec::len);
        self.received.lock().expect("lock").push(webhook);
        let refusal = self.statuses.lock().expect("lock").pop_front();
        Ok(match refusal {
            Some(status) => Response::builder()
                .status(poem::http::StatusCode::from_u16(status).expect("a status"))
                .header("retry-after", "0")
                .finish(),
            None => Response::builder().body(json!({"accepted": count, "duplicates": 0}).to_string()),
        })
    }
}

/// A PBX whose webhooks go to a receiver.
struct World {
    pbx: Pbx,
    journal: Journal,
    receiver: Receiver,
    webhook_url: String,
    http: Client,
}

impl World {
    async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    async fn start_with(options: Options) -> Self {
        let journal = Journal::new();
        let pbx = Pbx::start(options, &journal).await.expect("starts");
        let receiver = Receiver::default();
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.expect("a port");
        let address = acceptor.local_addr()[0].as_socket_addr().copied().expect("an address");
        tokio::spawn(Server::new_with_acceptor(acceptor).run(receiver.clone()));
        let webhook_url = format!("http://{address}/telephony/acme/generic");
        let http = simulators::http::client().expect("client");
        Self { pbx, journal, receiver, webhook_url, http }
    }

    fn connect(&self) {
        self.pbx.connect(&self.webhook_url);
    }

    async fn received(&self) -> Vec<Webhook> {
        self.pbx.delivered(DEADLINE).await.expect("all accepted");
        self.receiver.received.lock().expect("lock").clone()
    }

    /// The events as `type extension reason`, in order, repetitions included.
    async fn story(&self) -> Vec<String> {
        self.connect();
        self.received().await.iter().map(|webhook| line(&webhook.json())).collect()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.pbx.control_url());
        self.http.request(method, url).bearer_auth(&self.pbx.options().control_token)
    }

    async fn control(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.request(method, path);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        read(request).await
    }
}

async fn read(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("text");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn line(event: &Value) -> String {
    let extension = ["from", "to"].iter().find_map(|end| event["leg"][end]["extension"].as_str());
    let words = [event["type"].as_str(), extension, event["reason"].as_str()];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
