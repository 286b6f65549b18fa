//! A generic PBX's words as they come (design, Generic PBX). Reading never fails on a value of the wrong type: each
//! keeps what it is, so that [`super::parse`] can name every fault with its field. Unknown fields are tolerated.

mod value;

use serde::{Deserialize, Serialize};

pub(super) use value::{List, Object, Scalar};

/// How many events a webhook, and how many calls a page of history, may carry.
pub(super) const MOST: usize = 1000;

/// One event; of a batch only `events` is set.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Scalar<'a>,
    #[serde(borrow)]
    pub(super) at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) call_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) direction: Scalar<'a>,
    #[serde(borrow)]
    pub(super) client_phone: Scalar<'a>,
    #[serde(borrow)]
    pub(super) vats_phone: Scalar<'a>,
    #[serde(borrow)]
    pub(super) request_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) leg: Object<Leg<'a>>,
    #[serde(borrow)]
    pub(super) recording: Object<Recording<'a>>,
    #[serde(borrow)]
    pub(super) reason: Scalar<'a>,
    #[serde(borrow)]
    pub(super) events: List<Event<'a>>,
}

/// A leg as an event names it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Leg<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) from: Object<Party<'a>>,
    #[serde(borrow)]
    pub(super) to: Object<Party<'a>>,
}

/// One side of a leg.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Party<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Scalar<'a>,
    #[serde(borrow)]
    pub(super) extension: Scalar<'a>,
}

/// Where a leg's audio is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Recording<'a> {
    #[serde(borrow)]
    pub(super) leg_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) url: Scalar<'a>,
    #[serde(borrow)]
    pub(super) content_type: Scalar<'a>,
    #[serde(borrow)]
    pub(super) size: Scalar<'a>,
}

/// A page of past calls.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Page<'a> {
    #[serde(borrow)]
    pub(super) calls: List<PastCall<'a>>,
    #[serde(borrow)]
    pub(super) next_cursor: Scalar<'a>,
}

/// A past call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PastCall<'a> {
    #[serde(borrow)]
    pub(super) call_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) direction: Scalar<'a>,
    #[serde(borrow)]
    pub(super) client_phone: Scalar<'a>,
    #[serde(borrow)]
    pub(super) vats_phone: Scalar<'a>,
    #[serde(borrow)]
    pub(super) request_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) started_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) finished_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) legs: List<PastLeg<'a>>,
}

/// A leg of a past call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PastLeg<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) from: Object<Party<'a>>,
    #[serde(borrow)]
    pub(super) to: Object<Party<'a>>,
    #[serde(borrow)]
    pub(super) started_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) answered_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) finished_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) recording: Object<Recording<'a>>,
}

/// What we send to place a call.
#[derive(Debug, Serialize)]
pub(super) struct NewCall<'a> {
    pub(super) request_id: &'a str,
    pub(super) extension: &'a str,
    pub(super) client_phone: &'a str,
    pub(super) auto_answer: bool,
}

/// The answer to it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PlacedCall<'a> {
    #[serde(borrow)]
    pub(super) call_id: Scalar<'a>,
}
