//! Calls of a client and what the team sees of them.

use std::sync::Arc;

use domain::clock::SystemClock;
use domain::instance::settings::{WorkonflowDialect, WorkonflowSettings};
use domain::outbox::Notice;
use domain::port::RemoteErrorKind;
use domain::port::destination::{Destination, Effect, UnreturnedThread};
use simulators::workonflow::Priority;

use super::{BOTH, Team, a_missed_call, an_answered_call, workonflow};
use crate::calls::{CLIENT, Case, at, failed};

#[tokio::test]
async fn a_missed_call_is_urgent_until_the_client_was_talked_to() {
    for dialect in BOTH {
        let team = Team::start(dialect).await;
        let mut call = a_missed_call("pbx-1", CLIENT, 0);
        let effects = call.delivered(&team.ours).await;

        let thread = team.simulated.threads().remove(0);
        let contact = team.simulated.contacts().pop().unwrap();
        let waiting = UnreturnedThread { thread_id: thread.id.clone(), missed_at: at(0) };
        assert_eq!(effects, [Effect::Missed(waiting.clone())]);
        assert_eq!(thread.priority, Priority::High);
        assert_eq!(thread.title, "Звонки: +79997775533");
        assert_eq!(thread.customer_id(), Some(contact.id.as_str()));
        assert_eq!((contact.name.as_str(), contact.phones()), ("+79997775533", vec![CLIENT]));

        let mut later = an_answered_call("pbx-2", CLIENT, 60);
        later.customer.unreturned = vec![waiting];
        let effects = later.delivered(&team.ours).await;

        assert_eq!(effects, [Effect::Returned { thread_id: thread.id.clone() }]);
        let comments = team.simulated.comments(&thread.id);
        let expected = format!(
            "Входящий звонок 22.11.2026 10:01:00: состоялся разговор\nКлиент: +79997775533\nСотрудник: доб. 101\n\
             Ожидание: 5 с\nРазговор: 1 мин 2 с\nЗвонок № {}",
            later.reference()
        );
        assert_eq!((comments.len(), &comments[1].text), (2, &expected));
        assert!(!comments[1].is_public);
        let thread = team.simulated.threads().remove(0);
        assert_eq!(thread.status_id, team.simulated.seeds().done_status_id);
        team.expect(1, 1, 2);
    }
}

#[tokio::test]
async fn two_first_calls_of_a_client_make_one_contact_and_one_thread() {
    for dialect in BOTH {
        let team = Team::start(dialect).await;
        a_missed_call("pbx-1", CLIENT, 0).delivered(&team.ours).await;
        // Not even the memory of the first is needed.
        an_answered_call("pbx-2", CLIENT, 1).delivered(&team.restarted()).await;
        team.expect(1, 1, 2);
        an_answered_call("pbx-3", "79990000001", 2).delivered(&team.ours).await;
        team.expect(2, 2, 3);
    }
}

#[tokio::test]
async fn a_thread_that_is_done_is_not_opened_again() {
    let team = Team::start(WorkonflowDialect::Query).await;
    let effects = a_missed_call("pbx-1", CLIENT, 0).delivered(&team.ours).await;
    let [Effect::Missed(waiting)] = effects.as_slice() else { panic!("{effects:?}") };
    let mut returned = an_answered_call("pbx-2", CLIENT, 60);
    returned.customer.unreturned = vec![waiting.clone()];
    returned.delivered(&team.ours).await;

    an_answered_call("pbx-3", CLIENT, 120)
        .with_employee(&team.simulated.seeds().users["101"])
        .delivered(&team.ours)
        .await;

    team.expect(1, 2, 3);
    let newest = team.simulated.threads().remove(1);
    assert_eq!(team.simulated.comments(&newest.id).len(), 1);
    assert_eq!(newest.status_id, team.settings.status_id);
    assert_eq!(newest.responsible_user_id.as_deref(), Some(team.simulated.seeds().users["101"].as_str()));
}

#[tokio::test]
async fn a_missed_call_that_was_returned_before_it_was_written_down_closes_its_thread() {
    let team = Team::start(WorkonflowDialect::Query).await;
    let mut call = a_missed_call("pbx-1", CLIENT, 0);
    call.customer.last_conversation_at = Some(at(60));
    assert_eq!(call.delivered(&team.ours).await, []);
    let thread = team.simulated.threads().remove(0);
    assert_eq!(thread.status_id, team.simulated.seeds().done_status_id);
    assert_eq!(thread.priority, Priority::Normal);
}

#[tokio::test]
async fn a_later_missed_call_keeps_the_thread_open() {
    let team = Team::start(WorkonflowDialect::Query).await;
    let effects = a_missed_call("pbx-2", CLIENT, 120).delivered(&team.ours).await;
    let [Effect::Missed(waiting)] = effects.as_slice() else { panic!("{effects:?}") };

    // Both come late: the conversation and a missed call before it.
    let before = UnreturnedThread { missed_at: at(0), ..waiting.clone() };
    let mut talked = an_answered_call("pbx-1", CLIENT, 60);
    talked.customer.unreturned = vec![before, waiting.clone()];
    assert_eq!(talked.delivered(&team.ours).await, []);
    let mut earlier = a_missed_call("pbx-0", CLIENT, 0);
    earlier.customer.unreturned = vec![waiting.clone()];
    earlier.customer.last_conversation_at = Some(at(60));
    assert_eq!(earlier.delivered(&team.ours).await, []);

    let thread = team.simulated.threads().remove(0);
    assert_eq!(thread.status_id, team.settings.status_id);
    team.expect(1, 1, 3);
}

#[tokio::test]
async fn withheld_numbers_share_a_thread_and_have_no_contact() {
    let team = Team::start(WorkonflowDialect::Body).await;
    for (seconds, id) in ["pbx-1", "pbx-2"].into_iter().enumerate() {
        let mut call = a_missed_call(id, "anonymous", seconds as u64);
        assert_eq!(call.delivered(&team.ours).await, [], "nobody can be called back");
    }
    team.expect(0, 1, 2);
    let thread = team.simulated.threads().remove(0);
    assert_eq!((thread.title.as_str(), thread.priority), ("Звонки со скрытых номеров", Priority::High));
}

#[tokio::test]
async fn a_client_who_could_not_be_reached_is_a_comment_and_no_more() {
    let team = Team::start(WorkonflowDialect::Query).await;
    let mut call = Case::new(Notice::Comment, "pbx-1", failed(CLIENT, at(0)));
    assert_eq!(call.delivered(&team.ours).await, []);
    let thread = team.simulated.threads().remove(0);
    assert_eq!(thread.priority, Priority::Normal);
    let comment = team.simulated.comments(&thread.id).remove(0);
    let start = "Исходящий звонок 22.11.2026 10:00:00: не состоялся (занято)\nКлиент: +79997775533\nСотрудник: доб. 101\n";
    assert!(comment.text.starts_with(start), "{}", comment.text);
}

#[tokio::test]
async fn without_a_status_for_returned_calls_the_thread_stays_where_it_is() {
    let team = Team::start(WorkonflowDialect::Query).await;
    let settings = WorkonflowSettings { done_status_id: None, ..team.settings.clone() };
    let ours = workonflow(&settings, Arc::new(SystemClock));
    let effects = a_missed_call("pbx-1", CLIENT, 0).delivered(&ours).await;
    let [Effect::Missed(waiting)] = effects.as_slice() else { panic!("{effects:?}") };
    let mut talked = an_answered_call("pbx-2", CLIENT, 60);
    talked.customer.unreturned = vec![waiting.clone()];
    let returned = Effect::Returned { thread_id: waiting.thread_id.clone() };
    assert_eq!(talked.delivered(&ours).await, [returned]);
    assert_eq!(team.simulated.threads()[0].status_id, settings.status_id);
}

#[tokio::test]
async fn the_check_finds_a_good_configuration_good_and_names_the_key_to_mend() {
    for dialect in BOTH {
        let team = Team::start(dialect).await;
        assert_eq!(team.ours.check().await, Ok(()));
        let unknown = "5b4484384e3e54001e267eff".to_owned();
        let message = async |settings: WorkonflowSettings| {
            let error = workonflow(&settings, Arc::new(SystemClock)).check().await.unwrap_err();
            assert_eq!(error.kind, RemoteErrorKind::Rejected);
            error.message
        };
        let good = || team.settings.clone();
        let text = message(WorkonflowSettings { status_id: unknown.clone(), ..good() }).await;
        assert!(text.starts_with(&format!("status_id {unknown} is no status of stream ")), "{text}");
        let text = message(WorkonflowSettings { done_status_id: Some(unknown.clone()), ..good() }).await;
        assert!(text.starts_with(&format!("done_status_id {unknown} is no status of stream ")), "{text}");
        let text = message(WorkonflowSettings { stream_id: unknown.clone(), ..good() }).await;
        assert!(text.starts_with(&format!("stream_id {unknown} is no stream")), "{text}");
        let text = message(WorkonflowSettings { team_id: unknown, ..good() }).await;
        assert!(text.contains("check team_id"), "{text}");
    }
}
