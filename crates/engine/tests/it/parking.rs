//! Calls at extensions that belong to nobody: told while they go on, commented on, and registered once somebody is there.

use std::time::Duration;

use domain::instance::settings::UserMapping;
use domain::secret::Secret;
use engine::parking::Unmapped;
use serde_json::json;
use storage::parked::Parked;
use testkit::{Rig, START, settings_with};

use crate::company::Company;

const HOUR: Duration = Duration::from_hours(1);

/// A call at extension 105, of nobody.
const TALKED: &str = "0 c1-1 c1 call.started\n1 c1-2 c1 leg.ringing l1 to=105\n2 c1-3 c1 leg.answered l1 to=105\n\
                      9 c1-4 c1 leg.ended l1 to=105\n9 c1-5 c1 call.finished";

/// What Kontur is told of it until it is registered.
const LIVE: [&str; 5] = ["call-started", "call-event", "call-event", "call-event", "call-finished"];

fn user(extension: &str) -> UserMapping {
    UserMapping::always("u-1".into(), extension.into())
}

/// A company with Workonflow and jobs whose integration was made through the admin API, with these users.
async fn company(users: &[UserMapping]) -> Company {
    let rig = Rig::start(Vec::new()).await;
    let store = rig.store.open();
    let company = Company { rig, store };
    put(&company, users).await;
    company.rig.engine.setup(&company.acme(), &json!({})).await.unwrap();
    company
}

async fn put(company: &Company, users: &[UserMapping]) {
    let mut settings = settings_with("acme", true, true);
    settings.users = users.to_vec();
    company.rig.engine.put_instance(settings, &Secret::new("{}")).await.unwrap();
}

/// A company that knows 101, after [`TALKED`].
async fn with_parked_call() -> Company {
    let company = company(&[user("101")]).await;
    company.send(TALKED).await;
    company.settle().await;
    company
}

async fn map(company: &Company, users: &[UserMapping]) {
    company.rig.engine.set_users(&company.acme(), users.to_vec()).await.unwrap();
}

async fn parked(company: &Company) -> Option<Parked> {
    let instance = company.acme().id;
    company.store.read(move |tx| tx.parked(instance, domain::id::CallId(1))).await.unwrap()
}

async fn hours_pass(company: &Company, hours: u32) {
    company.rig.clock.advance(HOUR * hours);
    company.rig.engine.look_after_parked_calls().await.unwrap();
}

/// How often the call was registered, once nothing is left to tell.
async fn registrations(company: &Company) -> usize {
    company.told_at_last().await.into_iter().filter(|word| *word == "register-call").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_registered_once_when_its_user_is_there() {
    let company = with_parked_call().await;
    assert_eq!(company.told_at_last().await, LIVE);
    let waits = parked(&company).await.unwrap();
    assert_eq!((waits.until, &waits.extensions[..]), (START.plus(HOUR * 24), &["105".into()][..]));
    let others = [&company.rig.remote.workonflow, &company.rig.remote.metabot];
    assert_eq!(others.map(|one| one.told().len()), [1, 1], "a comment and a job do not wait");
    map(&company, &[user("101"), user("106")]).await;
    assert_eq!(registrations(&company).await, 0, "it is not whom it waits for");
    for _ in 0..2 {
        map(&company, &[user("101"), user("105")]).await;
        hours_pass(&company, 100).await;
        assert_eq!(registrations(&company).await, 1);
    }
    assert_eq!(parked(&company).await, None);
    assert_eq!(others.map(|one| one.told().len()), [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_registered_without_a_user_when_it_has_waited_for_long_enough() {
    let company = with_parked_call().await;
    hours_pass(&company, 23).await;
    assert_eq!(registrations(&company).await, 0);
    hours_pass(&company, 1).await;
    assert_eq!(registrations(&company).await, 1);
    hours_pass(&company, 100).await;
    map(&company, &[user("105")]).await;
    assert_eq!(registrations(&company).await, 1);
}

/// The clock was a year ahead when the call was parked.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_does_not_make_it_wait_for_longer_than_a_call_waits() {
    let company = company(&[user("101")]).await;
    company.days_pass(365);
    company.send(TALKED).await;
    company.settle().await;
    company.rig.clock.set_back(domain::retention::days(365));
    hours_pass(&company, 23).await;
    assert_eq!(registrations(&company).await, 0);
    hours_pass(&company, 24).await;
    assert_eq!(registrations(&company).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_comes_meanwhile_goes_with_the_registration() {
    let company = with_parked_call().await;
    company.send("20 c1-6 c1 recording.ready l1").await;
    assert_eq!(company.told_at_last().await, LIVE);
    map(&company, &[user("105")]).await;
    assert_eq!(company.told_at_last().await, [&LIVE[..], &["register-call"]].concat());
    company.send("30 c1-7 c1 recording.ready l2").await;
    assert_eq!(
        company.told_at_last().await.last(),
        Some(&"call-recording"),
        "one that comes later goes by itself"
    );
}

/// The history knows better who answered.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_registered_when_it_turns_out_to_be_somebodys() {
    let company = with_parked_call().await;
    company.send("30 c1-6 c1 leg.held l1 to=105").await;
    assert_eq!(registrations(&company).await, 0);
    company.send("1 c1-7 c1 leg.ringing l1 to=101").await;
    assert_eq!(registrations(&company).await, 1);
    assert_eq!(parked(&company).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_waits_for_is_kept_up_to_date() {
    let company = with_parked_call().await;
    company.send("1 c1-6 c1 leg.ringing l1 to=104").await;
    assert_eq!(parked(&company).await.unwrap().extensions, ["104".into()]);
    map(&company, &[user("105")]).await;
    assert_eq!(registrations(&company).await, 0);
    map(&company, &[user("104")]).await;
    assert_eq!(registrations(&company).await, 1);
}

/// An extension that somebody has from tomorrow on does not say whose yesterday's call was.
#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_counts_for_the_time_for_which_it_is_given() {
    let company = with_parked_call().await;
    let from =
        |micros| UserMapping { valid_from: Some(START.plus(Duration::from_micros(micros))), ..user("105") };
    map(&company, &[from(1)]).await;
    assert_eq!(registrations(&company).await, 0);
    map(&company, &[from(0)]).await;
    assert_eq!(registrations(&company).await, 1);
}

/// It is over long before, so that it is handed on as it is stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_only_the_history_knows_waits_as_well() {
    let company = company(&[user("101")]).await;
    company.rig.clock.advance(HOUR);
    assert_eq!(company.sync(&[TALKED.to_owned()]).await, 1);
    assert_eq!(registrations(&company).await, 0);
    assert_eq!(parked(&company).await.unwrap().extensions, ["105".into()]);
    map(&company, &[user("105")]).await;
    assert_eq!(company.told_at_last().await, ["register-call"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_rests_while_its_integration_is_gone() {
    let company = with_parked_call().await;
    company.rig.engine.delete_instance(&company.acme()).await.unwrap();
    hours_pass(&company, 1).await;
    assert_eq!(company.rig.remote.kontur.told().len(), LIVE.len());
    put(&company, &[user("105")]).await;
    company.rig.engine.setup(&company.acme(), &json!({})).await.unwrap();
    assert_eq!(registrations(&company).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_maps_nobody_has_nobody_to_wait_for() {
    let company = company(&[]).await;
    company.send(TALKED).await;
    assert_eq!(registrations(&company).await, 1);
    let unmapped = company.rig.engine.unmapped(&company.acme()).await.unwrap();
    assert_eq!(unmapped.len(), 1, "the report tells whom to map all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_has_each_extension_of_nobody_with_its_calls() {
    let company = with_parked_call().await;
    company
        .send(
            &TALKED.replace("c1", "c2").replace("l1", "l2").replace("\n9 ", "\n60 ").replacen("0 ", "50 ", 1),
        )
        .await;
    company.send(&TALKED.replace("c1", "c3").replace("l1", "l3").replace("105", "101")).await;
    company.settle().await;
    let report = async || company.rig.engine.unmapped(&company.acme()).await.unwrap();
    let [Unmapped { seen, parked }] = &report().await[..] else { panic!("one extension") };
    assert_eq!((seen.extension.as_str(), seen.calls, *parked), ("105", 2, 2));
    assert_eq!((seen.first_call_at, seen.last_call_at), (START, START.plus(Duration::from_secs(50))));
    map(&company, &[user("105")]).await;
    assert_eq!(report().await, [], "it has a user now");
}
