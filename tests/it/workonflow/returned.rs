//! A missed call is urgent until somebody talks with the client.

use simulators::journal::System;
use simulators::workonflow::Priority;

use super::{answered, comments, missed, only_thread};
use crate::harness::{CLIENT, Company, table};

#[tokio::test]
async fn a_missed_call_makes_its_thread_urgent() {
    let company = Company::start().await;
    missed(&company).await;
    assert_eq!(only_thread(&company).priority, Priority::High);
    let seeds = company.sandbox.workonflow.seeds();
    assert_eq!(only_thread(&company).status_id, seeds.wait_status_id);
}

#[tokio::test]
async fn a_missed_call_in_an_open_thread_makes_it_urgent_too() {
    let company = Company::start().await;
    answered(&company).await;
    assert_eq!(only_thread(&company).priority, Priority::Normal);
    missed(&company).await;
    assert_eq!(only_thread(&company).priority, Priority::High);
    assert_eq!(comments(&company).len(), 2);
}

#[tokio::test]
async fn a_client_who_calls_again_and_is_answered_moves_the_thread() {
    let company = Company::start().await;
    missed(&company).await;
    answered(&company).await;
    assert_eq!(only_thread(&company).status_id, company.sandbox.workonflow.seeds().done_status_id);
    assert_eq!(comments(&company).len(), 2, "the conversation is written down where the missed call is");
}

#[tokio::test]
async fn a_client_who_is_called_back_moves_the_thread() {
    let company = Company::start().await;
    missed(&company).await;
    let call = company.sandbox.pbx.dial_out("102", CLIENT);
    company.sandbox.pbx.answer(&call, "102").expect("rings");
    company.sandbox.pbx.hang_up(&call).expect("talks");
    company.settle().await;
    assert_eq!(only_thread(&company).status_id, company.sandbox.workonflow.seeds().done_status_id);
}

#[tokio::test]
async fn calling_back_in_vain_moves_nothing() {
    let company = Company::start().await;
    missed(&company).await;
    let call = company.sandbox.pbx.dial_out("102", CLIENT);
    company.sandbox.pbx.busy(&call).expect("rings");
    company.settle().await;
    assert_eq!(only_thread(&company).status_id, company.sandbox.workonflow.seeds().wait_status_id);
}

#[tokio::test]
async fn without_a_status_for_returned_calls_the_thread_stays() {
    let plan = Company::plan().integration(|integration| {
        table(integration, "workonflow").remove("done_status_id");
    });
    let company = plan.start().await;
    missed(&company).await;
    answered(&company).await;
    assert_eq!(only_thread(&company).status_id, company.sandbox.workonflow.seeds().wait_status_id);
    assert_eq!(company.journal().count(System::Workonflow, "thread.status"), 0);
}
