//! The server's `/docs`: Swagger UI as a person uses it.

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::Value;

use crate::harness::eventually;

/// The page in a browser.
pub(super) struct Swagger<'a> {
    client: &'a Client,
    server_url: String,
}

/// What an operation was answered with, as the page shows it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: String,
    pub(super) body: String,
}

impl<'a> Swagger<'a> {
    /// Opens it and waits until the operations are listed.
    pub(super) async fn open(client: &'a Client, server_url: &str) -> Self {
        let page = Self { client, server_url: server_url.to_owned() };
        client.goto(&format!("{server_url}/docs")).await.expect("the page opens");
        page.element(".opblock").await;
        page
    }

    /// Gives the administrators' token.
    pub(super) async fn authorize(&self, token: &str) {
        self.click(".btn.authorize").await;
        self.element(".auth-container input").await.send_keys(token).await.expect("the token is typed");
        self.click(".auth-btn-wrapper .authorize").await;
        self.click(".auth-btn-wrapper .btn-done").await;
    }

    /// Unfolds an operation without parameters, so that it can be executed.
    pub(super) async fn try_out(&self, path: &str) {
        self.click(&format!(".opblock-get [data-path='{path}']")).await;
        self.click(".opblock.is-open .try-out__btn").await;
    }

    /// Executes the operation that is unfolded.
    pub(super) async fn execute(&self) -> Answer {
        self.click(".opblock.is-open .execute").await;
        let live = ".opblock.is-open .live-responses-table .response";
        let status = self.element(&format!("{live} .response-col_status")).await;
        let body = self.element(&format!("{live} .highlight-code")).await;
        let answer = Answer {
            status: status.text().await.expect("a status"),
            body: body.text().await.expect("a body"),
        };
        self.click(".opblock.is-open .btn-clear").await;
        answer
    }

    /// Whatever the page loaded or asked came from the server.
    pub(super) async fn asked_nobody_else(&self) {
        let script = "return performance.getEntriesByType('resource').map((one) => one.name)";
        let asked = self.client.execute(script, Vec::new()).await.expect("the script runs");
        let asked: Vec<&str> = asked.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let is_ours = |url: &&str| url.starts_with(&self.server_url) || url.starts_with("data:");
        assert!(asked.iter().any(is_ours), "the page has asked the server: {asked:?}");
        assert!(asked.iter().all(is_ours), "{asked:?}");
    }

    /// Presses a button once it is there and nothing covers it.
    async fn click(&self, selector: &str) {
        eventually(selector, async || {
            let button = self.client.find(Locator::Css(selector)).await.ok()?;
            button.click().await.ok()
        })
        .await;
    }

    async fn element(&self, selector: &str) -> Element {
        let found = self.client.wait().for_element(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }
}
