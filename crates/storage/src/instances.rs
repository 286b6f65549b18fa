//! Integration instances: settings made through the admin API, setup arguments, condition and status history, users
//! and marks (small remembered values).

use domain::clock::Timestamp;
use domain::id::{InstanceId, WorkonflowUserId, Workspace};
use domain::instance::settings::UserMapping;
use domain::instance::status::Condition;

use crate::error::StorageError;
use crate::session::{Ids, Row};
use crate::statement::statements;
use crate::tx::{Tx, json};

/// The columns that [`read`] reads.
macro_rules! columns {
    () => {
        "id, workspace, declared, settings, arguments, condition, status_since, set_up_for, deleted, revision"
    };
}

/// Where others may want to change the instance as well: what is decided by what it is stays right until the end.
const FIND_HELD: &str = concat!("SELECT ", columns!(), " FROM instance WHERE workspace = $1 FOR UPDATE");

#[cfg(test)]
pub(crate) const OF_POSTGRES: &[&str] = &[FIND_HELD];

statements! {
    INSERT = "INSERT INTO instance (workspace, declared, settings, arguments, condition, status, status_since, deleted, id)
              VALUES ($1, $2, $3, NULL, $4, $5, $6, FALSE, $7)";
    REVIVE = "UPDATE instance SET declared = $1, settings = $2, deleted = FALSE, revision = revision + 1 WHERE id = $3";
    FIND = concat!("SELECT ", columns!(), " FROM instance WHERE workspace = $1");
    GET = concat!("SELECT ", columns!(), " FROM instance WHERE id = $1");
    LIST = concat!("SELECT ", columns!(), " FROM instance WHERE NOT deleted ORDER BY workspace");
    DELETE = "UPDATE instance SET deleted = TRUE, declared = FALSE, settings = NULL, arguments = NULL, condition = $1,
                     status = $2, status_since = $3, revision = revision + 1
              WHERE id = $4";
    SET_ARGUMENTS = "UPDATE instance SET arguments = $1, set_up_for = $2, revision = revision + 1 WHERE id = $3";
    SET_UP_FOR = "UPDATE instance SET set_up_for = $1 WHERE id = $2";
    SET_CONDITION = "UPDATE instance SET condition = $1, status = $2, status_since = $3, revision = revision + 1
                     WHERE id = $4";
    TOUCH = "UPDATE instance SET revision = revision + 1 WHERE id = $1";
    REVISIONS = "SELECT id, revision FROM instance";
    INSERT_CHANGE = "INSERT INTO status_change (instance_id, at, from_status, to_status, reason, id)
                     VALUES ($1, $2, $3, $4, $5, $6)";
    CHANGES = "SELECT at, from_status, to_status, reason FROM status_change WHERE instance_id = $1
               ORDER BY id DESC LIMIT $2";
    USERS = "SELECT kontur_user_id, extension, workonflow_user_id, valid_from, valid_to FROM user_mapping
             WHERE instance_id = $1 ORDER BY position";
    DELETE_USERS = "DELETE FROM user_mapping WHERE instance_id = $1";
    INSERT_USER = "INSERT INTO user_mapping (instance_id, position, kontur_user_id, extension, workonflow_user_id,
                                             valid_from, valid_to)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SET_MARK = "INSERT INTO mark (instance_id, name, value) VALUES ($1, $2, $3)
                ON CONFLICT (instance_id, name) DO UPDATE SET value = excluded.value";
    MARK = "SELECT value FROM mark WHERE instance_id = $1 AND name = $2";
}

/// An instance as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInstance {
    /// Its row.
    pub id: InstanceId,
    /// Its workspace.
    pub workspace: Workspace,
    /// From the configuration file; else made through the admin API.
    pub declared: bool,
    /// Encrypted settings of one made through the admin API.
    pub settings: Option<Vec<u8>>,
    /// Encrypted arguments of Kontur's setup.
    pub arguments: Option<Vec<u8>>,
    /// What the status follows from.
    pub condition: Condition,
    /// When the status became what it is.
    pub status_since: Timestamp,
    /// The version that setup or upgrade last went through with.
    pub set_up_for: Option<String>,
    /// Deleted: its calls stay.
    pub deleted: bool,
    /// Grows with each change.
    pub revision: i64,
}

/// A change of status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// When.
    pub at: Timestamp,
    /// Kontur's code before.
    pub from: u8,
    /// Kontur's code after.
    pub to: u8,
    /// Why.
    pub reason: String,
}

impl Tx<'_> {
    /// Makes an instance.
    pub fn insert_instance(
        &self,
        workspace: &Workspace,
        declared: bool,
        settings: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<InstanceId, StorageError> {
        let condition = Condition::default();
        let stored = json(&condition);
        let parameters = [
            workspace.as_str().into(),
            declared.into(),
            settings.into(),
            (&stored).into(),
            i64::from(condition.status().code()).into(),
            now.into(),
        ];
        let id = InstanceId(self.insert(INSERT, Ids::Instances, parameters)?);
        self.touch(id);
        Ok(id)
    }

    /// Gives an instance that exists, or existed, its settings.
    pub fn redeclare_instance(
        &self,
        id: InstanceId,
        declared: bool,
        settings: Option<&[u8]>,
    ) -> Result<(), StorageError> {
        self.put(REVIVE, &[declared.into(), settings.into(), id.0.into()])?;
        self.touch(id);
        Ok(())
    }

    /// The instance of a workspace, deleted ones included.
    pub fn find_instance(&self, workspace: &Workspace) -> Result<Option<StoredInstance>, StorageError> {
        let find = if self.unit().is_some() { FIND_HELD } else { FIND };
        self.one(find, &[workspace.as_str().into()], read)
    }

    /// The instance of a row, deleted ones included.
    pub fn instance(&self, id: InstanceId) -> Result<Option<StoredInstance>, StorageError> {
        self.one(GET, &[id.0.into()], read)
    }

    /// Of each instance, deleted ones included, how often it was changed.
    pub fn instance_revisions(&self) -> Result<Vec<(InstanceId, i64)>, StorageError> {
        self.all(REVISIONS, &[], |row| Ok((InstanceId(row.int(0)?), row.int(1)?)))
    }

    /// All instances that are not deleted.
    pub fn list_instances(&self) -> Result<Vec<StoredInstance>, StorageError> {
        self.all(LIST, &[], read)
    }

    /// Deletes an instance with all its secrets. Its calls stay.
    pub fn delete_instance(&self, id: InstanceId, now: Timestamp) -> Result<(), StorageError> {
        let condition = Condition::default();
        let status = i64::from(condition.status().code());
        self.put(DELETE, &[(&json(&condition)).into(), status.into(), now.into(), id.0.into()])?;
        self.touch(id);
        Ok(())
    }

    /// Remembers the arguments of a setup that went through, and the version it went through with.
    pub fn set_arguments(&self, id: InstanceId, arguments: &[u8], version: &str) -> Result<(), StorageError> {
        self.put(SET_ARGUMENTS, &[arguments.into(), version.into(), id.0.into()])?;
        self.touch(id);
        Ok(())
    }

    /// Remembers the version that an upgrade went through with.
    pub fn set_up_for(&self, id: InstanceId, version: &str) -> Result<(), StorageError> {
        self.put(SET_UP_FOR, &[version.into(), id.0.into()])?;
        Ok(())
    }

    /// Stores a condition; if the status changed with it, the change is `reason`'s and goes into the history.
    pub fn set_condition(
        &self,
        before: &StoredInstance,
        after: &Condition,
        now: Timestamp,
        reason: &str,
    ) -> Result<(), StorageError> {
        let (from, to) = (before.condition.status(), after.status());
        let since = if from == to { before.status_since } else { now };
        let condition = json(after);
        let parameters = [(&condition).into(), i64::from(to.code()).into(), since.into(), before.id.0.into()];
        self.put(SET_CONDITION, &parameters)?;
        self.touch(before.id);
        if from != to {
            let (from, to) = (i64::from(from.code()), i64::from(to.code()));
            self.insert(
                INSERT_CHANGE,
                Ids::StatusChanges,
                [before.id.0.into(), now.into(), from.into(), to.into(), reason.into()],
            )?;
        }
        Ok(())
    }

    /// The latest changes of status, the latest first.
    pub fn status_changes(&self, id: InstanceId, limit: u32) -> Result<Vec<StatusChange>, StorageError> {
        let code = |row: &Row<'_>, column| row.int(column).map(|code| u8::try_from(code).unwrap_or(0));
        self.all(CHANGES, &[id.0.into(), limit.into()], |row| {
            Ok(StatusChange {
                at: row.time(0)?,
                from: code(row, 1)?,
                to: code(row, 2)?,
                reason: row.text(3)?,
            })
        })
    }

    /// The users given through the admin API.
    pub fn users(&self, id: InstanceId) -> Result<Vec<UserMapping>, StorageError> {
        self.all(USERS, &[id.0.into()], |row| {
            Ok(UserMapping {
                kontur_user_id: row.text(0)?.into(),
                extension: row.text(1)?.into(),
                workonflow_user_id: row.opt_text(2)?.map(Into::into),
                valid_from: row.opt_time(3)?,
                valid_to: row.opt_time(4)?,
            })
        })
    }

    /// Replaces the users given through the admin API.
    pub fn set_users(&self, id: InstanceId, users: &[UserMapping]) -> Result<(), StorageError> {
        self.put(TOUCH, &[id.0.into()])?;
        self.touch(id);
        self.put(DELETE_USERS, &[id.0.into()])?;
        for (position, user) in (0_i64..).zip(users) {
            let parameters = [
                id.0.into(),
                position.into(),
                user.kontur_user_id.as_str().into(),
                user.extension.as_str().into(),
                user.workonflow_user_id.as_ref().map(WorkonflowUserId::as_str).into(),
                user.valid_from.into(),
                user.valid_to.into(),
            ];
            self.put(INSERT_USER, &parameters)?;
        }
        Ok(())
    }

    /// Remembers a small value.
    pub fn set_mark(&self, id: InstanceId, name: &str, value: &str) -> Result<(), StorageError> {
        self.put(SET_MARK, &[id.0.into(), name.into(), value.into()])?;
        Ok(())
    }

    /// A remembered value.
    pub fn mark(&self, id: InstanceId, name: &str) -> Result<Option<String>, StorageError> {
        self.one(MARK, &[id.0.into(), name.into()], |row| row.text(0))
    }
}

fn read(row: &Row<'_>) -> Result<StoredInstance, StorageError> {
    Ok(StoredInstance {
        id: InstanceId(row.int(0)?),
        workspace: row.text(1)?.into(),
        declared: row.flag(2)?,
        settings: row.opt_bytes(3)?,
        arguments: row.opt_bytes(4)?,
        condition: row.json(5, "instance", "condition")?,
        status_since: row.time(6)?,
        set_up_for: row.opt_text(7)?,
        deleted: row.flag(8)?,
        revision: row.int(9)?,
    })
}
