//! An administrator, or a script of one.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use simulators::sandbox::WORKSPACE;

use crate::harness::Reply;

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

    /// The whole timeline of a call by the telephony's id.
    pub(crate) async fn call(&self, external_id: &str) -> Value {
        let calls = self.all("/calls").await;
        let call = calls.iter().find(|call| call["external_id"] == external_id).expect("the call is listed");
        self.get(&format!("/calls/{}", text_of(&call["id"]))).await.ok()
    }

    /// Deliveries that match a query such as `state=dead`.
    pub(crate) async fn deliveries(&self, query: &str) -> Vec<Value> {
        self.all(&format!("/deliveries?{query}")).await
    }

    /// How many deliveries wait for an attempt or for its end.
    pub(crate) async fn pending_deliveries(&self) -> usize {
        self.deliveries("state=pending").await.len()
    }

    /// How many finished calls wait until they have been quiet.
    pub(crate) async fn settling_calls(&self) -> usize {
        let calls = self.all("/calls?state=finished").await;
        let mut settling = 0;
        for call in calls {
            let id = text_of(&call["id"]);
            let timeline = self.get(&format!("/calls/{id}")).await.ok();
            settling += usize::from(!timeline["settle_at"].is_null());
        }
        settling
    }
}

/// An id, whether it is written as a number or as text.
pub(crate) fn text_of(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
