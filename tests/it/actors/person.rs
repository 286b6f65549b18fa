//! Somebody who works in Workonflow, next to the server.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulators::workonflow::Workonflow;

/// A bot of the same team that does what people do: it writes in the query dialect.
#[derive(Debug)]
pub(crate) struct Person<'a> {
    http: &'a reqwest::Client,
    workonflow: &'a Workonflow,
}

impl<'a> Person<'a> {
    pub(crate) fn new(http: &'a reqwest::Client, workonflow: &'a Workonflow) -> Self {
        Self { http, workonflow }
    }

    /// Saves a contact with a phone as people write it; gives its id.
    pub(crate) async fn saves_contact(&self, name: &str, phone: &str) -> String {
        let fields = json!([{"label": "Телефон", "type": "phone", "value": phone}]);
        let parameters = json!({"basicData": {"name": name}, "customFields": fields});
        let data = self.write("contact/create", &parameters).await;
        data["contactId"].as_str().expect("an id").to_owned()
    }

    /// Moves a thread to another status.
    pub(crate) async fn moves_thread(&self, thread: &str, status: &str) {
        self.write("thread.status", &json!({"threadId": thread, "statusId": status})).await;
    }

    async fn write(&self, action: &str, parameters: &Value) -> Value {
        let (seeds, credentials) = (self.workonflow.seeds(), self.workonflow.credentials());
        let second = simulators::clock::now().timestamp();
        let signed = Sha256::digest(format!("{}{}{second}", credentials.api_key, credentials.secret_key));
        let signature = hex(&signed);
        let url = format!("{}/{}/{action}", self.workonflow.url(), seeds.team_id);
        let request =
            self.http.post(url).header("Api-key", &credentials.api_key).header("X-Signature", signature);
        let reply = request.json(&json!({"query": parameters})).send().await.expect("an answer");
        let body: Value = reply.json().await.expect("JSON");
        assert_eq!(body["code"], 200, "{body}");
        body["data"].clone()
    }
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
