//! A database in PostgreSQL: whether `serve` can work with it.

use storage::error::StorageError;
use storage::{Address, Place, Store, StoreOptions};

use super::{Check, Subject};

/// Opens it as `serve` does.
pub(in crate::cli::doctor) fn look(address: &Address) -> Result<Store, StorageError> {
    Store::open(&StoreOptions::in_place(Place::Postgres(address.clone())))
}

/// The row of the database; `trouble` is why it cannot be worked with.
pub(in crate::cli::doctor) fn judge(address: &Address, trouble: Option<&StorageError>) -> Check {
    let subject = Subject::new("database", address.to_string());
    match trouble {
        None => subject.green("PostgreSQL answers, can be written to and is up to date"),
        Some(StorageError::Newer(migration)) => subject.red(
            format!("was made by a newer version (it has the migration {migration})"),
            "run that newer version again, or change database_url to a database of this version",
        ),
        Some(StorageError::Away(why)) => subject.red(
            format!("does not answer: {why}"),
            "start PostgreSQL, or let this machine's addresses in (listen_addresses, pg_hba.conf), or mend database_url",
        ),
        Some(StorageError::HalfCopied) => subject.red(
            "is the beginning of a copy",
            "run `kontur-telephony database copy` again, or change database_url back",
        ),
        Some(StorageError::Full) => subject.red("its disk is full", "make room on the disk of PostgreSQL"),
        Some(other) => subject.red(
            format!("cannot be worked with: {other}"),
            "mend user, password and database name in database_url; the user has to own the database",
        ),
    }
}

#[cfg(test)]
mod tests {
    use domain::secret::Secret;

    use super::*;
    use crate::cli::doctor::check::State;

    #[test]
    fn the_row_names_what_is_wrong_and_no_password() {
        let address = Address::parse(&Secret::new("postgres://me:hush@db.example:5433/calls")).unwrap();
        let row = judge(&address, Some(&StorageError::Away("connection refused".to_owned())));
        assert_eq!((row.target.as_str(), row.state), ("db.example:5433/calls", State::Red));
        assert!(row.found.contains("refused") && !format!("{row:?}").contains("hush"), "{row:?}");
        assert_eq!(judge(&address, None).state, State::Green);
    }

    #[test]
    fn nobody_answering_is_red() {
        let address = Address::parse(&Secret::new("postgres://me:hush@127.0.0.1:1/calls")).unwrap();
        let trouble = look(&address).err();
        assert!(matches!(trouble, Some(StorageError::Away(_))), "{trouble:?}");
    }
}
