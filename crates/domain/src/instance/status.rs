//! The status of an integration instance (contract Kontur §3; design, Status machine).
//!
//! The status is *derived* from what is known to be wrong, so that it is always explained by its reasons and
//! leaving a pause restores what was before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Kontur's words and codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Not installed, or not set up yet.
    NotConfigured = 0,
    /// Works.
    Active = 1,
    /// Paused: events are accepted, deliveries held back.
    Paused = 2,
    /// Works, with errors.
    HasErrors = 3,
    /// Does not work.
    Failed = 4,
}

impl Status {
    /// Kontur's number.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Kontur's word as on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotConfigured => "notConfigured",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::HasErrors => "hasErrors",
            Self::Failed => "failed",
        }
    }
}

/// Something wrong that the instance works in spite of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Deliveries to Kontur were given up.
    DeadKonturDeliveries,
    /// Deliveries to Workonflow were given up.
    DeadWorkonflowDeliveries,
    /// Deliveries to Metabot were given up.
    DeadMetabotDeliveries,
    /// The last history sync failed.
    SyncFailed,
    /// This machine's clock is off.
    ClockSkew,
    /// The connection over which the telephony tells what happens is down.
    TelephonyUnreachable,
}

/// Something wrong that keeps the instance from working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Kontur refused the integration's credentials.
    KonturCredentials,
    /// The provider refused its credentials.
    ProviderCredentials,
    /// Several syncs failed in a row.
    SyncKeepsFailing,
}

/// How many failed syncs in a row make an instance `Failed` (design: N = 3).
pub const SYNC_FAILURES_UNTIL_FAILED: u32 = 3;

/// What happened that may change the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// setup, or an upgrade of what had been set up, went through.
    SetUp,
    /// Something is wrong; the text is shown to the administrator.
    FaultRaised(Fault, String),
    /// It is not wrong any more.
    FaultCleared(Fault),
    /// A system refused credentials.
    CredentialsRefused(Failure, String),
    /// The system takes them again.
    CredentialsAccepted(Failure),
    /// A history sync failed.
    SyncFailed(String),
    /// A history sync went through.
    SyncSucceeded,
    /// An administrator paused the instance here.
    Paused,
    /// An administrator resumed it.
    Resumed,
    /// Kontur says that the instance is paused there, or no longer.
    PausedInKontur(bool),
    /// The integration was removed from the workspace.
    Uninstalled,
}

/// All that the status follows from. Stored whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    configured: bool,
    paused: bool,
    paused_in_kontur: bool,
    syncs_failed: u32,
    faults: BTreeMap<Fault, String>,
    failures: BTreeMap<Failure, String>,
}

impl Condition {
    /// The status that follows.
    pub fn status(&self) -> Status {
        if !self.configured {
            Status::NotConfigured
        } else if self.paused || self.paused_in_kontur {
            Status::Paused
        } else if !self.failures.is_empty() {
            Status::Failed
        } else if !self.faults.is_empty() {
            Status::HasErrors
        } else {
            Status::Active
        }
    }

    /// Why it is what it is: one sentence each, the weightiest first; empty when all is well.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if !self.configured {
            reasons.push("setup has not been run yet".to_owned());
        }
        if self.paused {
            reasons.push("paused by an administrator".to_owned());
        }
        if self.paused_in_kontur {
            reasons.push("paused in Kontur".to_owned());
        }
        reasons.extend(self.failures.values().chain(self.faults.values()).cloned());
        reasons
    }

    /// Whether deliveries are held back.
    pub fn holds_deliveries(&self) -> bool {
        self.paused || self.paused_in_kontur
    }

    /// The condition after `signal`. Total: any signal is fine in any condition.
    #[must_use]
    pub fn after(mut self, signal: Signal) -> Self {
        match signal {
            Signal::SetUp => {
                self.configured = true;
                self.syncs_failed = 0;
                self.failures.clear();
            }
            Signal::FaultRaised(fault, why) => drop(self.faults.insert(fault, why)),
            Signal::FaultCleared(fault) => drop(self.faults.remove(&fault)),
            Signal::CredentialsRefused(failure, why) => drop(self.failures.insert(failure, why)),
            Signal::CredentialsAccepted(failure) => drop(self.failures.remove(&failure)),
            Signal::SyncFailed(why) => self.sync_failed(why),
            Signal::SyncSucceeded => {
                self.syncs_failed = 0;
                self.faults.remove(&Fault::SyncFailed);
                self.failures.remove(&Failure::SyncKeepsFailing);
            }
            Signal::Paused => self.paused = true,
            Signal::Resumed => self.paused = false,
            Signal::PausedInKontur(paused) => self.paused_in_kontur = paused,
            Signal::Uninstalled => self = Self::default(),
        }
        self
    }

    fn sync_failed(&mut self, why: String) {
        self.syncs_failed = self.syncs_failed.saturating_add(1);
        if self.syncs_failed >= SYNC_FAILURES_UNTIL_FAILED {
            let times = self.syncs_failed;
            self.failures.insert(Failure::SyncKeepsFailing, format!("{times} syncs failed in a row: {why}"));
        }
        self.faults.insert(Fault::SyncFailed, why);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(signals: impl IntoIterator<Item = Signal>) -> Condition {
        signals.into_iter().fold(Condition::default(), Condition::after)
    }

    #[track_caller]
    fn check(signals: impl IntoIterator<Item = Signal>, expected: Status) {
        assert_eq!(after(signals).status(), expected);
    }

    fn dead() -> Signal {
        Signal::FaultRaised(Fault::DeadKonturDeliveries, "1 delivery to Kontur was given up".into())
    }

    fn refused() -> Signal {
        Signal::CredentialsRefused(Failure::ProviderCredentials, "the PBX refused the token".into())
    }

    fn sync_failed() -> Signal {
        Signal::SyncFailed("the PBX is silent".into())
    }

    #[test]
    fn every_arrow_of_the_design() {
        use Signal::{Paused, PausedInKontur, Resumed, SetUp, Uninstalled};
        check([], Status::NotConfigured);
        check([SetUp], Status::Active);
        check([SetUp, dead()], Status::HasErrors);
        check([SetUp, dead(), Signal::FaultCleared(Fault::DeadKonturDeliveries)], Status::Active);
        check([SetUp, refused()], Status::Failed);
        check([SetUp, refused(), SetUp], Status::Active);
        check([SetUp, refused(), Signal::CredentialsAccepted(Failure::ProviderCredentials)], Status::Active);
        check([SetUp, sync_failed()], Status::HasErrors);
        check([SetUp, sync_failed(), sync_failed(), sync_failed()], Status::Failed);
        check([SetUp, sync_failed(), sync_failed(), sync_failed(), Signal::SyncSucceeded], Status::Active);
        check([SetUp, Paused], Status::Paused);
        check([SetUp, dead(), Paused, Resumed], Status::HasErrors);
        check([SetUp, PausedInKontur(true)], Status::Paused);
        check([SetUp, PausedInKontur(true), PausedInKontur(false)], Status::Active);
        check([SetUp, Paused, PausedInKontur(false)], Status::Paused);
        check([SetUp, PausedInKontur(true), Resumed], Status::Paused);
        check([SetUp, refused(), Uninstalled], Status::NotConfigured);
    }

    fn any_signal() -> impl Strategy<Value = Signal> {
        prop_oneof![
            Just(Signal::SetUp),
            Just(dead()),
            Just(Signal::FaultCleared(Fault::DeadKonturDeliveries)),
            Just(refused()),
            Just(Signal::CredentialsAccepted(Failure::ProviderCredentials)),
            Just(sync_failed()),
            Just(Signal::SyncSucceeded),
            Just(Signal::Paused),
            Just(Signal::Resumed),
            any::<bool>().prop_map(Signal::PausedInKontur),
            Just(Signal::Uninstalled),
        ]
    }

    proptest! {
        #[test]
        fn the_status_is_always_explained_by_its_reasons(signals in prop::collection::vec(any_signal(), 0..40)) {
            let condition = after(signals);
            prop_assert_eq!(condition.reasons().is_empty(), condition.status() == Status::Active);
        }
    }
}
