//! Kontur's roots apart from everything else: whatever path is asked for under them, even one that is no text, the reply
//! has Kontur's shape and carries the echo.

use poem::{Endpoint, Request, Response, Result};

/// What belongs to Kontur.
const KONTUR: [&str; 2] = ["/kontur", "/api/v1"];

/// Both halves of the route table.
pub(super) struct Roots<K, O> {
    pub(super) kontur: K,
    pub(super) others: O,
}

impl<K, O> Endpoint for Roots<K, O>
where
    K: Endpoint<Output = Response>,
    O: Endpoint<Output = Response>,
{
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if KONTUR.iter().any(|root| is_under(root, request.uri().path())) {
            self.kontur.call(request).await
        } else {
            self.others.call(request).await
        }
    }
}

fn is_under(root: &str, path: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_ends_at_a_slash() {
        assert!(is_under("/kontur", "/kontur") && is_under("/kontur", "/kontur/acme"));
        assert!(!is_under("/kontur", "/konturs") && !is_under("/kontur", "/"));
    }
}
