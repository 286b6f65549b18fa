//! A simulated telephone exchange that speaks the generic PBX contract: it sends signed webhooks and obeys the
//! control API.

mod api;
mod call;
mod control;
mod elsewhere;
mod exchange;
mod history;
mod imagined;
mod sender;
mod serve;
mod signature;
mod sound;
mod trouble;

use std::borrow::Cow;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use poem::{EndpointExt, Route};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::AbortHandle;

pub(crate) use self::call::text;
pub use self::call::{Call, Direction, Leg, LegState, Party, Recording};
pub use self::elsewhere::Elsewhere;
use self::exchange::{Announce, NewCall, PhoneSystem};
pub use self::exchange::{PbxError, Reason};
pub use self::history::HistoryLimit;
pub use self::imagined::{Fate, Imagined};
use self::sender::Queue;
pub use self::sender::SendOptions;
pub use self::signature::sign;
pub use self::sound::Sound;
pub use self::trouble::{Trouble, TroubleKind};
use crate::faults::Faults;
use crate::http;
use crate::journal::{Journal, System};
use crate::server::{Rules, SimServer};
use crate::sync::lock;

/// How a PBX is set up.
#[derive(Debug, Clone)]
pub struct Options {
    pub send: SendOptions,
    /// The bearer token of the control API.
    pub control_token: String,
    /// The extensions there are; empty: any.
    pub extensions: Vec<String>,
    /// The company's number, of calls that do not say theirs.
    pub vats_phone: String,
    /// The offset that times are written with, in hours east of UTC.
    pub offset_hours: i32,
    /// The port; none: a free one.
    pub port: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        let send = SendOptions {
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
            retry: true,
            pause: Duration::from_millis(50),
            batch: 1,
        };
        Self {
            send,
            control_token: "pbx-control-token".to_owned(),
            extensions: Vec::new(),
            vats_phone: "79229929292".to_owned(),
            offset_hours: 3,
            port: None,
        }
    }
}

/// Events were still waiting when the deadline came.
#[derive(Debug, thiserror::Error)]
#[error("{0} events are still waiting to be accepted")]
pub struct Undelivered(usize);

/// A running PBX; dropping it stops it.
#[derive(Debug)]
pub struct Pbx {
    handle: Handle,
    server: SimServer,
    sending: AbortHandle,
}

/// What the simulator is made of, for whoever acts on it while it runs.
#[derive(Clone)]
struct Handle {
    system: Arc<Mutex<PhoneSystem>>,
    queue: Queue,
    faults: Faults,
    options: Arc<Options>,
    silent: watch::Sender<bool>,
    /// Events that are not sent: none unless they are being withheld.
    withheld: Arc<Mutex<Option<Vec<Value>>>>,
}

impl Pbx {
    /// Starts; webhooks wait until [`Pbx::connect`] says where they go.
    pub async fn start(options: Options, journal: &Journal) -> io::Result<Self> {
        let handle = Handle {
            system: Arc::new(Mutex::new(PhoneSystem::new(options.offset_hours))),
            queue: Queue::new(),
            faults: Faults::default(),
            options: Arc::new(options),
            silent: watch::Sender::new(false),
            withheld: Arc::default(),
        };
        let server = Self::serve(&handle, journal).await?;
        handle.system().recordings_url = format!("{}/recordings", server.url());
        let http = http::client().map_err(io::Error::other)?;
        let task = sender::run(handle.queue.clone(), handle.options.send.clone(), journal.clone(), http);
        Ok(Self { handle, server, sending: tokio::spawn(task).abort_handle() })
    }

    async fn serve(handle: &Handle, journal: &Journal) -> io::Result<SimServer> {
        let app = Route::new()
            .nest_no_strip("/_sim", control::routes(handle.clone()))
            .nest_no_strip("/", api::app(handle))
            .map_to_response();
        let error_inside = json!({"error": "internal", "message": "something went wrong"});
        let rules = Rules { system: System::Pbx, operation: api::operation, error_inside };
        SimServer::start(app, rules, journal.clone(), handle.faults.clone(), handle.options.port).await
    }

    /// Where webhooks go: `{server}/telephony/{workspace}/generic`. What has waited is sent at once.
    pub fn connect(&self, webhook_url: &str) {
        self.handle.queue.set_url(Some(webhook_url.to_owned()));
    }

    /// The base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The base URL of the control API.
    pub fn control_url(&self) -> String {
        format!("{}/control", self.server.url())
    }

    /// How it was set up: secrets and all.
    pub fn options(&self) -> &Options {
        &self.handle.options
    }

    /// The switchboard of the control API's failures. Operations: `calls/create`, `calls/list`, `calls/get`,
    /// `legs/delete`, `recordings/get`.
    pub fn faults(&self) -> &Faults {
        &self.handle.faults
    }

    /// Goes down (connections are refused, open ones are reset), or comes back on the same port.
    pub fn set_reachable(&self, reachable: bool) -> io::Result<()> {
        self.server.set_reachable(reachable)
    }

    /// Silent: calls go on, but no webhook tells of them and the control API never answers.
    pub fn set_silent(&self, silent: bool) {
        self.handle.silent.send_replace(silent);
    }

    /// Whether it is silent at the moment.
    pub fn is_silent(&self) -> bool {
        *self.handle.silent.borrow()
    }

    /// Webhooks get lost from now on, until they are released. Unlike a silent PBX it answers when it is asked.
    pub fn withhold(&self) {
        lock(&self.handle.withheld).get_or_insert_default();
    }

    /// What was withheld is sent after all.
    pub fn release(&self) {
        let events = lock(&self.handle.withheld).take().unwrap_or_default();
        self.handle.queue.push(events);
    }

    /// Whoever asks for the call from now on hears that there is none.
    pub fn forget(&self, call: &str) {
        self.handle.system().forget(call);
    }

    /// Waits until every event so far has been accepted (or refused for good).
    pub async fn delivered(&self, deadline: Duration) -> Result<(), Undelivered> {
        let drained = tokio::time::timeout(deadline, self.handle.queue.drained()).await;
        drained.map_err(|_| Undelivered(self.handle.queue.len()))
    }

    /// A client calls; the given extensions ring at once. Says the call's id.
    pub fn ring_in(&self, client_phone: &str, vats_phone: &str, extensions: &[&str]) -> String {
        let legs = extensions.iter().map(|extension| (Party::Client, Party::user(extension))).collect();
        self.handle.begin(NewCall {
            direction: Direction::Inbound,
            client_phone,
            vats_phone,
            request_id: None,
            legs,
        })
    }

    /// An employee dials a client from the telephone. Says the call's id.
    pub fn dial_out(&self, extension: &str, client_phone: &str) -> String {
        self.handle.dial_out(extension, client_phone, None)
    }

    /// An employee calls a colleague. Says the call's id; the client's phone is the colleague's extension.
    pub fn call_internally(&self, from: &str, to: &str) -> String {
        self.handle.call_internally(from, to)
    }

    /// A ringing leg (by id or extension) is picked up; the other ringing legs end as `cancelled`.
    pub fn answer(&self, call: &str, leg: &str) -> Result<(), PbxError> {
        self.handle.act(|system| system.answer(call, leg))
    }

    /// A talking leg is put on hold.
    pub fn hold(&self, call: &str, leg: &str) -> Result<(), PbxError> {
        self.handle.act(|system| system.hold(call, leg))
    }

    /// A held leg talks again.
    pub fn resume(&self, call: &str, leg: &str) -> Result<(), PbxError> {
        self.handle.act(|system| system.resume(call, leg))
    }

    /// The conversation goes to another extension, which rings. Says the new leg's id.
    pub fn transfer(&self, call: &str, extension: &str) -> Result<String, PbxError> {
        self.handle.act(|system| system.transfer(call, extension))
    }

    /// One leg ends, with the call when it was the last.
    pub fn drop_leg(&self, call: &str, leg: &str) -> Result<(), PbxError> {
        self.handle.act(|system| system.drop_leg(call, leg, None))
    }

    /// The call ends: legs that talked without a reason, legs that rang as `cancelled`.
    pub fn hang_up(&self, call: &str) -> Result<(), PbxError> {
        self.handle.act(|system| system.end(call, "call.finished", None))
    }

    /// Nobody picks up: everything ends as `no_answer`.
    pub fn miss(&self, call: &str) -> Result<(), PbxError> {
        self.handle.act(|system| system.end(call, "call.finished", Some("no_answer")))
    }

    /// The called side is busy: everything ends as `busy`.
    pub fn busy(&self, call: &str) -> Result<(), PbxError> {
        self.handle.act(|system| system.end(call, "call.finished", Some("busy")))
    }

    /// The call could not be placed: `call.failed`.
    pub fn fail(&self, call: &str, reason: &'static str) -> Result<(), PbxError> {
        self.handle.act(|system| system.end(call, "call.failed", Some(reason)))
    }

    /// The recording of a leg (by id or extension) is ready: `recording.ready`, and the history shows it.
    pub fn record(&self, call: &str, leg: &str, sound: impl Into<Sound>) -> Result<(), PbxError> {
        let recording = Recording::mp3(sound);
        self.handle.act(|system| system.record(call, leg, recording, Announce::Event))
    }

    /// The recording of a leg shows up in the history, and no event tells of it.
    pub fn record_unannounced(&self, call: &str, leg: &str, sound: impl Into<Sound>) -> Result<(), PbxError> {
        let recording = Recording::mp3(sound);
        self.handle.act(|system| system.record(call, leg, recording, Announce::No))
    }

    /// The urls of recordings given out so far answer 410 from now on; `GET calls/{id}` gives fresh ones.
    pub fn expire_recording_urls(&self) {
        self.handle.system().expire_recordings();
    }

    /// The same for the recording of one leg.
    pub fn expire_recording_url(&self, leg_id: &str) {
        self.handle.system().expire_recording(leg_id);
    }

    /// Something is odd about the recording of this leg from now on, behind what already is. What it was asked, with
    /// which `authorization` and `range`, is in the journal as `recordings/get`.
    pub fn trouble(&self, leg_id: &str, trouble: Trouble) {
        self.handle.system().troubles.set(leg_id, trouble);
    }

    /// The recording of this leg is served as it should be.
    pub fn heal(&self, leg_id: &str) {
        self.handle.system().troubles.heal(leg_id);
    }

    /// Puts a call into the history without telling anyone, as one that happened while nobody listened.
    pub fn import(&self, call: Call) {
        self.handle.system().import(call);
    }

    /// Adds calls to the history that nobody has to keep. They can be listed, asked for and their recordings read;
    /// they cannot change.
    pub fn imagine(&self, imagined: Imagined) {
        self.handle.system().imagine(imagined);
    }

    /// `calls/list` answers 429 beyond this limit, from now on; none: never.
    pub fn limit_history(&self, limit: Option<HistoryLimit>) {
        self.handle.system().limiter.set(limit);
    }

    /// How often `calls/list` answered 429 so far.
    pub fn history_refusals(&self) -> u64 {
        self.handle.system().limiter.refused
    }

    /// One call as it stands.
    pub fn call(&self, call: &str) -> Option<Call> {
        self.handle.system().call(call).ok().map(Cow::into_owned)
    }

    /// All calls that happened, told or not, in the order they became known.
    pub fn history(&self) -> Vec<Call> {
        self.handle.system().calls().to_vec()
    }

    /// Sends events of one's own making behind those that wait: repeated, reordered, wrong.
    pub fn send_events(&self, events: Vec<Value>) {
        self.handle.queue.push(events);
    }
}

impl Drop for Pbx {
    fn drop(&mut self) {
        self.sending.abort();
    }
}

impl Handle {
    fn system(&self) -> MutexGuard<'_, PhoneSystem> {
        lock(&self.system)
    }

    /// Changes a call and passes on what there is to tell, in one go so that the order of events is that of changes.
    fn act<T>(&self, change: impl FnOnce(&mut PhoneSystem) -> T) -> T {
        let mut system = self.system();
        let result = change(&mut system);
        let events = std::mem::take(&mut system.events);
        if let Some(withheld) = lock(&self.withheld).as_mut() {
            withheld.extend(events);
        } else if !*self.silent.borrow() {
            self.queue.push(events);
        }
        result
    }

    fn begin(&self, call: NewCall<'_>) -> String {
        self.act(|system| system.begin(call))
    }

    fn dial_out(&self, extension: &str, client_phone: &str, request_id: Option<&str>) -> String {
        let legs = vec![(Party::user(extension), Party::Client)];
        let vats_phone = &self.options.vats_phone;
        self.begin(NewCall { direction: Direction::Outbound, client_phone, vats_phone, request_id, legs })
    }

    fn call_internally(&self, from: &str, to: &str) -> String {
        let legs = vec![(Party::user(from), Party::user(to))];
        let vats_phone = &self.options.vats_phone;
        self.begin(NewCall {
            direction: Direction::Internal,
            client_phone: to,
            vats_phone,
            request_id: None,
            legs,
        })
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("waiting", &self.queue.len()).finish_non_exhaustive()
    }
}

/// The OpenAPI document of the control API, as YAML.
pub fn openapi() -> String {
    api::openapi()
}
