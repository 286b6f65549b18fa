//! Building blocks for documenting operations whose handlers are plain: the hot path, and Kontur's with its echo.

use poem::http::Method;
use poem_openapi::registry::{
    MetaApi, MetaHeader, MetaMediaType, MetaOperation, MetaOperationParam, MetaParamIn, MetaPath,
    MetaRequest, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef,
};

/// A POST that is yet to get its parameters, body and responses.
pub(in crate::api) fn post(
    tag: &'static str,
    summary: &'static str,
    description: &'static str,
) -> MetaOperation {
    MetaOperation {
        method: Method::POST,
        tags: vec![tag],
        summary: Some(summary),
        description: Some(description),
        external_docs: None,
        params: Vec::new(),
        request: None,
        responses: MetaResponses { responses: Vec::new() },
        deprecated: false,
        security: Vec::new(),
        operation_id: None,
        code_samples: Vec::new(),
    }
}

/// One path with its one operation; parameters of the path are taken out of `route`, as poem writes it.
pub(in crate::api) fn path(
    route: &str,
    about: fn(&str) -> &'static str,
    mut operation: MetaOperation,
) -> MetaPath {
    let names = route.split('/').filter_map(|part| part.strip_prefix(':'));
    let params = names.map(|name| parameter(name, MetaParamIn::Path, true, about(name)));
    operation.params.splice(0..0, params);
    let parts = route.split('/').map(|part| match part.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None => part.to_owned(),
    });
    MetaPath { path: parts.collect::<Vec<_>>().join("/"), operations: vec![operation] }
}

/// These paths and nothing else.
pub(in crate::api) fn api(paths: Vec<MetaPath>) -> Vec<MetaApi> {
    vec![MetaApi { paths }]
}

/// A parameter that is a text.
pub(in crate::api) fn parameter(
    name: &str,
    place: MetaParamIn,
    required: bool,
    about: &str,
) -> MetaOperationParam {
    MetaOperationParam {
        name: name.to_owned(),
        schema: text(),
        in_type: place,
        description: Some(about.to_owned()),
        required,
        deprecated: false,
        explode: true,
        style: None,
    }
}

/// A JSON body.
pub(in crate::api) fn body(schema: MetaSchemaRef, required: bool, about: &'static str) -> MetaRequest {
    let content = vec![MetaMediaType { content_type: "application/json", schema }];
    MetaRequest { description: Some(about), content, required }
}

/// A JSON reply.
pub(in crate::api) fn response(status: u16, about: &'static str, schema: MetaSchemaRef) -> MetaResponse {
    let content = vec![MetaMediaType { content_type: "application/json", schema }];
    MetaResponse {
        description: about,
        status: Some(status),
        status_range: None,
        content,
        headers: Vec::new(),
    }
}

/// A header of a reply.
pub(in crate::api) fn header(name: &str, about: &str) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: Some(about.to_owned()),
        required: false,
        deprecated: false,
        schema: text(),
    }
}

/// Any text.
pub(in crate::api) fn text() -> MetaSchemaRef {
    inline(MetaSchema::new("string"))
}

/// A schema that stands where it is used.
pub(in crate::api) fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}
