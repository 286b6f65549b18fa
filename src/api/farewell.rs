//! The end of a server: with each answer its client is asked to come back on another connection, that is to whoever
//! serves by then. A connection that is closed from here instead may just be carrying an event.

use poem::http::header::CONNECTION;
use poem::http::{HeaderValue, Version};
use poem::{Endpoint, Middleware, Request, Response, Result};
use tokio_util::sync::CancellationToken;

/// Once this is cancelled connections end with the answer under way.
pub(super) struct Farewell(pub(super) CancellationToken);

/// An endpoint that may be about to end.
pub(super) struct WithFarewell<E> {
    endpoint: E,
    stop: CancellationToken,
}

impl<E: Endpoint<Output = Response>> Middleware<E> for Farewell {
    type Output = WithFarewell<E>;

    fn transform(&self, endpoint: E) -> Self::Output {
        WithFarewell { endpoint, stop: self.0.clone() }
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for WithFarewell<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        // HTTP/2 has another way to say so, and forbids this one.
        let is_http_1 = request.version() <= Version::HTTP_11;
        let mut response = self.endpoint.call(request).await?;
        if is_http_1 && self.stop.is_cancelled() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}
