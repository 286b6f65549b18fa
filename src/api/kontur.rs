//! The calls of Kontur (contract Kontur §1) in every documented spelling.

mod document;
mod echo;
mod fields;
mod refusal;

use std::sync::Arc;

use domain::id::{CommunicationId, KonturUserId, LegId};
use domain::secret::Secret;
use engine::dial::CallCommand;
use engine::happening;
use engine::instance::Instance;
use engine::sync::SyncRequest;
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Route, RouteMethod};
use serde_json::Value;

pub(super) use self::document::Document;
pub(super) use self::echo::Echo;
use self::refusal::Refusal;
use super::{ApiState, body};

const ACCESS_KEY: &str = "X-XCOM-AccessKey";

/// Parameters of paths.
const WORKSPACE: &str = "workspace";
const ID: &str = "id";

/// What Kontur asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Setup,
    Upgrade,
    Sync,
    Call,
    HangUp,
}

/// The spellings of the reference, which Kontur puts after `/api/v1/{workspace}` as well as after a base URL.
const REFERENCE: &[(&str, Command)] = &[
    ("/communications/call", Command::Call),
    ("/communications/hangup", Command::HangUp),
    ("/communications/:id/hangup", Command::HangUp),
];

/// What comes after an instance's base URL.
const UNDER_BASE_URL: &[(&str, Command)] = &[
    ("/setup", Command::Setup),
    ("/setup/upgrade", Command::Upgrade),
    ("/communications/sync", Command::Sync),
    ("/call", Command::Call),
    ("/hangup", Command::HangUp),
];

/// Every path with what is asked there. A base URL without a workspace serves all of them; whose instance is meant
/// then follows from the access key. Where the two overlap (a workspace called `setup` or `communications`) the
/// longer fixed part wins, and the key finds the same instance.
fn spellings() -> impl Iterator<Item = (String, Command)> {
    let base = ["/kontur/:workspace", "/kontur"].into_iter();
    let under_base = base.flat_map(|root| {
        UNDER_BASE_URL.iter().chain(REFERENCE).map(move |(path, command)| (root, path, *command))
    });
    let reference = REFERENCE.iter().map(|(path, command)| ("/api/v1/:workspace", path, *command));
    under_base.chain(reference).map(|(root, path, command)| (format!("{root}{path}"), command))
}

/// The endpoint of both roots. Whatever happens, the reply carries the echo.
pub(super) fn routes(state: &Arc<ApiState>) -> impl Endpoint<Output = Response> + use<> {
    let routes = spellings().fold(Route::new(), |routes, (path, command)| {
        let named = [WORKSPACE, ID].into_iter().filter(|name| path.contains(&format!(":{name}"))).collect();
        routes.at(path, RouteMethod::new().post(Handler { state: Arc::clone(state), command, named }))
    });
    routes.with(Echo)
}

/// Answers one command.
struct Handler {
    state: Arc<ApiState>,
    command: Command,
    /// The parameters of its path.
    named: Vec<&'static str>,
}

impl Endpoint for Handler {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let outcome = self.obey(&mut request).await;
        let word = outcome.as_ref().map_or_else(|refusal| refusal.word, |()| "ok");
        happening::kontur_asked(self.command.word(), word);
        Ok(match outcome {
            Ok(()) => Response::builder().content_type("application/json").body("\"OK\""),
            Err(refusal) => refusal.into_response(),
        })
    }
}

impl Handler {
    async fn obey(&self, request: &mut Request) -> Result<(), Refusal> {
        // The router leaves a part out that is no text; it must not pass for one that is not there.
        if self.named.iter().any(|name| request.raw_path_param(name).is_none()) {
            return Err(Refusal::nothing_here());
        }
        let key = request.header(ACCESS_KEY).filter(|key| !key.is_empty()).map(Secret::new);
        let engine = &self.state.engine;
        let caller = engine.authenticate(request.raw_path_param(WORKSPACE), key.as_ref()).await;
        let instance = caller.map_err(Refusal::of_caller)?;
        match self.command {
            Command::Setup => self.setup(&instance, request).await,
            Command::Upgrade => Ok(engine.upgrade(&instance).await?),
            Command::Sync => Ok(engine.begin_sync(&instance, SyncRequest::News).await.map(drop)?),
            Command::Call => self.call(&instance, request).await,
            Command::HangUp => self.hang_up(&instance, request).await,
        }
    }

    async fn setup(&self, instance: &Instance, request: &mut Request) -> Result<(), Refusal> {
        let body = body::read(request.take_body()).await?;
        let arguments: Value = if body.trim_ascii().is_empty() {
            Value::Object(serde_json::Map::new())
        } else {
            fields::json(&body)?
        };
        Ok(self.state.engine.setup(instance, &arguments).await?)
    }

    async fn call(&self, instance: &Arc<Instance>, request: &mut Request) -> Result<(), Refusal> {
        let body = fields::json(&body::read(request.take_body()).await?)?;
        let mut texts = fields::texts(fields::CALL, &body)?;
        let command = CallCommand {
            communication: CommunicationId::from(texts.required("communicationId")?),
            from: KonturUserId::from(texts.required("fromUserId")?),
            to: texts.optional("toUserId").map(KonturUserId::from),
            client_phone: texts.optional("clientPhone"),
        };
        Ok(self.state.engine.call(instance, command).await?)
    }

    async fn hang_up(&self, instance: &Instance, request: &mut Request) -> Result<(), Refusal> {
        let communication = request.raw_path_param(ID).map(fields::communication).transpose()?;
        let body = fields::json(&body::read(request.take_body()).await?)?;
        let mut texts = fields::texts(fields::HANG_UP, &body)?;
        let leg = LegId::from(texts.required("realtimeCallItemId")?);
        Ok(self.state.engine.hang_up(instance, &leg, communication.as_ref()).await?)
    }
}

impl Command {
    /// The word in metrics.
    const fn word(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Upgrade => "upgrade",
            Self::Sync => "sync",
            Self::Call => "call",
            Self::HangUp => "hangup",
        }
    }
}
