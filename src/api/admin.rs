//! The admin API (design, Admin API `/admin/v1`): integrations, calls with their timeline, deliveries.

mod body;
mod calls;
mod deliveries;
mod guard;
mod integrations;
mod page;
mod reconciliations;
mod server;
mod settings;
mod shown;
mod syncs;
mod types;
mod users;

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, IntoEndpoint, Response};
use poem_openapi::{OpenApiService, Tags};

use self::guard::{Guarded, Token};
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
    Guarded<reconciliations::Reconciliations>,
    Guarded<calls::Calls>,
    Guarded<deliveries::Deliveries>,
    Guarded<server::Server>,
);

/// The endpoint of `/admin/v1`. An unknown path asks for the token too: what there is is nobody else's business.
pub(super) fn routes(state: &Arc<ApiState>) -> impl Endpoint<Output = Response> + use<> {
    let of = || Arc::clone(state);
    let apis: Apis = (
        Guarded(integrations::Integrations(of())),
        Guarded(users::Users(of())),
        Guarded(syncs::Syncs(of())),
        Guarded(reconciliations::Reconciliations(of())),
        Guarded(calls::Calls(of())),
        Guarded(deliveries::Deliveries(of())),
        Guarded(server::Server),
    );
    OpenApiService::new(apis, "", "").into_endpoint().with(Token(of()))
}
