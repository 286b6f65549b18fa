//! The dispatcher: hands each lane's first delivery out, one at a time per lane, as many lanes at once as a
//! destination's limit allows. It knows nothing about calls; deliveries are made in [`deliver`].

pub(crate) mod deliver;
mod lanes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::id::{DeliveryId, InstanceId};
use domain::outbox::DestinationKind;
use domain::port::crash::CrashPoint;
use storage::Store;
use storage::deliveries::PendingDelivery;
use storage::error::StorageError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use deliver::Deliverer;
use lanes::Lanes;

/// Deliveries of one destination of one workspace that may be under way at once.
const IN_FLIGHT: usize = 64;

/// Deliveries read from the store at once when the lanes in memory run low.
const REFILL: u32 = 4_096;

/// How long the dispatcher sleeps when nothing is due.
const IDLE: Duration = Duration::from_mins(1);

/// What the dispatcher is told.
#[derive(Debug)]
pub(crate) enum Command {
    /// Deliveries were planned and are durable.
    Planned(Vec<PendingDelivery>),
    /// An attempt is over and its outcome durable.
    Settled(Settled),
    /// An administrator wants a delivery made now.
    Revived(PendingDelivery),
    /// A status changed: deliveries may not be held back any more.
    Wake,
    /// An instance was made: there may be deliveries from when it was here before.
    Load(InstanceId),
    /// An instance was deleted.
    Forget(InstanceId),
}

/// An attempt that is over.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) delivery: PendingDelivery,
    /// When to try again; none if the delivery is done with.
    pub(crate) again_at: Option<Timestamp>,
}

/// The way to the dispatcher. Never blocks, so that a commit's hook can use it.
#[derive(Clone)]
pub(crate) struct Outbox(mpsc::UnboundedSender<Command>);

impl Outbox {
    /// A way to a dispatcher and what the dispatcher reads.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Command>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Tells the dispatcher. Without effect once it has ended: what is stored is found again at the next start.
    pub(crate) fn tell(&self, command: Command) {
        drop(self.0.send(command));
    }
}

type QueueKey = (InstanceId, DestinationKind);

/// Runs until `stop`; deliveries under way are in `tasks`.
pub(crate) struct Dispatcher {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) deliverer: Arc<Deliverer>,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    /// In an order of their own, so that the same news leads to the same deliveries.
    pub(crate) queues: BTreeMap<QueueKey, Lanes>,
}

impl Dispatcher {
    /// Fills the lanes with what is pending in the store. What was due may have been sent by the process before this
    /// one: it is suspect.
    pub(crate) async fn recover(&mut self) -> Result<(), StorageError> {
        let now = self.clock.now();
        self.store.write(move |tx| tx.suspect_deliveries(now)).await?;
        self.deliverer.crash_points.pass(CrashPoint::Recovering);
        for key in self.store.read(|tx| tx.pending_destinations()).await? {
            self.queues.insert(key, Lanes::behind());
            self.refill(key).await?;
        }
        Ok(())
    }

    /// The dispatcher's life.
    pub(crate) async fn run(mut self) {
        loop {
            self.hand_out();
            let wait = self.next_due().map_or(IDLE, |at| at.since(self.clock.now()).min(IDLE));
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                command = self.commands.recv() => match command {
                    Some(command) => self.take_all(command).await,
                    None => break,
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn take_all(&mut self, first: Command) {
        self.take(first);
        while let Ok(next) = self.commands.try_recv() {
            self.take(next);
        }
        let hungry: Vec<_> =
            self.queues.iter().filter(|(_, lanes)| lanes.wants_refill()).map(|(key, _)| *key).collect();
        for key in hungry {
            if let Err(error) = self.refill(key).await {
                tracing::error!(%error, "pending deliveries cannot be read; trying again with the next change");
            }
        }
    }

    fn take(&mut self, command: Command) {
        let now = self.clock.now();
        match command {
            Command::Planned(planned) => {
                for delivery in planned {
                    self.lanes(&delivery).push(delivery, now);
                }
            }
            Command::Settled(settled) => {
                self.lanes(&settled.delivery).settle(&settled.delivery, settled.again_at, now);
            }
            Command::Revived(delivery) => self.lanes(&delivery).revive(delivery, now),
            // Whoever waits for it is looked at after every command.
            Command::Wake => {}
            Command::Load(instance) => {
                for destination in DestinationKind::ALL {
                    self.queues.entry((instance, destination)).or_insert_with(Lanes::behind);
                }
            }
            Command::Forget(instance) => self.queues.retain(|(owner, _), _| *owner != instance),
        }
    }

    fn lanes(&mut self, delivery: &PendingDelivery) -> &mut Lanes {
        self.queues.entry((delivery.instance, delivery.destination)).or_insert_with(Lanes::behind)
    }

    fn hand_out(&mut self) {
        let now = self.clock.now();
        for (key, lanes) in &mut self.queues {
            // Of thousands of workspaces most have nothing to tell: only the others are asked for their status.
            if lanes.next_due(IN_FLIGHT).is_none_or(|at| at > now) || self.deliverer.holds(key.0) {
                continue;
            }
            while let Some(delivery) = lanes.next(now, IN_FLIGHT) {
                let deliverer = Arc::clone(&self.deliverer);
                self.tasks.spawn(async move { deliverer.deliver(delivery).await });
            }
        }
    }

    fn next_due(&self) -> Option<Timestamp> {
        let due = self.queues.iter().filter_map(|(key, lanes)| Some((key.0, lanes.next_due(IN_FLIGHT)?)));
        due.filter(|(instance, _)| !self.deliverer.holds(*instance)).map(|(_, at)| at).min()
    }

    async fn refill(&mut self, key: QueueKey) -> Result<(), StorageError> {
        let Some(after) = self.queues.get(&key).map(Lanes::last_known) else { return Ok(()) };
        let pending = self.store.read(move |tx| tx.pending_deliveries(key.0, key.1, after, REFILL)).await?;
        let now = self.clock.now();
        if let Some(lanes) = self.queues.get_mut(&key) {
            lanes.refill(pending, REFILL, now);
        }
        Ok(())
    }
}

/// Before any row.
pub(crate) const START: DeliveryId = DeliveryId(0);
