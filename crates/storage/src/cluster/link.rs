//! The connection on which a replica says that it is alive, and on which all hear each other.

use std::future::poll_fn;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Statement};

use crate::error::StorageError;
use crate::postgres::{Address, SETTINGS};

/// Where replicas talk.
const LISTEN: &str = "LISTEN kontur_telephony";

/// What a crash takes away is found by looking: nobody waits for the disk.
const NOTIFY: &str =
    "SELECT set_config('synchronous_commit', 'off', true), pg_notify('kontur_telephony', $1)";

/// A connection; it ends when this is dropped.
pub(super) struct Link {
    client: Client,
    notify: Statement,
    heard: mpsc::UnboundedReceiver<String>,
    _driver: Driver,
}

/// What drives a connection; it ends when this is dropped.
struct Driver(JoinHandle<()>);

impl Link {
    pub(super) async fn open(address: &Address) -> Result<Self, StorageError> {
        let (client, mut connection) = address.open().await?;
        let (ear, heard) = mpsc::unbounded_channel();
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(told) = message {
                    drop(ear.send(told.payload().to_owned()));
                }
            }
        });
        let driver = Driver(driver);
        client.batch_execute(SETTINGS).await?;
        client.batch_execute(LISTEN).await?;
        let notify = client.prepare(NOTIFY).await?;
        Ok(Self { client, notify, heard, _driver: driver })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The next message; none once the connection is closed.
    pub(super) async fn heard(&mut self) -> Option<String> {
        self.heard.recv().await
    }

    pub(super) async fn tell(&self, payload: &str) -> Result<(), StorageError> {
        self.client.execute(&self.notify, &[&payload]).await?;
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}
