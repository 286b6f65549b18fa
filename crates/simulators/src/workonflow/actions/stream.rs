//! `stream/…` and what belongs to a stream except its statuses.

use serde_json::{Value, json};

use super::super::action::{Action, Refusal, Request};
use super::super::team::{Status, StatusType, Stream, Team};
use super::accept;
use crate::shape::{Field, Kind};

const STREAM_ID: Field = Field::required("streamId", Kind::Id);
const MEMBER: &[Field] = &[STREAM_ID, Field::required("userId", Kind::Id)];

pub(super) const ACTIONS: &[Action] = &[
    Action::write(
        "stream/create",
        &[Field::required("name", Kind::Text), Field::optional("isEmpty", Kind::Boolean)],
        create,
    ),
    Action::read(
        "stream/read",
        &[Field::optional("streamId", Kind::Id), Field::optional("streamIds", Kind::List(&Kind::Id))],
        read,
    ),
    Action::write("stream/delete", &[STREAM_ID], delete),
    Action::write("stream.name/set", &[STREAM_ID, Field::required("name", Kind::Text)], set_name),
    Action::write(
        "stream.description/set",
        &[STREAM_ID, Field::required("description", Kind::AnyText)],
        set_description,
    ),
    Action::read("stream.description/get", &[STREAM_ID], get_description),
    Action::write("stream.member/add", MEMBER, |team, request| {
        members(team, request, |stream, user| stream.members.push(user))
    }),
    Action::write("stream.member/remove", MEMBER, |team, request| {
        members(team, request, |stream, user| stream.members.retain(|member| *member != user))
    }),
    Action::write("stream.member/set.admin", MEMBER, |team, request| {
        members(team, request, |stream, user| stream.admins.push(user))
    }),
    Action::write("stream.member/revoke.admin", MEMBER, |team, request| {
        members(team, request, |stream, user| stream.admins.retain(|admin| *admin != user))
    }),
    Action::write("stream.field/set", &[STREAM_ID, Field::optional("field", Kind::Map)], accept),
    Action::write("stream.channels/use.default", &[STREAM_ID], accept),
];

/// The statuses of a stream that is not created empty.
pub(in crate::workonflow) const DEFAULT_STATUSES: [(&str, StatusType, &str); 3] = [
    ("Новые", StatusType::Wait, "#f2a33a"),
    ("В работе", StatusType::InProgress, "#3a7bf2"),
    ("Готово", StatusType::Done, "#2e9d6b"),
];

fn create(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let is_empty = request.value("isEmpty").and_then(Value::as_bool).unwrap_or(false);
    let id = add_stream(team, request.required("name"), !is_empty);
    Ok(json!({ "streamId": id }))
}

/// Adds a stream, with the default statuses if wanted, and returns its id.
pub(in crate::workonflow) fn add_stream(team: &mut Team, name: &str, with_statuses: bool) -> String {
    let id = team.next_id();
    let stream = Stream {
        id: id.clone(),
        name: name.to_owned(),
        description: String::new(),
        members: Vec::new(),
        admins: Vec::new(),
    };
    team.streams.insert(id.clone(), stream);
    if with_statuses {
        for (name, kind, color) in DEFAULT_STATUSES {
            let status = Status {
                id: team.next_id(),
                stream_id: id.clone(),
                name: name.to_owned(),
                kind,
                color: color.to_owned(),
            };
            team.statuses.insert(status.id.clone(), status);
        }
    }
    id
}

fn read(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let ids = request.ids("streamId", "streamIds");
    let wanted = |stream: &&Stream| ids.as_ref().is_none_or(|ids| ids.contains(&stream.id.as_str()));
    Ok(team.streams.values().filter(wanted).map(Stream::to_json).collect())
}

fn delete(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let id = request.required("streamId");
    team.stream(id)?;
    team.streams.remove(id);
    team.statuses.retain(|_, status| status.stream_id != id);
    Ok(Value::Null)
}

fn set_name(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    request.required("name").clone_into(&mut team.stream(request.required("streamId"))?.name);
    Ok(Value::Null)
}

fn set_description(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let stream = team.stream(request.required("streamId"))?;
    request.required("description").clone_into(&mut stream.description);
    Ok(Value::Null)
}

fn get_description(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    Ok(json!({ "description": team.stream(request.required("streamId"))?.description }))
}

fn members(team: &mut Team, request: &Request<'_>, apply: fn(&mut Stream, String)) -> Result<Value, Refusal> {
    let user_id = request.required("userId");
    team.contact(user_id)?;
    apply(team.stream(request.required("streamId"))?, user_id.to_owned());
    Ok(Value::Null)
}
