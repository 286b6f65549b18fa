//! The files of the page, part of the binary.

use poem::web::Path;
use poem::{Response, handler};

const HTML: &str = include_str!("assets/page.html");
const FILES: [(&str, &str, &str); 4] = [
    ("page.css", "text/css; charset=utf-8", include_str!("assets/page.css")),
    ("page.js", "text/javascript; charset=utf-8", include_str!("assets/page.js")),
    ("summary.js", "text/javascript; charset=utf-8", include_str!("assets/summary.js")),
    ("words.js", "text/javascript; charset=utf-8", include_str!("assets/words.js")),
];

/// Nothing is loaded from elsewhere, and nobody else may frame the page.
const POLICY: &str = "default-src 'self'; img-src data:; frame-ancestors 'none'";

/// The page itself.
#[handler]
pub(super) fn html() -> Response {
    Response::builder()
        .content_type("text/html; charset=utf-8")
        .header("content-security-policy", POLICY)
        .header("cache-control", "no-cache")
        .body(HTML)
}

/// A file the page asks for.
#[handler]
pub(super) fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, content_type, text)) => {
            Response::builder().content_type(content_type).header("cache-control", "no-cache").body(*text)
        }
        None => Response::builder().status(poem::http::StatusCode::NOT_FOUND).finish(),
    }
}
