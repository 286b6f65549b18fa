//! `thread.fields.…` and `thread.description/…`.

use serde_json::{Value, json};

use super::super::action::{Action, Refusal, Request};
use super::super::team::{Priority, Team};
use super::thread::{CONTENT, change};
use crate::shape::{Field, Kind};

const THREAD_ID: Field = Field::required("threadId", Kind::Id);
const DESCRIPTION: &[Field] = &[THREAD_ID, Field::required("content", CONTENT)];

pub(super) const ACTIONS: &[Action] = &[
    Action::write(
        "thread.fields.priority",
        &[THREAD_ID, Field::required("priority", Kind::Word(&["HIGH", "NORMAL"]))],
        set_priority,
    ),
    Action::write(
        "thread.fields.deadline",
        &[THREAD_ID, Field::required("deadline", Kind::Period)],
        set_deadline,
    ),
    Action::write("thread.fields.budget", &[THREAD_ID, Field::required("budget", Kind::Count)], |team, r| {
        set_field(team, r, "budget")
    }),
    Action::write("thread.fields.points", &[THREAD_ID, Field::required("points", Kind::Count)], |team, r| {
        set_field(team, r, "points")
    }),
    Action::write(
        "thread.fields.timetoc",
        &[THREAD_ID, Field::required("timetoc", Kind::Count)],
        |team, r| set_field(team, r, "timetoc"),
    ),
    Action::read("thread.description/read", &[THREAD_ID], read_description),
    Action::write("thread.description/set", DESCRIPTION, set_description),
    Action::write("thread.description/addcontent", DESCRIPTION, add_content),
];

fn set_priority(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let high = request.required("priority") == "HIGH";
    change(team, request, |thread| thread.priority = if high { Priority::High } else { Priority::Normal })
}

fn set_deadline(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    change(team, request, |thread| {
        thread.deadline = request.value("deadline").cloned().unwrap_or(Value::Null);
    })
}

fn set_field(team: &mut Team, request: &Request<'_>, name: &str) -> Result<Value, Refusal> {
    change(team, request, |thread| {
        thread.fields.insert(name.to_owned(), request.value(name).cloned().unwrap_or(Value::Null));
    })
}

fn read_description(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let thread = team.thread(request.required("threadId"))?;
    Ok(json!({ "threadId": thread.id, "content": thread.description }))
}

fn set_description(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    change(team, request, |thread| thread.description = content(request))
}

fn add_content(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    change(team, request, |thread| thread.description.extend(content(request)))
}

fn content(request: &Request<'_>) -> Vec<Value> {
    request.value("content").and_then(Value::as_array).cloned().unwrap_or_default()
}
