//! `thread/…` and the actions on a thread's state and people.

use serde_json::{Map, Value, json};

use super::super::action::{Action, Refusal, Request};
use super::super::team::{Priority, StatusType, Team, Thread};
use crate::shape::{Field, Kind};

const THREAD_ID: Field = Field::required("threadId", Kind::Id);

/// One piece of a description.
pub(super) const CONTENT: Kind = Kind::List(&Kind::Object(&[
    Field::required("type", Kind::Word(&["text", "hashtag", "file"])),
    Field::optional("text", Kind::AnyText),
    Field::optional("fileId", Kind::Id),
    Field::optional("filename", Kind::Text),
]));

pub(super) const ACTIONS: &[Action] = &[
    Action::write(
        "thread/create",
        &[
            Field::required("statusId", Kind::Id),
            Field::required("streamId", Kind::Id),
            Field::optional("title", Kind::AnyText),
            Field::optional("deadline", Kind::Period),
            Field::optional("responsibleUserId", Kind::Id),
            Field::optional("customerId", Kind::Id),
            Field::optional("roles", Kind::List(&Kind::Map)),
            Field::optional("description", CONTENT),
        ],
        create,
    ),
    Action::read(
        "thread/read",
        &[
            Field::optional("threadId", Kind::Id),
            Field::optional("statusId", Kind::Id),
            Field::optional("statusIds", Kind::List(&Kind::Id)),
            Field::optional("streamId", Kind::Id),
            Field::optional("gtUpdatedAt", Kind::Count),
            Field::optional("ltUpdatedAt", Kind::Count),
            Field::optional("responsibleUserId", Kind::Id),
            Field::optional("customerId", Kind::Id),
            Field::optional("customerIds", Kind::List(&Kind::Id)),
            Field::optional("title", Kind::Text),
            Field::optional("type", Kind::Word(&["Wait", "inProgress", "Done"])),
        ],
        read,
    )
    .any_of(&[
        "threadId",
        "statusId",
        "statusIds",
        "streamId",
        "gtUpdatedAt",
        "ltUpdatedAt",
        "responsibleUserId",
        "customerId",
        "customerIds",
        "title",
        "type",
    ]),
    Action::write("thread.status", &[THREAD_ID, Field::required("statusId", Kind::Id)], set_status),
    Action::write("thread.title", &[THREAD_ID, Field::required("title", Kind::Text)], set_title),
    Action::write("thread.stream", &[THREAD_ID, Field::required("streamId", Kind::Id)], set_stream),
    Action::write("thread.responsible/set", PERSON, set_responsible),
    Action::write("thread.responsible/remove", PERSON, remove_responsible),
    Action::write("thread.followers/set", PERSON, add_follower),
    Action::write("thread.followers/remove", PERSON, remove_follower),
    Action::write("thread.customer/add", CUSTOMERS, add_customers).any_of(&["customerId", "customerIds"]),
    Action::write("thread.customer/remove", CUSTOMERS, remove_customers)
        .any_of(&["customerId", "customerIds"]),
];

const PERSON: &[Field] = &[THREAD_ID, Field::required("userId", Kind::Id)];
const CUSTOMERS: &[Field] = &[
    THREAD_ID,
    Field::optional("customerId", Kind::Id),
    Field::optional("customerIds", Kind::List(&Kind::Id)),
];

fn create(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let (status_id, stream_id) = (request.required("statusId"), request.required("streamId"));
    team.know_status_of(status_id, stream_id)?;
    team.know_contacts(request.text("customerId").into_iter().chain(request.text("responsibleUserId")))?;
    let id = team.next_id();
    let thread = Thread {
        id: id.clone(),
        stream_id: stream_id.to_owned(),
        status_id: status_id.to_owned(),
        title: request.text("title").unwrap_or_default().to_owned(),
        priority: Priority::Normal,
        customer_ids: request.text("customerId").map(str::to_owned).into_iter().collect(),
        responsible_user_id: request.text("responsibleUserId").map(str::to_owned),
        followers: Vec::new(),
        deadline: request.value("deadline").cloned().unwrap_or(Value::Null),
        roles: request.value("roles").cloned().unwrap_or_else(|| json!([])),
        description: request.value("description").and_then(Value::as_array).cloned().unwrap_or_default(),
        fields: Map::new(),
        created_at: request.now,
        updated_at: request.now,
    };
    team.threads.insert(id.clone(), thread);
    Ok(json!({ "threadId": id }))
}

fn read(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let statuses = request.ids("statusId", "statusIds");
    let customers = request.ids("customerId", "customerIds");
    let wanted = |thread: &Thread| {
        let is = |name: &str, value: Option<&str>| request.text(name).is_none_or(|text| value == Some(text));
        is("threadId", Some(&thread.id))
            && is("streamId", Some(&thread.stream_id))
            && is("title", Some(&thread.title))
            && is("responsibleUserId", thread.responsible_user_id.as_deref())
            && is("type", team.thread_type(thread).map(StatusType::thread_word))
            && statuses.as_ref().is_none_or(|ids| ids.contains(&thread.status_id.as_str()))
            && customers
                .as_ref()
                .is_none_or(|ids| thread.customer_ids.iter().any(|id| ids.contains(&id.as_str())))
            && request.number("gtUpdatedAt").is_none_or(|at| thread.updated_at > at)
            && request.number("ltUpdatedAt").is_none_or(|at| thread.updated_at < at)
    };
    Ok(team.threads.values().filter(|thread| wanted(thread)).map(|thread| thread.to_json(team)).collect())
}

fn set_status(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let stream_id = team.thread(request.required("threadId"))?.stream_id.clone();
    let status_id = request.required("statusId");
    team.know_status_of(status_id, &stream_id)?;
    change(team, request, |thread| status_id.clone_into(&mut thread.status_id))
}

fn set_title(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    change(team, request, |thread| request.required("title").clone_into(&mut thread.title))
}

fn set_stream(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let stream_id = request.required("streamId");
    team.stream(stream_id)?;
    let first_status = team.statuses.values().find(|status| status.stream_id == stream_id);
    let status_id = first_status.map(|status| status.id.clone()).unwrap_or_default();
    change(team, request, |thread| {
        stream_id.clone_into(&mut thread.stream_id);
        thread.status_id = status_id;
    })
}

fn set_responsible(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    team.contact(request.required("userId"))?;
    change(team, request, |thread| thread.responsible_user_id = request.text("userId").map(str::to_owned))
}

fn remove_responsible(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    change(team, request, |thread| thread.responsible_user_id = None)
}

fn add_follower(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    team.contact(request.required("userId"))?;
    change(team, request, |thread| add(&mut thread.followers, &[request.required("userId")]))
}

fn remove_follower(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    change(team, request, |thread| thread.followers.retain(|id| id != request.required("userId")))
}

fn add_customers(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let ids = request.ids("customerId", "customerIds").unwrap_or_default();
    team.know_contacts(ids.iter().copied())?;
    change(team, request, |thread| add(&mut thread.customer_ids, &ids))
}

fn remove_customers(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let ids = request.ids("customerId", "customerIds").unwrap_or_default();
    change(team, request, |thread| thread.customer_ids.retain(|id| !ids.contains(&id.as_str())))
}

/// Changes the thread of the request and notes when.
pub(super) fn change(
    team: &mut Team,
    request: &Request<'_>,
    apply: impl FnOnce(&mut Thread),
) -> Result<Value, Refusal> {
    let thread = team.thread(request.required("threadId"))?;
    apply(thread);
    thread.updated_at = request.now;
    Ok(json!({ "threadId": thread.id }))
}

fn add(list: &mut Vec<String>, ids: &[&str]) {
    for id in ids {
        if list.iter().all(|known| known != id) {
            list.push((*id).to_owned());
        }
    }
}
