//! The API as an OpenAPI document, printed from the same table that requests are checked against.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{
    MetaApi, MetaMediaType, MetaOperation, MetaOperationParam, MetaParamIn, MetaPath, MetaRequest,
    MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::{OpenApi, OpenApiService};

use super::action::{Access, Action, Dialect};
use super::actions;
use crate::shape;

const DESCRIPTION: &str = "The Workonflow bot API as this project understands it, in both dialects: `GET` and \
    `POST {\"query\":{…}}` with the headers `Api-key` and `X-Signature`, or `POST` with the parameters as the body \
    and the headers `X-Bot-Id`, `X-timestamp` and `X-Signature`.";

/// The document, as YAML.
pub fn openapi() -> String {
    OpenApiService::new(Document, "Workonflow bot API (simulated)", "1.0")
        .description(DESCRIPTION)
        .spec_yaml()
}

/// Describes the actions. Requests are answered by [`super::api::Api`], which reads the same table.
struct Document;

impl OpenApi for Document {
    fn meta() -> Vec<MetaApi> {
        let mut paths: Vec<MetaPath> = Vec::new();
        for dialect in [Dialect::Query, Dialect::Body] {
            for action in actions::of(dialect) {
                describe(&mut paths, dialect, action);
            }
        }
        vec![MetaApi { paths }]
    }

    fn register(_registry: &mut Registry) {}

    fn add_routes(self, _route_table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

/// Adds an action in one dialect: a read is a `GET` and a `POST`; a write is one `POST` with two forms of body.
fn describe(paths: &mut Vec<MetaPath>, dialect: Dialect, action: &'static Action) {
    let path = format!("/{{teamId}}/{}", action.name);
    let operation = operation(dialect, action);
    let Some(known) = paths.iter_mut().find(|known| known.path == path) else {
        paths.push(MetaPath { path, operations: vec![operation] });
        return;
    };
    let same_method = known.operations.iter_mut().find(|other| other.method == operation.method);
    match same_method.and_then(|other| other.request.as_mut()) {
        None => known.operations.push(operation),
        Some(request) => {
            let bodies = operation.request.into_iter().flat_map(|request| request.content);
            let first = request.content.drain(..).chain(bodies).map(|media| media.schema).collect();
            request.content = vec![json(MetaSchema { one_of: first, ..MetaSchema::ANY })];
        }
    }
}

fn operation(dialect: Dialect, action: &'static Action) -> MetaOperation {
    let by_get = dialect == Dialect::Query && action.access == Access::Read;
    let parameters = || shape::object(action.parameters);
    let mut params = vec![parameter("teamId", MetaParamIn::Path, MetaSchema::new("string"))];
    if by_get {
        params.push(parameter("query", MetaParamIn::Query, parameters()));
    }
    let body = match dialect {
        Dialect::Query => MetaSchema {
            required: vec!["query"],
            properties: vec![("query", inline(parameters()))],
            ..MetaSchema::new("object")
        },
        Dialect::Body => parameters(),
    };
    MetaOperation {
        method: if by_get { Method::GET } else { Method::POST },
        tags: Vec::new(),
        summary: Some(action.name),
        description: None,
        external_docs: None,
        params,
        request: (!by_get).then(|| MetaRequest {
            description: None,
            content: vec![json(body)],
            required: true,
        }),
        responses: responses(),
        deprecated: false,
        security: Vec::new(),
        operation_id: None,
        code_samples: Vec::new(),
    }
}

fn parameter(name: &str, in_type: MetaParamIn, schema: MetaSchema) -> MetaOperationParam {
    MetaOperationParam {
        name: name.to_owned(),
        schema: inline(schema),
        in_type,
        description: None,
        required: true,
        deprecated: false,
        explode: true,
        style: None,
    }
}

fn responses() -> MetaResponses {
    let answers = [
        (200, "Done; a `code` that is not 2xx is an error whatever the HTTP status"),
        (400, "No valid content, or the wrong team"),
        (401, "Bad credentials in the body dialect"),
        (403, "Bad credentials in the query dialect"),
        (500, "Failed inside"),
    ];
    let response = |(status, description)| MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: vec![json(reply())],
        headers: Vec::new(),
    };
    MetaResponses { responses: answers.into_iter().map(response).collect() }
}

fn reply() -> MetaSchema {
    MetaSchema {
        required: vec!["code"],
        properties: vec![
            ("code", inline(MetaSchema::new("integer"))),
            ("message", inline(MetaSchema::new("string"))),
            ("massage", inline(MetaSchema::new("string"))),
            ("data", inline(MetaSchema::ANY)),
        ],
        ..MetaSchema::new("object")
    }
}

fn json(schema: MetaSchema) -> MetaMediaType {
    MetaMediaType { content_type: "application/json", schema: inline(schema) }
}

fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}
