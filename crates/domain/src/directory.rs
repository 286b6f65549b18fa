//! The mapping of Kontur users to extensions over time, and its conflicts.

use std::fmt;

use crate::clock::Timestamp;
use crate::id::{Extension, KonturUserId, WorkonflowUserId};
use crate::instance::settings::UserMapping;

/// Who answers at which extension, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    users: Vec<UserMapping>,
}

/// A stretch of time, open at an end that is not given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// The first moment that is in it.
    pub from: Option<Timestamp>,
    /// The first moment that is not in it any more.
    pub to: Option<Timestamp>,
}

/// Mappings that cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryConflict {
    /// A call at this extension could belong to two users.
    #[error(
        "extension {extension} is given twice for the same time ({one}; {other}); at any time it belongs to one user"
    )]
    Extension {
        /// The extension.
        extension: Extension,
        /// When it is given by the mapping that stands first.
        one: Period,
        /// When it is given by the other.
        other: Period,
    },
    /// Nothing is ever in this period.
    #[error("the period is empty ({0}); valid_from has to be before valid_to")]
    Period(Period),
}

impl Directory {
    /// Takes the mappings if each can hold and no two of them contradict each other.
    pub fn new(users: Vec<UserMapping>) -> Result<Self, DirectoryConflict> {
        for (index, user) in users.iter().enumerate() {
            let other = user.period();
            if other.is_empty() {
                return Err(DirectoryConflict::Period(other));
            }
            let same_extension = users[..index].iter().filter(|one| one.extension == user.extension);
            if let Some(one) = same_extension.map(UserMapping::period).find(|one| one.overlaps(other)) {
                return Err(DirectoryConflict::Extension { extension: user.extension.clone(), one, other });
            }
        }
        Ok(Self { users })
    }

    /// All mappings, in the order given.
    pub fn users(&self) -> &[UserMapping] {
        &self.users
    }

    /// Whether nobody is mapped at all, at any time.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// The extension at which `user` is rung: the first given of those that are the user's at the time.
    pub fn extension_of(&self, user: &KonturUserId, at: Timestamp) -> Option<&Extension> {
        self.valid(at).find(|mapping| same_user(mapping, user)).map(|mapping| &mapping.extension)
    }

    /// The Kontur user at `extension` at the time.
    pub fn user_at(&self, extension: &Extension, at: Timestamp) -> Option<&KonturUserId> {
        self.mapping_at(extension, at).map(|mapping| &mapping.kontur_user_id)
    }

    /// The Workonflow user at `extension` at the time.
    pub fn workonflow_user_at(&self, extension: &Extension, at: Timestamp) -> Option<&WorkonflowUserId> {
        self.mapping_at(extension, at).and_then(|mapping| mapping.workonflow_user_id.as_ref())
    }

    fn mapping_at(&self, extension: &Extension, at: Timestamp) -> Option<&UserMapping> {
        self.valid(at).find(|mapping| mapping.extension == *extension)
    }

    fn valid(&self, at: Timestamp) -> impl Iterator<Item = &UserMapping> {
        self.users.iter().filter(move |mapping| mapping.period().contains(at))
    }
}

impl Period {
    /// Whether `at` is in it.
    pub fn contains(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    /// Whether it ends before it begins, or as it does.
    fn is_empty(self) -> bool {
        self.from.zip(self.to).is_some_and(|(from, to)| from >= to)
    }

    /// Whether a moment is in both, of which neither is empty.
    fn overlaps(self, other: Self) -> bool {
        let ends_before = |one: Self, next: Self| one.to.zip(next.from).is_some_and(|(to, from)| to <= from);
        !ends_before(self, other) && !ends_before(other, self)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (None, None) => f.write_str("always"),
            (Some(from), None) => write!(f, "from {from}"),
            (None, Some(to)) => write!(f, "until {to}"),
            (Some(from), Some(to)) => write!(f, "from {from} until {to}"),
        }
    }
}

/// GUIDs are the same in either case of letters.
fn same_user(mapping: &UserMapping, user: &KonturUserId) -> bool {
    mapping.kontur_user_id.as_str().eq_ignore_ascii_case(user.as_str())
}

#[cfg(test)]
mod tests;
