//! A connection to the manager interface: one task reads, anybody asks. Answers find whoever asked by their `ActionID`.

use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use domain::port::{RemoteError, RemoteErrorKind};
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::action::Action;
use super::frame::{Decoder, FrameError};
use super::login::{self, Events};
use super::message::Message;
use super::stream::{AmiStream, open};
use crate::provider::asterisk::fault;
use domain::instance::settings::AmiSettings;

/// Until the connection stands and we are in.
const CONNECT: Duration = Duration::from_secs(10);

/// Asterisk answers at once, or never.
const ANSWER: Duration = Duration::from_secs(10);

/// Pings go out while nothing else happens …
pub(in crate::provider::asterisk) const PING_EVERY: Duration = Duration::from_secs(20);

/// … so that a connection on which nothing comes for so long is dead.
const SILENCE: Duration = Duration::from_secs(45);

/// Read at once.
const CHUNK: usize = 16 * 1024;

/// The side of a connection that asks.
pub(in crate::provider::asterisk) struct Connection {
    writer: tokio::sync::Mutex<WriteHalf<Box<dyn AmiStream>>>,
    waiting: Arc<Waiting>,
}

/// The side of a connection that hears.
pub(in crate::provider::asterisk) struct Heard {
    reader: ReadHalf<Box<dyn AmiStream>>,
    decoder: Decoder,
    chunk: BytesMut,
    waiting: Arc<Waiting>,
    /// Events that came while an answer was waited for.
    early: VecDeque<Message>,
}

/// Who waits for which answer.
#[derive(Default)]
struct Waiting(Mutex<Asked>);

#[derive(Default)]
struct Asked {
    last: u64,
    by_id: HashMap<u64, oneshot::Sender<Message>>,
    /// Nobody is going to be answered any more.
    is_over: bool,
}

/// Connects and logs in.
pub(in crate::provider::asterisk) async fn connect(
    settings: &AmiSettings,
    events: Events,
) -> Result<(Connection, Heard), RemoteError> {
    let connecting = async {
        let stream = open(settings).await?;
        let (reader, writer) = tokio::io::split(stream);
        let waiting = Arc::new(Waiting::default());
        let (decoder, chunk) = (Decoder::default(), BytesMut::with_capacity(CHUNK));
        let early = VecDeque::new();
        let mut heard = Heard { reader, decoder, chunk, waiting: Arc::clone(&waiting), early };
        login::greeted(&heard.line().await?)?;
        let connection = Connection { writer: tokio::sync::Mutex::new(writer), waiting };
        let challenge = heard.answer(connection.ask("log in", &login::challenge())).await?;
        let login = login::login(&challenge, &settings.username, &settings.secret, events)?;
        let answer = heard.answer(connection.ask("log in", &login)).await?;
        if !is_success(&answer) {
            return Err(login::refused(&answer));
        }
        Ok((connection, heard))
    };
    let late =
        || fault("connect", RemoteErrorKind::Unreachable, "nobody answers there in time; check ami.address");
    timeout(CONNECT, connecting).await.unwrap_or_else(|_| Err(late()))
}

/// Whether Asterisk will do, or has done, what was asked.
pub(in crate::provider::asterisk) fn is_success(answer: &Message) -> bool {
    answer.get("Response") == Some("Success") || answer.get("Response") == Some("Goodbye")
}

impl Connection {
    /// Asks, and waits for the answer; somebody has to read meanwhile.
    pub(in crate::provider::asterisk) async fn ask(
        &self,
        operation: &'static str,
        action: &Action,
    ) -> Result<Message, RemoteError> {
        let lost = || fault(operation, RemoteErrorKind::Interrupted, "the connection to Asterisk was lost");
        let (id, answer) = self.waiting.enter().ok_or_else(lost)?;
        let _leaves = Leaves(&self.waiting, id);
        self.writer.lock().await.write_all(action.encode(id).as_bytes()).await.map_err(|_| lost())?;
        match timeout(ANSWER, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(lost()),
            Err(_) => Err(fault(operation, RemoteErrorKind::Interrupted, "Asterisk did not answer in time")),
        }
    }
}

impl Heard {
    /// The next event; answers go to whoever asked.
    pub(in crate::provider::asterisk) async fn event(&mut self) -> Result<Message, RemoteError> {
        match self.early.pop_front() {
            Some(early) => Ok(early),
            None => self.next().await,
        }
    }

    async fn next(&mut self) -> Result<Message, RemoteError> {
        loop {
            while let Some(message) = self.decoder.message().map_err(out_of_step)? {
                if message.event().is_some() {
                    return Ok(message);
                }
                self.waiting.answer(message);
            }
            self.read().await?;
        }
    }

    /// Reads until `asked` has its answer. Events that come with it are told afterwards: of a list they are the items.
    pub(in crate::provider::asterisk) async fn answer<T>(
        &mut self,
        asked: impl Future<Output = Result<T, RemoteError>>,
    ) -> Result<T, RemoteError> {
        let hearing = pin!(async {
            loop {
                match self.next().await {
                    Ok(early) => self.early.push_back(early),
                    Err(lost) => return lost,
                }
            }
        });
        match select(pin!(asked), hearing).await {
            Either::Left((answer, _)) => answer,
            // Whoever refuses a login answers, and then hangs up.
            Either::Right((lost, asked)) => asked.now_or_never().unwrap_or(Err(lost)),
        }
    }

    async fn line(&mut self) -> Result<String, RemoteError> {
        loop {
            if let Some(line) = self.decoder.line().map_err(out_of_step)? {
                return Ok(line);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), RemoteError> {
        let lost = |message: &str| fault("listen", RemoteErrorKind::Interrupted, message);
        self.chunk.clear();
        match timeout(SILENCE, self.reader.read_buf(&mut self.chunk)).await {
            Ok(Ok(0)) => Err(lost("Asterisk closed the connection")),
            Ok(Ok(_)) => {
                self.decoder.feed(&self.chunk);
                Ok(())
            }
            Ok(Err(_)) => Err(lost("the connection to Asterisk was lost")),
            Err(_) => Err(lost("nothing was heard of Asterisk for 45 s, not even an answer")),
        }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.waiting.end();
    }
}

impl Waiting {
    fn enter(&self) -> Option<(u64, oneshot::Receiver<Message>)> {
        let mut asked = self.lock();
        if asked.is_over {
            return None;
        }
        asked.last += 1;
        let (id, (sender, receiver)) = (asked.last, oneshot::channel());
        asked.by_id.insert(id, sender);
        Some((id, receiver))
    }

    fn answer(&self, answer: Message) {
        let id = answer.get("ActionID").and_then(|id| id.parse().ok());
        if let Some(asked) = id.and_then(|id: u64| self.lock().by_id.remove(&id)) {
            // Whoever asked may have gone away.
            drop(asked.send(answer));
        }
    }

    fn end(&self) {
        let mut asked = self.lock();
        asked.is_over = true;
        asked.by_id.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a question back whose answer nobody waits for any more.
struct Leaves<'a>(&'a Waiting, u64);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.lock().by_id.remove(&self.1);
    }
}

fn out_of_step(error: FrameError) -> RemoteError {
    fault("listen", RemoteErrorKind::Malformed, format!("what comes is no manager interface: {error}"))
}

#[cfg(test)]
mod tests;
