//! Facts for the tests of this crate.

use super::Facts;

/// An answered call.
pub(crate) fn answered() -> Facts {
    Facts {
        client_phone: "79997775533".to_owned(),
        client_text: "+79997775533".to_owned(),
        vats_phone: "79229929292".to_owned(),
        direction: "inbound",
        result: "answered",
        reason: "",
        started_at: "2026-11-22T10:00:00+03:00".to_owned(),
        answered_at: "2026-11-22T10:00:05+03:00".to_owned(),
        finished_at: "2026-11-22T10:01:07+03:00".to_owned(),
        end_inferred: false,
        wait_seconds: 5,
        talk_seconds: 62,
        employee_extension: "101".to_owned(),
        reference: "7ZK3M9QA".to_owned(),
        external_id: "pbx-42".to_owned(),
        direction_text: "Входящий",
        result_text: "состоялся разговор".to_owned(),
        started_at_text: "22.11.2026 10:00:00".to_owned(),
        wait_text: "5 с".to_owned(),
        talk_text: "1 мин 2 с".to_owned(),
    }
}
