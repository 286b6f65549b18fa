//! The mapping of Kontur users to extensions, and its conflicts.

use crate::id::{Extension, KonturUserId, WorkonflowUserId};
use crate::instance::settings::UserMapping;

/// Who answers at which extension.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    users: Vec<UserMapping>,
}

/// Two mappings that cannot both hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryConflict {
    /// A call at this extension could belong to two users.
    #[error("extension {0} is given to more than one user; an extension belongs to one user")]
    Extension(Extension),
    /// A call of this user could ring at two extensions.
    #[error("user {0} has more than one extension; give one")]
    User(KonturUserId),
}

impl Directory {
    /// Takes the mappings if no two of them contradict each other.
    pub fn new(users: Vec<UserMapping>) -> Result<Self, DirectoryConflict> {
        for (index, user) in users.iter().enumerate() {
            if users[..index].iter().any(|other| other.extension == user.extension) {
                return Err(DirectoryConflict::Extension(user.extension.clone()));
            }
            if users[..index].iter().any(|other| same_user(other, &user.kontur_user_id)) {
                return Err(DirectoryConflict::User(user.kontur_user_id.clone()));
            }
        }
        Ok(Self { users })
    }

    /// All mappings, in the order given.
    pub fn users(&self) -> &[UserMapping] {
        &self.users
    }

    /// The extension at which `user` is rung.
    pub fn extension_of(&self, user: &KonturUserId) -> Option<&Extension> {
        self.users.iter().find(|mapping| same_user(mapping, user)).map(|mapping| &mapping.extension)
    }

    /// The Kontur user at `extension`.
    pub fn user_at(&self, extension: &Extension) -> Option<&KonturUserId> {
        self.at(extension).map(|mapping| &mapping.kontur_user_id)
    }

    /// The Workonflow user at `extension`.
    pub fn workonflow_user_at(&self, extension: &Extension) -> Option<&WorkonflowUserId> {
        self.at(extension).and_then(|mapping| mapping.workonflow_user_id.as_ref())
    }

    fn at(&self, extension: &Extension) -> Option<&UserMapping> {
        self.users.iter().find(|mapping| mapping.extension == *extension)
    }
}

/// GUIDs are the same in either case of letters.
fn same_user(mapping: &UserMapping, user: &KonturUserId) -> bool {
    mapping.kontur_user_id.as_str().eq_ignore_ascii_case(user.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(user: &str, extension: &str) -> UserMapping {
        UserMapping { kontur_user_id: user.into(), extension: extension.into(), workonflow_user_id: None }
    }

    #[test]
    fn finds_both_ways_and_ignores_the_case_of_guids() {
        let directory = Directory::new(vec![mapping("ab-1", "101")]).unwrap();
        assert_eq!(directory.extension_of(&"AB-1".into()), Some(&"101".into()));
        assert_eq!(directory.user_at(&"101".into()), Some(&"ab-1".into()));
        assert_eq!(directory.user_at(&"0101".into()), None);
    }

    #[test]
    fn conflicts_are_named() {
        let twice = Directory::new(vec![mapping("a", "101"), mapping("b", "101")]);
        assert_eq!(twice, Err(DirectoryConflict::Extension("101".into())));
        let two = Directory::new(vec![mapping("a", "101"), mapping("A", "102")]);
        assert_eq!(two, Err(DirectoryConflict::User("A".into())));
    }
}
