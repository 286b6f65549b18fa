//! The dispatcher: hands each lane's first delivery out, one at a time per lane, as many at once as the limits allow.
//! Whose turn it is, [`queues`] decides. It knows nothing about calls; deliveries are made in [`deliver`].

pub(crate) mod clients;
pub(crate) mod deliver;
mod lanes;
mod queue;
mod queues;
#[cfg(test)]
mod sample;

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::id::{DeliveryId, InstanceId};
use domain::outbox::DestinationKind;
use domain::outbox::breaker::Sign;
use domain::outbox::limits::Limits;
use domain::port::crash::CrashPoint;
use storage::Store;
use storage::deliveries::PendingDelivery;
use storage::error::StorageError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use deliver::Deliverer;
use lanes::Refill;
use queues::{QueueKey, Queues};

use crate::clock_watch::ClockWatch;
use crate::happening;

/// Deliveries read from the store at once when the lanes in memory run low.
const REFILL: u32 = 4_096;

/// How long to wait before the store is read again that could not be read.
const READ_AGAIN: Duration = Duration::from_millis(500);

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
    /// An administrator wants a delivery made again, as one of many.
    Replayed(PendingDelivery),
    /// A status changed: deliveries may not be held back any more.
    Wake,
    /// An instance was made: there may be deliveries from when it was here before.
    Load(InstanceId),
    /// An instance was deleted.
    Forget(InstanceId),
    /// The store was asked what a queue has that is not in memory, and answered.
    Refilled(QueueKey, Refill),
}

/// An attempt that is over.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) delivery: PendingDelivery,
    /// When to try again; none if the delivery is done with.
    pub(crate) again_at: Option<Timestamp>,
    /// When that was decided.
    pub(crate) at: Timestamp,
    /// What it says of the destination.
    pub(crate) sign: Sign,
    /// How long the destination wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

impl Settled {
    /// One that ended without the destination being asked.
    pub(crate) fn unasked(delivery: PendingDelivery, again_at: Option<Timestamp>, at: Timestamp) -> Self {
        Self { delivery, again_at, at, sign: Sign::Silent, retry_after: None }
    }
}

/// What is to be done about a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is sent.
    Attempt,
    /// Its destination is away, and its time has run out: it ends without being sent.
    End,
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

/// Runs until `stop`; deliveries under way are in `tasks`.
pub(crate) struct Dispatcher {
    store: Store,
    clock: Arc<dyn Clock>,
    deliverer: Arc<Deliverer>,
    commands: mpsc::UnboundedReceiver<Command>,
    tasks: TaskTracker,
    stop: CancellationToken,
    queues: Queues,
    watch: ClockWatch,
}

impl Dispatcher {
    /// A dispatcher of what `deliverer` delivers, told what happens by `commands`.
    pub(crate) fn new(
        deliverer: Deliverer,
        limits: Limits,
        commands: mpsc::UnboundedReceiver<Command>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (store, clock) = (deliverer.store.clone(), Arc::clone(&deliverer.clock));
        let queues = Queues::new(limits, deliverer.schedule.clone());
        Self {
            store,
            clock,
            deliverer: Arc::new(deliverer),
            commands,
            tasks,
            stop,
            queues,
            watch: ClockWatch::default(),
        }
    }

    /// Finds out who has something pending in the store. What was due may have been sent by the process before this
    /// one: it is suspect.
    pub(crate) async fn recover(&mut self) -> Result<(), StorageError> {
        let now = self.clock.now();
        self.store.write(|tx| tx.suspect_deliveries()).await?;
        self.deliverer.crash_points.pass(CrashPoint::Recovering);
        for key in self.store.read(|tx| tx.pending_destinations()).await? {
            self.queues.load(key, now);
        }
        Ok(())
    }

    /// The dispatcher's life.
    pub(crate) async fn run(mut self) {
        loop {
            self.refill();
            self.hand_out();
            let wait = self.queues.next_due().map_or(IDLE, |at| at.since(self.clock.now()).min(IDLE));
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                command = self.commands.recv() => match command {
                    Some(command) => self.take_all(command),
                    None => break,
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn take_all(&mut self, first: Command) {
        self.take(first);
        while let Ok(next) = self.commands.try_recv() {
            self.take(next);
        }
    }

    fn take(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Planned(planned) => {
                for delivery in planned {
                    self.queues.push(delivery, now);
                }
            }
            Command::Settled(settled) => self.settle(settled, now),
            Command::Revived(delivery) => self.queues.revive(delivery, true, now),
            Command::Replayed(delivery) => self.queues.revive(delivery, false, now),
            Command::Wake => self.queues.wake(now),
            Command::Load(instance) => {
                for destination in DestinationKind::ALL {
                    self.queues.load((instance, destination), now);
                }
            }
            Command::Forget(instance) => self.queues.forget(instance),
            Command::Refilled(key, answer) => self.queues.refill(key, answer, now),
        }
    }

    /// The present. A clock that was set back takes along whatever waits.
    fn now(&mut self) -> Timestamp {
        let now = self.clock.now();
        let set_back = self.watch.set_back(now);
        if set_back > Duration::ZERO {
            self.queues.bring_forward(set_back, now);
        }
        now
    }

    fn settle(&mut self, settled: Settled, now: Timestamp) {
        let (instance, destination) = (settled.delivery.instance, settled.delivery.destination);
        let change = self.queues.settle(settled, now, self.deliverer.chance.fraction());
        if let (Some(change), Some(instance)) = (change, self.deliverer.instances.get(instance)) {
            happening::destination_changed(&instance.workspace, destination, change);
        }
    }

    fn hand_out(&mut self) {
        let now = self.now();
        while let Some((delivery, turn)) = self.queues.next(now, |instance| self.deliverer.holds(instance)) {
            let deliverer = Arc::clone(&self.deliverer);
            self.tasks.spawn(async move { deliverer.deliver(delivery, turn).await });
        }
    }

    /// Asks the store for whatever there is room for. Nobody waits for the answer: reading a long backlog takes time.
    fn refill(&mut self) {
        for (key, after) in self.queues.ask() {
            let (store, outbox) = (self.store.clone(), self.deliverer.outbox.clone());
            let reading = read_pending(store, outbox, key, after);
            let stop = self.stop.clone();
            self.tasks.spawn(async move { stop.run_until_cancelled_owned(reading).await });
        }
    }
}

/// Reads what a queue has after a row and tells the dispatcher, however long the store takes.
async fn read_pending(store: Store, outbox: Outbox, key: QueueKey, after: DeliveryId) {
    loop {
        match store.read(move |tx| tx.pending_deliveries(key.0, key.1, after, REFILL)).await {
            Ok(pending) => {
                return outbox.tell(Command::Refilled(key, Refill { after, limit: REFILL, pending }));
            }
            Err(StorageError::Closed) => return,
            Err(error) => {
                tracing::error!(%error, "pending deliveries cannot be read; trying again");
                tokio::time::sleep(READ_AGAIN).await;
            }
        }
    }
}
