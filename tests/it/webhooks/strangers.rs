//! Webhooks that are not signed by the PBX leave no trace.

use serde_json::json;
use simulators::scenario::{Kind, sign, trace};

use crate::harness::{Company, Reply};

#[tokio::test]
async fn a_wrong_signature_is_refused() {
    let company = Company::start().await;
    let stranger = company.telephony().signing_with("whsec_c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vy");
    stranger.send(&trace(Kind::Answered, 1)).await.problem(401, "unauthorized");
    assert!(company.admin().all("/calls").await.is_empty());
}

#[tokio::test]
async fn a_missing_header_is_named() {
    let company = Company::start().await;
    let body = trace(Kind::Missed, 1)[0].to_string();
    let secret = &company.sandbox.pbx.options().send.secret;
    let headers = sign(secret, "msg", simulators::clock::now().timestamp(), body.as_bytes());
    for missing in 0..headers.len() {
        let url = format!("{}/telephony/sandbox/generic", company.server.url());
        let mut request = company.http.post(url).body(body.clone());
        for (index, (name, value)) in headers.iter().enumerate() {
            if index != missing {
                request = request.header(*name, value);
            }
        }
        let problem = Reply::to(request).await.problem(401, "unauthorized");
        assert!(problem["detail"].as_str().expect("a detail").contains(headers[missing].0), "{problem}");
    }
}

#[tokio::test]
async fn five_minutes_either_way_are_tolerated() {
    let company = Company::start().await;
    let events = trace(Kind::Answered, 1);
    for seconds in [-270, 270] {
        company.telephony().ahead_by(seconds).tell(&events).await;
    }
    for seconds in [-330, 330] {
        let reply = company.telephony().ahead_by(seconds).send(&events).await;
        let problem = reply.problem(401, "unauthorized");
        assert!(problem["detail"].as_str().expect("a detail").contains("clock"), "{problem}");
    }
}

#[tokio::test]
async fn a_signature_of_another_body_is_refused() {
    let company = Company::start().await;
    let (signed, sent) = (trace(Kind::Missed, 1)[0].to_string(), trace(Kind::Missed, 2)[0].to_string());
    let secret = &company.sandbox.pbx.options().send.secret;
    let url = format!("{}/telephony/sandbox/generic", company.server.url());
    let mut request = company.http.post(url).body(sent);
    for (name, value) in sign(secret, "msg", simulators::clock::now().timestamp(), signed.as_bytes()) {
        request = request.header(name, value);
    }
    Reply::to(request).await.problem(401, "unauthorized");
}

/// While a secret is being changed a webhook carries a signature of each.
#[tokio::test]
async fn one_good_signature_among_several_is_enough() {
    let company = Company::start().await;
    let body = trace(Kind::Missed, 1)[0].to_string();
    let secret = &company.sandbox.pbx.options().send.secret;
    let [id, at, signature] = sign(secret, "msg", simulators::clock::now().timestamp(), body.as_bytes());
    let several = format!("v1,bm90IHRoaXMgb25l v1a,other {}", signature.1);
    let url = format!("{}/telephony/sandbox/generic", company.server.url());
    let request = company.http.post(url).header(id.0, id.1).header(at.0, at.1).header(signature.0, several);
    let reply = Reply::to(request.body(body)).await;
    assert_eq!(reply.ok(), json!({"accepted": 1, "duplicates": 0}));
}
