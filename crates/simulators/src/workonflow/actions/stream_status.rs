//! `stream.status/…`: the stages of a stream.

use serde_json::{Value, json};

use super::super::action::{Action, Refusal, Request};
use super::super::team::{Status, StatusType, Team};
use crate::shape::{Field, Kind};

const STATUS_ID: Field = Field::required("statusId", Kind::Id);

pub(super) const ACTIONS: &[Action] = &[
    Action::write(
        "stream.status/create",
        &[
            Field::required("name", Kind::Text),
            Field::required("streamId", Kind::Id),
            Field::optional("type", Kind::Word(&["Wait", "In Progress", "Done"])),
            Field::optional("color", Kind::Text),
        ],
        create,
    ),
    Action::read(
        "stream.status/read",
        &[Field::optional("streamId", Kind::Id), Field::optional("statusId", Kind::Id)],
        read,
    )
    .one_of(&["streamId", "statusId"]),
    Action::write("stream.status/set.name", &[STATUS_ID, Field::required("name", Kind::Text)], set_name),
    Action::write("stream.status/delete", &[STATUS_ID], delete),
];

fn create(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let stream_id = request.required("streamId");
    team.stream(stream_id)?;
    let status = Status {
        id: team.next_id(),
        stream_id: stream_id.to_owned(),
        name: request.required("name").to_owned(),
        kind: StatusType::from_word(request.text("type").unwrap_or("Wait")),
        color: request.text("color").unwrap_or("#888888").to_owned(),
    };
    let id = status.id.clone();
    team.statuses.insert(id.clone(), status);
    Ok(json!({ "statusId": id }))
}

fn read(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let wanted = |status: &&Status| {
        request.text("statusId").is_none_or(|id| status.id == id)
            && request.text("streamId").is_none_or(|id| status.stream_id == id)
    };
    Ok(team.statuses.values().filter(wanted).map(Status::to_json).collect())
}

fn set_name(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    request.required("name").clone_into(&mut team.status(request.required("statusId"))?.name);
    Ok(Value::Null)
}

fn delete(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let id = request.required("statusId");
    team.status(id)?;
    team.statuses.remove(id);
    Ok(Value::Null)
}
