//! The history is read by our own schedule, whether or not Kontur asks.

use std::time::Duration;

use domain::call::event::Recording;
use domain::call::past::PastCall;
use domain::sync::SyncSettings;
use engine::sync::SyncRequest;
use testkit::settings;

use crate::hours::{Life, Office, call};

fn office() -> Office {
    let mut settings = settings("acme");
    settings.sync = SyncSettings::default();
    Office::new(settings)
}

/// How often the history was asked for so far.
fn asked(life: &Life) -> usize {
    life.remote.provider.history.asked().len()
}

#[test]
fn when_kontur_has_stopped_asking_the_history_is_read_every_five_minutes() {
    office().live(async |life| {
        tokio::time::sleep(Duration::from_mins(61)).await;
        assert_eq!(asked(life), 12);
        life.remote.provider.history.write([call("p1", 3_600)]);
        life.eventually(async || (life.registrations() == 1).then_some(())).await;
        let late = life.now().since(testkit::START).as_secs();
        assert!((3_665..=3_600 + 65 + 5 + 330).contains(&late), "{late} s");
    });
}

#[test]
fn when_kontur_asks_nothing_is_read_twice() {
    office().live(async |life| {
        for _ in 0..12 {
            life.ended(life.begin(SyncRequest::News).await).await;
            tokio::time::sleep(Duration::from_mins(5)).await;
        }
        assert_eq!(asked(life), 12);
    });
}

fn recorded(mut call: PastCall) -> PastCall {
    let leg = call.legs[0].id.clone();
    let url = format!("https://pbx.test/{leg}");
    call.legs[0].recording = Some(Recording { leg, url, content_type: None, size: None });
    call
}

/// The story begins at ten in the morning, by the clocks of Moscow; at 3:17 the last day is read again.
#[test]
fn at_night_a_recording_that_came_late_is_found_and_a_call_that_was_written_late() {
    office().live(async |life| {
        let early = call("known", 600);
        life.remote.provider.history.write([early.clone()]);
        life.eventually(async || (life.registrations() == 1).then_some(())).await;
        tokio::time::sleep(Duration::from_hours(4)).await;
        life.remote.provider.history.write([recorded(early), call("late", 900)]);
        tokio::time::sleep(Duration::from_hours(4)).await;
        assert_eq!(life.remote.kontur.told().len(), 1, "nobody reads what is so old");
        tokio::time::sleep(Duration::from_hours(10)).await;
        let mut told = life.remote.kontur.told();
        told.sort();
        let expected = [("known", "call-recording"), ("known", "register-call"), ("late", "register-call")];
        assert_eq!(told, expected.map(|(call, word)| (call.to_owned(), word)));
    });
}
