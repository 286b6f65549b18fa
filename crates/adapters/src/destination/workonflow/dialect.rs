//! How a call of the API is put on the wire in either dialect (contract Workonflow §1). Pure.

use domain::instance::settings::{WorkonflowDialect, WorkonflowSettings};
use domain::secret::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::action::Action;
use crate::signature::sha256_hex;

/// A team's API in the dialect it speaks.
pub(super) struct Dialect {
    revision: WorkonflowDialect,
    base_url: Url,
    api_key: Secret,
    secret_key: Secret,
}

/// A request, signed for the second it was made in: make it anew for every attempt. Holds credentials, hence no
/// `Debug`.
pub(super) struct Prepared {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
}

impl Dialect {
    pub(super) fn new(settings: &WorkonflowSettings) -> Self {
        let mut base_url = settings.api_url.clone();
        // A URL that cannot have a path is refused when the first request is built.
        if let Ok(mut path) = base_url.path_segments_mut() {
            path.pop_if_empty().push(&settings.team_id);
        }
        let (api_key, secret_key) = (settings.api_key.clone(), settings.secret_key.clone());
        Self { revision: settings.dialect, base_url, api_key, secret_key }
    }

    /// The request for `action`; `second` is the present since 1970.
    pub(super) fn prepare(&self, action: Action, parameters: &Value, second: i64) -> Prepared {
        let url = self.url(action);
        match self.revision {
            WorkonflowDialect::Query if action.only_reads() => self.query_read(url, parameters, second),
            WorkonflowDialect::Query => self.query_write(url, parameters, second),
            WorkonflowDialect::Body => self.body(url, parameters, second),
        }
    }

    /// What a comment says.
    pub(super) fn comment(&self, thread_id: &str, text: &str) -> Value {
        match self.revision {
            WorkonflowDialect::Query => {
                json!({ "threadId": thread_id, "att": [{ "type": "text", "data": { "text": text } }] })
            }
            WorkonflowDialect::Body => {
                json!({ "threadId": thread_id, "type": "text", "text": text, "isPublic": false })
            }
        }
    }

    /// What a comment says that is a file.
    pub(super) fn file_comment(&self, thread_id: &str, file_id: &str) -> Value {
        match self.revision {
            WorkonflowDialect::Query => {
                json!({ "threadId": thread_id, "att": [{ "type": "file", "data": { "id": file_id } }] })
            }
            WorkonflowDialect::Body => {
                json!({ "threadId": thread_id, "type": "file", "text": file_id, "isPublic": false })
            }
        }
    }

    fn query_read(&self, mut url: Url, parameters: &Value, second: i64) -> Prepared {
        let encoded: String = form_urlencoded::byte_serialize(parameters.to_string().as_bytes()).collect();
        // `+` for a space is the language of forms; a server that decodes the query as part of a URL leaves it.
        url.set_query(Some(&format!("query={}", encoded.replace('+', "%20"))));
        Prepared { method: Method::GET, url, headers: self.query_headers(second), body: None }
    }

    fn query_write(&self, url: Url, parameters: &Value, second: i64) -> Prepared {
        let body = json!({ "query": parameters }).to_string();
        Prepared { method: Method::POST, url, headers: self.query_headers(second), body: Some(body) }
    }

    fn query_headers(&self, second: i64) -> Vec<(&'static str, String)> {
        vec![("Api-key", self.api_key.expose().to_owned()), ("X-Signature", self.sign(second, ""))]
    }

    fn body(&self, url: Url, parameters: &Value, second: i64) -> Prepared {
        let body = parameters.to_string();
        let headers = vec![
            ("X-Bot-Id", self.api_key.expose().to_owned()),
            ("X-timestamp", second.to_string()),
            ("X-Signature", self.sign(second, &body)),
        ];
        Prepared { method: Method::POST, url, headers, body: Some(body) }
    }

    fn sign(&self, second: i64, body: &str) -> String {
        sha256_hex(&[self.api_key.expose(), self.secret_key.expose(), &second.to_string(), body])
    }

    fn url(&self, action: Action) -> Url {
        let mut url = self.base_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(action.name().split('/'));
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    const SECOND: i64 = 1_795_330_803;

    fn prepare(revision: WorkonflowDialect, action: Action) -> Prepared {
        let settings =
            WorkonflowSettings { dialect: revision, ..samples::settings("http://127.0.0.1:1/base/") };
        Dialect::new(&settings).prepare(action, &json!({ "customField": "7 999+1" }), SECOND)
    }

    #[test]
    fn the_query_dialect_reads_with_get_and_signs_no_body() {
        let request = prepare(WorkonflowDialect::Query, Action::ContactRead);
        let query = "query=%7B%22customField%22%3A%227%20999%2B1%22%7D";
        assert_eq!(request.method, Method::GET);
        assert_eq!(request.url.as_str(), format!("http://127.0.0.1:1/base/team-1/contact/read?{query}"));
        assert_eq!(request.body, None);
        let signature = sha256_hex(&[&format!("key-1secret-1{SECOND}")]);
        assert_eq!(request.headers, [("Api-key", "key-1".to_owned()), ("X-Signature", signature)]);
    }

    #[test]
    fn the_query_dialect_writes_with_an_envelope() {
        let request = prepare(WorkonflowDialect::Query, Action::ThreadPriority);
        assert_eq!(request.method, Method::POST);
        assert_eq!(request.url.as_str(), "http://127.0.0.1:1/base/team-1/thread.fields.priority");
        assert_eq!(request.body.as_deref(), Some(r#"{"query":{"customField":"7 999+1"}}"#));
    }

    #[test]
    fn the_body_dialect_posts_everything_and_signs_the_exact_body() {
        for action in [Action::ContactRead, Action::ContactCreate] {
            let request = prepare(WorkonflowDialect::Body, action);
            let body = r#"{"customField":"7 999+1"}"#;
            let signature = sha256_hex(&[&format!("key-1secret-1{SECOND}{body}")]);
            assert_eq!((request.method, request.url.query()), (Method::POST, None));
            assert_eq!(request.body.as_deref(), Some(body));
            let expected = [
                ("X-Bot-Id", "key-1".to_owned()),
                ("X-timestamp", SECOND.to_string()),
                ("X-Signature", signature),
            ];
            assert_eq!(request.headers, expected);
        }
    }

    #[test]
    fn each_attempt_is_signed_anew() {
        let dialect = Dialect::new(&samples::settings("http://127.0.0.1:1"));
        let signature = |second| dialect.prepare(Action::StatusRead, &json!({}), second).headers[1].1.clone();
        assert_ne!(signature(SECOND), signature(SECOND + 1));
    }
}
