//! The webhook of a generic PBX as the documents show it (design, Generic PBX).

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{
    MetaApi, MetaMediaType, MetaOperation, MetaParamIn, MetaResponse, MetaResponses, MetaSchema, MetaTag,
    Registry,
};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::event::{Batch, Event};
use crate::api::document::operation::{api, body, header, inline, parameter, path, post, response};
use crate::api::problem::Problem;

const TAG: &str = "Telephony";
const ABOUT: &str = "What telephony systems send: events of calls as they happen.";
const ROUTE: &str = "/telephony/:workspace/generic";
const SUMMARY: &str = "Tell events of calls";
const DESCRIPTION: &str = "Signed by the Standard Webhooks scheme: `webhook-signature` is `v1,` and the base64 of \
    HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`, with the key in `webhook_secret` (`whsec_` and base64); \
    several signatures are separated by spaces. A repeat of an event is harmless: it is known by its `id`. The reply comes \
    when the events are durable. Send again after any reply but 2xx and 400.";
const ASK_SUMMARY: &str = "Ask for the responsible employee";
const ASK_DESCRIPTION: &str = "For the dialplan of an Asterisk: `CURL(…/route?phone=${CALLERID(num)}&token=…)`. The reply comes \
    within 0.3 s, from what Kontur said before if it is slow, and is never an error that would hold the call. It is empty \
    unless the switch `autoRedirect` is on.";
const HEADERS: [(&str, &str); 3] = [
    ("webhook-id", "The id of this message; the same when it is sent again."),
    ("webhook-timestamp", "When it is sent, in seconds since 1970; may be off by 5 minutes."),
    ("webhook-signature", "`v1,` and the signature in base64."),
];

/// Documents the webhook; it is taken by a plain route.
pub(in crate::api) struct Document;

/// What became of the events.
#[derive(Object)]
struct Accepted {
    /// Events that were new.
    accepted: u64,
    /// Events that were known already.
    duplicates: u64,
}

impl OpenApi for Document {
    fn meta() -> Vec<MetaApi> {
        let workspace = |_: &str| "The workspace in Kontur.";
        api(vec![path(ROUTE, workspace, operation()), path(super::ROUTE, workspace, ask())])
    }

    fn register(registry: &mut Registry) {
        registry.create_tag(MetaTag { name: TAG, description: Some(ABOUT), external_docs: None });
        Event::register(registry);
        Batch::register(registry);
        Accepted::register(registry);
        Problem::register(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

fn operation() -> MetaOperation {
    let event_or_batch =
        MetaSchema { any_of: vec![Event::schema_ref(), Batch::schema_ref()], ..MetaSchema::ANY };
    let params = HEADERS.map(|(name, about)| parameter(name, MetaParamIn::Header, true, about));
    MetaOperation {
        params: params.into(),
        request: Some(body(inline(event_or_batch), true, "One event, or a batch. At most 1 MiB.")),
        responses: MetaResponses { responses: responses() },
        operation_id: Some("take_generic_webhook"),
        ..post(TAG, SUMMARY, DESCRIPTION)
    }
}

/// The dialplan's question.
fn ask() -> MetaOperation {
    let query = |name, about| parameter(name, MetaParamIn::Query, true, about);
    let plain = |status: u16, description: &'static str| MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType {
            content_type: "text/plain; charset=utf-8",
            schema: inline(MetaSchema::new("string")),
        }],
        headers: Vec::new(),
    };
    let responses = vec![
        plain(200, "The extension, or nothing: nobody is responsible, or that cannot be told now."),
        plain(401, "The token is not `route_token` of the workspace's Asterisk. The body is empty."),
    ];
    MetaOperation {
        method: Method::GET,
        params: vec![
            query("phone", "The caller's number, as the dialplan has it."),
            query("token", "`route_token` of the configuration."),
        ],
        responses: MetaResponses { responses },
        operation_id: Some("route_to_responsible"),
        ..post(TAG, ASK_SUMMARY, ASK_DESCRIPTION)
    }
}

fn responses() -> Vec<MetaResponse> {
    let refusals = [
        (
            400,
            "An event is invalid: `errors` names each fault. Nothing of the request counts; do not repeat it.",
        ),
        (401, "The signature is wrong, or the time stamp too old."),
        (404, "This workspace has no such telephony."),
        (409, "The integration is not set up yet."),
        (413, "The body is longer than 1 MiB; send smaller batches."),
        (429, "Too much at once; `Retry-After` says when to come again."),
        (503, "It could not be stored; `Retry-After` says when to come again."),
    ];
    let ok = response(200, "The events are durable.", Accepted::schema_ref());
    std::iter::once(ok).chain(refusals.map(|(status, about)| refusal(status, about))).collect()
}

fn refusal(status: u16, description: &'static str) -> MetaResponse {
    let problem = Problem::meta().responses.into_iter().next();
    let content = problem.map(|problem| problem.content).unwrap_or_default();
    let headers = match status {
        429 | 503 => vec![header("Retry-After", "Seconds.")],
        _ => Vec::new(),
    };
    MetaResponse { description, status: Some(status), status_range: None, content, headers }
}
