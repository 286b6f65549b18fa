//! The document and the page that shows it.

use super::*;

/// The operations of the document: method and path with its parameters filled in.
fn operations(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        let path = path.replace("{workspace}", "acme").replace("{id}", "1").replace("{job}", "1");
        methods.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
    });
    operations.collect()
}

async fn document(server: &Server) -> Value {
    Reply::to(server.client.get("/openapi.json")).await.ok()
}

#[tokio::test]
async fn every_documented_path_is_there() {
    let server = Server::start().await;
    for (method, path) in operations(&document(&server).await) {
        let request = server.client.request(method.to_uppercase().parse().unwrap(), &path);
        let reply = Reply::to(as_admin(request)).await;
        let detail = reply.body["detail"].as_str().or(reply.body["message"].as_str()).unwrap_or_default();
        assert!(
            !detail.contains("nothing at this path") && reply.status != 405,
            "{method} {path}: {reply:?}"
        );
    }
}

#[tokio::test]
async fn no_admin_operation_works_without_the_token() {
    let server = Server::start().await;
    let operations = operations(&document(&server).await);
    let admin: Vec<_> = operations.iter().filter(|(_, path)| path.starts_with("/admin/")).collect();
    assert_eq!(admin.len(), 26);
    for (method, path) in admin {
        for token in [None, Some("Bearer wrong"), Some("Basic dG9rZW4="), Some(TOKEN)] {
            let request = server.client.request(method.to_uppercase().parse().unwrap(), path);
            let request =
                if let Some(token) = token { request.header("Authorization", token) } else { request };
            assert_eq!(Reply::to(request).await.problem(), (401, "unauthorized"), "{method} {path}");
        }
    }
    assert_eq!(Reply::to(server.client.get("/admin/v1/nothing")).await.problem(), (401, "unauthorized"));
    assert_eq!(server.get("/admin/v1/nothing").await.problem(), (404, "not-found"));
}

#[tokio::test]
async fn everything_is_described_and_asks_for_what_it_needs() {
    let document = document(&Server::start().await).await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{method} {path}");
            assert_eq!(operation["security"].is_array(), path.starts_with("/admin/"), "{method} {path}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{method} {path} {parameter}");
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_described = property["description"].is_string() || property["$ref"].is_string();
            assert!(is_described || property["allOf"].is_array(), "{name}.{field}: {property}");
        }
    }
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let server = Server::start().await;
    let page = Reply::to(server.client.get("/docs")).await.ok();
    let page = page.as_str().unwrap();
    assert!(page.contains("SwaggerUIBundle") && page.contains("AdminToken"));
    assert!(!page.contains("<script src=") && !page.contains("<link"), "something is loaded");
}

#[test]
fn documents_are_the_same_every_time() {
    assert_eq!(openapi(), openapi());
}
