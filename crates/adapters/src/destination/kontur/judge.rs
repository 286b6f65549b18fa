//! What Kontur's reply means: status, then body. The one place that decides it (contract Kontur §2-§5).

use domain::port::{RemoteError, RemoteErrorKind};
use serde_json::Value;

use crate::http::{Asked, Reply, shown};

/// Gives the reply back if Kontur did what was asked.
pub(super) fn judge(asked: Asked, reply: Reply) -> Result<Reply, RemoteError> {
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let said = Said(body.as_ref().unwrap_or(&Value::Null));
    if !reply.status.is_success() {
        return Err(refused(asked, &reply, said));
    }
    if said.is_refusal() {
        return Err(refused_inside(asked, &reply, said));
    }
    if body.is_none() { Err(unexpected(asked, &reply)) } else { Ok(reply) }
}

/// Gives the reply back if it is the JSON string `"OK"`, which is all that most callbacks answer.
pub(super) fn judge_ok(asked: Asked, reply: Reply) -> Result<Reply, RemoteError> {
    let reply = judge(asked, reply)?;
    match serde_json::from_slice::<&str>(&reply.body) {
        Ok(word) if word.eq_ignore_ascii_case("ok") => Ok(reply),
        _ => Err(unexpected(asked, &reply)),
    }
}

/// A reply's body, in whichever of Kontur's shapes of refusal; `null` if it is no JSON.
#[derive(Clone, Copy)]
struct Said<'a>(&'a Value);

fn refused(asked: Asked, reply: &Reply, said: Said<'_>) -> RemoteError {
    let kind = match reply.status.as_u16() {
        409 => said.conflict(),
        _ => asked.refused(reply).kind,
    };
    let reason = said.reason().unwrap_or_else(|| reply.shown());
    asked.error(kind, reply, format!("answered {}: {reason}", reply.status.as_u16()))
}

/// A 200 that says no. Unless it says that the content is at fault, Kontur may do better next time.
fn refused_inside(asked: Asked, reply: &Reply, said: Said<'_>) -> RemoteError {
    let code = said.0["responseCode"].as_str().or(said.0["status"].as_str()).unwrap_or("no responseCode");
    let kind = match code {
        "conflict" => said.conflict(),
        "unauthorized" => RemoteErrorKind::Unauthorized,
        _ => RemoteErrorKind::Unavailable,
    };
    let reason = said.reason().unwrap_or_else(|| reply.shown());
    asked.error(kind, reply, format!("answered 200, but says no ({code}): {reason}"))
}

fn unexpected(asked: Asked, reply: &Reply) -> RemoteError {
    let message = format!("the reply is not as expected: {}", reply.shown());
    asked.error(RemoteErrorKind::Malformed, reply, message)
}

impl Said<'_> {
    /// Whether the body is a refusal, whatever the status: no other reply has both a status word and a message.
    fn is_refusal(self) -> bool {
        let has_words = self.0["status"].is_string() && self.0["message"].is_string();
        self.0["isSuccessful"] == false || has_words
    }

    /// Kontur says 409 where others say 404: the word tells.
    fn conflict(self) -> RemoteErrorKind {
        let word = self.0["errorInfo"]["status"].as_str().or(self.0["status"].as_str()).unwrap_or_default();
        let names_absence = word.to_ascii_lowercase().ends_with("notfound");
        if names_absence { RemoteErrorKind::NotFound } else { RemoteErrorKind::Rejected }
    }

    /// Kontur's own words, if it has any.
    fn reason(self) -> Option<String> {
        let message = self.0["message"].as_str().map(str::to_owned);
        self.patch_faults().or(message).or_else(|| self.problem()).map(|text| shown(&text))
    }

    /// The operations of a patch that were refused. Their values are left out: they may be secrets.
    fn patch_faults(self) -> Option<String> {
        let info = &self.0["errorInfo"];
        let message = info["message"].as_str()?;
        let lists = ["invalidPaths", "invalidValueTypes", "invalidDatas"].map(|list| info[list].as_array());
        let operations = lists.into_iter().flatten().flatten();
        let named =
            operations.filter_map(|one| Some(format!("{} {}", one["op"].as_str()?, one["path"].as_str()?)));
        Some(with_details(message, &named.collect::<Vec<_>>(), ": "))
    }

    /// The problem shape of ASP.NET: a title, and what is wrong with each field.
    fn problem(self) -> Option<String> {
        let title = self.0["title"].as_str()?;
        let fields = self.0["errors"].as_object().into_iter().flatten();
        let faults = fields.map(|(field, texts)| format!("{field}: {}", joined(texts)));
        Some(with_details(title, &faults.collect::<Vec<_>>(), " "))
    }
}

fn with_details(message: &str, details: &[String], separator: &str) -> String {
    if details.is_empty() {
        message.to_owned()
    } else {
        format!("{message}{separator}{}", details.join("; "))
    }
}

fn joined(texts: &Value) -> String {
    match texts {
        Value::Array(texts) => texts.iter().map(joined).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
