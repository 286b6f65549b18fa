//! `channel.…` and `invite.user`: names and parameters are checked, answers are minimal.

use serde_json::json;

use super::super::action::Action;
use super::accept;
use crate::shape::{Field, Kind};

const SIP_ID: Field = Field::required("sipId", Kind::Text);

pub(super) const ACTIONS: &[Action] = &[
    Action::read("channel.mail/account.get", &[], |_, _| Ok(json!([]))),
    Action::read("channel.mail/read", &[], |_, _| Ok(json!([]))),
    Action::write(
        "channel.telephony/create",
        &[
            Field::required("username", Kind::Text),
            Field::required("password", Kind::Text),
            Field::required("domain", Kind::Text),
            Field::optional("contactId", Kind::Id),
        ],
        |team, _| Ok(json!({ "sipId": team.next_id() })),
    ),
    Action::read("channel.telephony/get", &[Field::optional("sipId", Kind::Text)], |_, _| Ok(json!([]))),
    Action::write(
        "channel.telephony/update",
        &[
            SIP_ID,
            Field::optional("username", Kind::Text),
            Field::optional("password", Kind::Text),
            Field::optional("domain", Kind::Text),
            Field::optional("contactId", Kind::Id),
        ],
        accept,
    ),
    Action::write("channel.telephony/delete", &[SIP_ID], accept),
    Action::write(
        "invite.user",
        &[Field::required("name", Kind::Text), Field::required("email", Kind::Text)],
        accept,
    ),
];
