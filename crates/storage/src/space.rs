//! How large the database is, and giving space back to the system in small steps.

#[cfg(doc)]
use crate::Store;
use crate::error::StorageError;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    PAGES = "SELECT page_count, freelist_count, page_size
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    /// Each row that is asked for is a page's work.
    GIVE_BACK = "PRAGMA incremental_vacuum";
}

/// The same of PostgreSQL, which uses free pages again by itself and does not say how many there are.
const POSTGRES_PAGES: &str = "SELECT pg_database_size(current_database()) / 8192, 0, 8192";

/// The size of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Space {
    /// Pages of the file.
    pub pages: u64,
    /// Of them, those that hold nothing and are used next.
    pub free_pages: u64,
    /// Bytes of a page.
    pub page_bytes: u64,
}

impl Space {
    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.pages.saturating_mul(self.page_bytes)
    }

    /// Of them, those that hold nothing.
    pub fn free_bytes(&self) -> u64 {
        self.free_pages.saturating_mul(self.page_bytes)
    }
}

impl Tx<'_> {
    /// The size of the database.
    pub fn space(&self) -> Result<Space, StorageError> {
        let number = |count: i64| u64::try_from(count).unwrap_or(0);
        let question = if self.is_postgres() { POSTGRES_PAGES } else { PAGES };
        let found = self.one(question, &[], |row| {
            Ok(Space {
                pages: number(row.int(0)?),
                free_pages: number(row.int(1)?),
                page_bytes: number(row.int(2)?),
            })
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Cuts so many free pages off the file; pages from its end take their places. The file itself shrinks with
    /// [`Store::shrink`], or when enough other changes follow. PostgreSQL does that itself.
    pub fn give_back(&self, pages: u64) -> Result<(), StorageError> {
        if self.is_postgres() { Ok(()) } else { self.ask_rows(GIVE_BACK, pages) }
    }
}
