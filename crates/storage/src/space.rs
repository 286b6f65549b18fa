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
        let found = self.one(PAGES, &[], |row| {
            Ok(Space {
                pages: number(row.int(0)?),
                free_pages: number(row.int(1)?),
                page_bytes: number(row.int(2)?),
            })
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Cuts so many free pages off the file; pages from its end take their places. The file itself shrinks with
    /// [`Store::shrink`], or when enough other changes follow.
    pub fn give_back(&self, pages: u64) -> Result<(), StorageError> {
        self.ask_rows(GIVE_BACK, pages)
    }
}
