//! The admin API (design, Admin API `/admin/v1`): integrations, calls with their timeline, deliveries.

mod body;
mod calls;
mod deliveries;
mod guard;
mod integrations;
mod page;
mod server;
mod settings;
mod shown;
mod syncs;
mod types;
mod users;

use std::sync::Arc;

use poem_openapi::Tags;

use self::guard::Guarded;
pub(super) use self::guard::Token;
use super::ApiState;

/// Which part of the API an operation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Tags)]
enum Tag {
    /// Integration instances: one per workspace. Those of the configuration file are read-only here.
    Integrations,
    /// Calls and all that happened to them.
    Calls,
    /// What remote systems were told, will be told, and could not be told.
    Deliveries,
    /// This server.
    Server,
}

/// All parts, each behind the administrators' token.
pub(super) type Apis = (
    Guarded<integrations::Integrations>,
    Guarded<users::Users>,
    Guarded<syncs::Syncs>,
    Guarded<calls::Calls>,
    Guarded<deliveries::Deliveries>,
    Guarded<server::Server>,
);

/// The parts, working on `state`.
pub(super) fn apis(state: &Arc<ApiState>) -> Apis {
    let of = || Arc::clone(state);
    (
        Guarded(integrations::Integrations(of())),
        Guarded(users::Users(of())),
        Guarded(syncs::Syncs(of())),
        Guarded(calls::Calls(of())),
        Guarded(deliveries::Deliveries(of())),
        Guarded(server::Server),
    )
}
