//! Every finished call is one comment in the client's open thread.

mod events;
mod returned;
mod texts;
mod trouble;

use simulators::scenario::{Kind, Trace};
use simulators::workonflow::{BillingType, Contact, Priority, Thread};

use crate::harness::{CLIENT, CLIENT_DIGITS, Company, Plan, VATS, table};

/// The company writes in this dialect.
fn speaking(dialect: &'static str) -> Plan {
    Company::plan().integration(move |integration| {
        table(integration, "workonflow").insert("dialect".into(), dialect.into());
    })
}

/// The people outside the team.
fn clients(company: &Company) -> Vec<Contact> {
    let mut contacts = company.sandbox.workonflow.contacts();
    contacts.retain(|contact| contact.billing_type == BillingType::Contacts);
    contacts
}

#[track_caller]
fn only_thread(company: &Company) -> Thread {
    let mut threads = company.sandbox.workonflow.threads();
    assert_eq!(threads.len(), 1, "{threads:?}");
    threads.remove(0)
}

/// The texts in the only thread.
fn comments(company: &Company) -> Vec<String> {
    let comments = company.sandbox.workonflow.comments(&only_thread(company).id);
    comments.into_iter().map(|comment| comment.text).collect()
}

/// A call of the client that nobody answers.
async fn missed(company: &Company) {
    let call = company.sandbox.pbx.ring_in(CLIENT, VATS, &["101"]);
    company.sandbox.pbx.miss(&call).expect("rings");
    company.settle().await;
}

/// A call of the client that Anna answers.
async fn answered(company: &Company) {
    let call = company.sandbox.pbx.ring_in(CLIENT, VATS, &["101"]);
    company.sandbox.pbx.answer(&call, "101").expect("rings");
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
}

#[tokio::test]
async fn both_dialects_make_contact_thread_and_comment() {
    for dialect in ["query", "body"] {
        let company = speaking(dialect).start().await;
        answered(&company).await;
        let (clients, thread) = (clients(&company), only_thread(&company));
        assert_eq!(clients.len(), 1, "{dialect}");
        assert_eq!(clients[0].phones(), [CLIENT_DIGITS], "{dialect}");
        let seeds = company.sandbox.workonflow.seeds();
        assert_eq!(
            (&thread.stream_id, &thread.status_id),
            (&seeds.stream_id, &seeds.wait_status_id),
            "{dialect}"
        );
        assert_eq!(thread.customer_id(), Some(clients[0].id.as_str()), "{dialect}");
        assert_eq!(thread.priority, Priority::Normal, "{dialect}");
        assert_eq!(comments(&company).len(), 1, "{dialect}");
        assert!(!company.sandbox.workonflow.all_comments()[0].is_public, "{dialect}: clients do not read it");
    }
}

#[tokio::test]
async fn a_second_call_goes_to_the_same_contact_and_thread() {
    let company = Company::start().await;
    answered(&company).await;
    answered(&company).await;
    assert_eq!(clients(&company).len(), 1);
    assert_eq!(comments(&company).len(), 2);
}

#[tokio::test]
async fn another_client_gets_another_thread() {
    let company = Company::start().await;
    let events: Vec<_> = (1..=2).flat_map(|n| Trace::new(Kind::Answered, n).events()).collect();
    company.telephony().tell(&events).await;
    company.settle().await;
    assert_eq!(clients(&company).len(), 2);
    assert_eq!(company.sandbox.workonflow.threads().len(), 2);
}

#[tokio::test]
async fn a_contact_that_people_saved_in_their_own_spelling_is_found() {
    for spelling in ["+79997775533", "89997775533", "79997775533"] {
        let company = Company::start().await;
        let saved = company.person().saves_contact("Иван", spelling).await;
        answered(&company).await;
        assert_eq!(only_thread(&company).customer_id(), Some(saved.as_str()), "{spelling}");
        assert_eq!(clients(&company).len(), 1, "{spelling}");
    }
}

#[tokio::test]
async fn a_done_thread_stays_done_and_a_new_one_is_begun() {
    let company = Company::start().await;
    answered(&company).await;
    let first = only_thread(&company).id;
    let done = company.sandbox.workonflow.seeds().done_status_id.clone();
    company.person().moves_thread(&first, &done).await;
    answered(&company).await;
    let threads = company.sandbox.workonflow.threads();
    assert_eq!(threads.len(), 2);
    assert_eq!(company.sandbox.workonflow.comments(&first).len(), 1);
    assert_eq!(company.sandbox.workonflow.comments(&threads[1].id).len(), 1);
}

#[tokio::test]
async fn a_thread_that_is_being_worked_on_is_still_open() {
    let company = Company::start().await;
    answered(&company).await;
    let in_progress = company.sandbox.workonflow.seeds().in_progress_status_id.clone();
    company.person().moves_thread(&only_thread(&company).id, &in_progress).await;
    answered(&company).await;
    assert_eq!(comments(&company).len(), 2);
}

#[tokio::test]
async fn two_first_calls_of_a_new_client_at_the_same_moment_make_one_contact_and_one_thread() {
    for dialect in ["query", "body"] {
        let company = speaking(dialect).start().await;
        let (first, second) = (Trace::new(Kind::Answered, 1), Trace::new(Kind::Missed, 2));
        let mut events = first.events();
        events.extend(second.events());
        for event in &mut events {
            event["client_phone"] = CLIENT.into();
        }
        company.telephony().tell(&events).await;
        company.settle().await;
        assert_eq!(clients(&company).len(), 1, "{dialect}");
        assert_eq!(comments(&company).len(), 2, "{dialect}");
    }
}

#[tokio::test]
async fn callers_who_withhold_their_number_share_a_thread() {
    let company = Company::start().await;
    for _ in 0..2 {
        let call = company.sandbox.pbx.ring_in("anonymous", VATS, &["101"]);
        company.sandbox.pbx.miss(&call).expect("rings");
        company.settle().await;
    }
    assert!(clients(&company).is_empty(), "nobody can be called back there");
    assert_eq!(comments(&company).len(), 2);
}
