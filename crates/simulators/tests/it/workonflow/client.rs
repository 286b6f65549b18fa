//! A bot, written from the contract, that can also be made to do everything wrong.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulators::workonflow::{Credentials, Dialect, Workonflow};

/// HTTP status and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

pub(crate) struct Client {
    http: reqwest::Client,
    dialect: Dialect,
    base: String,
    pub(crate) team_id: String,
    pub(crate) credentials: Credentials,
    /// Seconds this bot's clock is ahead.
    pub(crate) clock_offset: i64,
}

impl Client {
    pub(crate) fn new(workonflow: &Workonflow, dialect: Dialect) -> Self {
        Self {
            http: simulators::http::client().expect("client"),
            dialect,
            base: workonflow.url().to_owned(),
            team_id: workonflow.seeds().team_id.clone(),
            credentials: workonflow.credentials().clone(),
            clock_offset: 0,
        }
    }

    pub(crate) async fn read(&self, action: &str, parameters: Value) -> Answer {
        match self.dialect {
            Dialect::Query => self.get(action, &[("query", parameters.to_string())]).await,
            Dialect::Body => self.post(action, parameters.to_string()).await,
        }
    }

    pub(crate) async fn write(&self, action: &str, parameters: Value) -> Answer {
        match self.dialect {
            Dialect::Query => self.post(action, json!({ "query": parameters }).to_string()).await,
            Dialect::Body => self.post(action, parameters.to_string()).await,
        }
    }

    pub(crate) async fn get(&self, action: &str, query: &[(&str, String)]) -> Answer {
        self.send(self.http.get(self.url(action)).query(query), "").await
    }

    pub(crate) async fn post(&self, action: &str, body: String) -> Answer {
        self.post_signed(action, &body, &body).await
    }

    /// Sends one body and signs another.
    pub(crate) async fn post_signed(&self, action: &str, sent: &str, signed: &str) -> Answer {
        self.send(self.http.post(self.url(action)).body(sent.to_owned()), signed).await
    }

    fn url(&self, action: &str) -> String {
        format!("{}/{}/{action}", self.base, self.team_id)
    }

    async fn send(&self, request: reqwest::RequestBuilder, body: &str) -> Answer {
        let Credentials { api_key, secret_key } = &self.credentials;
        let second = simulators::clock::now().timestamp() + self.clock_offset;
        let signed = match self.dialect {
            Dialect::Query => request
                .header("Api-key", api_key)
                .header("X-Signature", sha256(&format!("{api_key}{secret_key}{second}"))),
            Dialect::Body => request
                .header("X-Bot-Id", api_key)
                .header("X-timestamp", second)
                .header("X-Signature", sha256(&format!("{api_key}{secret_key}{second}{body}"))),
        };
        let response = signed.header("content-type", "application/json").send().await.expect("answer");
        let status = response.status().as_u16();
        Answer { status, body: response.json().await.expect("JSON") }
    }
}

fn sha256(text: &str) -> String {
    let pairs: Vec<String> = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.concat()
}
