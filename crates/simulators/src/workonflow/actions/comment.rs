//! `comment/…`; the two dialects write a comment's content differently.

use serde_json::{Value, json};

use super::super::action::{Action, Dialect, Refusal, Request, refuse};
use super::super::team::{Comment, Team};
use crate::shape::{Field, Kind};

/// How many comments one `comment/read` returns; `skip` reads on.
const PAGE: usize = 100;

const TARGET: &[&str] = &["threadId", "streamId", "to"];

/// The content in the query dialect: a plain text, or typed parts.
const ATT: Kind = Kind::Either(
    &Kind::Text,
    &Kind::List(&Kind::Object(&[
        Field::required("type", Kind::Word(&["text", "file"])),
        Field::required(
            "data",
            Kind::Either(
                &Kind::Object(&[Field::required("text", Kind::Text)]),
                &Kind::Object(&[Field::required("id", Kind::Id)]),
            ),
        ),
    ])),
);

pub(super) const ACTIONS: &[Action] = &[
    Action::write(
        "comment/create",
        &[
            Field::optional("threadId", Kind::Id),
            Field::optional("streamId", Kind::Id),
            Field::optional("to", Kind::Id),
            Field::required("att", ATT),
        ],
        create_from_att,
    )
    .only(Dialect::Query)
    .one_of(TARGET),
    Action::write(
        "comment/create",
        &[
            Field::optional("threadId", Kind::Id),
            Field::optional("streamId", Kind::Id),
            Field::optional("to", Kind::Id),
            Field::required("text", Kind::Text),
            Field::required("type", Kind::Word(&["text", "file", "image"])),
            Field::optional("isPublic", Kind::Boolean),
        ],
        create_from_text,
    )
    .only(Dialect::Body)
    .one_of(TARGET),
    Action::read(
        "comment/read",
        &[
            Field::optional("threadId", Kind::Id),
            Field::optional("streamId", Kind::Id),
            Field::optional("commentId", Kind::Id),
            Field::optional("skip", Kind::Count),
            Field::optional("type", Kind::Word(&["text", "file", "image"])),
        ],
        read,
    )
    .any_of(&["threadId", "streamId", "commentId"]),
    Action::read(
        "comment/count",
        &[
            Field::optional("threadId", Kind::Id),
            Field::optional("threadIds", Kind::List(&Kind::Id)),
            Field::optional("streamId", Kind::Id),
        ],
        count,
    )
    .one_of(&["threadId", "threadIds", "streamId"]),
];

fn create_from_att(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let att = match request.value("att") {
        Some(Value::String(text)) => json!([{"type": "text", "data": {"text": text}}]),
        other => other.cloned().unwrap_or(Value::Null),
    };
    let (mut kind, mut texts) = ("text", Vec::new());
    for part in att.as_array().into_iter().flatten() {
        if part["type"] == "file" {
            kind = "file";
            know_file(team, part["data"]["id"].as_str().unwrap_or_default())?;
        } else if let Some(text) = part["data"]["text"].as_str() {
            texts.push(text.to_owned());
        } else {
            return refuse("a part of type text needs data.text");
        }
    }
    create(team, request, kind, texts.join("\n"), att)
}

/// In the body dialect the text of a file or image is the file's id.
fn create_from_text(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let (kind, text) = (request.required("type"), request.required("text"));
    if kind == "text" {
        let att = json!([{"type": "text", "data": {"text": text}}]);
        return create(team, request, kind, text.to_owned(), att);
    }
    know_file(team, text)?;
    create(team, request, kind, String::new(), json!([{"type": kind, "data": {"id": text}}]))
}

/// Checks that a file was announced and put. Nobody can have been told otherwise, so a caller who believes it is wrong.
fn know_file(team: &mut Team, id: &str) -> Result<(), Refusal> {
    if team.files.get(id).is_some_and(|file| file.content.is_some()) {
        return Ok(());
    }
    team.violations.push(format!("a comment names the file {id}, which was never put"));
    refuse(format!("file {id} not found"))
}

fn create(
    team: &mut Team,
    request: &Request<'_>,
    kind: &str,
    text: String,
    att: Value,
) -> Result<Value, Refusal> {
    let target = know_target(team, request)?.to_owned();
    let id = team.next_id();
    let owned = |name: &str| request.text(name).map(str::to_owned);
    let comment = Comment {
        id: id.clone(),
        thread_id: owned("threadId"),
        stream_id: owned("streamId"),
        to: owned("to"),
        from: "bot".to_owned(),
        kind: kind.to_owned(),
        text,
        att,
        is_public: request.value("isPublic").and_then(Value::as_bool).unwrap_or(false),
        created_at: request.now,
    };
    if is_double(team, &target, &comment) {
        team.violations.push(format!("a second comment with the same content in {target}"));
    }
    if let Some(thread) = team.threads.get_mut(&target) {
        thread.updated_at = request.now;
    }
    team.comments.entry(target).or_default().push(comment);
    Ok(json!({ "commentId": id }))
}

/// Whether the text, or a file, was there before.
fn is_double(team: &Team, target: &str, comment: &Comment) -> bool {
    let earlier = team.comments.get(target).map(Vec::as_slice).unwrap_or_default();
    earlier.iter().any(|earlier| {
        let same_text = !comment.text.is_empty() && earlier.text == comment.text;
        same_text || comment.file_ids().any(|id| earlier.file_ids().any(|known| known == id))
    })
}

fn know_target<'a>(team: &mut Team, request: &Request<'a>) -> Result<&'a str, Refusal> {
    if let Some(id) = request.text("threadId") {
        return team.thread(id).map(|_| id);
    }
    if let Some(id) = request.text("streamId") {
        return team.stream(id).map(|_| id);
    }
    let id = request.required("to");
    team.contact(id).map(|_| id)
}

fn read(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let wanted = |comment: &&Comment| {
        let is = |name: &str, value: Option<&str>| request.text(name).is_none_or(|text| value == Some(text));
        is("commentId", Some(&comment.id))
            && is("threadId", comment.thread_id.as_deref())
            && is("streamId", comment.stream_id.as_deref())
            && is("type", Some(&comment.kind))
    };
    let skip = usize::try_from(request.number("skip").unwrap_or_default()).unwrap_or_default();
    // One thread's comments are found at once; other searches look at everything.
    let of_thread = request.text("threadId").map(|id| team.comments.get(id).into_iter());
    let comments: Vec<&Comment> = match of_thread {
        Some(found) => found.flatten().filter(wanted).collect(),
        None => team.comments.values().flatten().filter(wanted).collect(),
    };
    Ok(comments.into_iter().skip(skip).take(PAGE).map(Comment::to_json).collect())
}

fn count(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let mut ids = request.ids("threadId", "threadIds").unwrap_or_default();
    ids.extend(request.text("streamId"));
    let count: usize = ids.iter().filter_map(|id| team.comments.get(*id)).map(Vec::len).sum();
    Ok(json!({ "count": count }))
}
