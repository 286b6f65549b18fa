//! The documentation that the server serves: complete, valid, and readable without the internet.

use serde_json::{Value, json};

use crate::harness::{Company, Reply};

async fn document(company: &Company) -> Value {
    Reply::to(company.http.get(format!("{}/openapi.json", company.server.url()))).await.ok()
}

/// Each operation: method, path, and its description.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("an object") {
            if ["get", "put", "post", "delete", "patch", "head"].contains(&method.as_str()) {
                operations.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    operations
}

/// Nothing is fetched from anywhere: no script, style, font or picture of another host.
#[tokio::test]
async fn the_page_works_without_the_internet() {
    let company = Company::start().await;
    let url = format!("{}/docs", company.server.url());
    let page = company.http.get(url).send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    let html = page.text().await.expect("text");
    assert!(html.contains("swagger"), "{}", &html[..html.len().min(500)]);
    for tag in ["<script", "<link", "<img"] {
        for (at, _) in html.match_indices(tag) {
            let end = html[at..].find('>').map_or(html.len(), |end| at + end);
            let tag = &html[at..end];
            assert!(!tag.contains("http://") && !tag.contains("https://") && !tag.contains("=\"//"), "{tag}");
        }
    }
    assert!(!html.contains("@import"), "a style sheet is fetched from elsewhere");
}

#[tokio::test]
async fn yaml_and_json_are_one_document() {
    let company = Company::start().await;
    let document = document(&company).await;
    assert!(document["openapi"].as_str().expect("a version").starts_with("3."), "{}", document["openapi"]);
    let yaml =
        company.http.get(format!("{}/openapi.yaml", company.server.url())).send().await.expect("an answer");
    assert_eq!(yaml.status(), 200);
    let text = yaml.text().await.expect("text");
    for (_, path, _) in operations(&document) {
        assert!(text.contains(&path), "{path} is not in the YAML");
    }
}

/// Every reference leads somewhere, every operation has a name of its own, a summary and a reply.
#[tokio::test]
async fn the_document_is_sound() {
    let company = Company::start().await;
    let document = document(&company).await;
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference into the same document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut names = std::collections::BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        if let Some(name) = operation["operationId"].as_str() {
            assert!(names.insert(name.to_owned()), "{name} twice");
        }
        assert!(operation["summary"].is_string(), "{method} {path} has no summary");
        assert!(operation["responses"].as_object().is_some_and(|all| !all.is_empty()), "{method} {path}");
    }
}

fn collect_references(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                references.push(reference.to_owned());
            }
            members.values().for_each(|value| collect_references(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, references)),
        _ => {}
    }
}

/// Every path of the design is documented, and what is documented is there: it does something, or says what is missing.
#[tokio::test]
async fn every_documented_operation_answers() {
    let mut company = Company::start().await;
    company.forgive_violations();
    let operations = operations(&document(&company).await);
    for path in [
        "/kontur/{workspace}/setup",
        "/kontur/{workspace}/setup/upgrade",
        "/kontur/{workspace}/communications/sync",
        "/kontur/{workspace}/call",
        "/kontur/{workspace}/hangup",
        "/telephony/{workspace}/generic",
        "/workonflow/{workspace}/{events_token}",
        "/admin/v1/integrations",
        "/admin/v1/integrations/{workspace}",
        "/admin/v1/integrations/{workspace}/activate",
        "/admin/v1/integrations/{workspace}/pause",
        "/admin/v1/integrations/{workspace}/resume",
        "/admin/v1/integrations/{workspace}/sync",
        "/admin/v1/integrations/{workspace}/status",
        "/admin/v1/integrations/{workspace}/users",
        "/admin/v1/integrations/{workspace}/unmapped",
        "/admin/v1/calls",
        "/admin/v1/calls/{id}",
        "/admin/v1/deliveries",
        "/admin/v1/deliveries/{id}/retry",
        "/admin/v1/deliveries/replay",
        "/admin/v1/version",
    ] {
        assert!(operations.iter().any(|(_, documented, _)| documented == path), "{path} is not documented");
    }
    for (method, path, operation) in operations {
        let url = format!("{}{}", company.server.url(), filled(&path));
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = company.http.request(method.clone(), url).bearer_auth(simulators::sandbox::ADMIN_TOKEN);
        let reply = Reply::to(request.json(&json!({}))).await;
        let is_there = reply.status < 500 && reply.status != 405;
        assert!(is_there, "{method} {path}: {} {}", reply.status, reply.body);
        let documented =
            operation["responses"].as_object().expect("responses").contains_key(&reply.status.to_string());
        assert!(documented, "{method} {path}: {} is not documented: {}", reply.status, reply.body);
    }
}

/// A path with something in place of its parameters. Nothing of it exists but the workspace.
fn filled(path: &str) -> String {
    let mut filled = String::new();
    for part in path.split('/').skip(1) {
        filled.push('/');
        filled.push_str(match part {
            "{workspace}" => "sandbox",
            "{id}" if path.contains("/admin/") => "4711",
            "{id}" => "0d1f3a6e-5e8a-4f0e-9a52-5d2c0c6f7b11",
            part if part.starts_with('{') => "4711",
            part => part,
        });
    }
    filled
}

#[tokio::test]
async fn orchestrators_get_their_answers() {
    let company = Company::start().await;
    let get = async |path: &str| {
        let reply =
            company.http.get(format!("{}{path}", company.server.url())).send().await.expect("an answer");
        (reply.status().as_u16(), reply.text().await.expect("text"))
    };
    assert_eq!(get("/healthz").await.0, 200);
    assert_eq!(get("/readyz").await.0, 200);
    let (status, metrics) = get("/metrics").await;
    assert_eq!(status, 200);
    assert!(metrics.contains("# TYPE kontur_telephony_"), "{metrics}");
}

#[tokio::test]
async fn metrics_can_have_an_address_of_their_own() {
    let address = crate::harness::Server::new().listen();
    let company = Company::plan().set("metrics_listen", address.clone()).start().await;
    let reply = company.http.get(format!("http://{address}/metrics")).send().await.expect("an answer");
    assert_eq!(reply.status(), 200);
    assert!(reply.text().await.expect("text").contains("kontur_telephony_instance_status"));
    let elsewhere =
        company.http.get(format!("http://{address}/admin/v1/version")).send().await.expect("an answer");
    assert_eq!(elsewhere.status(), 404, "nothing else is served there");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let company = Company::start().await;
    for path in ["/", "/nothing", "/admin/v1/nothing"] {
        let request = company.http.get(format!("{}{path}", company.server.url()));
        Reply::to(request.bearer_auth(simulators::sandbox::ADMIN_TOKEN)).await.problem(404, "not-found");
    }
}
