//! The integration instance in Kontur (contract Kontur §3), and whether a caller's access key opens it (§2).

use domain::id::IntegrationId;
use domain::port::crm::KeyCheck;
use domain::port::{RemoteError, RemoteErrorKind};
use domain::secret::Secret;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use super::{Client, REPLY_LIMIT, asked, with_key};
use crate::destination::kontur::judge::{judge, judge_ok};
use crate::destination::kontur::wire;
use crate::http::{Asked, Reply};

/// The setting that names the integration for outgoing calls.
const MAIN_TELEPHONY: &str = "@main-telephony-settings";

impl Client {
    /// The instance as Kontur has it.
    pub async fn instance(&self) -> Result<wire::Instance, RemoteError> {
        let asked = asked("get instance");
        let url = self.instance_url();
        let reply = self.send(asked, || self.http.get(url.clone()), REPLY_LIMIT).await?;
        self.own_instance(asked, reply)
    }

    /// Whether `access_key` opens our instance.
    pub async fn check_access_key(&self, access_key: &Secret) -> Result<KeyCheck, RemoteError> {
        let asked = asked("check access key");
        if HeaderValue::from_str(access_key.expose()).is_err() {
            return Ok(KeyCheck::Refused);
        }
        let reply = asked.send(with_key(self.http.get(self.instance_url()), access_key)).await?;
        match self.own_instance(asked, reply) {
            Ok(_) => Ok(KeyCheck::Accepted),
            Err(error) if error.kind == RemoteErrorKind::Unauthorized => Ok(KeyCheck::Refused),
            Err(error) => Err(error),
        }
    }

    /// Applies the operations; gives the instance as it is then.
    pub async fn patch_instance(
        &self,
        operations: &[wire::Operation],
    ) -> Result<wire::Instance, RemoteError> {
        let asked = asked("patch instance");
        let url = self.instance_url();
        let patch = || {
            let json_patch = HeaderValue::from_static("application/json-patch+json");
            // Before the body, which brings a type of its own if there is none.
            self.http.patch(url.clone()).header(CONTENT_TYPE, json_patch).json(&wire::Patch { operations })
        };
        let reply = judge(asked, self.send(asked, patch, REPLY_LIMIT).await?)?;
        Ok(reply.json::<wire::Patched>(asked)?.result)
    }

    /// Activates a public integration with the arguments of its setup.
    pub async fn set_up(&self, arguments: &Value) -> Result<(), RemoteError> {
        let asked = asked("setup");
        let url = self.url(&["integrations", self.integration.as_str(), "setup"]);
        let reply = self.send(asked, || self.http.post(url.clone()).json(arguments), REPLY_LIMIT).await?;
        judge_ok(asked, reply).map(drop)
    }

    /// Which integration makes the outgoing calls; none if that was not chosen.
    pub async fn main_telephony(&self) -> Result<Option<IntegrationId>, RemoteError> {
        let asked = asked("ui-settings");
        let url = self.url(&["ui-settings"]);
        let request = || self.http.get(url.clone()).query(&[("key", MAIN_TELEPHONY)]);
        match judge(asked, self.send(asked, request, REPLY_LIMIT).await?) {
            Ok(reply) => Ok(reply.json::<wire::UiSetting>(asked)?.value.map(IntegrationId::from)),
            Err(error) if error.kind == RemoteErrorKind::NotFound && error.status == Some(409) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn instance_url(&self) -> url::Url {
        self.url(&["integrations", "instances", self.integration.as_str()])
    }

    /// The instance in the reply, if it is ours: a 200 with anything else proves nothing.
    fn own_instance(&self, asked: Asked, reply: Reply) -> Result<wire::Instance, RemoteError> {
        let reply = judge(asked, reply)?;
        let instance: wire::Instance = reply.json(asked)?;
        if instance.id.as_str().eq_ignore_ascii_case(self.integration.as_str()) {
            return Ok(wire::Instance { clock_ahead_by: reply.clock_ahead_by(self.clock.now()), ..instance });
        }
        let message = format!("the reply is about the instance {}, not {}", instance.id, self.integration);
        Err(asked.error(RemoteErrorKind::Malformed, &reply, message))
    }
}
