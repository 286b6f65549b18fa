//! The API as an OpenAPI document, printed from the same table that jobs are checked against.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{
    MetaApi, MetaMediaType, MetaOperation, MetaOperationParam, MetaParamIn, MetaPath, MetaRequest,
    MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::{OpenApi, OpenApiService};

use super::job::FIELDS;
use crate::shape;

const DESCRIPTION: &str = "The one method of Metabot's bot API as this project understands it. The token goes into \
    `Authentication: TOKEN` or, on some installations, `Authorization: Bearer TOKEN`.";
const RULE: &str = "At least one of script, trigger and broadcast has to be named, each by id or by code, not both. \
    `run_at` is in the bot server's time zone and wins over `run_after_sec`.";

/// The document, as YAML.
pub fn openapi() -> String {
    OpenApiService::new(Document, "Metabot bot API (simulated)", "1.0").description(DESCRIPTION).spec_yaml()
}

/// Describes the method. Requests are answered by [`super::api::Api`], which reads the same table.
struct Document;

impl OpenApi for Document {
    fn meta() -> Vec<MetaApi> {
        let path = "/bots/{botId}/jobs/schedule".to_owned();
        vec![MetaApi { paths: vec![MetaPath { path, operations: vec![schedule()] }] }]
    }

    fn register(_registry: &mut Registry) {}

    fn add_routes(self, _route_table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

fn schedule() -> MetaOperation {
    MetaOperation {
        method: Method::POST,
        tags: Vec::new(),
        summary: Some("Schedule a job"),
        description: Some(RULE),
        external_docs: None,
        params: vec![
            parameter("botId", MetaParamIn::Path, "integer", true),
            parameter("Authentication", MetaParamIn::Header, "string", false),
            parameter("Authorization", MetaParamIn::Header, "string", false),
        ],
        request: Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: "application/json",
                schema: inline(shape::object(FIELDS)),
            }],
            required: true,
        }),
        responses: responses(),
        deprecated: false,
        security: Vec::new(),
        operation_id: Some("schedule"),
        code_samples: Vec::new(),
    }
}

fn parameter(name: &str, in_type: MetaParamIn, ty: &'static str, required: bool) -> MetaOperationParam {
    MetaOperationParam {
        name: name.to_owned(),
        schema: inline(MetaSchema::new(ty)),
        in_type,
        description: None,
        required,
        deprecated: false,
        explode: true,
        style: None,
    }
}

fn responses() -> MetaResponses {
    let answers = [
        (200, "Planned"),
        (401, "The token is missing or unknown"),
        (403, "The token is not for this bot"),
        (422, "The job is not valid"),
        (429, "Too many requests: try again later"),
        (500, "Failed: try again later"),
    ];
    let response = |(status, description)| MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: Vec::new(),
        headers: Vec::new(),
    };
    MetaResponses { responses: answers.into_iter().map(response).collect() }
}

fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}
