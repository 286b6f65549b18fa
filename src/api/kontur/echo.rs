//! `X-XCOM-Integration-Echo`: a reply without it counts at Kontur as one of some other server (contract Kontur §1).

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use poem::http::HeaderName;
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

use super::refusal;

const ECHO: HeaderName = HeaderName::from_static("x-xcom-integration-echo");

/// Kontur's values are short; anything longer does not come from there and is not given back.
const LONGEST: usize = 1024;

/// Puts the header of the request on every reply, errors and panics included.
pub(in crate::api) struct Echo;

/// An endpoint that always replies, and with the echo.
pub(in crate::api) struct WithEcho<E>(E);

impl<E: Endpoint> Middleware<E> for Echo {
    type Output = WithEcho<E>;

    fn transform(&self, endpoint: E) -> Self::Output {
        WithEcho(endpoint)
    }
}

impl<E: Endpoint> Endpoint for WithEcho<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let echo = request.headers().get(&ECHO).filter(|echo| echo.len() <= LONGEST).cloned();
        let mut response = match AssertUnwindSafe(self.0.call(request)).catch_unwind().await {
            Ok(Ok(reply)) => reply.into_response(),
            Ok(Err(error)) => refusal::of_library(&error).into_response(),
            Err(_) => refusal::Refusal::panicked().into_response(),
        };
        if let Some(echo) = echo {
            response.headers_mut().insert(ECHO, echo);
        }
        Ok(response)
    }
}
