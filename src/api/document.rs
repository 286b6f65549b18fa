//! The OpenAPI documents, and the page that shows ours.

pub(super) mod operation;

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::LazyLock;

use bytes::Bytes;
use poem::endpoint::{BoxEndpoint, make_sync};
use poem::http::Method;
use poem::{Response, RouteMethod};
use poem_openapi::registry::{MetaApi, Registry};
use poem_openapi::{OpenApi, OpenApiService};

use super::{admin, kontur, telephony, workonflow};

const DESCRIPTION: &str = "Stands between telephony providers and Kontur CRM, Workonflow and Metabot. Press *Authorize* \
    and give the administrators' token to call the admin API from here.";
const GENERIC_DESCRIPTION: &str = "The webhook that a PBX sends to tell of its calls. What it is asked in turn is in \
    `generic-pbx-control.yaml`.";

/// All that is answered.
type Ours = (admin::Apis, kontur::Document, telephony::Document, workonflow::Document);

/// Describes what `T` answers, and answers nothing.
pub(super) struct Described<T>(PhantomData<fn() -> T>);

impl<T: OpenApi> OpenApi for Described<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

fn described<T: OpenApi>(title: &str, description: &str) -> OpenApiService<Described<T>, ()> {
    OpenApiService::new(Described(PhantomData), title, env!("CARGO_PKG_VERSION")).description(description)
}

/// Our document.
pub(super) fn ours() -> OpenApiService<Described<Ours>, ()> {
    described("Kontur Telephony", DESCRIPTION)
}

/// The documents by file stem, as YAML.
pub(super) fn all() -> Vec<(&'static str, String)> {
    let generic = described::<telephony::Document>("Generic PBX: webhook", GENERIC_DESCRIPTION);
    vec![("kontur-telephony", ours().spec_yaml()), ("generic-pbx", generic.spec_yaml())]
}

/// `/docs`: Swagger UI with the document inside; nothing is loaded from elsewhere.
pub(super) fn page() -> RouteMethod {
    text("text/html; charset=utf-8", || ours().swagger_ui_html())
}

/// `/openapi.json`.
pub(super) fn json() -> RouteMethod {
    text("application/json", || ours().spec())
}

/// `/openapi.yaml`.
pub(super) fn yaml() -> RouteMethod {
    text("application/yaml", || ours().spec_yaml())
}

/// Written when somebody first asks for it: megabytes that most servers are never asked for.
fn text(content_type: &'static str, write: fn() -> String) -> RouteMethod {
    let text = LazyLock::new(move || Bytes::from(write()));
    RouteMethod::new()
        .get(make_sync(move |_| Response::builder().content_type(content_type).body(Bytes::clone(&text))))
}
