//! The remote systems as the engine reaches them: exchanges that take time and go wrong, and a note of each attempt.

mod kontur;
mod others;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::clock::{Clock, Timestamp};
use domain::id::ExternalId;
use domain::instance::settings::InstanceSettings;
use domain::outbox::{DestinationKind, Notice, Outcome};
use domain::phone::Phone;
use domain::port::RemoteError;
use domain::port::destination::{Delivery, Destination, Report};
use domain::secret::Secret;
use engine::instance::{Connect, Connections};
use testkit::{FakeConnect, FakeCrm, FakeProvider, FakeRecordings};

use super::coverage::Class;
use super::trouble::Trouble;
use super::world::{Lane, World};

/// A client waits so long for an answer.
const TIME_OUT: Duration = Duration::from_secs(20);

/// An attempt at a delivery, as its destination saw it.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) lane: Lane,
    pub(super) client: Phone,
    pub(super) notice: Notice,
    /// Which process made it.
    pub(super) life: u32,
    /// By the clock on the wall.
    pub(super) began: Timestamp,
    pub(super) ended: Option<Timestamp>,
    /// Both by the time that passed since the schedule began.
    pub(super) began_after: Duration,
    pub(super) ended_after: Duration,
    /// Whether the destination did what it was told, or had done it before.
    pub(super) acted: bool,
    /// None if it was cut off by the end of its process.
    pub(super) outcome: Option<Outcome>,
    pub(super) unauthorized: bool,
    /// Whether the destination failed, rather than refuse this.
    failed: bool,
    /// So often had it failed this office and this process before.
    pub(super) failures_before: usize,
}

/// Connects each office to its remote systems.
pub(super) struct Network {
    pub(super) world: Arc<World>,
    provider: Arc<FakeProvider>,
    crm: Arc<FakeCrm>,
}

impl Network {
    pub(super) fn new(world: &Arc<World>) -> Self {
        Self { world: Arc::clone(world), provider: Arc::default(), crm: Arc::default() }
    }
}

impl Connect for Network {
    fn connect(&self, settings: &InstanceSettings) -> Result<Connections, String> {
        let offices = &self.world.scenario.offices;
        let number = offices.iter().position(|office| office.workspace == settings.workspace.as_str());
        let office = number.ok_or("no such office")?;
        let mut destinations: BTreeMap<_, Arc<dyn Destination>> = BTreeMap::new();
        for kind in DestinationKind::ALL {
            let wanted = match kind {
                DestinationKind::Kontur => true,
                DestinationKind::Workonflow => settings.workonflow.is_some(),
                DestinationKind::Metabot => settings.metabot.is_some(),
            };
            if wanted {
                destinations.insert(kind, Arc::new(Remote { world: Arc::clone(&self.world), office, kind }));
            }
        }
        let provider = Arc::clone(&self.provider) as _;
        let (crm, recordings) = (Arc::clone(&self.crm) as _, Arc::<FakeRecordings>::default() as _);
        Ok(Connections { provider, crm, recordings, destinations })
    }

    fn parse(&self, json: &Secret) -> Result<InstanceSettings, String> {
        FakeConnect::default().parse(json)
    }
}

/// One remote system of one office.
struct Remote {
    world: Arc<World>,
    office: usize,
    kind: DestinationKind,
}

#[async_trait]
impl Destination for Remote {
    fn kind(&self) -> DestinationKind {
        self.kind
    }

    fn serialises_by_client(&self) -> bool {
        self.kind == DestinationKind::Workonflow
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Report {
        let visit = Visit::begin(self, delivery);
        let report = match self.kind {
            DestinationKind::Kontur => self.tell_kontur(delivery, &visit).await,
            DestinationKind::Workonflow => self.comment(delivery, &visit).await,
            DestinationKind::Metabot => self.start_job(delivery, &visit).await,
        };
        visit.end(&report);
        report
    }

    async fn check(&self) -> Result<(), RemoteError> {
        Ok(())
    }
}

impl Remote {
    /// A request and its answer, as it goes now.
    async fn exchange<T>(&self, operation: &'static str, act: impl FnOnce() -> T) -> Result<T, RemoteError> {
        let (world, office) = (&*self.world, &self.world.scenario.offices[self.office]);
        let dice = &*world.dice;
        tokio::time::sleep(office.takes(self.kind, dice)).await;
        let trouble = office.trouble(self.kind, world.time.passed(), dice);
        let Some(trouble) = trouble else {
            let answer = act();
            tokio::time::sleep(office.takes(self.kind, dice)).await;
            return Ok(answer);
        };
        if trouble == Trouble::Silent {
            tokio::time::sleep(dice.millis(0, 19_000)).await;
        }
        let acts = trouble.may_act() && dice.chance(60);
        world.tell(|| format!("{} {operation}: {trouble:?}, acted: {acts}", self.kind));
        if acts {
            act();
        }
        let rest = if trouble == Trouble::Silent { TIME_OUT } else { office.takes(self.kind, dice) };
        tokio::time::sleep(rest).await;
        Err(trouble.error(self.kind.word(), operation))
    }

    /// Whether this destination finds the call wrong, whatever is said of it.
    fn refuses(&self, call: &ExternalId) -> bool {
        self.kind == DestinationKind::Kontur
            && self.world.scenario.offices[self.office].refused.iter().any(|name| name == call.as_str())
    }
}

/// What the adapters make of an exchange that went wrong.
fn failed(error: &RemoteError) -> Report {
    Report {
        status: error.status,
        credentials_refused: error.status == Some(401),
        sign: error.kind.into(),
        ..Report::new(Outcome::from(error))
    }
}

/// An attempt under way. Dropped before its end it was cut off: its process died.
struct Visit<'a> {
    world: &'a World,
    number: usize,
}

impl<'a> Visit<'a> {
    fn begin(remote: &'a Remote, delivery: &Delivery<'_>) -> Self {
        let world = &*remote.world;
        let lane = (remote.office, remote.kind, delivery.external_id.clone());
        let client = delivery.call.client_phone();
        let name = format!("{} {} {}", delivery.external_id, remote.kind, delivery.notice.word());
        world.tell(|| format!("{name}: attempt{}", if delivery.suspect { ", in doubt" } else { "" }));
        let (began, began_after, life) = (world.time.now(), world.time.passed(), world.lives());
        let number = world.attempts(|attempts| {
            let under_way = attempts.iter().filter(|other| other.ended.is_none() && other.life == life);
            let collides = under_way.filter(|other| {
                let same_client = remote.kind == DestinationKind::Workonflow && other.client == client;
                other.lane == lane || same_client && (other.lane.0, other.lane.1) == (lane.0, lane.1)
            });
            let collisions = collides.count();
            let notice = delivery.notice.clone();
            let same = |other: &&Attempt| (other.lane.0, other.lane.1, other.life) == (lane.0, lane.1, life);
            let failures_before = attempts.iter().filter(same).filter(|other| other.failed).count();
            let attempt = Attempt {
                lane,
                client,
                notice,
                life,
                began,
                ended: None,
                began_after,
                ended_after: began_after,
                acted: false,
                outcome: None,
                unauthorized: false,
                failed: false,
                failures_before,
            };
            attempts.push(attempt);
            if collisions > 0 { Err(attempts.len() - 1) } else { Ok(attempts.len() - 1) }
        });
        if number.is_err() {
            world.violation(format!("{name}: another of its lane or client is under way"));
        }
        Self { world, number: number.unwrap_or_else(|number| number) }
    }

    fn change(&self, change: impl FnOnce(&mut Attempt)) {
        self.world.attempts(|attempts| change(&mut attempts[self.number]));
    }

    /// The destination did what it was told, or had done so.
    fn acted(&self) {
        self.change(|attempt| attempt.acted = true);
    }

    fn end(self, report: &Report) {
        let (now, ended_after) = (self.world.time.now(), self.world.time.passed());
        self.world.tell(|| format!("  attempt {}: {:?}", self.number, report.outcome));
        self.change(|attempt| {
            attempt.failed = report.sign.is_ill();
            attempt.ended = Some(now);
            attempt.ended_after = ended_after;
            attempt.outcome = Some(report.outcome.clone());
            attempt.unauthorized = report.credentials_refused;
        });
        self.world.cover(match &report.outcome {
            Outcome::Delivered => Class::Delivered,
            Outcome::Dead { .. } | Outcome::Skipped { .. } => Class::Dead,
            Outcome::Retry { ambiguous: true, .. } => Class::Ambiguous,
            Outcome::Retry { retry_after: Some(_), .. } => Class::RetryAfter,
            Outcome::Retry { .. } if report.credentials_refused => Class::Unauthorized,
            Outcome::Retry { .. } => Class::Retry,
        });
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let cut_off = self.world.attempts(|attempts| attempts[self.number].ended.is_none());
        if cut_off {
            self.world.tell(|| format!("  attempt {}: cut off", self.number));
            self.world.cover(Class::CutOff);
        }
    }
}
