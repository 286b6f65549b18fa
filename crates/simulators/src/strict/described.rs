//! Answers: JSON that the simulator builds freely, documented by the schema of a type.

use std::marker::PhantomData;

use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::Value;

/// A JSON answer of the shape `T`.
pub(crate) struct Described<T> {
    json: Value,
    shape: PhantomData<fn() -> T>,
}

impl<T> Described<T> {
    pub(crate) fn new(json: Value) -> Self {
        Self { json, shape: PhantomData }
    }
}

impl<T: Type> Payload for Described<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Send> IntoResponse for Described<T> {
    fn into_response(self) -> Response {
        Response::builder().content_type("application/json").body(self.json.to_string())
    }
}

impl<T: Type> ApiResponse for Described<T> {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: T::schema_ref() }];
        let response =
            MetaResponse { description: "", status: Some(200), status_range: None, content, headers: vec![] };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}
