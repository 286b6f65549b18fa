//! Whether the integration's answer to a system call is one the contract knows.

use serde_json::Value;

use super::CrmReply;

/// An answer and what is wrong with it.
pub(super) struct Judgement {
    pub(super) reply: CrmReply,
    pub(super) violations: Vec<String>,
}

/// Reads an answer and compares it with contract §1; 401 is right when the key was wrong.
pub(super) async fn judge(
    answer: Result<reqwest::Response, reqwest::Error>,
    echo: &str,
    expects_refusal: bool,
) -> Judgement {
    let response = match answer {
        Ok(response) => response,
        Err(error) => return silence(&error),
    };
    let status = response.status().as_u16();
    let echoed = response.headers().get("X-XCOM-Integration-Echo").map(|value| value.as_bytes().to_vec());
    let text = response.text().await.unwrap_or_default();
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let mut violations = Vec::new();
    match echoed {
        None => violations.push("the answer has no X-XCOM-Integration-Echo".to_owned()),
        Some(value) if value != echo.as_bytes() => {
            violations.push("the answer has another X-XCOM-Integration-Echo than the call".to_owned());
        }
        Some(_) => {}
    }
    if !is_documented(status, &body, expects_refusal) {
        violations.push(format!("the answer {status} {body} is not documented"));
    }
    Judgement { reply: CrmReply { status, body }, violations }
}

fn is_documented(status: u16, body: &Value, expects_refusal: bool) -> bool {
    let has = |field: &str| body[field].as_str().is_some_and(|text| !text.is_empty());
    match status {
        200 => body == "OK",
        // 503 is no refusal: what this needs is away for the moment, and Kontur sends again what it could not deliver.
        409 | 503 => has("status") && has("message"),
        401 => expects_refusal,
        _ => false,
    }
}

fn silence(error: &reqwest::Error) -> Judgement {
    let reply = CrmReply { status: 0, body: Value::Null };
    Judgement { reply, violations: vec![format!("no answer: {error}")] }
}
