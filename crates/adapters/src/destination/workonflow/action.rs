//! The actions of the API that are used here (contract Workonflow §2).

/// One action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    ContactRead,
    ContactCreate,
    ThreadRead,
    ThreadCreate,
    ThreadStatus,
    ThreadPriority,
    CommentRead,
    CommentCreate,
    StatusRead,
    FileAnnounce,
    FileRead,
}

impl Action {
    /// As it stands in the URL.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ContactRead => "contact/read",
            Self::ContactCreate => "contact/create",
            Self::ThreadRead => "thread/read",
            Self::ThreadCreate => "thread/create",
            Self::ThreadStatus => "thread.status",
            Self::ThreadPriority => "thread.fields.priority",
            Self::CommentRead => "comment/read",
            Self::CommentCreate => "comment/create",
            Self::StatusRead => "stream.status/read",
            Self::FileAnnounce => "file/put.url",
            Self::FileRead => "file/read",
        }
    }

    /// Whether it changes nothing there.
    pub(super) const fn only_reads(self) -> bool {
        matches!(
            self,
            Self::ContactRead | Self::ThreadRead | Self::CommentRead | Self::StatusRead | Self::FileRead
        )
    }
}
