//! Kontur: credentials, the instance there, its base URL, and who makes the outgoing calls.

use adapters::destination::kontur::client::Client;
use adapters::destination::kontur::wire::Instance;
use domain::id::IntegrationId;
use domain::instance::settings::IntegrationKind;
use domain::instance::status::Status;
use domain::port::{RemoteError, RemoteErrorKind};
use url::Url;

use super::super::check::Check;
use super::super::remote::{Keys, failed, within};
use super::{Integration, Origin};

const SYSTEM: &str = "kontur";

/// What Kontur said.
pub(super) struct Facts {
    authorised: Result<(), RemoteError>,
    /// Only asked with good credentials.
    instance: Option<Result<Instance, RemoteError>>,
    main_telephony: Option<Result<Option<IntegrationId>, RemoteError>>,
}

/// Credentials first; without them nothing else is answered.
pub(super) async fn look(client: &Client) -> Facts {
    let authorised = within(SYSTEM, client.authorise(None)).await;
    if authorised.is_err() {
        return Facts { authorised, instance: None, main_telephony: None };
    }
    let (instance, main_telephony) =
        tokio::join!(within(SYSTEM, client.instance()), within(SYSTEM, client.main_telephony()));
    Facts { authorised, instance: Some(instance), main_telephony: Some(main_telephony) }
}

/// The rows of Kontur.
pub(super) fn judge(one: &Integration, kontur_url: &Url, public_url: &str, facts: &Facts) -> Vec<Check> {
    let keys = keys(one);
    let mut rows = vec![authorisation(one, kontur_url, &keys, &facts.authorised)];
    match &facts.instance {
        Some(answer) => rows.extend(instance(one, public_url, &keys, answer)),
        None => rows.push(one.subject("kontur instance").not_checked(
            "Kontur did not let this integration in",
            "mend the row kontur authorisation first",
        )),
    }
    rows.extend(facts.main_telephony.as_ref().map(|answer| main_telephony(one, answer)));
    rows
}

fn keys(one: &Integration) -> Keys {
    let credentials = match one.settings.kind {
        IntegrationKind::Private => one.key("api_key"),
        IntegrationKind::Public => format!("{} or its secret_key", one.key("api_key")),
    };
    let url = match &one.origin {
        Origin::File(file) => format!("kontur.api_url in {file}"),
        Origin::AdminApi => "kontur.api_url of the configuration".to_owned(),
    };
    Keys { url, credentials }
}

fn authorisation(
    one: &Integration,
    kontur_url: &Url,
    keys: &Keys,
    answer: &Result<(), RemoteError>,
) -> Check {
    let subject = one.subject("kontur authorisation");
    match answer {
        Ok(()) => {
            subject.green(format!("{} takes the credentials", kontur_url.host_str().unwrap_or_default()))
        }
        Err(error) if error.kind == RemoteErrorKind::Unauthorized && error.status == Some(409) => {
            let workspace = &one.settings.workspace;
            let fix = format!(
                "install the integration in the workspace {workspace} in Kontur, or correct {}",
                keys.credentials
            );
            subject.red(error.message.as_str(), fix)
        }
        Err(error) => failed(subject, error, keys),
    }
}

fn instance(
    one: &Integration,
    public_url: &str,
    keys: &Keys,
    answer: &Result<Instance, RemoteError>,
) -> Vec<Check> {
    let subject = one.subject("kontur instance");
    match answer {
        Ok(instance) => vec![status(one, instance.status), base_url(one, public_url, instance)],
        Err(error) if error.kind == RemoteErrorKind::NotFound => {
            let fix = format!(
                "correct {} to the id that Kontur shows for the integration",
                one.key("integration_id")
            );
            vec![subject.red(error.message.as_str(), fix)]
        }
        Err(error) if error.kind == RemoteErrorKind::Unauthorized => {
            let fix = format!(
                "correct {}: the credentials are good, but not for this workspace",
                one.key("workspace")
            );
            vec![subject.red(error.message.as_str(), fix)]
        }
        Err(error) => vec![failed(subject, error, keys)],
    }
}

fn status(one: &Integration, status: Status) -> Check {
    let subject = one.subject("kontur instance");
    let found = format!("found; its status is {}", status.word());
    let activate = match one.settings.kind {
        IntegrationKind::Private => "press Setup of the integration in Kontur".to_owned(),
        IntegrationKind::Public => {
            format!("kontur-telephony activate {} (or press Setup in Kontur)", one.settings.workspace)
        }
    };
    match status {
        Status::Active => subject.green(found),
        Status::NotConfigured => subject.yellow(found, activate),
        Status::Paused => subject.yellow(found, "resume the integration in Kontur"),
        Status::HasErrors => {
            let fix =
                format!("see the reasons: GET /admin/v1/integrations/{}/status", one.settings.workspace);
            subject.yellow(found, fix)
        }
        Status::Failed => subject.red(found, format!("mend the other rows, then {activate}")),
    }
}

/// Kontur calls what is written in its instance, whatever we think our URL is.
fn base_url(one: &Integration, public_url: &str, instance: &Instance) -> Check {
    let workspace = &one.settings.workspace;
    let subject = one.subject("kontur base_url");
    let own = format!("{public_url}/kontur/{workspace}");
    let shared = format!("{public_url}/kontur");
    match instance.whole.get("baseUrl").and_then(serde_json::Value::as_str) {
        Some(found) if [&own, &shared].contains(&&found.trim_end_matches('/').to_owned()) => subject.green(found),
        Some(found) => subject.red(
            format!("Kontur calls {found}, which is not {own}"),
            format!(
                "set the base URL of the integration in Kontur to {own} (upload what `kontur-telephony manifest` writes), \
                 or correct public_url"
            ),
        ),
        None => subject.red(
            "Kontur knows no base URL",
            format!("set the base URL of the integration in Kontur to {own}"),
        ),
    }
}

fn main_telephony(one: &Integration, answer: &Result<Option<IntegrationId>, RemoteError>) -> Check {
    let subject = one.subject("kontur main telephony");
    let own = one.settings.integration_id.as_str();
    match answer {
        Ok(Some(chosen)) if chosen.as_str().eq_ignore_ascii_case(own) => subject.green("this integration"),
        Ok(Some(chosen)) => subject.yellow(
            format!("outgoing calls are made by another integration ({chosen})"),
            "choose this integration as the main telephony in Kontur's settings",
        ),
        Ok(None) => subject.green("not chosen, which is fine while this is the only telephony"),
        Err(error) => subject.yellow(error.message.as_str(), "see the main telephony in Kontur's settings"),
    }
}

#[cfg(test)]
mod tests;
