//! What is read from replies. Lenient: ids are spelled in several ways (contract Workonflow §2), lists may be absent.

use serde_json::Value;

/// A person of the team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contact {
    pub(super) id: String,
    /// Someone outside the team, as opposed to an employee or a bot.
    pub(super) is_outside: bool,
}

/// A task inside a stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Thread {
    pub(super) id: String,
    pub(super) stream_id: Option<String>,
    pub(super) status_id: Option<String>,
    /// `Wait`, `inProgress`, `Done`.
    pub(super) kind: Option<String>,
    pub(super) title: Option<String>,
    pub(super) customer_ids: Vec<String>,
    /// Milliseconds since 1970.
    pub(super) created_at: i64,
}

/// A stage of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) is_done: bool,
}

/// A file as a list of files shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: String,
}

const CONTACT_IDS: &[&str] = &["contactId", "userId", "id", "_id"];
const THREAD_IDS: &[&str] = &["threadId", "id", "_id"];
const COMMENT_IDS: &[&str] = &["commentId", "id", "_id"];
const STATUS_IDS: &[&str] = &["statusId", "id", "_id"];
const FILE_IDS: &[&str] = &["fileId", "id", "_id"];

pub(super) fn contact_id(data: &Value) -> Option<String> {
    text(data, CONTACT_IDS)
}

pub(super) fn thread_id(data: &Value) -> Option<String> {
    text(data, THREAD_IDS)
}

pub(super) fn comment_id(data: &Value) -> Option<String> {
    text(data, COMMENT_IDS)
}

pub(super) fn file_id(data: &Value) -> Option<String> {
    text(data, FILE_IDS)
}

/// Where the bytes of a file are put.
pub(super) fn file_url(data: &Value) -> Option<String> {
    text(data, &["url"])
}

/// Whether a status or thread of this type is finished.
pub(super) fn is_done(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("done")
}

impl Contact {
    pub(super) fn read(data: &Value) -> Option<Self> {
        let is_outside = text(data, &["billingType"]).is_some_and(|kind| kind == "contacts");
        Some(Self { id: contact_id(data)?, is_outside })
    }
}

impl Thread {
    pub(super) fn read(data: &Value) -> Option<Self> {
        Some(Self {
            id: thread_id(data)?,
            stream_id: text(data, &["streamId"]),
            status_id: text(data, &["status", "statusId"]),
            kind: text(data, &["type"]),
            title: text(data, &["title"]),
            customer_ids: customers(data),
            created_at: data.get("createdAt").and_then(Value::as_i64).unwrap_or_default(),
        })
    }
}

impl Status {
    pub(super) fn read(data: &Value) -> Option<Self> {
        Some(Self {
            id: text(data, STATUS_IDS)?,
            name: text(data, &["name"]).unwrap_or_default(),
            is_done: text(data, &["type"]).is_some_and(|kind| is_done(&kind)),
        })
    }
}

impl File {
    pub(super) fn read(data: &Value) -> Option<Self> {
        let name = text(data, &["filename", "fileName", "name"]).unwrap_or_default();
        Some(Self { id: file_id(data)?, name })
    }
}

fn customers(thread: &Value) -> Vec<String> {
    let several = thread.get("customerIds").and_then(Value::as_array).into_iter().flatten();
    let ids = several.chain(thread.get("customerId")).filter_map(Value::as_str);
    ids.map(str::to_owned).collect()
}

/// The elements of a list; nothing at all is a list without elements.
pub(super) fn list(data: &Value) -> Option<&[Value]> {
    match data {
        Value::Array(items) => Some(items),
        Value::Null => Some(&[]),
        _ => None,
    }
}

/// The first of these fields that holds a text.
fn text(data: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| data.get(name)?.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_spelling_of_an_id_is_taken_and_the_most_telling_wins() {
        for name in CONTACT_IDS {
            assert_eq!(contact_id(&json!({ *name: "x" })).as_deref(), Some("x"), "{name}");
        }
        let comment = json!({"_id": "c", "threadId": "t"});
        assert_eq!(comment_id(&comment).as_deref(), Some("c"));
        assert_eq!(thread_id(&comment).as_deref(), Some("t"));
        assert_eq!(comment_id(&json!({"id": null, "_id": "c"})).as_deref(), Some("c"));
    }

    #[test]
    fn types_are_read_in_any_case() {
        assert!(is_done("Done") && is_done("done"));
        assert!(!is_done("Wait") && !is_done("inProgress"));
    }
}
