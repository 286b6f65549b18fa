//! Whether Asterisk lets us in, lets us do what we need, and knows the trunks of the settings.

use domain::port::{RemoteError, RemoteErrorKind};

use super::ami::action::Action;
use super::ami::connection::{Connection, Heard, connect, is_success};
use super::ami::login::Events;
use super::ami::message::Message;
use super::{Asterisk, fault};

/// What we ask Asterisk to do, each with the class that the manager's `write` line has to have.
const NEEDED: &[(&str, &str)] =
    &[("CoreShowChannels", "reporting"), ("Getvar", "call"), ("Hangup", "call"), ("Originate", "originate")];

/// The name in errors.
const OPERATION: &str = "check";

/// How the names of the endpoints begin that Asterisk can list.
const LISTED: &str = "PJSIP/";

impl Asterisk {
    /// Logs in without being told events, and asks what we may do and which endpoints there are.
    pub(super) async fn check_manager(&self) -> Result<(), RemoteError> {
        let (connection, mut heard) = connect(&self.settings.ami, Events::Off).await?;
        let allowed = heard.answer(connection.ask(OPERATION, &Action::new("ListCommands"))).await?;
        let missing = missing(&allowed);
        if !missing.is_empty() {
            let message = format!(
                "the manager may not do all we need; add to its write line in manager.conf: {missing}"
            );
            return Err(fault(OPERATION, RemoteErrorKind::Rejected, message));
        }
        let unknown = self.unknown_trunks(&endpoints(&connection, &mut heard).await?);
        if unknown.is_empty() {
            return Ok(());
        }
        let message = format!(
            "Asterisk has no endpoint {unknown}; correct provider.trunks (`pjsip show endpoints` lists them)"
        );
        Err(fault(OPERATION, RemoteErrorKind::Rejected, message))
    }

    /// None if Asterisk lists none at all: it may have been built without them.
    fn unknown_trunks(&self, endpoints: &[String]) -> String {
        let trunks = self.settings.trunks.iter().filter_map(|trunk| trunk.strip_prefix(LISTED));
        let names = trunks.map(|trunk| trunk.trim_end_matches('-'));
        let unknown =
            names.filter(|name| !endpoints.is_empty() && !endpoints.iter().any(|known| known == name));
        unknown.collect::<Vec<_>>().join(", ")
    }
}

/// The classes that a manager lacks who may do what `allowed` lists: one field for each action.
fn missing(allowed: &Message) -> String {
    let may = |action: &str| allowed.fields().any(|(name, _)| name.eq_ignore_ascii_case(action));
    let mut classes: Vec<&str> =
        NEEDED.iter().filter(|(action, _)| !may(action)).map(|(_, class)| *class).collect();
    classes.dedup();
    classes.join(", ")
}

/// The names of the endpoints of PJSIP.
async fn endpoints(connection: &Connection, heard: &mut Heard) -> Result<Vec<String>, RemoteError> {
    let answer = heard.answer(connection.ask(OPERATION, &Action::new("PJSIPShowEndpoints"))).await?;
    let mut names = Vec::new();
    if !is_success(&answer) {
        return Ok(names);
    }
    loop {
        let message = heard.event().await?;
        match message.event() {
            Some("EndpointList") => names.extend(message.get("ObjectName").map(str::to_owned)),
            Some("EndpointListComplete") => return Ok(names),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_manager_may_not_do_is_named_by_its_class() {
        let allowed =
            |actions: &[&'static str]| actions.iter().map(|action| (*action, "(Priv: call,all)")).collect();
        let missing = |actions: &[&'static str]| missing(&allowed(actions));
        assert_eq!(missing(&["CoreShowChannels", "Getvar", "Hangup", "Originate", "Ping"]), "");
        assert_eq!(missing(&["Ping"]), "reporting, call, originate");
        assert_eq!(missing(&["CoreShowChannels", "getvar", "hangup"]), "originate");
    }
}
