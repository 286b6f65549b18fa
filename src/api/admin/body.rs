//! JSON bodies of the admin API, documented by the schema of a type.

use std::marker::PhantomData;

use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::{Map, Value};

use crate::api::body;
use crate::api::problem::{Fault, Problem, plain};

/// Any JSON, documented as `T`. An empty body counts as `{}`, and the content type is not looked at: scripts forget it.
pub(super) struct JsonBody<T> {
    pub(super) json: Value,
    shape: PhantomData<fn() -> T>,
}

impl<'a, T: Type> ApiExtractor<'a> for JsonBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: "application/json", schema: T::schema_ref() }];
        Some(MetaRequest { description: None, content, required: T::IS_REQUIRED })
    }

    async fn from_request(
        _: &'a Request,
        request_body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let bytes = body::read(request_body.take()?).await.map_err(Problem::from)?;
        let json = if bytes.trim_ascii().is_empty() {
            Value::Object(Map::new())
        } else {
            serde_json::from_slice(&bytes)
                .map_err(|error| Problem::invalid(format!("the body is not JSON: {error}"), Vec::new()))?
        };
        Ok(Self { json, shape: PhantomData })
    }
}

impl<T: ParseFromJSON> JsonBody<T> {
    /// Reads the body as a `T` all of whose fields may be left out; each faulty field is named.
    pub(super) fn fields(self) -> Result<T, Problem> {
        let Value::Object(fields) = &self.json else {
            return Err(Problem::invalid("the body has to be a JSON object", Vec::new()));
        };
        // Each by itself, since the library stops at the first and does not say which it was.
        let faults = fields.iter().filter_map(|(name, value)| {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            let error = T::parse_from_json(Some(alone.into())).err()?;
            Some(Fault::of_field(name, plain(error.message())))
        });
        let faults: Vec<_> = faults.collect();
        T::parse_from_json(Some(self.json)).map_err(|error| {
            let detail = if faults.is_empty() {
                plain(error.message())
            } else {
                "a field of the body is wrong".to_owned()
            };
            Problem::invalid(detail, faults)
        })
    }
}
