//! Getting in: the banner, then a login by challenge, so that the secret never crosses the network (contract §c.2).

use domain::port::{RemoteError, RemoteErrorKind};
use domain::secret::Secret;
use md5::{Digest, Md5};

use super::action::Action;
use super::message::Message;
use crate::provider::asterisk::fault;

/// How the line begins that a manager interface greets with.
const GREETING: &str = "Asterisk Call Manager";

/// Whether we want to be told what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider::asterisk) enum Events {
    /// All that the manager's `read` classes allow.
    On,
    /// Nothing: somebody only looks whether we get in.
    Off,
}

/// Whether whoever greets so is an Asterisk.
pub(super) fn greeted(line: &str) -> Result<(), RemoteError> {
    if line.starts_with(GREETING) {
        return Ok(());
    }
    let message = "what answers is no manager interface of Asterisk; check ami.address, and ami.tls";
    Err(fault("connect", RemoteErrorKind::Rejected, message))
}

/// Asks for a challenge.
pub(super) fn challenge() -> Action {
    Action::new("Challenge").with("AuthType", "MD5")
}

/// Logs in by the answer to [`challenge`].
pub(super) fn login(
    answer: &Message,
    username: &str,
    secret: &Secret,
    events: Events,
) -> Result<Action, RemoteError> {
    let challenge = answer.get("Challenge").ok_or_else(|| {
        fault(
            "log in",
            RemoteErrorKind::Malformed,
            "Asterisk gave no challenge; does manager.conf allow AuthType MD5?",
        )
    })?;
    let events = match events {
        Events::On => "on",
        Events::Off => "off",
    };
    let action = Action::new("Login").with("AuthType", "MD5").with("Username", username);
    Ok(action.with("Key", &key(challenge, secret)).with("Events", events))
}

/// The refusal of a login.
pub(super) fn refused(answer: &Message) -> RemoteError {
    let said = answer.get("Message").unwrap_or("refused");
    let message = format!("{said}; check ami.username and ami.secret, and permit and deny in manager.conf");
    fault("log in", RemoteErrorKind::Unauthorized, message)
}

fn key(challenge: &str, secret: &Secret) -> String {
    let digest = Md5::new_with_prefix(challenge).chain_update(secret.expose()).finalize();
    digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of contract §k.
    #[test]
    fn the_key_is_the_digest_of_challenge_and_secret() {
        let secret = Secret::new("SECRET-EXAMPLE");
        assert_eq!(key("843105372", &secret), "ba829f56bddc525716be6786fe7c9737");
    }

    #[test]
    fn whoever_greets_otherwise_is_no_asterisk() {
        assert_eq!(greeted("Asterisk Call Manager/9.0.0"), Ok(()));
        assert!(greeted("220 mail.example.ru ESMTP").is_err());
    }
}
