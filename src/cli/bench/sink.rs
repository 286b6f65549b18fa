//! `bench sink`: the remote systems, cheap enough not to be what is measured. It answers what our adapters ask, and
//! notes when each callback arrived.

mod answer;
mod arrivals;
mod client;
mod history;

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use self::answer::Answer;
pub(super) use self::arrivals::Arrival;
use self::arrivals::Arrivals;
use self::arrivals::Seen;
pub(super) use self::client::{Fault, Sink};
use self::history::History;
pub(super) use self::history::{PAGE as HISTORY_PAGE, PATH as HISTORY_PATH};
use super::http::Message;
use super::process;

/// Room for a request; those of our adapters are below a kilobyte.
const BUFFER: usize = 8 * 1024;

/// Runs until it is killed, on one thread.
#[expect(clippy::print_stdout, reason = "read by the process that started this one")]
pub(super) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?);
        let state = Arc::<Mutex<State>>::default();
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(serve(stream, Arc::clone(&state)));
        }
    })
}

/// What it knows.
#[derive(Debug, Default)]
struct State {
    arrivals: Arrivals,
    /// The part of the path after which requests are treated badly, and how.
    faults: Vec<(String, Fault)>,
    communications: u64,
    history: History,
}

/// A request.
struct Request<'a> {
    is_get: bool,
    path: &'a str,
    body: &'a [u8],
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) -> io::Result<()> {
    let (mut buffer, mut filled) = (vec![0; BUFFER], 0);
    loop {
        while let Some(message) = Message::first(&buffer[..filled]) {
            let answer = Request::read(&buffer, message)
                .map_or(Answer::NotFound, |request| locked(&state).answer(&request, process::now()));
            match answer {
                Answer::Hang => std::future::pending::<()>().await,
                Answer::Cut => return Ok(()),
                answer => stream.write_all(&answer.bytes()).await?,
            }
            buffer.copy_within(message.len()..filled, 0);
            filled -= message.len();
        }
        if filled == buffer.len() {
            buffer.resize(filled * 2, 0);
        }
        match stream.read(&mut buffer[filled..]).await? {
            0 => return Ok(()),
            read => filled += read,
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Request<'a> {
    fn read(buffer: &'a [u8], message: Message) -> Option<Self> {
        let line = buffer[..message.head].split(|byte| *byte == b'\r').next()?;
        let mut words = std::str::from_utf8(line).ok()?.split(' ');
        let (method, path) = (words.next()?, words.next()?);
        Some(Self { is_get: method == "GET", path, body: &buffer[message.head..message.len()] })
    }
}
