//! The OpenAPI document of this server, and the page that shows it.

use std::sync::Arc;

use poem::endpoint::make_sync;
use poem::web::Html;
use poem::{Endpoint, EndpointExt, IntoEndpoint, Response, RouteMethod};
use poem_openapi::OpenApiService;

use super::{ApiState, admin};

type Service = OpenApiService<admin::Apis, ()>;

const DESCRIPTION: &str = "Stands between telephony providers and Kontur CRM, Workonflow and Metabot. Press *Authorize* \
    and give the administrators' token to call the admin API from here.";

/// The admin API with the documents of everything that is answered.
pub(super) fn service(state: &Arc<ApiState>) -> Service {
    OpenApiService::new(admin::apis(state), "Kontur Telephony", env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
}

/// `/docs`: Swagger UI with the document inside; nothing is loaded from elsewhere.
pub(super) fn page(service: &Service) -> RouteMethod {
    let html = service.swagger_ui_html();
    RouteMethod::new().get(make_sync(move |_| Html(html.clone())))
}

/// `/openapi.json`.
pub(super) fn json(service: &Service) -> RouteMethod {
    let json = service.spec();
    RouteMethod::new()
        .get(make_sync(move |_| Response::builder().content_type("application/json").body(json.clone())))
}

/// `/openapi.yaml`.
pub(super) fn yaml(service: &Service) -> RouteMethod {
    let yaml = service.spec_yaml();
    RouteMethod::new()
        .get(make_sync(move |_| Response::builder().content_type("application/yaml").body(yaml.clone())))
}

/// `/admin/v1`. An unknown path asks for the token as well: what there is is nobody else's business.
pub(super) fn admin(service: Service, state: &Arc<ApiState>) -> impl Endpoint<Output = Response> + use<> {
    service.into_endpoint().with(admin::Token(Arc::clone(state)))
}
