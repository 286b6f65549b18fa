//! The pages as a person sees and uses them, in a headless Chromium: the sandbox's, and the server's `/docs`.

mod chromium;
mod entry;
mod page;
mod sandbox;
mod swagger;

use simulators::sandbox::ADMIN_TOKEN;

use self::chromium::in_chromium;
use self::page::{ANSWERED, Page, UNANSWERED};
use self::sandbox::RunningSandbox;
use self::swagger::Swagger;
use crate::harness::Company;

/// Where to write the README's picture of the page, if anywhere (docs/images/sandbox.png). `optipng -o5` makes it a
/// fifth smaller.
const WRITE_SCREENSHOT: &str = "WRITE_SCREENSHOT";

#[tokio::test]
async fn an_answered_and_a_missed_call_are_told_to_everyone_within_a_second() {
    let sandbox = RunningSandbox::start();
    in_chromium(async |client| {
        let page = Page::open(client, sandbox.page_url()).await;
        flush_disk();

        page.ring_in().await;
        page.click("answer").await;
        page.told(&["call-started", "call-event appeared", "call-event connected"]).await;
        page.click("hangup-client").await;
        page.told(ANSWERED).await;
        let comment = page.only("workonflow", "comment/create").await;
        assert!(comment.seq > page.only("kontur", "call-finished").await.seq);
        page.nothing_is_pending(&sandbox).await;
        page.was_quick().await;

        page.next_call().await;
        page.ring_in().await;
        page.click("miss").await;
        page.told(UNANSWERED).await;
        let priority = page.only("workonflow", "thread.fields.priority").await;
        let job = page.only("metabot", "jobs/schedule").await;
        page.nothing_is_pending(&sandbox).await;
        page.was_quick().await;
        page.only("workonflow", "comment/create").await;
        page.only("metabot", "jobs/schedule").await;
        if let Some(path) = std::env::var_os(WRITE_SCREENSHOT) {
            page.write_screenshot(path.as_ref()).await;
        }
        assert_eq!(page.request(&priority).await["query"]["priority"], "HIGH");
        assert_eq!(page.request(&job).await["trigger_code"], "missed_call");
        page.nothing_was_forbidden(&sandbox).await;
    })
    .await;
}

/// What the compiler and the starting browser wrote must not be waited for by the server's first commits: the second is
/// the server's own.
fn flush_disk() {
    let flushed = std::process::Command::new("sync").status().expect("sync is there");
    assert!(flushed.success(), "{flushed}");
}

#[tokio::test]
async fn a_user_of_the_crm_calls_and_hangs_up() {
    let sandbox = RunningSandbox::start();
    in_chromium(async |client| {
        let page = Page::open(client, sandbox.page_url()).await;
        page.click("crm-call").await;
        assert_eq!(page.only("kontur", "→ call").await.status, 200);
        assert_eq!(page.only("pbx", "calls/create").await.status, 202);
        page.click("answer").await;
        page.told(&["call-started", "call-event appeared", "call-event connected"]).await;

        page.click("crm-hangup").await;
        assert_eq!(page.only("kontur", "→ hangup").await.status, 200);
        assert_eq!(page.only("pbx", "legs/delete").await.status, 204);
        page.told(ANSWERED).await;
        let (pressed, registered) =
            (page.only("kontur", "→ call").await, page.only("kontur", "register-call").await);
        let (pressed, registered) = (page.request(&pressed).await, page.request(&registered).await);
        assert_eq!(registered["communicationId"], pressed["communicationId"]);
        assert_eq!(registered["direction"], "outbound");
        page.nothing_was_forbidden(&sandbox).await;
    })
    .await;
}

#[tokio::test]
async fn what_kontur_missed_while_it_was_down_is_told_when_it_is_back() {
    let sandbox = RunningSandbox::start();
    in_chromium(async |client| {
        let page = Page::open(client, sandbox.page_url()).await;
        page.choose("fault-kontur", "down").await;
        page.ring_in().await;
        page.click("answer").await;
        page.click("hangup-client").await;
        page.refused("call-started", 503).await;
        page.only("workonflow", "comment/create").await;

        page.click("all-healthy").await;
        page.told(ANSWERED).await;
        page.nothing_is_pending(&sandbox).await;
        page.nothing_was_forbidden(&sandbox).await;
    })
    .await;
}

#[tokio::test]
async fn the_api_is_tried_out_from_its_description_without_a_network() {
    let company = Company::start().await;
    in_chromium(async |client| {
        let docs = Swagger::open(client, company.server.url()).await;
        docs.try_out("/admin/v1/integrations").await;
        assert_eq!(docs.execute().await.status, "401");
        docs.authorize(ADMIN_TOKEN).await;
        let answer = docs.execute().await;
        assert_eq!(answer.status, "200", "{answer:?}");
        assert!(answer.body.contains("\"workspace\": \"sandbox\""), "{answer:?}");
        docs.asked_nobody_else().await;
    })
    .await;
}
