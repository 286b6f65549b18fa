//! Kontur's calls as the document shows them: from the tables that they are routed and read by.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{
    MetaApi, MetaOperation, MetaParamIn, MetaRequest, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef,
    MetaTag, Registry,
};
use poem_openapi::types::Type;
use poem_openapi::{Object, OpenApi};

use super::fields::{CALL, Field, HANG_UP};
use super::refusal::Body;
use super::{ACCESS_KEY, Command, spellings};
use crate::api::document::operation::{api, body, header, inline, parameter, path, post, response};

const TAG: &str = "Kontur";
const ABOUT: &str = "What Kontur CRM calls. `baseUrl` is `{public_url}/kontur/{workspace}`, or `{public_url}/kontur` for \
    all workspaces of a public integration. Every reply carries `X-XCOM-Integration-Echo` back.";
const ECHO: &str = "X-XCOM-Integration-Echo";

/// Documents the calls; they are answered by plain routes.
pub(in crate::api) struct Document;

/// The arguments of setup; what is absent or `null` stays as configured. Anything else is refused.
#[derive(Object)]
struct SetupArguments {
    /// The secret of a public integration.
    #[oai(rename = "SecretKey")]
    secret_key: Option<String>,
    /// Whether a known client rings at the responsible employee first.
    #[oai(rename = "autoRedirect")]
    auto_redirect: Option<bool>,
    /// Whether the employee's phone picks up by itself.
    #[oai(rename = "autoAnswer")]
    auto_answer: Option<bool>,
}

impl OpenApi for Document {
    fn meta() -> Vec<MetaApi> {
        api(spellings()
            .map(|(route, command)| path(&route, about_path, operation(&route, command)))
            .collect())
    }

    fn register(registry: &mut Registry) {
        registry.create_tag(MetaTag { name: TAG, description: Some(ABOUT), external_docs: None });
        SetupArguments::register(registry);
        Body::register(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

fn operation(route: &str, command: Command) -> MetaOperation {
    let (summary, description) = command.about();
    let is_usual = route == command.usual_route();
    MetaOperation {
        params: vec![
            parameter(ACCESS_KEY, MetaParamIn::Header, true, "A key that Kontur accepts for this workspace."),
            parameter(ECHO, MetaParamIn::Header, false, "Comes back in the reply, whatever happens."),
        ],
        request: command.request(),
        responses: MetaResponses { responses: responses() },
        operation_id: is_usual.then(|| command.operation_id()),
        ..post(TAG, summary, description)
    }
}

fn about_path(name: &str) -> &'static str {
    match name {
        "workspace" => "The workspace in Kontur.",
        _ => "The communicationId; the leg has to belong to it.",
    }
}

fn responses() -> Vec<MetaResponse> {
    let ok = MetaSchema { enum_items: vec!["OK".into()], ..MetaSchema::new("string") };
    let refused = |status, about| response(status, about, Body::schema_ref());
    let mut responses = vec![
        response(200, "Done, or begun.", inline(ok)),
        refused(401, "`unauthorized`: the access key is missing or Kontur does not accept it."),
        refused(404, "`notFound`: no integration for this workspace, or nothing at this path."),
        refused(409, "Refused: `notSupported`, `invalidArgs`, `notConfigured`, `notFound` or `conflict`."),
        refused(413, "`tooLarge`: the body is longer than 1 MiB."),
        refused(503, "`unavailable`: not now; `Retry-After` says when to come again."),
    ];
    for response in &mut responses {
        response.headers.push(header(ECHO, "The value of the request."));
    }
    responses
}

impl Command {
    const fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Setup => (
                "Set the integration up",
                "Checks the credentials, the telephony and the instance in Kontur; \
                what is missing there is patched. Nothing is kept unless all of it works.",
            ),
            Self::Upgrade => {
                ("Bring the instance in Kontur up to date", "Called every 5 minutes. The body is ignored.")
            }
            Self::Sync => (
                "Read the telephony's history",
                "Called every 5 minutes; registers what is missing, in the \
                background. The body is ignored.",
            ),
            Self::Call => (
                "Place a call",
                "Rings the user first. A call that cannot be placed after the reply is reported \
                by call-failed.",
            ),
            Self::HangUp => ("End a leg", "One that has ended already is fine."),
        }
    }

    const fn usual_route(self) -> &'static str {
        match self {
            Self::Setup => "/kontur/:workspace/setup",
            Self::Upgrade => "/kontur/:workspace/setup/upgrade",
            Self::Sync => "/kontur/:workspace/communications/sync",
            Self::Call => "/kontur/:workspace/call",
            Self::HangUp => "/kontur/:workspace/hangup",
        }
    }

    const fn operation_id(self) -> &'static str {
        match self {
            Self::Setup => "kontur_setup",
            Self::Upgrade => "kontur_upgrade",
            Self::Sync => "kontur_sync",
            Self::Call => "kontur_call",
            Self::HangUp => "kontur_hangup",
        }
    }

    fn request(self) -> Option<MetaRequest> {
        match self {
            Self::Setup => Some(body(SetupArguments::schema_ref(), false, "Empty counts as `{}`.")),
            Self::Upgrade | Self::Sync => None,
            Self::Call => Some(body(object(CALL), true, "The call.")),
            Self::HangUp => Some(body(object(HANG_UP), true, "The leg.")),
        }
    }
}

fn object(fields: &'static [Field]) -> MetaSchemaRef {
    let property = |field: &'static Field| {
        let schema = MetaSchema {
            description: Some(field.about),
            example: Some(field.example.into()),
            format: field.guid.then_some("uuid"),
            ..MetaSchema::new("string")
        };
        (field.name, inline(schema))
    };
    inline(MetaSchema {
        required: fields.iter().filter(|field| field.required).map(|field| field.name).collect(),
        properties: fields.iter().map(property).collect(),
        ..MetaSchema::new("object")
    })
}
