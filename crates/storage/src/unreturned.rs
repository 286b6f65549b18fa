//! Workonflow threads with a missed call that nobody returned yet.

use domain::id::InstanceId;
use domain::phone::Phone;
use domain::port::destination::UnreturnedThread;

use crate::error::StorageError;
use crate::statement::statements;
use crate::tx::Tx;

statements! {
    INSERT = "INSERT INTO unreturned_thread (instance_id, client_phone, thread_id, missed_at)
                         VALUES ($1, $2, $3, $4)
                         ON CONFLICT (instance_id, client_phone, thread_id) DO UPDATE SET missed_at = excluded.missed_at";
    DELETE = "DELETE FROM unreturned_thread
                         WHERE instance_id = $1 AND client_phone = $2 AND thread_id = $3";
    FIND = "SELECT thread_id, missed_at FROM unreturned_thread WHERE instance_id = $1 AND client_phone = $2
                  ORDER BY missed_at";
}

impl Tx<'_> {
    /// The client waits to be called back in that thread.
    pub fn insert_unreturned(
        &self,
        instance: InstanceId,
        client: &Phone,
        thread: &UnreturnedThread,
    ) -> Result<(), StorageError> {
        let parameters =
            [instance.0.into(), client.as_str().into(), (&thread.thread_id).into(), thread.missed_at.into()];
        self.put(INSERT, &parameters)?;
        Ok(())
    }

    /// The client waits no longer.
    pub fn delete_unreturned(
        &self,
        instance: InstanceId,
        client: &Phone,
        thread: &str,
    ) -> Result<(), StorageError> {
        self.put(DELETE, &[instance.0.into(), client.as_str().into(), thread.into()])?;
        Ok(())
    }

    /// Threads in which the client waits.
    pub fn unreturned(
        &self,
        instance: InstanceId,
        client: &Phone,
    ) -> Result<Vec<UnreturnedThread>, StorageError> {
        self.all(FIND, &[instance.0.into(), client.as_str().into()], |row| {
            Ok(UnreturnedThread { thread_id: row.text(0)?, missed_at: row.time(1)? })
        })
    }
}
