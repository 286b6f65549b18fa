//! A telephony that is listened to.

use domain::instance::status::Status;
use domain::port::provider::Capabilities;

use crate::company::{Company, eventually};

const TALKING: &str = "0 e1 c1 call.started\n1 e2 c1 leg.ringing l1\n2 e3 c1 leg.answered l1";
const ENDED: &str = "0 h1 c1 call.started\n1 h2 c1 leg.ringing l1\n2 h3 c1 leg.answered l1\n\
                     70 h4 c1 leg.ended l1\n70 h5 c1 call.finished";

/// A company whose telephony tells what happens over a connection, and nothing of the past.
async fn listening() -> Company {
    let company = Company::start().await;
    let tells = Capabilities { listen: true, look_up: true, ..Capabilities::default() };
    company.rig.remote.provider.set_capabilities(tells);
    company
}

async fn becomes(company: &Company, status: Status) {
    eventually(async || (company.acme().status() == status).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_heard_is_told() {
    let company = listening().await;
    company.rig.remote.provider.tell(TALKING);
    company.rig.remote.provider.tell("70 e4 c1 leg.ended l1\n70 e5 c1 call.finished");
    let call = eventually(async || company.calls().await.into_iter().find(|call| call.is_closed())).await;
    assert!(call.was_answered());
    let told = ["call-started", "call-event", "call-event", "call-event", "call-finished", "register-call"];
    assert_eq!(company.told_at_last().await, told);
}

/// What ended while nobody listened is asked for as soon as somebody does again, not when the call has been quiet for long.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_loss_open_calls_are_asked_for_at_once() {
    let company = listening().await;
    let provider = &company.rig.remote.provider;
    provider.tell(TALKING);
    eventually(async || (company.told().len() == 3).then_some(())).await;
    provider.know("c1", ENDED);
    provider.lose_connection();
    becomes(&company, Status::HasErrors).await;
    let reasons = company.acme().condition().reasons();
    assert!(
        reasons[0].contains("the connection was lost") && reasons[0].contains("is lost, since"),
        "{reasons:?}"
    );
    becomes(&company, Status::Active).await;
    eventually(async || company.only_call().await.is_closed().then_some(())).await;
    let told = ["call-started", "call-event", "call-event", "call-event", "call-finished", "register-call"];
    assert_eq!(company.told_at_last().await, told);
}
