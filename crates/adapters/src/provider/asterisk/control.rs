//! What we ask Asterisk to do: ring an employee and then call a client, and end a conversation.

use std::sync::Arc;

use domain::id::{ExternalId, LegId};
use domain::port::provider::DialRequest;
use domain::port::{RemoteError, RemoteErrorKind};

use super::ami::action::Action;
use super::ami::connection::{Connection, is_success};
use super::listen::RING_FOR;
use super::observer::REQUESTED;
use super::{Asterisk, fault};

/// Makes most desk phones pick up by themselves (RFC 5373 has no header that they know).
const AUTO_ANSWER: &str = "PJSIP_HEADER(add,Call-Info)=<sip:kontur>;answer-after=0";

impl Asterisk {
    /// Rings the employee, and calls the client when the employee picks up. The channel's id names the communication, so
    /// that each event and record of the call does, and a second call for it is refused.
    pub(super) async fn originate(&self, request: &DialRequest) -> Result<ExternalId, RemoteError> {
        let operation = "place call";
        let id = format!("{REQUESTED}{}", request.request);
        if self.shared.observer().goes_on(&id) {
            return Ok(id.into());
        }
        let connection = self.connection(operation)?;
        let action = self.originate_action(&id, request);
        self.shared.observer().expect(&id, request.client_phone.clone());
        let answer = connection.ask(operation, &action).await?;
        if is_success(&answer) {
            return Ok(id.into());
        }
        let said = answer.get("Message").unwrap_or("refused");
        let message = format!("{said}; check the manager's write classes (originate) and provider.originate");
        Err(fault(operation, RemoteErrorKind::Rejected, message))
    }

    fn originate_action(&self, id: &str, request: &DialRequest) -> Action {
        let how = &self.settings.originate;
        let client = request.client_phone.as_str();
        let is_colleague = self.rules.extension(client).is_some();
        let exten = if is_colleague { client.to_owned() } else { format!("{}{client}", how.prefix) };
        let channel = how.channel.replace("{extension}", request.extension.as_str());
        let mut action = Action::new("Originate")
            .with("ChannelId", id)
            .with("Channel", &channel)
            .with("Context", &how.context)
            .with("Exten", &exten)
            .with("Priority", "1")
            .with("CallerID", &format!("\"{client}\" <{client}>"))
            .with("Timeout", &RING_FOR.as_millis().to_string())
            .with("Async", "true");
        if channel.starts_with("Local/") {
            action = action.with("OtherChannelId", &format!("{id}-2"));
        }
        if request.auto_answer {
            action = action.with("Variable", AUTO_ANSWER);
        }
        action
    }

    /// Ends a leg. One that has ended already is fine.
    pub(super) async fn end_leg(&self, call: &ExternalId, leg: &LegId) -> Result<(), RemoteError> {
        let operation = "hang up";
        let channel = self.shared.observer().channel_of(call.as_str(), leg.as_str()).map(str::to_owned);
        let Some(channel) = channel else { return Ok(()) };
        let hang_up = Action::new("Hangup").with("Channel", &channel).with("Cause", "16");
        let answer = self.connection(operation)?.ask(operation, &hang_up).await?;
        // Whoever hung up meanwhile did what was asked.
        if is_success(&answer) || answer.get("Message") == Some("No such channel") {
            return Ok(());
        }
        let said = answer.get("Message").unwrap_or("refused");
        Err(fault(
            operation,
            RemoteErrorKind::Rejected,
            format!("{said}; check the manager's write classes (call)"),
        ))
    }

    fn connection(&self, operation: &'static str) -> Result<Arc<Connection>, RemoteError> {
        let message = "there is no connection to Asterisk now; see why with `doctor`";
        self.shared
            .connection()
            .clone()
            .ok_or_else(|| fault(operation, RemoteErrorKind::Unreachable, message))
    }
}
