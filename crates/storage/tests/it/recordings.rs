//! Recordings: how far each is.

use domain::id::InstanceId;
use domain::outbox::DeliveryState;
use domain::recording::{Fault, News, RecordingState, Tracked};
use storage::deliveries::Settlement;

use super::prune::{call, plan, settle};
use super::{at, store};

const INSTANCE: InstanceId = InstanceId(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_known_once_and_keeps_what_is_learned() {
    let (store, _folder) = store();
    let call = call(&store, "a", 1).await;
    let entered = store.write(move |tx| {
        let leg = "leg-1".into();
        for size in [7, 8] {
            tx.insert_recording(INSTANCE, call, &leg, &Tracked::available(Some(size), None), at(2))?;
        }
        let hindered = News::Hindered { fault: Fault::NotThere, reason: "answered 404".to_owned() };
        let fetched = News::Fetched { size: 9, content_type: "audio/mpeg".to_owned() };
        let news = [hindered, fetched.clone(), fetched, News::Attached];
        let entered =
            news.iter().map(|news| tx.change_recording(call, &leg, at(3), |known| known.learn(news)));
        entered.collect::<Result<Vec<_>, _>>()
    });
    let (fetched, attached) = (Some(RecordingState::Fetched), Some(RecordingState::Attached));
    assert_eq!(entered.await, Ok(vec![None, fetched, None, attached]));
    let stored = store.read(move |tx| tx.recordings_of(call)).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].leg.as_str(), stored[0].tracked.size), ("leg-1", Some(9)));
    assert_eq!((stored[0].tracked.state, stored[0].updated_at), (RecordingState::Attached, at(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_counted_by_state_and_nobody_elses_are() {
    let (store, _folder) = store();
    let (first, second) = (call(&store, "a", 1).await, call(&store, "b", 1).await);
    let counted = store.write(move |tx| {
        for (instance, call, leg) in [(1, first, "1"), (1, first, "2"), (1, second, "1"), (2, second, "2")] {
            let tracked = Tracked::available(None, None);
            tx.insert_recording(InstanceId(instance), call, &leg.into(), &tracked, at(2))?;
        }
        let entered = tx.change_recording(first, &"1".into(), at(3), |known| {
            known.give_up(Some(Fault::TooLarge), "300 MB");
        });
        assert_eq!(entered, Ok(Some(RecordingState::Failed)));
        assert_eq!(tx.change_recording(second, &"9".into(), at(3), |_| ()), Ok(None), "no such recording");
        tx.count_recordings(INSTANCE)
    });
    assert_eq!(counted.await, Ok(vec![(RecordingState::Available, 2), (RecordingState::Failed, 1)]));
    let failed = store.read(move |tx| tx.recordings_of(first)).await.unwrap().remove(0).tracked;
    assert_eq!((failed.fault, failed.reason.as_deref()), (Some(Fault::TooLarge), Some("300 MB")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_skipped_is_no_dead_letter() {
    let (store, _folder) = store();
    let call = call(&store, "a", 1).await;
    let delivery = plan(&store, call, 2).await;
    assert_eq!(store.read(move |tx| tx.needs_recordings(call)).await, Ok(true));
    let (id, skipped) = (delivery.id, Settlement::Skipped { reason: "too large".to_owned() });
    settle(&store, delivery, 3, skipped).await;
    let stored = store.read(move |tx| tx.delivery(id)).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.reason.as_deref()), (DeliveryState::Expired, Some("too large")));
    assert_eq!(store.read(move |tx| tx.needs_recordings(call)).await, Ok(false));
}
