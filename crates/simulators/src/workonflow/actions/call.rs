//! `call…`: Workonflow's own telephony. Names and parameters are checked; nothing rings here.

use serde_json::{Value, json};

use super::super::action::{Action, Refusal, Request};
use super::super::team::Team;
use super::accept;
use crate::shape::{Field, Kind};

const THREAD: &[Field] = &[Field::required("threadId", Kind::Id)];
const MEMBER: &[Field] = &[Field::required("threadId", Kind::Id), Field::required("userId", Kind::Id)];

pub(super) const ACTIONS: &[Action] = &[
    Action::read("call/get", THREAD, |_, _| Ok(json!([]))),
    Action::write(
        "call.user/invite",
        &[
            Field::required("threadId", Kind::Id),
            Field::optional("contactId", Kind::Id),
            Field::optional("phone", Kind::Text),
            Field::optional("userIds", Kind::List(&Kind::Id)),
        ],
        accept,
    )
    .one_of(&["contactId", "userIds"]),
    Action::write("call/kick", MEMBER, accept),
    Action::write("call.user/hold", MEMBER, accept),
    Action::write("call.user/unhold", MEMBER, accept),
    Action::write(
        "call.audio/play",
        &[
            Field::required("threadId", Kind::Id),
            Field::required("url", Kind::Text),
            Field::optional("isLoop", Kind::Boolean),
        ],
        accept,
    ),
    Action::write("call.audio/stop", THREAD, accept),
    Action::write("call.recording/start", THREAD, accept),
    Action::write("call.recording/stop", THREAD, stop_recording),
];

fn stop_recording(_team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    Ok(json!({"fileUrl": format!("{}/recordings/{}.mp3", request.base_url, request.required("threadId"))}))
}
