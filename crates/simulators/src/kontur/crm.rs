//! Kontur as the caller: an administrator and users press buttons, and the integration is told (contract §1).

mod judge;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Handle;
use super::communication::Communication;
use super::feed::Author;
use crate::clock;
use crate::journal::{Record, System};

/// One of the documented ways to write the path of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// `{baseUrl}/call`
    #[default]
    Base,
    /// `{baseUrl}/communications/call`
    Communications,
    /// `{baseUrl}/communications/{id}/hangup`; a call is written as in `Communications`.
    CommunicationsById,
    /// `/api/v1/{ws}/communications/call` on the integration's host
    Api,
    /// `/api/v1/{ws}/communications/{id}/hangup`; a call is written as in `Api`.
    ApiById,
}

/// The access key that goes with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A new one that opens the workspace.
    Good,
    /// This one.
    Own(String),
    /// None at all.
    Missing,
}

/// What the integration answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrmReply {
    /// HTTP status; 0 when there was no answer.
    pub status: u16,
    pub body: Value,
}

impl CrmReply {
    /// `200 "OK"`
    pub fn is_ok(&self) -> bool {
        self.status == 200 && self.body == "OK"
    }
}

/// A call that a user asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PressedCall {
    pub communication_id: Uuid,
    pub reply: CrmReply,
}

/// Someone who acts in a workspace of the CRM.
#[derive(Debug, Clone)]
pub struct Crm {
    handle: Handle,
    workspace: String,
    spelling: Spelling,
    key: Key,
}

impl Crm {
    pub(super) fn new(handle: Handle, workspace: &str) -> Self {
        Self { handle, workspace: workspace.to_owned(), spelling: Spelling::Base, key: Key::Good }
    }

    /// The same actor, whose calls are written the given way.
    #[must_use]
    pub fn spelled(self, spelling: Spelling) -> Self {
        Self { spelling, ..self }
    }

    /// The same actor, with another access key.
    #[must_use]
    pub fn with_key(self, key: Key) -> Self {
        Self { key, ..self }
    }

    /// An administrator presses Setup. `200 "OK"` makes the instance active.
    pub async fn setup(&self, arguments: Value) -> CrmReply {
        let reply = self.post("setup", "setup", Some(arguments)).await;
        if reply.is_ok()
            && let Ok(workspace) = self.handle.shared.state().workspace(&self.workspace)
        {
            workspace.instance["status"] = "active".into();
        }
        reply
    }

    /// The scheduled webhook after which the integration brings its instance up to date.
    pub async fn upgrade(&self) -> CrmReply {
        self.post("upgrade", "setup/upgrade", None).await
    }

    /// The scheduled webhook after which the integration reads its history.
    pub async fn sync(&self) -> CrmReply {
        self.post("sync", "communications/sync", None).await
    }

    /// Calls every scheduled webhook that the instance has and that is not disabled, in the instance's order.
    pub async fn run_schedule(&self) -> Vec<(String, CrmReply)> {
        let mut replies = Vec::new();
        for url in self.scheduled_urls() {
            let reply = self.post("webhook", &url, None).await;
            replies.push((url, reply));
        }
        replies
    }

    /// A user presses "Call": a communication is made, and the integration is to call `phone` (digits).
    pub async fn press_call(&self, user: Uuid, phone: &str) -> PressedCall {
        let body = json!({"fromUserId": user, "clientPhone": phone});
        let communication_id = self.new_communication("outbound", Some(phone));
        self.call(communication_id, body).await
    }

    /// A user presses "Call" on a colleague.
    pub async fn press_internal_call(&self, user: Uuid, colleague: Uuid, phone: &str) -> PressedCall {
        let body = json!({"fromUserId": user, "toUserId": colleague, "clientPhone": phone});
        let communication_id = self.new_communication("internal", Some(phone));
        self.call(communication_id, body).await
    }

    /// The same call once more: a webhook that Kontur retries, or a double click.
    pub async fn repeat_call(&self, communication_id: Uuid, user: Uuid, phone: &str) -> CrmReply {
        self.call(communication_id, json!({"fromUserId": user, "clientPhone": phone})).await.reply
    }

    /// A user presses "Hang up" on a call item. `communication_id` appears in the path where the spelling has it.
    pub async fn press_hangup(
        &self,
        realtime_call_item_id: &str,
        user: Uuid,
        communication_id: Uuid,
    ) -> CrmReply {
        let path = match self.spelling {
            Spelling::Base => "hangup".to_owned(),
            Spelling::Communications => "communications/hangup".to_owned(),
            Spelling::CommunicationsById => format!("communications/{communication_id}/hangup"),
            Spelling::Api => format!("/api/v1/{}/communications/hangup", self.workspace),
            Spelling::ApiById => {
                format!("/api/v1/{}/communications/{communication_id}/hangup", self.workspace)
            }
        };
        let body = json!({"realtimeCallItemId": realtime_call_item_id, "userId": user});
        self.post("hangup", &path, Some(body)).await
    }

    async fn call(&self, communication_id: Uuid, mut body: Value) -> PressedCall {
        let path = match self.spelling {
            Spelling::Base => "call".to_owned(),
            Spelling::Communications | Spelling::CommunicationsById => "communications/call".to_owned(),
            Spelling::Api | Spelling::ApiById => format!("/api/v1/{}/communications/call", self.workspace),
        };
        body["communicationId"] = json!(communication_id);
        let reply = self.post("call", &path, Some(body)).await;
        PressedCall { communication_id, reply }
    }

    fn new_communication(&self, direction: &str, phone: Option<&str>) -> Uuid {
        let id = Uuid::new_v4();
        let communication = Communication {
            id,
            direction: Some(direction.to_owned()),
            client_phone: phone.map(str::to_owned),
            requested_by_user: true,
            created_at: clock::now_text(),
            ..Communication::default()
        };
        if let Ok(workspace) = self.handle.shared.state().workspace(&self.workspace) {
            workspace.communications.add(communication);
            workspace.announce("create", Author::User, id);
        }
        id
    }

    fn scheduled_urls(&self) -> Vec<String> {
        let mut state = self.handle.shared.state();
        let Ok(workspace) = state.workspace(&self.workspace) else { return Vec::new() };
        let hooks = workspace.instance["webHooks"].as_array().cloned().unwrap_or_default();
        let due = hooks.iter().filter(|hook| hook["triggerType"] == "schedule" && hook["disabled"] != true);
        due.filter_map(|hook| hook["relativeUrl"].as_str().map(str::to_owned)).collect()
    }

    /// Calls the integration: `path` is relative to the instance's `baseUrl`, or to its host when it starts with a
    /// slash. What is wrong with the answer goes into the journal.
    async fn post(&self, operation: &str, path: &str, body: Option<Value>) -> CrmReply {
        let (url, key) = self.address(path);
        let echo = Uuid::new_v4().to_string();
        let mut record = Record::new(System::Kontur, format!("→ {operation}"));
        record.method.push_str("POST");
        record.path.clone_from(&url);
        record.body = body.clone().unwrap_or_default();
        let mut request =
            self.handle.http.request(Method::POST, url).header("X-XCOM-Integration-Echo", &echo);
        if let Some(key) = key {
            request = request.header("X-XCOM-AccessKey", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let expects_refusal = self.key != Key::Good;
        let judgement = judge::judge(request.send().await, &echo, expects_refusal).await;
        record.status = judgement.reply.status;
        record.reply = judgement.reply.body.clone();
        record.violations = judgement.violations;
        self.handle.journal.record(record);
        judgement.reply
    }

    fn address(&self, path: &str) -> (String, Option<String>) {
        let mut state = self.handle.shared.state();
        let base = state.workspace(&self.workspace).map(|workspace| workspace.instance["baseUrl"].clone());
        let base = base.ok().and_then(|base| base.as_str().map(str::to_owned)).unwrap_or_default();
        let key = match &self.key {
            Key::Good => Some(state.keys.issue(&self.workspace)),
            Key::Own(key) => Some(key.clone()),
            Key::Missing => None,
        };
        (join(&base, path), key)
    }
}

fn join(base: &str, path: &str) -> String {
    if !path.starts_with('/') {
        return format!("{}/{path}", base.trim_end_matches('/'));
    }
    let authority = base.find("://").map_or(0, |position| position + 3);
    let host = base[authority..].find('/').map_or(base, |slash| &base[..authority + slash]);
    format!("{host}{path}")
}
