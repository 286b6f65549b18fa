//! Deliveries: what remote systems were told, will be told, and could not be told.

pub(super) mod shown;

use std::sync::Arc;

use domain::id::DeliveryId;
use domain::outbox::{DeliveryState, DestinationKind};
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use storage::deliveries::DeliveryFilter;

use self::shown::{Delivery, Destinations, States};
use super::Tag;
use super::body::JsonBody;
use super::page::Page;
use super::types::{Cursor, Limit, Moment, Word};
use crate::api::ApiState;
use crate::api::problem::Problem;

/// Operations.
pub(in crate::api) struct Deliveries(pub(super) Arc<ApiState>);

/// Which deliveries to send again; what is left out does not narrow them down.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct Replay {
    /// Only those of this workspace.
    workspace: Option<String>,
    /// Only those to this destination.
    destination: Option<Word<Destinations>>,
    /// Only those in this state; left out: `dead`. Delivered ones are never sent again.
    state: Option<Word<States>>,
    /// Only those planned at this time or later.
    from: Option<Moment>,
    /// Only those planned before this time.
    to: Option<Moment>,
}

/// What a replay did.
#[derive(Debug, Object)]
struct Replayed {
    /// How many deliveries are due now.
    replayed: u64,
}

#[OpenApi(prefix_path = "/admin/v1/deliveries", tag = "Tag::Deliveries")]
impl Deliveries {
    /// List deliveries, the latest first
    #[oai(path = "/", method = "get", operation_id = "list_deliveries")]
    async fn list(
        &self,
        /// Only those of this workspace.
        workspace: Query<Option<String>>,
        /// Only those to this destination.
        destination: Query<Option<Word<Destinations>>>,
        /// Only those in this state.
        state: Query<Option<Word<States>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
        /// How long a page may be.
        limit: Query<Option<Limit>>,
    ) -> Result<Json<Page<Delivery>>, Problem> {
        let limit = limit.0.unwrap_or_default();
        let filter = DeliveryFilter {
            before: cursor.0.map(|cursor| DeliveryId(cursor.0)),
            instance: self.0.instance_named(workspace.0.as_deref())?.map(|instance| instance.id),
            destination: destination.0.and_then(|word| DestinationKind::parse(word.text)),
            state: state.0.and_then(|word| DeliveryState::parse(word.text)),
            from: None,
            to: None,
            limit: limit.0 + 1,
        };
        let found = self.0.engine.list_deliveries(filter).await?;
        let workspaces = self.0.workspaces();
        Ok(Json(Page::of(found, limit, |row| row.id.0, |row| Delivery::of(row, &workspaces))))
    }

    /// Send a delivery again, now
    ///
    /// One that creates something is looked up at the destination before it is sent. One that was delivered is left
    /// alone (409).
    #[oai(path = "/:id/retry", method = "post", operation_id = "retry_delivery")]
    async fn retry(
        &self,
        /// The delivery's number.
        id: Path<i64>,
    ) -> Result<Json<Delivery>, Problem> {
        let delivery = self.0.engine.retry_delivery(DeliveryId(id.0)).await?;
        Ok(Json(Delivery::of(delivery, &self.0.workspaces())))
    }

    /// Send many deliveries again, now
    ///
    /// The latest 10,000 that match, each call's in their order.
    #[oai(path = "/replay", method = "post", operation_id = "replay_deliveries")]
    async fn replay(&self, body: JsonBody<Replay>) -> Result<Json<Replayed>, Problem> {
        let which = body.fields()?;
        let state = which.state.map_or(Some(DeliveryState::Dead), |word| DeliveryState::parse(word.text));
        let filter = DeliveryFilter {
            instance: self.0.instance_named(which.workspace.as_deref())?.map(|instance| instance.id),
            destination: which.destination.and_then(|word| DestinationKind::parse(word.text)),
            state,
            from: which.from.map(|moment| moment.0),
            to: which.to.map(|moment| moment.0),
            ..DeliveryFilter::default()
        };
        let replayed = self.0.engine.replay(filter).await?;
        Ok(Json(Replayed { replayed: replayed as u64 }))
    }
}
