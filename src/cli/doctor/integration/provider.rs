//! The telephony system, and who answers there.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use domain::instance::settings::{AsteriskSettings, ProviderSettings};
use domain::port::RemoteError;
use url::Url;

use super::super::check::Check;
use super::super::remote::failed;
use super::Integration;

/// Standard Webhooks asks for at least this many bytes.
const SHORTEST_SECRET: usize = 24;

/// The system with its address, if it is called at all.
pub(super) fn system(settings: &ProviderSettings) -> Option<(&'static str, Url)> {
    match settings {
        ProviderSettings::Generic(generic) => generic.control_url.clone().map(|url| ("generic", url)),
        ProviderSettings::Asterisk(_) => None,
    }
}

/// Whether the secret of webhooks is long enough; its form was checked with the configuration.
pub(super) fn webhook_secret(one: &Integration) -> Option<Check> {
    let ProviderSettings::Generic(generic) = &one.settings.provider else { return None };
    let subject = one.subject("webhook_secret");
    let encoded = generic.webhook_secret.expose().strip_prefix("whsec_")?;
    let bytes = STANDARD.decode(encoded).or_else(|_| STANDARD_NO_PAD.decode(encoded)).ok()?.len();
    if bytes >= SHORTEST_SECRET {
        return Some(subject.green(format!("{bytes} bytes")));
    }
    let key = one.key("provider.webhook_secret");
    let fix = format!("change {key} and the PBX's to the output of: echo whsec_$(openssl rand -base64 32)");
    Some(subject.yellow(format!("only {bytes} bytes; Standard Webhooks asks for {SHORTEST_SECRET}"), fix))
}

/// The row of the telephony.
pub(super) fn judge(one: &Integration, has_control: bool, answer: &Result<(), RemoteError>) -> Check {
    match &one.settings.provider {
        ProviderSettings::Generic(_) => judge_generic(one, has_control, answer),
        ProviderSettings::Asterisk(settings) => judge_asterisk(one, settings, answer),
    }
}

/// Without records, what happens while this server is away is lost.
fn judge_asterisk(one: &Integration, settings: &AsteriskSettings, answer: &Result<(), RemoteError>) -> Check {
    let subject = one.subject("provider");
    match answer {
        Ok(()) if settings.cdr.is_some() => {
            subject.green("Asterisk lets us in, and its call detail records can be read")
        }
        Ok(()) => subject.yellow(
            "Asterisk lets us in; no call detail records: calls that end while this server is away are lost",
            format!("set {}", one.key("provider.cdr")),
        ),
        Err(error) => failed(subject, error, &one.keys("provider.ami.address", "provider.ami")),
    }
}

fn judge_generic(one: &Integration, has_control: bool, answer: &Result<(), RemoteError>) -> Check {
    let subject = one.subject("provider");
    match answer {
        Ok(()) if has_control => subject.green("the control API answers and takes the token"),
        Ok(()) => subject.yellow(
            "no control API: calls are not started from Kontur, and history is not read",
            format!("set {} and control_token, if the PBX has one", one.key("provider.control_url")),
        ),
        Err(error) => failed(subject, error, &one.keys("provider.control_url", "provider.control_token")),
    }
}

/// Without users no call belongs to anybody.
pub(super) fn users(one: &Integration) -> Check {
    let subject = one.subject("users");
    let ids = one.settings.users.iter().map(|user| user.kontur_user_id.as_str().to_ascii_lowercase());
    match ids.collect::<BTreeSet<_>>().len() {
        0 => subject.yellow(
            "none: no extension belongs to a user of Kontur",
            format!("add {} with kontur_user_id and extension for each employee", one.key("user")),
        ),
        1 => subject.green("1 user has an extension"),
        count => subject.green(format!("{count} users have an extension")),
    }
}
