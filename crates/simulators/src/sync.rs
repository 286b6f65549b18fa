//! Locks that outlive a panicking test: the state is plain data, valid after every statement.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also when an earlier holder panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
