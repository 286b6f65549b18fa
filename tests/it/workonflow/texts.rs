//! What is written: in Russian, or as the administrator wants it.

use super::{answered, clients, comments, missed, only_thread};
use crate::harness::{CLIENT_DIGITS, Company, table};

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[tokio::test]
async fn a_comment_says_who_when_how_long_and_which_call() {
    let company = Company::start().await;
    answered(&company).await;
    let reference =
        company.admin().all("/calls").await[0]["reference"].as_str().expect("a reference").to_owned();
    let parts =
        ["Входящий", "состоялся разговор", "+79997775533", "101", "Ожидание", "Разговор", reference.as_str()];
    check(&comments(&company)[0], &parts);
    assert!(only_thread(&company).title.contains("+79997775533"));
    assert_eq!(clients(&company)[0].name, "+79997775533");
}

#[tokio::test]
async fn a_comment_on_a_missed_call_says_why() {
    let company = Company::start().await;
    missed(&company).await;
    check(&comments(&company)[0], &["Входящий", "пропущен", "никто не ответил"]);
}

#[tokio::test]
async fn times_are_those_of_the_workspace() {
    let company = Company::plan().integration(|integration| {
        integration.insert("time_zone".into(), "Asia/Vladivostok".into());
        let text = "{{ call.started_at }}";
        table(table(integration, "workonflow"), "templates").insert("comment".into(), text.into());
    });
    let company = company.start().await;
    answered(&company).await;
    check(&comments(&company)[0], &["+10:00"]);
}

#[tokio::test]
async fn templates_of_the_administrator_win() {
    let plan = Company::plan().integration(|integration| {
        let templates = table(table(integration, "workonflow"), "templates");
        for (key, text) in [
            (
                "comment",
                "{{ call.direction }} {{ call.result }} {{ call.employee_extension }} {{ call.vats_phone }}",
            ),
            ("thread_title", "Thread of {{ call.client_phone }}"),
            ("contact_name", "Client {{ call.client_phone }}"),
        ] {
            templates.insert(key.to_owned(), text.into());
        }
    });
    let company = plan.start().await;
    answered(&company).await;
    check(&comments(&company)[0], &["inbound answered 101 79229929292"]);
    assert_eq!(only_thread(&company).title, format!("Thread of {CLIENT_DIGITS}"));
    assert_eq!(clients(&company)[0].name, format!("Client {CLIENT_DIGITS}"));
}
