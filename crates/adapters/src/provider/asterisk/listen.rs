//! Holds the connection to the manager interface and tells what is heard. One task reads, so that Asterisk never waits for
//! us; what was read is understood in turn.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::port::provider::Ear;
use domain::port::{RemoteError, RemoteErrorKind};
use tokio::sync::mpsc;

use super::ami::action::Action;
use super::ami::connection::{Connection, Heard, PING_EVERY, connect, is_success};
use super::ami::login::Events;
use super::ami::message::Message;
use super::{Asterisk, Shared, fault, recordings};

/// Messages that wait to be understood. An Asterisk of a thousand calls at once sends as many in some seconds; whoever is
/// further behind begins anew, with a listing.
const BACKLOG: usize = 65_536;

/// Messages understood at once: what they tell is stored in one change.
const AT_ONCE: usize = 256;

/// The variable that holds the file that a conversation is recorded to.
const FILE: &str = "MIXMONITOR_FILENAME";

/// A message with when it was heard.
type Timed = (Message, Timestamp);

impl Asterisk {
    /// Connects, and tells `ear` what happens until the connection is lost; gives why.
    pub(super) async fn hold_connection(&self, ear: &dyn Ear) -> RemoteError {
        match self.listen_until_lost(ear).await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn listen_until_lost(&self, ear: &dyn Ear) -> Result<Infallible, RemoteError> {
        let (connection, heard) = connect(&self.settings.ami, Events::On).await?;
        let connection = Arc::new(connection);
        let _stands = Stands::new(&self.shared, &connection);
        let (sender, receiver) = mpsc::channel(BACKLOG);
        // What was read before the connection was lost is told all the same.
        let told = async { tokio::join!(self.read(heard, sender), self.tell(receiver, ear, &connection)).0 };
        tokio::select! {
            lost = told => lost,
            lost = ping(&connection) => lost,
            lost = self.list(&connection, ear) => lost,
        }
    }

    async fn read(&self, mut heard: Heard, sender: mpsc::Sender<Timed>) -> Result<Infallible, RemoteError> {
        loop {
            let message = heard.event().await?;
            sender.try_send((message, self.clock.now())).map_err(|_| {
                fault(
                    "listen",
                    RemoteErrorKind::RateLimited,
                    "more was told than could be stored; beginning anew",
                )
            })?;
        }
    }

    /// Asks what is there already. Whoever may not ask hears what happens from now on.
    async fn list(&self, connection: &Connection, ear: &dyn Ear) -> Result<Infallible, RemoteError> {
        self.shared.observer().begin_listing();
        let answer = connection.ask("list channels", &Action::new("CoreShowChannels")).await?;
        if !is_success(&answer) {
            tracing::warn!(
                provider = super::NAME,
                "Asterisk does not list its channels; give the manager the class reporting in its write line"
            );
            ear.listening().await;
        }
        std::future::pending().await
    }

    async fn tell(&self, mut receiver: mpsc::Receiver<Timed>, ear: &dyn Ear, connection: &Arc<Connection>) {
        let mut batch = Vec::with_capacity(AT_ONCE);
        while receiver.recv_many(&mut batch, AT_ONCE).await > 0 {
            let (mut raw, mut events) = (String::new(), Vec::new());
            for (message, heard_at) in &batch {
                let told = self.shared.observer().take(message, *heard_at);
                if !told.is_empty() {
                    raw.push_str(&message.to_string());
                    events.extend(told);
                }
            }
            if !events.is_empty() {
                ear.hear(raw, events).await;
            }
            for (message, _) in batch.drain(..) {
                match message.event() {
                    Some("CoreShowChannelsComplete") => ear.listening().await,
                    Some("MixMonitorStart") => self.find_file(&message, connection),
                    _ => {}
                }
            }
        }
    }

    /// Asks which file a channel is recorded to; the answer is needed when its call is over.
    fn find_file(&self, message: &Message, connection: &Arc<Connection>) {
        let (Some(id), Some(name)) = (message.get("Uniqueid"), message.get("Channel")) else { return };
        if self.settings.recordings.is_none() {
            return;
        }
        let (id, shared, connection) = (id.to_owned(), Arc::clone(&self.shared), Arc::clone(connection));
        let ask = Action::new("Getvar").with("Channel", name).with("Variable", FILE);
        tokio::spawn(async move {
            let answer = connection.ask("find recording", &ask).await.ok();
            let url = answer.as_ref().and_then(|answer| answer.get("Value")).and_then(recordings::url_of);
            if let Some(url) = url {
                shared.observer().recorded(&id, url);
            }
        });
    }
}

/// A connection over which nothing comes may be dead: a question shows it.
async fn ping(connection: &Connection) -> Result<Infallible, RemoteError> {
    loop {
        tokio::time::sleep(PING_EVERY).await;
        connection.ask("listen", &Action::new("Ping")).await?;
    }
}

/// Lets others use the connection while it stands.
struct Stands<'a>(&'a Shared);

impl<'a> Stands<'a> {
    fn new(shared: &'a Shared, connection: &Arc<Connection>) -> Self {
        *shared.connection() = Some(Arc::clone(connection));
        Self(shared)
    }
}

impl Drop for Stands<'_> {
    fn drop(&mut self) {
        *self.0.connection() = None;
    }
}

/// How long the employee's phone rings before a call from Kontur is given up.
pub(super) const RING_FOR: Duration = Duration::from_secs(30);
