//! Request bodies checked against the very schema that the OpenAPI document shows, with every fault named.
//!
//! poem-openapi alone stops at the first fault and does not say in which field; a simulator that is to teach its
//! caller the contract has to say both.

mod check;
mod described;
mod refusal;
mod text;

use std::marker::PhantomData;

use bytes::Bytes;
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use serde_json::Value;

pub(crate) use self::check::check;
pub(crate) use self::described::Described;
pub(crate) use self::refusal::{Invalid, Refusal, with_refusals};
pub(crate) use self::text::{Dialable, Digits, Moment, Period, Phone};

/// The media type a body has to be sent with.
pub(crate) trait Media: Send {
    const TYPE: &'static str;
}

/// `application/json`
pub(crate) struct Json;

/// `application/json-patch+json`
pub(crate) struct JsonPatch;

impl Media for Json {
    const TYPE: &'static str = "application/json";
}

impl Media for JsonPatch {
    const TYPE: &'static str = "application/json-patch+json";
}

/// A body that fits the schema of `T` exactly, with the JSON it was read from.
pub(crate) struct Strict<T, M = Json> {
    pub(crate) body: T,
    pub(crate) json: Value,
    media: PhantomData<M>,
}

impl<T: Type, M: Media> Payload for Strict<T, M> {
    const CONTENT_TYPE: &'static str = M::TYPE;

    fn check_content_type(content_type: &str) -> bool {
        content_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(M::TYPE))
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: ParseFromJSON, M: Media> ParsePayload for Strict<T, M> {
    const IS_REQUIRED: bool = T::IS_REQUIRED;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let bytes = Bytes::from_request(request, body).await?;
        let json: Value =
            serde_json::from_slice(&bytes).map_err(|error| Invalid::one("$", error.to_string()))?;
        let faults = check::<T>(&json);
        if !faults.is_empty() {
            return Err(Invalid(faults).into());
        }
        // What the check lets through the type may still refuse, e.g. the 31st of February.
        let parsed = T::parse_from_json(Some(json.clone()));
        let body = parsed.map_err(|error| Invalid::one("$", error.into_message()))?;
        Ok(Self { body, json, media: PhantomData })
    }
}

poem_openapi::impl_apirequest_for_payload!(Strict<T, M>, T: ParseFromJSON, M: Media);
