//! Parked calls and the extensions they wait for.

use std::collections::BTreeMap;

use domain::id::{CallId, Extension, InstanceId};
use storage::Store;
use storage::parked::Parked;

use super::{at, store};

const INSTANCE: InstanceId = InstanceId(1);

fn parked(call: i64, until: i64, extensions: &[&str]) -> Parked {
    let extensions = extensions.iter().map(Extension::new).collect();
    Parked { call: CallId(call), instance: INSTANCE, until: at(until), extensions }
}

async fn park(store: &Store, all: Vec<Parked>) {
    store.write(move |tx| all.iter().try_for_each(|parked| tx.park(parked))).await.unwrap();
}

#[tokio::test]
async fn they_are_found_when_their_time_is_over_or_never_comes() {
    let (store, _folder) = store();
    let all = [parked(1, 300, &["105"]), parked(2, 100, &["105", "106"]), parked(3, 9_000, &["106"])];
    let elsewhere = Parked { instance: InstanceId(2), ..parked(4, 1, &["105"]) };
    park(&store, [&all[..], &[elsewhere]].concat()).await;
    let due = store.read(|tx| tx.due_parked_calls(INSTANCE, at(100), at(500), 10)).await;
    assert_eq!(due, Ok(vec![all[1].clone(), all[2].clone()]));
    let page = store.read(|tx| tx.parked_calls(INSTANCE, CallId(1), 1)).await;
    assert_eq!(page, Ok(vec![all[1].clone()]));
    let by_extension = store.read(|tx| tx.parked_by_extension(INSTANCE)).await;
    assert_eq!(by_extension, Ok(BTreeMap::from([("105".into(), 2), ("106".into(), 2)])));
    assert_eq!(store.read(|tx| tx.count_parked()).await, Ok(4));
}

#[tokio::test]
async fn one_that_is_parked_again_is_changed_and_one_that_is_not_is_gone() {
    let (store, _folder) = store();
    park(&store, vec![parked(1, 300, &["105"]), parked(1, 200, &["106"])]).await;
    let look = || store.read(|tx| tx.parked(INSTANCE, CallId(1)));
    assert_eq!(look().await, Ok(Some(parked(1, 200, &["106"]))));
    store.write(|tx| tx.unpark(INSTANCE, CallId(1))).await.unwrap();
    assert_eq!(look().await, Ok(None));
}

#[tokio::test]
async fn an_extension_of_nobody_has_its_first_and_its_last_call_in_whatever_order() {
    let (store, _folder) = store();
    let noted = store.write(|tx| {
        [50, 20, 90].iter().try_for_each(|second| tx.note_unmapped(INSTANCE, &"105".into(), at(*second)))?;
        tx.note_unmapped(INSTANCE, &"106".into(), at(40))?;
        tx.unmapped(INSTANCE, 10)
    });
    let noted = noted.await.unwrap();
    assert_eq!(
        noted.iter().map(|one| (one.extension.as_str(), one.calls)).collect::<Vec<_>>(),
        [("105", 3), ("106", 1)]
    );
    assert_eq!((noted[0].first_call_at, noted[0].last_call_at), (at(20), at(90)));
    let kept = store.write(|tx| {
        tx.forget_unmapped(at(41))?;
        tx.unmapped(INSTANCE, 10)
    });
    assert_eq!(kept.await, Ok(noted[..1].to_vec()));
}
