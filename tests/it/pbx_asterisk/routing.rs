//! The dialplan asks who is responsible for a caller.

use reqwest::StatusCode;
use serde_json::json;
use simulators::faults::{Fault, FaultKind};
use simulators::sandbox::WORKSPACE;

use super::asterisk::Version;
use super::laboratory::CLIENT;
use super::office::Office;
use crate::harness::Company;

const TOKEN: &str = "route-token-of-the-office";

async fn ask(company: &Company, phone: &str, token: &str) -> (StatusCode, String) {
    let url = format!("{}/telephony/{WORKSPACE}/asterisk/route", company.server.url());
    let reply =
        company.http.get(url).query(&[("phone", phone), ("token", token)]).send().await.expect("a reply");
    assert_eq!(reply.headers()["content-type"], "text/plain; charset=utf-8");
    (reply.status(), reply.text().await.expect("a text"))
}

#[tokio::test]
async fn the_responsible_employees_extension_is_told_and_nothing_else() {
    let office = Office::open(Version::V22).await;
    let company = &office.company;
    let kontur = &company.sandbox.kontur;
    kontur.set_responsible(WORKSPACE, CLIENT, vec![company.employee("102").kontur_user_id]);
    let caller = format!("+{CLIENT}");
    let (ok, nobody) = (StatusCode::OK, String::new());
    assert_eq!(ask(company, &caller, TOKEN).await, (ok, nobody.clone()), "the switch is off");
    assert!(company.crm().setup(json!({"autoRedirect": true})).await.is_ok());
    assert_eq!(ask(company, &caller, TOKEN).await, (ok, "102".to_owned()));
    assert_eq!(ask(company, "anonymous", TOKEN).await, (ok, nobody.clone()));
    assert_eq!(ask(company, "+79995554433", TOKEN).await, (ok, nobody.clone()));
    for wrong in ["", "route-token"] {
        assert_eq!(ask(company, &caller, wrong).await, (StatusCode::UNAUTHORIZED, nobody.clone()));
    }
    // A Kontur that does not answer holds no caller up.
    kontur.faults().set(Fault::always(FaultKind::Hang).on("call-redirect"));
    assert_eq!(ask(company, &caller, TOKEN).await, (ok, "102".to_owned()), "known from before");
    assert_eq!(ask(company, "+79991112233", TOKEN).await, (ok, nobody));
}
