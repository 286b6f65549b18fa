//! The telephony callbacks (contract Kontur §4).

use domain::id::{ExternalId, KonturUserId};
use domain::phone::Phone;
use domain::port::{RemoteError, RemoteErrorKind};
use serde::Serialize;

use super::{Client, REPLY_LIMIT, asked};
use crate::destination::kontur::judge::{judge, judge_ok};
use crate::destination::kontur::wire;
use crate::http::{Asked, Reply};

/// A reply that says yes, for the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// HTTP status.
    pub status: u16,
    /// The body, shortened, phone numbers masked.
    pub answer: String,
}

impl From<&Reply> for Accepted {
    fn from(reply: &Reply) -> Self {
        Self { status: reply.status.as_u16(), answer: reply.shown() }
    }
}

/// By what a caller's responsible users are found.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// By a call that was reported.
    Call(&'a ExternalId),
    /// By number.
    Phone(&'a Phone),
}

impl Client {
    /// Opens a call; gives its communication.
    pub async fn call_started(
        &self,
        body: &wire::CallStarted,
    ) -> Result<(wire::Communication, Accepted), RemoteError> {
        let asked = asked("call-started");
        let reply = judge(asked, self.report(asked, body).await?)?;
        Ok((reply.json(asked)?, Accepted::from(&reply)))
    }

    /// Reports a change of a leg.
    pub async fn call_event(&self, body: &wire::CallEvent) -> Result<Accepted, RemoteError> {
        self.report_ok(asked("call-event"), body).await
    }

    /// Closes a call.
    pub async fn call_finished(&self, body: &wire::CallFinished) -> Result<Accepted, RemoteError> {
        self.report_ok(asked("call-finished"), body).await
    }

    /// Says that a call a user asked for could not be placed.
    pub async fn call_failed(&self, body: &wire::CallFailed) -> Result<Accepted, RemoteError> {
        self.report_ok(asked("call-failed"), body).await
    }

    /// Binds an uploaded file to a leg of a registered call.
    pub async fn call_recording(&self, body: &wire::CallRecording) -> Result<Accepted, RemoteError> {
        self.report_ok(asked("call-recording"), body).await
    }

    /// Registers a finished call.
    pub async fn register_call(&self, body: &wire::RegisterCall) -> Result<Accepted, RemoteError> {
        self.report_ok(asked("register-call"), body).await
    }

    /// Who is responsible for a caller; nobody if Kontur does not know the caller.
    pub async fn call_redirect(&self, caller: Caller<'_>) -> Result<Vec<KonturUserId>, RemoteError> {
        let asked = asked("call-redirect");
        let query = match caller {
            Caller::Call(id) => [("externalId", id.as_str())],
            Caller::Phone(phone) => [("phoneNumber", phone.as_str())],
        };
        let url = self.callback_url(asked);
        let reply = self.send(asked, || self.http.get(url.clone()).query(&query), REPLY_LIMIT).await?;
        match judge(asked, reply) {
            Ok(reply) => Ok(reply.json::<wire::Redirect>(asked)?.user_ids),
            Err(error) if error.kind == RemoteErrorKind::NotFound && error.status == Some(409) => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    async fn report_ok(&self, asked: Asked, body: &(impl Serialize + Sync)) -> Result<Accepted, RemoteError> {
        let reply = judge_ok(asked, self.report(asked, body).await?)?;
        Ok(Accepted::from(&reply))
    }

    async fn report(&self, asked: Asked, body: &(impl Serialize + Sync)) -> Result<Reply, RemoteError> {
        let url = self.callback_url(asked);
        self.send(asked, || self.http.post(url.clone()).json(body), REPLY_LIMIT).await
    }

    /// The operation's name is the last part of its path.
    fn callback_url(&self, asked: Asked) -> url::Url {
        let mut url = self.callbacks.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(asked.operation);
        }
        url
    }
}
