//! The sandbox's page: its buttons, and what its columns show.

use std::path::Path;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use super::entry::{self, Entry};
use super::sandbox::RunningSandbox;
use crate::harness::eventually;

/// What Kontur is told of a call that one employee answered.
pub(super) const ANSWERED: &[&str] = &[
    "call-started",
    "call-event appeared",
    "call-event connected",
    "call-event disconnected",
    "call-finished",
    "register-call",
];

/// The same of a call that rang in vain.
pub(super) const UNANSWERED: &[&str] =
    &["call-started", "call-event appeared", "call-event disconnected", "call-finished", "register-call"];

/// From the click that ends a call, and so before the PBX's last event, to the last entry shown.
const QUICK: Duration = Duration::from_secs(1);

/// Notes when each entry is shown and when a button was pressed last.
const WATCH: &str = "
    window.shown = {};
    new MutationObserver((changes) => {
        for (const node of changes.flatMap((change) => [...change.addedNodes])) {
            if (node.dataset?.seq) window.shown[node.dataset.seq] ??= Date.now();
        }
    }).observe(document.getElementById('columns'), { childList: true, subtree: true });
    document.addEventListener('click', () => { window.clicked = Date.now(); }, true);
    window.first = 0;";

/// Whether all that moves now moves forever.
const STILL: &str = "
    const lasts = (animation) => animation.effect.getComputedTiming().endTime === Infinity;
    return document.getAnimations().every(lasts);";

/// Width and height of the README's picture.
const PICTURE: [u64; 2] = [1440, 900];

/// The page in a browser.
pub(super) struct Page<'a> {
    client: &'a Client,
}

impl<'a> Page<'a> {
    /// Opens it and waits until it is live.
    pub(super) async fn open(client: &'a Client, url: &str) -> Self {
        let page = Self { client };
        client.goto(url).await.expect("the page opens");
        page.element("[data-testid=connection][data-state=live]").await;
        page.element("[data-testid=integration][data-status=active]").await;
        page.run(WATCH).await;
        page
    }

    /// A client rings at 101.
    pub(super) async fn ring_in(&self) {
        self.click("ring").await;
        self.element("[data-testid=leg][data-state=ringing]").await;
    }

    /// Presses a button once it is there. Lists are rebuilt as calls go on: the button found may be gone.
    pub(super) async fn click(&self, testid: &str) {
        let selector = format!("[data-testid={testid}]:enabled");
        eventually(&selector, async || {
            let button = self.client.find(Locator::Css(&selector)).await.ok()?;
            button.click().await.ok()
        })
        .await;
    }

    /// Chooses from a list.
    pub(super) async fn choose(&self, testid: &str, value: &str) {
        let list = self.element(&format!("[data-testid={testid}]")).await;
        list.select_by_value(value).await.expect("it can be chosen");
    }

    /// What follows is about another call.
    pub(super) async fn next_call(&self) {
        self.run("window.first = Math.max(...Object.keys(window.shown)) + 1").await;
    }

    /// Waits until Kontur has accepted exactly these callbacks, in this order.
    pub(super) async fn told(&self, callbacks: &[&str]) {
        let mut told = Vec::new();
        eventually(&format!("Kontur is told {callbacks:?}"), async || {
            let entries = self.entries().await;
            let accepted = entries.iter().filter(|entry| entry.is_callback() && entry.status == 200);
            told = accepted.map(Entry::name).collect();
            (told.len() >= callbacks.len()).then_some(())
        })
        .await;
        assert_eq!(told, callbacks);
    }

    /// Waits until this is the last that Kontur has accepted.
    async fn told_last(&self, callback: &str) {
        eventually(&format!("Kontur is told {callback}"), async || {
            let entries = self.entries().await;
            let last = entries.iter().rfind(|entry| entry.is_callback() && entry.status == 200)?;
            (last.name() == callback).then_some(())
        })
        .await;
    }

    /// Waits until a system was asked this, and finds it asked once.
    pub(super) async fn only(&self, system: &str, operation: &str) -> Entry {
        eventually(&format!("{operation} at {system}"), async || {
            let entries = self.entries().await.into_iter();
            let mut found: Vec<Entry> = entries.filter(|entry| entry.is(system, operation)).collect();
            assert!(found.len() <= 1, "{found:?}");
            found.pop()
        })
        .await
    }

    /// Waits until Kontur has refused a callback with this status.
    pub(super) async fn refused(&self, operation: &str, status: u16) {
        eventually(&format!("{operation} is refused with {status}"), async || {
            let entries = self.entries().await;
            let refused = |entry: &Entry| entry.is("kontur", operation) && entry.status == status;
            entries.iter().any(refused).then_some(())
        })
        .await;
    }

    /// Waits until the server has nothing left to tell.
    pub(super) async fn nothing_is_pending(&self, sandbox: &RunningSandbox) {
        let admin = sandbox.admin();
        eventually("no delivery is pending", async || (admin.pending_deliveries().await == 0).then_some(()))
            .await;
    }

    /// All of the call was shown soon after the last click.
    pub(super) async fn was_quick(&self) {
        let clicked = self.run("return window.clicked").await.as_i64().expect("a time");
        let entries = self.entries().await;
        let last = entries.iter().max_by_key(|entry| entry.shown).expect("entries");
        let took = Duration::from_millis(u64::try_from(last.shown - clicked).expect("shown after the click"));
        assert!(took < QUICK, "{took:?} until {last:?}");
    }

    /// The body of the request, as the entry's details show it.
    pub(super) async fn request(&self, entry: &Entry) -> Value {
        let details = self.element(&format!("#entry-{} summary", entry.seq)).await;
        details.click().await.expect("the details open");
        let shown = self.element(&format!("#entry-{} pre", entry.seq)).await;
        let text = shown.text().await.expect("the request");
        serde_json::from_str(&text).expect("the request is JSON")
    }

    /// Neither an entry on the page nor the simulators know of anything that a contract forbids.
    pub(super) async fn nothing_was_forbidden(&self, sandbox: &RunningSandbox) {
        self.run("window.first = 0").await;
        let entries = self.entries().await;
        let wrong: Vec<&Entry> = entries.iter().filter(|entry| entry.violations != 0).collect();
        assert!(!entries.is_empty() && wrong.is_empty(), "{wrong:?}");
        assert_eq!(sandbox.state().await["violations"], 0);
    }

    /// Writes the picture that the README shows: in English, with another call on the line.
    pub(super) async fn write_screenshot(&self, path: &Path) {
        self.click("language").await;
        self.ring_in().await;
        self.click("answer").await;
        self.told_last("call-event connected").await;
        self.resize().await;
        eventually("nothing moves any more", async || (self.run(STILL).await == true).then_some(())).await;
        let png = self.client.screenshot().await.expect("a picture");
        std::fs::write(path, png).expect("the picture can be written");
    }

    /// Makes the window so large that the page in it has the [`PICTURE`]'s size.
    async fn resize(&self) {
        let inner = self.run("return [innerWidth, innerHeight]").await;
        let (width, height) = self.client.get_window_size().await.expect("a size");
        let around = |outer: u64, inner: &Value| outer - inner.as_u64().expect("a size");
        let outer = [PICTURE[0] + around(width, &inner[0]), PICTURE[1] + around(height, &inner[1])];
        let [width, height] = outer.map(|pixels| u32::try_from(pixels).expect("small"));
        self.client.set_window_size(width, height).await.expect("the window is resized");
        eventually("the page has its size", async || {
            (self.run("return [innerWidth, innerHeight]").await == json!(PICTURE)).then_some(())
        })
        .await;
    }

    /// What the columns show, since the last [`Page::next_call`], in the order it happened.
    async fn entries(&self) -> Vec<Entry> {
        let shown = self.run(entry::READ).await;
        serde_json::from_value(shown).expect("the entries of the page")
    }

    async fn element(&self, selector: &str) -> Element {
        let found = self.client.wait().for_element(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("the script runs")
    }
}
