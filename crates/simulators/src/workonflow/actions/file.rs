//! `file/…`: announcing files and finding them again. The bytes go through `storage.rs`.

use serde_json::{Value, json};

use super::super::action::{Action, Refusal, Request, refuse};
use super::super::storage;
use super::super::team::{StoredFile, Team};
use crate::shape::{Field, Kind};

/// How many files one `file/read` returns unless told otherwise.
const PAGE: usize = 100;

pub(super) const ACTIONS: &[Action] = &[
    Action::write(
        "file/put.url",
        &[
            Field::optional("filename", Kind::Text),
            Field::optional("filenames", Kind::List(&Kind::Text)),
            Field::optional("size", Kind::Count),
            Field::optional("streamId", Kind::Id),
            Field::optional("threadId", Kind::Id),
            Field::optional("authorId", Kind::Id),
        ],
        put_url,
    )
    .one_of(&["filename", "filenames"]),
    Action::read(
        "file/get.url",
        &[Field::optional("fileId", Kind::Id), Field::optional("fileIds", Kind::List(&Kind::Id))],
        get_url,
    )
    .one_of(&["fileId", "fileIds"]),
    Action::read(
        "file/read",
        &[
            Field::optional("id", Kind::Id),
            Field::optional("ids", Kind::List(&Kind::Id)),
            Field::optional("streamId", Kind::Id),
            Field::optional("threadId", Kind::Id),
            Field::optional("authorId", Kind::Id),
            Field::optional("skip", Kind::Count),
            Field::optional("limit", Kind::Count),
        ],
        read,
    )
    .any_of(&["id", "ids", "streamId", "threadId", "authorId"]),
];

fn put_url(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    if let Some(id) = request.text("threadId") {
        team.thread(id)?;
    }
    if let Some(filename) = request.text("filename") {
        return Ok(announce(team, request, filename));
    }
    let names = request.ids("filename", "filenames").unwrap_or_default();
    Ok(names.into_iter().map(|name| announce(team, request, name)).collect())
}

fn announce(team: &mut Team, request: &Request<'_>, filename: &str) -> Value {
    let owned = |name: &str| request.text(name).map(str::to_owned);
    let file = StoredFile {
        id: team.next_id(),
        filename: filename.to_owned(),
        announced_size: request.value("size").and_then(Value::as_u64),
        stream_id: owned("streamId"),
        thread_id: owned("threadId"),
        author_id: owned("authorId"),
        put_until: request.now + team.put_url_lifetime,
        content: None,
        may_be_repeated: false,
    };
    let reply = json!({"id": file.id, "url": storage::put_url(request.base_url, &file)});
    team.files.insert(file.id.clone(), file);
    reply
}

fn get_url(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let ids = request.ids("fileId", "fileIds").unwrap_or_default();
    let mut replies = Vec::new();
    for id in ids {
        let Some(file) = team.files.get(id).filter(|file| file.content.is_some()) else {
            return refuse(format!("file {id} not found"));
        };
        let url = storage::get_url(request.base_url, file);
        replies.push(json!({"fileId": id, "filename": file.filename, "url": url}));
    }
    match request.text("fileId") {
        Some(_) => Ok(replies.swap_remove(0)),
        None => Ok(Value::Array(replies)),
    }
}

fn read(team: &mut Team, request: &Request<'_>) -> Result<Value, Refusal> {
    let ids = request.ids("id", "ids");
    let wanted = |file: &&StoredFile| {
        let is = |name: &str, value: &Option<String>| {
            request.text(name).is_none_or(|text| value.as_deref() == Some(text))
        };
        ids.as_ref().is_none_or(|ids| ids.contains(&file.id.as_str()))
            && is("streamId", &file.stream_id)
            && is("threadId", &file.thread_id)
            && is("authorId", &file.author_id)
    };
    let number = |name: &str| request.number(name).and_then(|number| usize::try_from(number).ok());
    let (skip, limit) = (number("skip").unwrap_or_default(), number("limit").unwrap_or(PAGE));
    Ok(team.files.values().filter(wanted).skip(skip).take(limit).map(StoredFile::to_json).collect())
}
