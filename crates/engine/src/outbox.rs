//! The dispatcher: hands each lane's first delivery out, one at a time per lane, as many at once as the limits allow.
//! Whose turn it is, [`queues`] decides. It knows nothing about calls; deliveries are made in [`deliver`].

pub(crate) mod clients;
pub(crate) mod deliver;
mod lanes;
mod queue;
mod queues;
mod reads;
#[cfg(test)]
mod sample;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::id::{CallId, DeliveryId, InstanceId};
use domain::outbox::DestinationKind;
use domain::outbox::breaker::Sign;
use domain::outbox::limits::Limits;
use domain::port::crash::CrashPoint;
use storage::calls::Knowledge;
use storage::deliveries::PendingDelivery;
use storage::error::StorageError;
use storage::{Store, Tx};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use deliver::Deliverer;
use lanes::{Pushed, Refill};
pub(crate) use queues::QueueKey;
use queues::Queues;
use reads::{Reads, Ticket};

use crate::clock_watch::ClockWatch;
use crate::happening;

/// How long to wait before the store is read again that could not be read.
const READ_AGAIN: Duration = Duration::from_millis(500);

/// How long the dispatcher sleeps when nothing is due.
const IDLE: Duration = Duration::from_mins(1);

/// What the dispatcher is told.
#[derive(Debug)]
pub(crate) enum Command {
    /// Deliveries were planned and are durable.
    Planned(Vec<Planned>),
    /// Another process planned deliveries of these calls, or made them due.
    PlannedElsewhere(Vec<(InstanceId, CallId)>),
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
    Refilled(QueueKey, Ticket, Refill),
    /// The store was asked what is pending of calls, and answered.
    Reread(Vec<CallId>, Ticket, Vec<PendingDelivery>),
    /// So many deliveries are pending in the store, of those instances that are looked after here.
    Counted(HashMap<QueueKey, u64>),
}

/// A delivery that was just planned.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) delivery: PendingDelivery,
    /// How its call was known to whoever planned it.
    pub(crate) knowledge: Knowledge,
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
    reads: Reads,
    /// Calls that are being read, and whether something came up meanwhile.
    rereading: HashMap<CallId, bool>,
    /// When instances were forgotten or taken over: what was read before is of no use.
    outdated: HashMap<InstanceId, Ticket>,
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
        let queues = Queues::new(limits, deliverer.schedule.clone(), store.is_shared());
        Self {
            store,
            clock,
            deliverer: Arc::new(deliverer),
            commands,
            tasks,
            stop,
            queues,
            watch: ClockWatch::default(),
            reads: Reads::default(),
            rereading: HashMap::new(),
            outdated: HashMap::new(),
        }
    }

    /// Finds out who has something pending in the store. What was due may have been sent by the process before this
    /// one: it is suspect. Where several processes deliver, each does that for what it takes over.
    pub(crate) async fn recover(&mut self) -> Result<(), StorageError> {
        if self.store.is_shared() {
            return Ok(());
        }
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
            Command::Planned(planned) => self.plan(planned, now),
            Command::PlannedElsewhere(calls) => self.planned_elsewhere(calls, now),
            Command::Settled(settled) => self.settle(settled, now),
            Command::Revived(delivery) => self.queues.revive(delivery, true, now),
            Command::Replayed(delivery) => self.queues.revive(delivery, false, now),
            Command::Wake => self.queues.wake(now),
            Command::Load(instance) => {
                self.outdate(instance);
                for destination in DestinationKind::ALL {
                    self.queues.load((instance, destination), now);
                }
            }
            Command::Forget(instance) => {
                self.outdate(instance);
                self.queues.forget(instance);
            }
            Command::Refilled(key, ticket, answer) => self.refilled(key, ticket, answer, now),
            Command::Reread(calls, ticket, pending) => self.have_reread(calls, ticket, pending, now),
            Command::Counted(counted) => {
                for key in self.queues.differing(&counted) {
                    self.queues.fell_behind(key, now);
                }
            }
        }
    }

    fn plan(&mut self, planned: Vec<Planned>, now: Timestamp) {
        let mut unclear = Vec::new();
        for planned in planned {
            let (instance, call) = (planned.delivery.instance, planned.delivery.call);
            if let Some(again) = self.rereading.get_mut(&call) {
                *again = true;
            } else if self.stays_in_store(instance) {
                self.queues.leave_in_store(instance, call, now);
            } else if self.queues.push(planned, now) == Pushed::Unclear {
                unclear.push(call);
            }
        }
        self.reread(unclear);
    }

    /// Whether what is planned of an instance stays in the store, to be read when it can be told: it is held back. Where others
    /// plan as well, to have it in memory would cost a look for many a lane.
    fn stays_in_store(&self, instance: InstanceId) -> bool {
        self.store.is_shared() && self.deliverer.holds(instance)
    }

    fn planned_elsewhere(&mut self, mut calls: Vec<(InstanceId, CallId)>, now: Timestamp) {
        // Those that are being read are read again, whatever room there is.
        calls.retain(|(instance, call)| {
            let stays = !self.rereading.contains_key(call)
                && (self.stays_in_store(*instance) || !self.queues.have_room(*instance));
            if stays {
                self.queues.leave_in_store(*instance, *call, now);
            }
            !stays
        });
        self.reread(calls.into_iter().map(|(_, call)| call).collect());
    }

    /// Reads the lanes of calls from the store: what is in memory may lack what others planned.
    fn reread(&mut self, mut calls: Vec<CallId>) {
        calls.sort_unstable();
        calls.dedup();
        calls.retain(|call| match self.rereading.get_mut(call) {
            Some(again) => {
                *again = true;
                false
            }
            None => self.rereading.insert(*call, false).is_none(),
        });
        if calls.is_empty() {
            return;
        }
        let (store, outbox) = (self.store.clone(), self.deliverer.outbox.clone());
        let reading = read_calls(store, outbox, calls, self.reads.begin());
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled_owned(reading).await });
    }

    fn have_reread(
        &mut self,
        calls: Vec<CallId>,
        ticket: Ticket,
        pending: Vec<PendingDelivery>,
        now: Timestamp,
    ) {
        let settled = self.reads.end(ticket);
        for delivery in pending {
            let is_ours = self.deliverer.claims.holds(delivery.instance);
            if is_ours && !settled.contains(&delivery.id) && !self.is_outdated(delivery.instance, ticket) {
                self.queues.merge(delivery, now);
            }
        }
        let again = calls.into_iter().filter(|call| self.rereading.remove(call) == Some(true)).collect();
        self.reread(again);
    }

    fn refilled(&mut self, key: QueueKey, ticket: Ticket, mut answer: Refill, now: Timestamp) {
        let settled = self.reads.end(ticket);
        if self.store.is_shared() {
            if self.is_outdated(key.0, ticket) {
                answer = Refill { pending: Vec::new(), has_more: true, ..answer };
            }
            answer.pending.retain(|delivery| !settled.contains(&delivery.id));
        }
        self.queues.refill(key, answer, now);
    }

    fn outdate(&mut self, instance: InstanceId) {
        self.outdated.insert(instance, self.reads.now());
    }

    fn is_outdated(&self, instance: InstanceId, ticket: Ticket) -> bool {
        self.outdated.get(&instance).is_some_and(|at| ticket < *at)
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
        self.reads.settled(settled.delivery.id);
        let change = self.queues.settle(settled, now, self.deliverer.chance.fraction());
        if let (Some(change), Some(instance)) = (change, self.deliverer.instances.get(instance)) {
            happening::destination_changed(&instance.workspace, destination, change);
        }
    }

    fn hand_out(&mut self) {
        let now = self.now();
        while let Some((delivery, turn)) = self.queues.next(now, |instance| self.deliverer.holds(instance)) {
            let deliverer = Arc::clone(&self.deliverer);
            let at_work = deliverer.claims.enter(delivery.instance);
            self.tasks.spawn(async move { deliverer.deliver(delivery, turn, at_work).await });
        }
    }

    /// Asks the store for whatever there is room for. Nobody waits for the answer: reading a long backlog takes time.
    fn refill(&mut self) {
        let (is_shared, deliverer) = (self.store.is_shared(), Arc::clone(&self.deliverer));
        for (key, after, limit) in self.queues.ask(|instance| is_shared && deliverer.holds(instance)) {
            let (store, outbox) = (self.store.clone(), self.deliverer.outbox.clone());
            let reading = read_pending(store, outbox, key, (after, limit), self.reads.begin());
            let stop = self.stop.clone();
            self.tasks.spawn(async move { stop.run_until_cancelled_owned(reading).await });
        }
    }
}

/// Reads what a queue has after a row and tells the dispatcher, however long the store takes.
async fn read_pending(
    store: Store,
    outbox: Outbox,
    key: QueueKey,
    (after, limit): (DeliveryId, u32),
    ticket: Ticket,
) {
    let look = move |tx: &Tx<'_>| tx.pending_deliveries(key.0, key.1, after, limit);
    if let Some(pending) = read(&store, look).await {
        let has_more = pending.len() >= limit as usize;
        outbox.tell(Command::Refilled(key, ticket, Refill { after, has_more, pending }));
    }
}

/// Reads what is pending of calls, and the calls themselves, which it is told of, and tells the dispatcher, however long the
/// store takes.
async fn read_calls(store: Store, outbox: Outbox, calls: Vec<CallId>, ticket: Ticket) {
    let calls: Arc<[CallId]> = calls.into();
    let of_look = Arc::clone(&calls);
    let look = move |tx: &Tx<'_>| Ok((tx.pending_deliveries_of(&of_look)?, tx.calls(&of_look)?));
    let looked = store.begin_to_look();
    if let Some((mut pending, stored)) = read(&store, look).await {
        store.learn_calls(stored, looked);
        for delivery in &mut pending {
            delivery.call_at_hand = true;
        }
        outbox.tell(Command::Reread(calls.to_vec(), ticket, pending));
    }
}

/// None if the store was closed.
async fn read<T, F>(store: &Store, look: F) -> Option<T>
where
    T: Send + 'static,
    F: Fn(&Tx<'_>) -> Result<T, StorageError> + Clone + Send + 'static,
{
    loop {
        match store.read(look.clone()).await {
            Ok(seen) => return Some(seen),
            Err(StorageError::Closed) => return None,
            Err(error) => {
                tracing::error!(%error, "pending deliveries cannot be read; trying again");
                tokio::time::sleep(READ_AGAIN).await;
            }
        }
    }
}
