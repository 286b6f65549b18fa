//! An administrator, or a script of one.

use std::collections::HashSet;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use simulators::sandbox::WORKSPACE;

use crate::harness::{Reply, eventually};

/// Someone with the admin token.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Admin {
    pub(crate) fn new(http: &reqwest::Client, server_url: &str, token: &str) -> Self {
        let base = format!("{server_url}/admin/v1");
        Self { http: http.clone(), base, token: Some(token.to_owned()) }
    }

    /// The same person with another token, or none.
    #[must_use]
    pub(crate) fn with_token(self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self }
    }

    /// A request to a path behind `/admin/v1`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::to(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str) -> Reply {
        Reply::to(self.request(Method::POST, path)).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Reply {
        Reply::to(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        Reply::to(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        Reply::to(self.request(Method::DELETE, path)).await
    }

    /// All items of a list, page after page.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = cursor.map(|cursor| format!("{joint}cursor={cursor}")).unwrap_or_default();
            let body = self.get(&format!("{path}{page}")).await.ok();
            items.extend(body["items"].as_array().expect("items").iter().cloned());
            let Some(next) = body["next_cursor"].as_str() else { return items };
            cursor = Some(next.to_owned());
        }
    }

    /// The company's status, whole.
    pub(crate) async fn status(&self) -> Value {
        self.get(&format!("/integrations/{WORKSPACE}/status")).await.ok()
    }

    /// The status word.
    pub(crate) async fn status_word(&self) -> String {
        self.status().await["status"].as_str().expect("a word").to_owned()
    }

    /// Waits until the status is this word; gives the status, whole. What a delivery means for the status is known a
    /// moment after the delivery is settled.
    pub(crate) async fn becomes(&self, word: &str) -> Value {
        eventually(&format!("the status becomes {word}"), async || {
            let status = self.status().await;
            (status["status"] == word).then_some(status)
        })
        .await
    }

    /// The whole timeline of a call by the telephony's id.
    pub(crate) async fn call(&self, external_id: &str) -> Value {
        let calls = self.all("/calls").await;
        let call = calls.iter().find(|call| call["external_id"] == external_id).expect("the call is listed");
        self.get(&format!("/calls/{}", call["id"])).await.ok()
    }

    /// Deliveries that match a query such as `state=dead`.
    pub(crate) async fn deliveries(&self, query: &str) -> Vec<Value> {
        self.all(&format!("/deliveries?{query}")).await
    }

    /// How many deliveries wait for an attempt or for its end.
    pub(crate) async fn pending_deliveries(&self) -> usize {
        self.deliveries("state=pending&limit=500").await.len()
    }

    /// How many finished calls wait until they have been quiet: what was handed on is registered, or has failed.
    pub(crate) async fn settling_calls(&self) -> usize {
        let finished = self.all("/calls?state=finished&limit=500").await;
        let told = self.deliveries("destination=kontur&limit=500").await;
        let is_last =
            |delivery: &&Value| delivery["kind"] == "register-call" || delivery["kind"] == "call-failed";
        let handed_on: HashSet<i64> =
            told.iter().filter(is_last).filter_map(|told| told["call_id"].as_i64()).collect();
        finished.iter().filter(|call| call["id"].as_i64().is_none_or(|id| !handed_on.contains(&id))).count()
    }

    /// Reads the history in a window (`{"from", "to"}`, or `{}`) to its end; gives the run.
    pub(crate) async fn sync(&self, window: &Value) -> Value {
        let begun = self.post_json(&format!("/integrations/{WORKSPACE}/sync"), window).await.ok();
        self.sync_run(&begun["id"]).await
    }

    /// Waits for the end of a run of the history sync.
    pub(crate) async fn sync_run(&self, id: &Value) -> Value {
        let path = format!("/integrations/{WORKSPACE}/sync/{id}");
        eventually("the sync ends", async || {
            let run = self.get(&path).await.ok();
            (run["state"] != "running").then_some(run)
        })
        .await
    }
}

/// An id, whether it is written as a number or as text.
pub(crate) fn text_of(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
