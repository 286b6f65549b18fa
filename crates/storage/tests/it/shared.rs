//! Several stores on one PostgreSQL.

mod real_postgres {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use domain::call::Call;
    use domain::call::event::{CallEvent, Happening};
    use domain::id::{CallId, InstanceId};
    use domain::outbox::{DestinationKind, Notice};
    use domain::plan::Told;
    use domain::secret::Secret;
    use futures_util::future::join_all;
    use storage::calls::{Knowledge, NewCall};
    use storage::cluster::{CHORES, LEASE, News};
    use storage::deliveries::NewDelivery;
    use storage::error::StorageError;
    use storage::{About, Address, Place, Store, StoreOptions, Tx};
    use testkit::TempStore;
    use testkit::postgres::{Database, Postgres, Stop};

    use crate::recent::{end, open as open_call};
    use crate::{at, event};

    const INSTANCE: InstanceId = InstanceId(1);

    fn open(url: &str) -> Store {
        let address = Address::parse(&Secret::new(url)).unwrap();
        Store::open(&StoreOptions::in_place(Place::Postgres(address))).unwrap()
    }

    /// Takes an event in, as the journal does: notes it once, and plans a delivery for it. False if it was noted before.
    fn take(tx: &Tx<'_>, event: &CallEvent) -> Result<bool, StorageError> {
        let call = if let Some(mut stored) = tx.find_call(INSTANCE, &event.call)? {
            if !tx.insert_event(stored.id, event, at(1), None)? {
                tx.put_back(stored);
                return Ok(false);
            }
            stored.call.fold(event);
            let id = stored.id;
            tx.update_call(stored)?;
            id
        } else {
            let mut call = Call::default();
            call.fold(event);
            let (external_id, told) = (event.call.clone(), Told::default());
            let new = NewCall { instance: INSTANCE, external_id, call, told, settle_at: None, look_at: None };
            let stored = tx.insert_call(new)?;
            let id = stored.id;
            tx.insert_event(id, event, at(1), None)?;
            tx.put_back(stored);
            id
        };
        tx.insert_delivery(NewDelivery {
            instance: INSTANCE,
            destination: DestinationKind::Kontur,
            call,
            notice: Notice::CallStarted { at: event.at },
            created_at: at(1),
            expires_at: None,
            background: false,
        })?;
        Ok(true)
    }

    async fn send(store: &Store, event: CallEvent) -> Result<bool, StorageError> {
        let about =
            About { events: vec![(INSTANCE, event.call.clone(), event.id.clone())], ..About::default() };
        store.write_about(|| about, move |tx| take(tx, &event)).await
    }

    /// Every event of some calls, each to two of three stores at the same time, as a telephony that repeats behind a load
    /// balancer does.
    #[tokio::test(flavor = "multi_thread")]
    async fn events_of_one_call_are_taken_once_whoever_takes_them() {
        let database = Database::fresh();
        let stores: Vec<_> = (0..3).map(|_| open(database.url())).collect();
        let events =
            |call: usize| (0..20).map(move |n| event(n, &format!("call-{call}"), Happening::CallStarted));
        let sent = (0..5).flat_map(events).enumerate().flat_map(|(place, event)| {
            [place, place + 1].map(|store| send(&stores[store % 3], event.clone()))
        });
        let new = join_all(sent).await.into_iter().map(Result::unwrap).filter(|new| *new).count();
        assert_eq!(new, 100);
        let session = database.session();
        assert_eq!(session.number("SELECT COUNT(*) FROM call"), 5);
        assert_eq!(session.number("SELECT COUNT(*) FROM call_event"), 100);
        assert_eq!(session.number("SELECT SUM(version)::bigint FROM call"), 95, "no change was overwritten");
    }

    /// What was acknowledged is there, and what was refused can be sent again, however PostgreSQL ends.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_restart_of_the_database_refuses_or_delays_and_loses_nothing() {
        let mut server = Postgres::durable();
        let store = open(&server.url());
        for (round, how) in [Stop::Fast, Stop::Immediate].into_iter().enumerate() {
            let is_back = Arc::new(AtomicBool::new(false));
            let sending = tokio::spawn({
                let (store, is_back) = (store.clone(), Arc::clone(&is_back));
                async move {
                    let (mut taken, mut afterwards) = (Vec::new(), 0);
                    let until = Instant::now() + Duration::from_mins(1);
                    for number in 0.. {
                        if afterwards >= 10 || Instant::now() > until {
                            break;
                        }
                        let name = format!("call-{round}-{number}");
                        if send(&store, event(1, &name, Happening::CallStarted)).await.is_ok() {
                            taken.push(name);
                            afterwards += usize::from(is_back.load(Ordering::Relaxed));
                        }
                    }
                    taken
                }
            });
            let down = tokio::task::spawn_blocking(move || {
                server.stop(how);
                server.start();
                server
            });
            server = down.await.unwrap();
            is_back.store(true, Ordering::Relaxed);
            let taken = sending.await.unwrap();
            assert!(taken.len() >= 10, "{} were taken", taken.len());
            let stored = store
                .read(move |tx| {
                    let found = |name: &String| Ok(tx.find_call(INSTANCE, &name.as_str().into())?.is_some());
                    taken.iter().map(found).collect::<Result<Vec<_>, StorageError>>()
                })
                .await;
            assert!(stored.unwrap().into_iter().all(|is_there| is_there), "{how:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn instances_are_shared_out_and_taken_over() {
        let database = Database::fresh();
        let (one, other) = (open(database.url()), open(database.url()));
        for name in ["a", "b", "c"] {
            one.write(move |tx| tx.insert_instance(&name.into(), true, None, at(1)).map(drop)).await.unwrap();
        }
        let mut first = one.membership("first".to_owned()).unwrap();
        assert!(one.membership("twice".to_owned()).is_none());
        let (beat, _) = first.beat().await.unwrap();
        assert_eq!((beat.gained.len(), beat.surplus, beat.replicas), (4, 0, 1), "three, and the chores");
        assert!(beat.gained.iter().all(|gained| gained.was_released));
        let mut second = other.membership("second".to_owned()).unwrap();
        assert!(second.beat().await.unwrap().0.gained.is_empty(), "all is held");
        let (beat, _) = first.beat().await.unwrap();
        assert_eq!((beat.surplus, beat.replicas), (2, 2));
        first.release(&[InstanceId(1), InstanceId(2)]).await.unwrap();
        assert_eq!(second.heard().await, News::Free);
        let gained: BTreeSet<_> = second
            .beat()
            .await
            .unwrap()
            .0
            .gained
            .iter()
            .map(|gained| (gained.instance, gained.was_released))
            .collect();
        assert_eq!(gained, BTreeSet::from([(InstanceId(1), true), (InstanceId(2), true)]));
        // The first is silent for longer than it may be.
        let seen = format!(
            "UPDATE replica SET seen_at = seen_at - interval '{} s' WHERE name = 'first'",
            LEASE.as_secs() * 2
        );
        database.session().run(&seen);
        database.session().run("UPDATE replica SET seen_at = seen_at WHERE name = 'second'");
        let gained: BTreeSet<_> = eventually_gained(&mut second).await;
        assert_eq!(gained, BTreeSet::from([(CHORES, false), (InstanceId(3), false)]));
        let (beat, _) = first.beat().await.unwrap();
        assert_eq!(beat.lost.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([CHORES, InstanceId(3)]));
    }

    /// The server has to be up for longer than a lease before anybody counts as dead.
    async fn eventually_gained(member: &mut storage::cluster::Membership) -> BTreeSet<(InstanceId, bool)> {
        let until = Instant::now() + LEASE * 3;
        loop {
            let (beat, _) = member.beat().await.unwrap();
            if !beat.gained.is_empty() || Instant::now() > until {
                return beat.gained.iter().map(|gained| (gained.instance, gained.was_released)).collect();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_changes_an_instance_tells_the_others() {
        let database = Database::fresh();
        let (one, other) = (open(database.url()), open(database.url()));
        let (mut teller, mut hearer) =
            (one.membership("teller".to_owned()).unwrap(), other.membership("hearer".to_owned()).unwrap());
        teller.beat().await.unwrap();
        hearer.beat().await.unwrap();
        let id = one.write(|tx| tx.insert_instance(&"a".into(), true, None, at(1))).await.unwrap();
        let heard = tokio::select! {
            heard = hearer.heard() => heard,
            own = teller.heard() => panic!("one hears oneself: {own:?}"),
        };
        assert_eq!(heard, News::Changed(vec![id]));
    }

    async fn write<T, F>(store: &Store, call: CallId, change: F) -> T
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        store.write_about(|| About { calls: vec![call], ..About::default() }, change).await.unwrap()
    }

    /// Somebody else has planned deliveries of the call, of which nobody here has heard.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_call_that_was_only_read_is_not_at_hand_when_deliveries_are_planned() {
        let database = TempStore::Postgres(Database::fresh());
        let (here, there) = (database.open(), database.open());
        let call = here.write(|tx| open_call(tx, "a")).await.unwrap();
        write(&there, call, move |tx| end(tx, call)).await;
        write(&here, call, move |tx| tx.set_communication(call, &"k-1".into())).await;
        let planned = write(&here, call, move |tx| Ok(tx.knowledge(call))).await;
        assert_eq!(planned, Knowledge::Read);
        let next = write(&here, call, move |tx| Ok(tx.knowledge(call))).await;
        assert_eq!(next, Knowledge::AtHand, "who delivers has looked for the others");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_call_that_was_looked_at_is_at_hand_as_it_is_unless_something_later_is_known() {
        let database = TempStore::Postgres(Database::fresh());
        let (here, there) = (database.open(), database.open());
        let call = there.write(|tx| open_call(tx, "a")).await.unwrap();
        let planned = there.write(move |tx| {
            tx.insert_delivery(NewDelivery {
                instance: INSTANCE,
                destination: DestinationKind::Kontur,
                call,
                notice: Notice::Register,
                created_at: at(1),
                expires_at: None,
                background: false,
            })
        });
        let planned = planned.await.unwrap();
        let nobody = CallId(call.0 + 1);
        let look =
            move |tx: &Tx<'_>| Ok((tx.pending_deliveries_of(&[nobody, call])?, tx.calls(&[call, nobody])?));
        let looked = here.begin_to_look();
        let (pending, looked_at) = here.read(look).await.unwrap();
        assert_eq!(pending.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [planned.id]);
        assert_eq!(here.recent_call(call), None);
        here.learn_calls(looked_at.clone(), looked);
        assert_eq!(here.recent_call(call).as_deref(), looked_at.first());
        let knowledge = write(&here, call, move |tx| {
            end(tx, call)?;
            Ok(tx.knowledge(call))
        });
        assert_eq!(knowledge.await, Knowledge::AtHand);
        here.learn_calls(looked_at.clone(), looked);
        assert!(here.recent_call(call).unwrap().call.is_closed(), "what was seen before is of no use");
        let failed: Result<(), _> = here.write(|_| Err(StorageError::Driver("on purpose".to_owned()))).await;
        assert!(failed.is_err());
        here.learn_calls(looked_at, looked);
        assert_eq!(here.recent_call(call), None, "nor is it when what was known is forgotten");
    }

    /// What is held is waited for when the change begins (the call), or when it ends (the mark).
    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_waited_for_a_lock_in_vain_is_refused_in_time_and_the_next_one_is_not() {
        let database = Database::fresh();
        let (store, other) = (open(database.url()), database.session());
        let call = store.write(|tx| open_call(tx, "a")).await.unwrap();
        let about = || About { calls: vec![call], ..About::default() };
        for table in ["call", "mark"] {
            other.run(&format!("BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE"));
            let began = Instant::now();
            let refused = store.write_about(about, |tx| tx.set_mark(INSTANCE, "a", "b")).await;
            assert!(matches!(refused, Err(StorageError::Contended(_))), "{table}: {refused:?}");
            assert!(began.elapsed() < Duration::from_secs(3), "{table}: {:?}", began.elapsed());
            other.run("ROLLBACK");
            assert_eq!(
                store.write_about(about, |tx| tx.set_mark(INSTANCE, "a", "b")).await,
                Ok(()),
                "{table}"
            );
        }
    }
}
