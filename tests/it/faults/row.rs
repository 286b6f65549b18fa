//! The rows: the remote systems that fail.

use std::io;

use simulators::faults::{Fault, Faults};
use simulators::journal::System;
use simulators::sandbox::{Sandbox, WORKSPACE};

use super::way::Way;

/// A remote system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Kontur,
    Workonflow,
    Metabot,
    /// The control API of the PBX.
    Provider,
}

impl Row {
    /// From now on the system fails in this way. There is one Kontur for all workspaces: it fails for the company's
    /// alone, unless it is down.
    pub(super) fn strike(self, sandbox: &Sandbox, way: Way) {
        let Some(kind) = way.fault() else {
            return self.set_reachable(sandbox, false).expect("goes down");
        };
        let fault = Fault::always(kind);
        let fault = if self == Self::Kontur { fault.at(format!("/{WORKSPACE}/")) } else { fault };
        self.faults(sandbox).set(fault);
    }

    /// From now on the system works.
    pub(super) fn heal(self, sandbox: &Sandbox) {
        self.faults(sandbox).clear();
        self.set_reachable(sandbox, true).expect("comes back");
    }

    /// Its name in the journal.
    pub(super) fn system(self) -> System {
        match self {
            Self::Kontur => System::Kontur,
            Self::Workonflow => System::Workonflow,
            Self::Metabot => System::Metabot,
            Self::Provider => System::Pbx,
        }
    }

    fn faults(self, sandbox: &Sandbox) -> &Faults {
        match self {
            Self::Kontur => sandbox.kontur.faults(),
            Self::Workonflow => sandbox.workonflow.faults(),
            Self::Metabot => sandbox.metabot.faults(),
            Self::Provider => sandbox.pbx.faults(),
        }
    }

    fn set_reachable(self, sandbox: &Sandbox, reachable: bool) -> io::Result<()> {
        match self {
            Self::Kontur => sandbox.kontur.set_reachable(reachable),
            Self::Workonflow => sandbox.workonflow.set_reachable(reachable),
            Self::Metabot => sandbox.metabot.set_reachable(reachable),
            Self::Provider => sandbox.pbx.set_reachable(reachable),
        }
    }
}
