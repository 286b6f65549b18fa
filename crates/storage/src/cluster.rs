//! Servers that share a database ("replicas"): who is there, who has claimed which instance, and what they tell each other.
//!
//! A replica that is alive says so every second; what it has claimed is its own until it has been silent for [`LEASE`].
//! Times are those of the database, so that clocks of replicas may differ. What replicas tell each other only wakes them:
//! whoever misses it finds it when it looks.

mod link;
mod news;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use domain::id::InstanceId;
use tokio::sync::mpsc;

use self::link::Link;
pub use self::news::News;
use crate::error::StorageError;
use crate::postgres::Address;

/// A replica that was silent for so long is dead.
pub const LEASE: Duration = Duration::from_secs(6);

/// Claims taken in one go: the others wait for the next beat, and whoever else is there has a chance.
const AT_ONCE: i64 = 5_000;

/// What is done once for all is claimed like an instance.
pub const CHORES: InstanceId = InstanceId(0);

const JOIN: &str =
    "INSERT INTO replica (name, seen_at, leaving) VALUES ($1, clock_timestamp(), $2) RETURNING id";
const BEAT: &str = "UPDATE replica SET seen_at = clock_timestamp(), leaving = $2 WHERE id = $1";
/// Nobody was heard of while the database was down.
const LIVE: &str = "SELECT COUNT(*) FROM replica
                    WHERE NOT leaving AND GREATEST(seen_at, pg_postmaster_start_time()) > clock_timestamp() - $1::text::interval";
const OFFER: &str = "INSERT INTO claim (instance_id, replica_id, released)
                     SELECT id, NULL::bigint, TRUE FROM instance
                     WHERE NOT deleted AND NOT EXISTS (SELECT 1 FROM claim WHERE instance_id = instance.id)
                     UNION ALL SELECT 0, NULL::bigint, TRUE WHERE NOT EXISTS (SELECT 1 FROM claim WHERE instance_id = 0)
                     ON CONFLICT DO NOTHING";
const COUNT: &str = "SELECT COUNT(*), COUNT(*) FILTER (WHERE replica_id = $1) FROM claim";
const MINE: &str = "SELECT instance_id FROM claim WHERE replica_id = $1";
const TAKE: &str = "WITH free AS (
                        SELECT instance_id, released FROM claim
                        WHERE replica_id IS NULL OR NOT EXISTS (
                            SELECT 1 FROM replica WHERE id = claim.replica_id
                            AND GREATEST(seen_at, pg_postmaster_start_time()) > clock_timestamp() - $2::text::interval)
                        LIMIT $3 FOR UPDATE SKIP LOCKED)
                    UPDATE claim SET replica_id = $1, released = FALSE FROM free
                    WHERE claim.instance_id = free.instance_id RETURNING claim.instance_id, free.released";
const RELEASE: &str = "UPDATE claim SET replica_id = NULL, released = TRUE
                       WHERE replica_id = $1 AND instance_id = ANY($2)";
const LEAVE: &str = "DELETE FROM replica WHERE id = $1";
const BURY: &str = "DELETE FROM replica WHERE seen_at < clock_timestamp() - interval '1 hour'";

/// This process among the others.
pub struct Membership {
    address: Address,
    name: String,
    /// None until the first beat, and after it was taken for dead.
    id: Option<i64>,
    link: Option<Link>,
    held: HashSet<InstanceId>,
    /// Instances that were changed here.
    changes: mpsc::UnboundedReceiver<InstanceId>,
    leaving: bool,
}

/// What a beat brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beat {
    /// Claims that were free, or those of a replica that died.
    pub gained: Vec<Gained>,
    /// Claims that others have now.
    pub lost: Vec<InstanceId>,
    /// Claims to be given up for the sake of others who have fewer.
    pub surplus: usize,
    /// Replicas that are alive.
    pub replicas: u64,
    /// Something may have been told while nobody listened.
    pub has_missed: bool,
}

/// A claim that is ours now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gained {
    /// Of which instance.
    pub instance: InstanceId,
    /// Whoever had it let go of it and had nothing under way.
    pub was_released: bool,
}

impl Membership {
    /// A replica that is going to join. `name` is what people see of it.
    pub(crate) fn new(address: Address, name: String, changes: mpsc::UnboundedReceiver<InstanceId>) -> Self {
        Self { address, name, id: None, link: None, held: HashSet::new(), changes, leaving: false }
    }

    /// Says that we are alive, takes what nobody holds up to our share, and tells what changed. What is held is ours
    /// until [`LEASE`] after `began`, if this succeeds.
    pub async fn beat(&mut self) -> Result<(Beat, Instant), StorageError> {
        let began = Instant::now();
        let beaten = match tokio::time::timeout(LEASE / 2, self.try_to_beat()).await {
            Ok(beaten) => beaten,
            Err(_) => Err(StorageError::Away("no answer in time".to_owned())),
        };
        if beaten.is_err() {
            self.link = None;
        }
        beaten.map(|beat| (beat, began + LEASE))
    }

    async fn try_to_beat(&mut self) -> Result<Beat, StorageError> {
        let has_missed = self.connect().await?;
        let Some(link) = &self.link else { return Err(StorageError::Closed) };
        let client = link.client();
        let mut beat = Beat { has_missed, ..Beat::default() };
        let id = match self.id {
            Some(id) if client.execute(BEAT, &[&id, &self.leaving]).await? == 1 => id,
            // New, or buried: whatever was held is held by others.
            _ => {
                beat.lost.extend(self.held.drain());
                client.execute(BURY, &[]).await?;
                client.query_one(JOIN, &[&self.name, &self.leaving]).await?.try_get(0)?
            }
        };
        self.id = Some(id);
        let lease = format!("{} milliseconds", LEASE.as_millis());
        let live: i64 = client.query_one(LIVE, &[&lease]).await?.try_get(0)?;
        client.execute(OFFER, &[]).await?;
        let counted = client.query_one(COUNT, &[&id]).await?;
        let (all, mine): (i64, i64) = (counted.try_get(0)?, counted.try_get(1)?);
        if usize::try_from(mine).ok() != Some(self.held.len()) {
            let rows = client.query(MINE, &[&id]).await?;
            let held: HashSet<_> =
                rows.iter().map(|row| row.try_get(0).map(InstanceId)).collect::<Result<_, _>>()?;
            beat.learn(&self.held, &held);
            self.held = held;
        }
        let share = if self.leaving { 0 } else { (all + live - 1) / live.max(1) };
        if mine < share {
            for row in client.query(TAKE, &[&id, &lease, &(share - mine).min(AT_ONCE)]).await? {
                let instance = InstanceId(row.try_get(0)?);
                beat.gained.push(Gained { instance, was_released: row.try_get(1)? });
                self.held.insert(instance);
            }
        }
        beat.surplus = usize::try_from(mine - share).unwrap_or(0);
        beat.replicas = live.unsigned_abs();
        Ok(beat)
    }

    async fn connect(&mut self) -> Result<bool, StorageError> {
        if self.link.as_ref().is_none_or(Link::is_closed) {
            self.link = None;
            self.link = Some(Link::open(&self.address).await?);
            // What was told while nobody listened.
            return Ok(true);
        }
        Ok(false)
    }

    /// Waits for what others tell, and tells them which instances were changed here. It is to be called again and again; while there is no connection it waits for ever, that is
    /// until a beat makes one.
    pub async fn heard(&mut self) -> News {
        loop {
            let Some(link) = &mut self.link else { return std::future::pending().await };
            tokio::select! {
                heard = link.heard() => match heard.map(|payload| News::read(&payload)) {
                    Some((from, _)) if from.is_some() && from == self.id => {}
                    Some((_, news)) => return news,
                    None => self.link = None,
                },
                Some(first) = self.changes.recv() => {
                    let mut changed = vec![first];
                    while let Ok(next) = self.changes.try_recv() {
                        changed.push(next);
                    }
                    self.tell(&News::Changed(changed)).await;
                }
            }
        }
    }

    /// Tells the others. What does not reach them they find later.
    pub async fn tell(&self, news: &News) {
        let (Some(link), Some(id)) = (&self.link, self.id) else { return };
        for payload in news.payloads(id) {
            if let Err(error) = link.tell(&payload).await {
                tracing::debug!(%error, "other replicas were not told");
                return;
            }
        }
    }

    /// Lets go of claims under which nothing is under way any more.
    pub async fn release(&mut self, instances: &[InstanceId]) -> Result<(), StorageError> {
        let (Some(link), Some(id)) = (&self.link, self.id) else { return Ok(()) };
        let rows: Vec<i64> = instances.iter().map(|instance| instance.0).collect();
        link.client().execute(RELEASE, &[&id, &rows]).await?;
        for instance in instances {
            self.held.remove(instance);
        }
        self.tell(&News::Free).await;
        Ok(())
    }

    /// Forgets that a claim is held: the next beat gives it again, as one that nobody let go of.
    pub fn forget(&mut self, instance: InstanceId) {
        self.held.remove(&instance);
    }

    /// From the next beat on nothing is taken, and others count without us.
    pub fn prepare_to_leave(&mut self) {
        self.leaving = true;
    }

    /// Goes, and leaves what is still held to whoever finds it: something is under way there.
    pub async fn leave(&mut self) -> Result<(), StorageError> {
        let (Some(link), Some(id)) = (&self.link, self.id.take()) else { return Ok(()) };
        link.client().execute(LEAVE, &[&id]).await?;
        let message = News::Free.payloads(id);
        for payload in message {
            link.tell(&payload).await?;
        }
        Ok(())
    }
}

impl Beat {
    /// Notes how what the database says is held differs from what was known.
    fn learn(&mut self, known: &HashSet<InstanceId>, held: &HashSet<InstanceId>) {
        self.lost.extend(known.difference(held));
        // Taken by a beat whose answer did not arrive.
        let found =
            held.difference(known).map(|instance| Gained { instance: *instance, was_released: false });
        self.gained.extend(found);
    }
}
