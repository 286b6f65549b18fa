//! The bodies of CALL and HANGUP: one table each, from which they are read and documented.

use std::collections::BTreeMap;

use domain::id::CommunicationId;
use serde_json::Value;

use super::refusal::Refusal;

/// A field of a body. All of them are texts.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Must look like `6838aaaa-0000-4000-8000-00000000ed82`.
    pub(super) guid: bool,
    pub(super) required: bool,
    pub(super) about: &'static str,
    pub(super) example: &'static str,
}

/// The body of CALL.
pub(super) const CALL: &[Field] = &[
    Field {
        name: "communicationId",
        guid: true,
        required: true,
        about: "Kontur's id of the call to be. A repeat of the same id places no second call.",
        example: "0d1f3a6e-5e8a-4f0e-9a52-5d2c0c6f7b11",
    },
    Field {
        name: "fromUserId",
        guid: false,
        required: true,
        about: "The user who calls: the user's extension is rung first.",
        example: "44d0c1f2-7d54-4c2f-8f0e-3f7a0b8d9e21",
    },
    Field {
        name: "toUserId",
        guid: false,
        required: false,
        about: "The colleague to be called, in an internal call only.",
        example: "7b8c9d10-1a2b-4c3d-8e4f-5a6b7c8d9e0f",
    },
    Field {
        name: "clientPhone",
        guid: false,
        required: false,
        about: "The number to be called.",
        example: "79997775533",
    },
];

/// The body of HANGUP.
pub(super) const HANG_UP: &[Field] = &[
    Field {
        name: "realtimeCallItemId",
        guid: false,
        required: true,
        about: "The leg to be ended, as told in call-event.",
        example: "pbx-42-1",
    },
    Field {
        name: "userId",
        guid: false,
        required: false,
        about: "The user who hangs up.",
        example: "44d0c1f2-7d54-4c2f-8f0e-3f7a0b8d9e21",
    },
];

/// The texts of a body, checked along its table.
#[derive(Debug)]
pub(super) struct Texts(BTreeMap<&'static str, String>);

impl Texts {
    /// A text that has to be there.
    pub(super) fn required(&mut self, name: &'static str) -> Result<String, Refusal> {
        self.optional(name).ok_or_else(|| Refusal::invalid(format!("{name} is missing")))
    }

    /// A text that may be left out.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<String> {
        self.0.remove(name)
    }
}

/// Any JSON.
pub(super) fn json(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::invalid(format!("the body is not JSON: {error}")))
}

/// The texts in `body` that `fields` tells of. Fields that are not known are left alone: Kontur may add some.
pub(super) fn texts(fields: &[Field], body: &Value) -> Result<Texts, Refusal> {
    let given = body.as_object().ok_or_else(|| Refusal::invalid("the body has to be a JSON object"))?;
    let mut texts = BTreeMap::new();
    for field in fields {
        match given.get(field.name) {
            Some(Value::String(text)) if !text.trim().is_empty() => {
                check(field, text)?;
                texts.insert(field.name, text.clone());
            }
            None | Some(Value::Null | Value::String(_)) if !field.required => {}
            None | Some(Value::Null) => return Err(Refusal::invalid(format!("{} is missing", field.name))),
            Some(Value::String(_)) => return Err(Refusal::invalid(format!("{} is empty", field.name))),
            Some(_) => {
                return Err(Refusal::invalid(format!(
                    "{} has to be a text such as {:?}",
                    field.name, field.example
                )));
            }
        }
    }
    Ok(Texts(texts))
}

/// The communication named in a path.
pub(super) fn communication(text: &str) -> Result<CommunicationId, Refusal> {
    if is_guid(text) { Ok(text.into()) } else { Err(no_guid("the id in the path", text)) }
}

fn check(field: &Field, text: &str) -> Result<(), Refusal> {
    if field.guid && !is_guid(text) { Err(no_guid(field.name, text)) } else { Ok(()) }
}

/// Hyphens are part of it: `Uuid` alone takes other spellings too.
fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

fn no_guid(name: &str, text: &str) -> Refusal {
    let shown: String = text.chars().take(40).collect();
    Refusal::invalid(format!("{name} has to be a GUID such as {}, not {shown:?}", CALL[0].example))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_fault(fields: &[Field], body: &Value, named: &str) {
        let refusal = texts(fields, body).unwrap_err();
        assert_eq!((refusal.status.as_u16(), refusal.word), (409, "invalidArgs"));
        assert!(refusal.message.contains(named), "{}", refusal.message);
    }

    #[test]
    fn faults_name_the_field() {
        let guid = CALL[0].example;
        check_fault(CALL, &json!([]), "JSON object");
        check_fault(CALL, &json!({}), "communicationId is missing");
        check_fault(CALL, &json!({"communicationId": "7"}), "communicationId has to be a GUID");
        check_fault(
            CALL,
            &json!({"communicationId": guid.replace('-', "")}),
            "communicationId has to be a GUID",
        );
        check_fault(CALL, &json!({"communicationId": guid}), "fromUserId is missing");
        check_fault(CALL, &json!({"communicationId": guid, "fromUserId": ""}), "fromUserId is empty");
        check_fault(
            CALL,
            &json!({"communicationId": guid, "fromUserId": "u", "clientPhone": 7}),
            "clientPhone has to be",
        );
        check_fault(HANG_UP, &json!({"realtimeCallItemId": null}), "realtimeCallItemId is missing");
    }

    #[test]
    fn what_is_optional_may_be_absent_null_or_empty() {
        let guid = CALL[0].example;
        let body = json!({"communicationId": guid, "fromUserId": "u", "toUserId": null, "clientPhone": "", "new": {}});
        let mut texts = texts(CALL, &body).unwrap();
        assert_eq!(texts.required("communicationId").unwrap(), guid);
        assert_eq!((texts.optional("toUserId"), texts.optional("clientPhone")), (None, None));
    }
}
