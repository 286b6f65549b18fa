//! A delivery for the tests of the outbox.

use domain::clock::Timestamp;
use domain::id::{CallId, DeliveryId, InstanceId};
use domain::outbox::{DestinationKind, Notice};
use storage::deliveries::PendingDelivery;

/// A registration at Kontur, planned and due at the beginning of time, never attempted.
pub(super) fn delivery(instance: i64, id: i64, call: i64) -> PendingDelivery {
    let beginning = Timestamp::from_micros(0);
    PendingDelivery {
        id: DeliveryId(id),
        instance: InstanceId(instance),
        destination: DestinationKind::Kontur,
        call: CallId(call),
        notice: Notice::Register,
        created_at: beginning,
        due_at: beginning,
        expires_at: None,
        attempts: 0,
        first_attempt_at: None,
        suspect: false,
        background: false,
        progress: None,
        call_at_hand: true,
    }
}
