//! Pages of past calls.

use domain::clock::Timestamp;
use domain::port::RemoteErrorKind;
use domain::port::provider::{HistoryPage, Provider, Window};
use mockito::Matcher;
use serde_json::{Value, json};

use super::{answering, pbx};

fn window() -> Window {
    let at = |text| Timestamp::parse(text).unwrap();
    Window { from: at("2026-11-22T10:00:00+03:00"), to: at("2026-11-22T11:00:00+03:00") }
}

fn call(id: &str) -> Value {
    json!({
        "call_id": id, "direction": "outbound", "client_phone": "79997775533", "vats_phone": null,
        "request_id": null, "started_at": "2026-11-22T07:00:00Z", "finished_at": "2026-11-22T07:01:00Z", "legs": []
    })
}

async fn page(body: &Value) -> Result<HistoryPage, domain::port::RemoteError> {
    let (mut server, pbx) = pbx().await;
    let path = Matcher::Regex("^/control/calls".to_owned());
    let _mock = answering(&mut server, "GET", path, 200, &body.to_string()).create_async().await;
    pbx.history(window(), None).await
}

#[tokio::test]
async fn the_window_the_cursor_and_a_limit_are_asked_for() {
    let (mut server, pbx) = pbx().await;
    let body = json!({"calls": [call("a"), call("b")], "next_cursor": "p 3"}).to_string();
    let mock = answering(&mut server, "GET", Matcher::Regex("^/control/calls".to_owned()), 200, &body)
        .match_query(Matcher::AllOf(vec![
            Matcher::UrlEncoded("from".into(), "2026-11-22T07:00:00+00:00".into()),
            Matcher::UrlEncoded("to".into(), "2026-11-22T08:00:00+00:00".into()),
            Matcher::UrlEncoded("cursor".into(), "p&2".into()),
            Matcher::Regex("limit=[1-5]?[0-9]{1,2}(&|$)".into()),
        ]))
        .create_async()
        .await;
    let page = pbx.history(window(), Some("p&2")).await.unwrap();
    let ids: Vec<_> = page.calls.iter().map(|call| call.call.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(page.next.as_deref(), Some("p 3"));
    mock.assert_async().await;
}

#[tokio::test]
async fn the_last_page_has_no_cursor() {
    for cursor in [json!(null), json!("")] {
        let page = page(&json!({"calls": [], "next_cursor": cursor})).await.unwrap();
        assert_eq!(page, HistoryPage::default());
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_read_does_not_hide_the_others() {
    let page = page(&json!({"calls": [{"call_id": 7}, call("b"), null]})).await.unwrap();
    assert_eq!(page.calls.len(), 1);
}

#[tokio::test]
async fn a_page_that_makes_no_sense_is_an_error_that_names_the_place() {
    for (body, said) in [
        (json!({"calls": [{"call_id": 7}]}), "calls[0].started_at is missing"),
        (json!({"calls": {}}), "no list \"calls\""),
        (json!({}), "no list \"calls\""),
        (json!([]), "no list \"calls\""),
        (json!("calls"), "not as expected"),
        (json!({"calls": [], "next_cursor": 2}), "next_cursor is a number"),
        (json!({"calls": vec![call("a"); 1001]}), "1001 calls"),
    ] {
        let error = page(&body).await.unwrap_err();
        assert_eq!(error.kind, RemoteErrorKind::Malformed);
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn one_call_is_read_by_its_id() {
    let (mut server, pbx) = pbx().await;
    let mock = answering(&mut server, "GET", "/control/calls/a%2Fb", 200, &call("a/b").to_string());
    let mock = mock.create_async().await;
    assert_eq!(pbx.call(&"a/b".into()).await.unwrap().call.as_str(), "a/b");
    mock.assert_async().await;
}
