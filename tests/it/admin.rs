//! The admin API: who gets in, and what every route answers.

mod calls;
mod deliveries;
mod integrations;
pub(crate) mod own;

use reqwest::Method;
use serde_json::json;
use simulators::sandbox::WORKSPACE;

use crate::harness::Company;

/// Every route of the design.
fn routes() -> Vec<(Method, String)> {
    let of_workspace = |rest: &str| format!("/integrations/{WORKSPACE}{rest}");
    vec![
        (Method::GET, "/integrations".to_owned()),
        (Method::GET, of_workspace("")),
        (Method::PUT, of_workspace("")),
        (Method::DELETE, of_workspace("")),
        (Method::POST, of_workspace("/activate")),
        (Method::POST, of_workspace("/pause")),
        (Method::POST, of_workspace("/resume")),
        (Method::POST, of_workspace("/sync")),
        (Method::GET, of_workspace("/status")),
        (Method::GET, of_workspace("/users")),
        (Method::PUT, of_workspace("/users")),
        (Method::GET, of_workspace("/unmapped")),
        (Method::GET, "/calls".to_owned()),
        (Method::GET, "/calls/1".to_owned()),
        (Method::GET, "/deliveries".to_owned()),
        (Method::POST, "/deliveries/1/retry".to_owned()),
        (Method::POST, "/deliveries/replay".to_owned()),
        (Method::GET, "/version".to_owned()),
    ]
}

#[tokio::test]
async fn nobody_gets_in_without_the_token() {
    let company = Company::start().await;
    let strangers =
        [None, Some("wrong"), Some(""), Some("sandbox-admin-toke"), Some("sandbox-admin-token-and-more")];
    for token in strangers {
        let admin = company.admin().with_token(token);
        for (method, path) in routes() {
            let reply =
                crate::harness::Reply::to(admin.request(method.clone(), &path).json(&json!({}))).await;
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{method} {path}");
            reply.problem(401, "unauthorized");
        }
    }
    assert_eq!(company.admin().status_word().await, "active", "nothing was done");
}

#[tokio::test]
async fn a_token_in_the_query_is_no_token() {
    let company = Company::start().await;
    let admin = company.admin().with_token(None);
    admin.get("/version?token=sandbox-admin-token").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn the_version_is_told() {
    let company = Company::start().await;
    let version = company.admin().get("/version").await.ok();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn unknown_workspaces_are_not_found() {
    let company = Company::start().await;
    let of_nobody = routes().into_iter().filter(|(_, path)| path.contains(WORKSPACE));
    for (method, path) in of_nobody.filter(|(method, path)| *method != Method::PUT || path.ends_with("users"))
    {
        let path = path.replace(WORKSPACE, "nobody");
        let reply = crate::harness::Reply::to(company.admin().request(method, &path).json(&json!({}))).await;
        reply.problem(404, "not-found");
    }
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let company = Company::start().await;
    for (path, field) in [
        ("/calls?state=lost", "state"),
        ("/calls?from=yesterday", "from"),
        ("/calls?cursor=17", "cursor"),
        ("/calls?limit=0", "limit"),
        ("/calls?limit=501", "limit"),
        ("/calls?phone=nobody", "phone"),
        ("/calls?workspace=nobody", "workspace"),
        ("/deliveries?state=lost", "state"),
        ("/deliveries?destination=moon", "destination"),
        ("/deliveries?cursor=!", "cursor"),
    ] {
        let problem = company.admin().get(path).await.problem(400, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{path}: {problem}");
        assert!(problem["errors"][0]["message"].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
    company.admin().get("/calls/one").await.problem(400, "invalid");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let company = Company::start().await;
    company.admin().get("/calls/4711").await.problem(404, "not-found");
    company.admin().post("/deliveries/4711/retry").await.problem(404, "not-found");
    company.admin().get(&format!("/integrations/{WORKSPACE}/sync/4711")).await.problem(404, "not-found");
}

#[tokio::test]
async fn another_method_is_not_taken() {
    let company = Company::start().await;
    let reply = crate::harness::Reply::to(company.admin().request(Method::DELETE, "/version")).await;
    reply.problem(405, "method-not-allowed");
}
