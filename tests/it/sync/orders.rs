//! An administrator stops an import, lets it go on, and ends another.

use serde_json::json;
use simulators::pbx::Imagined;

use super::import::{Import, imagined, kontur_alone};
use super::overlap::each_once;

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_paused_over_a_restart_and_goes_on() {
    let mut company = kontur_alone().start().await;
    let history = Imagined { recorded: false, ..imagined(600, 20) };
    company.sandbox.pbx.imagine(history.clone());
    let slow = json!({"from": history.first_at.to_rfc3339(), "calls_per_minute": 6_000});
    let import = Import::begin_span(&company, &slow).await;
    import.has_seen(&company, 100).await;
    let paused = import.order(&company, "pause").await;
    assert_eq!(paused["state"], "paused", "{paused}");
    company.server.restart().await;
    let later = import.job(&company).await;
    assert_eq!((&later["state"], &later["seen"]), (&json!("paused"), &paused["seen"]), "{later}");
    assert_eq!(import.order(&company, "resume").await["state"], "running");
    let done = import.ended(&company).await;
    assert_eq!(
        (&done["seen"], &done["added"], &done["percent"]),
        (&json!(600), &json!(600), &json!(100)),
        "{done}"
    );
    each_once(&company, &history);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_import_leaves_what_it_read() {
    let company = kontur_alone().start().await;
    let history = Imagined { recorded: false, ..imagined(600, 20) };
    company.sandbox.pbx.imagine(history.clone());
    let slow = json!({"from": history.first_at.to_rfc3339(), "calls_per_minute": 6_000});
    let import = Import::begin_span(&company, &slow).await;
    import.has_seen(&company, 100).await;
    let cancelled = import.order(&company, "cancel").await;
    assert_eq!(cancelled["state"], "cancelled", "{cancelled}");
    let ended = import.ended(&company).await;
    assert_eq!(ended["added"], cancelled["added"], "{ended}");
    let listed = company.admin().all("/calls").await.len() as u64;
    assert_eq!(Some(listed), cancelled["added"].as_u64());
}
