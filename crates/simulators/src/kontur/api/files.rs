//! Files, contract §5.

use std::sync::Arc;

use bytes::Bytes;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::{Binary, Response};
use poem_openapi::types::Any;
use poem_openapi::types::multipart::Upload;
use poem_openapi::{ApiResponse, Multipart, Object, OpenApi};
use serde_json::Value;
use uuid::Uuid;

use super::AccessKey;
use crate::kontur::answer::{Answer, Conflict, ConflictBody};
use crate::kontur::files::{MAX_SIZE, StoredFile};
use crate::kontur::state::Shared;
use crate::strict::Described;

/// An upload: one part called `file`, at most 100 MB.
#[derive(Multipart)]
#[oai(deny_unknown_fields)]
struct UploadForm {
    file: Upload,
}

/// What Kontur knows of a file.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct FileBody {
    file_id: Uuid,
    file_name: String,
    content_type: String,
    content_length: u64,
}

/// A file's bytes, or why there are none.
#[derive(ApiResponse)]
enum Download {
    /// The bytes.
    #[oai(status = 200)]
    Bytes(Binary<Vec<u8>>),
    /// There is no such file (any more).
    #[oai(status = 409)]
    Missing(Described<ConflictBody>),
}

pub(super) struct Files(pub(super) Arc<Shared>);

#[OpenApi]
impl Files {
    /// Upload a file; its id is good for a day unless a call binds it
    #[oai(path = "/:ws/files", method = "post")]
    async fn upload(&self, _access: AccessKey, ws: Path<String>, form: UploadForm) -> Answer<FileBody> {
        let name = form.file.file_name().unwrap_or_default().to_owned();
        let content_type = form.file.content_type().unwrap_or("application/octet-stream").to_owned();
        if form.file.size() > MAX_SIZE {
            return Err(Conflict::new("fileTooLarge", "File is larger than 100 MB")).into();
        }
        let bytes = match form.file.into_vec().await {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) => return Err(Conflict::new("invalidArgs", error.to_string())).into(),
        };
        let id = Uuid::new_v4();
        let file = StoredFile::new(name, content_type, bytes);
        let meta = file.meta(id);
        let stored = self.0.state().workspace(&ws).map(|workspace| workspace.files.insert(id, file));
        stored.map(|_| meta).into()
    }

    /// A file's bytes
    #[oai(path = "/:ws/files/:id", method = "get")]
    async fn download(
        &self,
        _access: AccessKey,
        ws: Path<String>,
        id: Path<Uuid>,
        download: Query<Option<bool>>,
    ) -> Response<Download> {
        let file = match self.find(&ws, *id) {
            Ok(file) => file,
            Err(conflict) => return Response::new(Download::Missing(Described::new(conflict.body()))),
        };
        let disposition = if download.unwrap_or(false) { "attachment" } else { "inline" };
        Response::new(Download::Bytes(Binary(file.bytes.to_vec())))
            .header("content-type", file.content_type)
            .header(
                "content-disposition",
                format!("{disposition}; filename=\"{}\"", file.name.replace('"', "")),
            )
    }

    /// Whether a file is there
    #[oai(path = "/:ws/files/:id", method = "head")]
    async fn head(&self, _access: AccessKey, ws: Path<String>, id: Path<Uuid>) -> Answer<Any<Value>> {
        self.find(&ws, *id).map(|_| Value::Null).into()
    }

    /// What Kontur knows of a file
    #[oai(path = "/:ws/files/:id/meta", method = "get")]
    async fn meta(&self, _access: AccessKey, ws: Path<String>, id: Path<Uuid>) -> Answer<FileBody> {
        self.find(&ws, *id).map(|file| file.meta(*id)).into()
    }
}

impl Files {
    fn find(&self, ws: &str, id: Uuid) -> Result<StoredFile, Conflict> {
        let mut state = self.0.state();
        let file = state.workspace(ws)?.files.get(&id).filter(|file| !file.is_gone());
        file.cloned().ok_or_else(|| Conflict::new("notFound", format!("File {id} not found")))
    }
}
