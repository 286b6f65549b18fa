//! setup and setup/upgrade of an instance (contract Kontur §1, §3): credentials, provider, and the instance in
//! Kontur brought to what it should be.

use domain::instance::arguments::SetupArguments;
use domain::instance::settings::IntegrationKind;
use domain::instance::status::{Failure, Fault, Signal, Status};
use domain::port::crm::WantedInstance;
use domain::port::{RemoteError, RemoteErrorKind};
use domain::secret::Secret;
use serde_json::Value;

use crate::Engine;
use crate::error::EngineError;
use crate::instance::{Instance, Live};

/// Written to the instance's setting `version`; another one there makes upgrade do the whole of setup again.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// In seconds; Workonflow takes signatures that are not older or younger.
const CLOCK_MAY_BE_OFF_BY: i64 = 30;

/// Kontur calls us this often (contract Kontur §1).
const EVERY_SECONDS: u32 = 5 * 60;

impl Engine {
    /// setup: stores the arguments if everything works with them.
    pub async fn setup(&self, instance: &Instance, body: &Value) -> Result<(), EngineError> {
        let arguments =
            SetupArguments::parse(body).map_err(|error| EngineError::Invalid(error.to_string()))?;
        let sealed = self.seal_arguments(body)?;
        self.check_everything(instance, &arguments).await?;
        let id = instance.id;
        self.store.write(move |tx| tx.set_arguments(id, &sealed, VERSION)).await?;
        instance.change_live(|live| live.arguments = arguments);
        self.signal(instance, Signal::SetUp).await
    }

    /// setup/upgrade: one look at the instance in Kontur when nothing changed.
    pub async fn upgrade(&self, instance: &Instance) -> Result<(), EngineError> {
        if instance.status() == Status::NotConfigured {
            return Err(EngineError::NotConfigured(
                "the integration is not set up yet; run setup".to_owned(),
            ));
        }
        let (id, workspace) = (instance.id, instance.workspace.clone());
        let stored = self.store.read(move |tx| tx.find_instance(&workspace)).await?;
        let up_to_date = stored.is_some_and(|stored| stored.set_up_for.as_deref() == Some(VERSION));
        if up_to_date && instance.status() != Status::Failed {
            return self.reconcile(instance).await;
        }
        self.check_everything(instance, &instance.live().arguments).await?;
        self.store.write(move |tx| tx.set_up_for(id, VERSION)).await?;
        self.signal(instance, Signal::SetUp).await
    }

    async fn check_everything(
        &self,
        instance: &Instance,
        arguments: &SetupArguments,
    ) -> Result<(), EngineError> {
        let live = instance.live();
        let authorised = live.connections.crm.authorise(arguments.secret_key.as_ref()).await;
        self.judge_kontur(instance, authorised).await?;
        let checked = live.connections.provider.check().await;
        self.judge_provider(instance, checked).await?;
        self.reconcile(instance).await
    }

    async fn reconcile(&self, instance: &Instance) -> Result<(), EngineError> {
        let live = instance.live();
        let reconciled = live.connections.crm.reconcile(&wanted(&live)).await;
        let reconciled = self.judge_kontur(instance, reconciled).await?;
        self.signal(instance, clock_signal(reconciled.clock_ahead_by.unwrap_or_default())).await?;
        self.signal(instance, Signal::PausedInKontur(reconciled.status == Status::Paused)).await
    }

    async fn judge_kontur<T>(
        &self,
        instance: &Instance,
        result: Result<T, RemoteError>,
    ) -> Result<T, EngineError> {
        match &result {
            Ok(_) => self.signal(instance, Signal::CredentialsAccepted(Failure::KonturCredentials)).await?,
            Err(error) if is_gone(error) => self.signal(instance, Signal::Uninstalled).await?,
            Err(error) if error.kind == RemoteErrorKind::Unauthorized => {
                self.refused(instance, Failure::KonturCredentials, error).await?;
            }
            Err(_) => {}
        }
        Ok(result?)
    }

    async fn judge_provider(
        &self,
        instance: &Instance,
        result: Result<(), RemoteError>,
    ) -> Result<(), EngineError> {
        match &result {
            Ok(()) => {
                self.signal(instance, Signal::CredentialsAccepted(Failure::ProviderCredentials)).await?;
            }
            Err(error) if error.kind == RemoteErrorKind::Unauthorized => {
                self.refused(instance, Failure::ProviderCredentials, error).await?;
            }
            Err(_) => {}
        }
        Ok(result?)
    }

    pub(crate) async fn refused(
        &self,
        instance: &Instance,
        failure: Failure,
        error: &RemoteError,
    ) -> Result<(), EngineError> {
        if instance.status() == Status::NotConfigured {
            return Ok(()); // the caller is told; there is nothing yet that could fail
        }
        self.signal(instance, Signal::CredentialsRefused(failure, error.to_string())).await
    }

    fn seal_arguments(&self, body: &Value) -> Result<Vec<u8>, EngineError> {
        let has_secret = body.get("SecretKey").is_some_and(|secret| !secret.is_null());
        if has_secret {
            let sealed = self.vault.seal(&Secret::new(body.to_string()));
            return sealed.map_err(|error| EngineError::Conflict(error.to_string()));
        }
        Ok(body.to_string().into_bytes())
    }

    /// The arguments of an earlier setup.
    pub(crate) fn stored_arguments(&self, stored: Option<&[u8]>) -> Result<SetupArguments, EngineError> {
        let Some(stored) = stored else { return Ok(SetupArguments::default()) };
        let plain: Option<Value> = serde_json::from_slice(stored).ok();
        let body = if let Some(body) = plain {
            body
        } else {
            let opened = self.vault.open(stored).map_err(|error| EngineError::Conflict(error.to_string()))?;
            serde_json::from_str(opened.expose()).map_err(|_| EngineError::Internal)?
        };
        SetupArguments::parse(&body).map_err(|_| EngineError::Internal)
    }

    /// Activates from here what an administrator would activate in Kontur.
    pub async fn activate(&self, instance: &Instance) -> Result<(), EngineError> {
        let live = instance.live();
        let arguments = serde_json::json!({
            "SecretKey": live.arguments.secret_key.as_ref().map(Secret::expose),
            "autoRedirect": live.behaviour().auto_redirect,
            "autoAnswer": live.behaviour().auto_answer,
        });
        if live.settings.kind == IntegrationKind::Public && instance.status() == Status::NotConfigured {
            live.connections.crm.activate(&arguments).await?;
        }
        self.setup(instance, &arguments).await
    }
}

/// Whether the integration was removed from the workspace: Kontur knows no such instance, or answers an authorisation
/// with 409 `notInstalled` (contract Kontur §2).
fn is_gone(error: &RemoteError) -> bool {
    let not_installed = error.kind == RemoteErrorKind::Unauthorized && error.status == Some(409);
    error.kind == RemoteErrorKind::NotFound || not_installed
}

/// Signatures and time stamps depend on the clock: one that is off is a fault before they are refused.
fn clock_signal(ahead_by: i64) -> Signal {
    if ahead_by.abs() <= CLOCK_MAY_BE_OFF_BY {
        return Signal::FaultCleared(Fault::ClockSkew);
    }
    let side = if ahead_by > 0 { "ahead of" } else { "behind" };
    let why = format!("this machine's clock is {} s {side} Kontur's; set the clock", ahead_by.abs());
    Signal::FaultRaised(Fault::ClockSkew, why)
}

/// What the instance in Kontur should look like.
fn wanted(live: &Live) -> WantedInstance {
    let capabilities = live.connections.provider.capabilities();
    let mut schedules = vec![("setup/upgrade", EVERY_SECONDS)];
    if capabilities.history {
        schedules.push(("communications/sync", EVERY_SECONDS));
    }
    WantedInstance {
        call: capabilities.dial,
        hangup: capabilities.hang_up,
        settings: vec![("version", VERSION.to_owned())],
        schedules,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_a_fault_until_it_is_set() {
        for within in [0, 30, -30] {
            assert_eq!(clock_signal(within), Signal::FaultCleared(Fault::ClockSkew), "{within} s");
        }
        for (off, side) in [(31, "31 s ahead of"), (-90, "90 s behind")] {
            let Signal::FaultRaised(Fault::ClockSkew, why) = clock_signal(off) else {
                panic!("{off} s is no fault")
            };
            assert!(why.contains(side), "{why}");
        }
    }

    #[test]
    fn an_integration_that_is_gone_is_told_from_one_that_is_refused() {
        let answered = |kind, status| {
            is_gone(&RemoteError {
                status: Some(status),
                ..RemoteError::new("kontur", "authorise", kind, "no")
            })
        };
        assert!(answered(RemoteErrorKind::NotFound, 409));
        assert!(answered(RemoteErrorKind::Unauthorized, 409));
        assert!(!answered(RemoteErrorKind::Unauthorized, 401));
        assert!(!answered(RemoteErrorKind::Unavailable, 503));
    }
}
