//! Calls that the telephony accepted and of which nothing is heard: Kontur shows them as being placed, and must not do
//! so for ever. As patient as with an open call (`domain::call::healing`), and as careful: whoever may know is asked.

use std::time::Duration;

use domain::call::healing::{Answer, Quiet, Step, Verdict};
use domain::clock::Timestamp;
use futures_util::{TryStreamExt, stream};
use storage::Tx;
use storage::dials::DialRecord;
use storage::error::StorageError;

use super::{failed_dial, request_of};
use crate::Engine;
use crate::error::EngineError;
use crate::healing::unanswered;
use crate::ingest::Origin;
use crate::instance::Instance;

/// Requests that are looked at in one go.
const BATCH: u32 = 64;

/// Questions under way at once.
const ASKED_AT_ONCE: usize = 16;

/// An instance that is gone may be back later.
const GONE: Duration = Duration::from_hours(1);

/// By a telephony's clock a call may begin so long before it was asked for.
const CLOCKS_DIFFER: Duration = Duration::from_hours(24);

impl Engine {
    /// Looks once for the call of every accepted request that is due, as the timer does. Says whether some may be left.
    pub async fn look_for_placed_calls(&self) -> Result<bool, EngineError> {
        let now = self.clock.now();
        let due = self.store.read(move |tx| {
            let looked_for = |dial: DialRecord| Ok((has_shown_up(tx, &dial)?, dial));
            tx.waiting_dials(now, BATCH)?.into_iter().map(looked_for).collect::<Result<Vec<_>, _>>()
        });
        let due = due.await?;
        let is_ours = |(_, dial): &(bool, DialRecord)| self.claims.holds(dial.instance);
        let (found, due) = (due.len(), due.into_iter().filter(is_ours).collect::<Vec<_>>());
        let more = found >= BATCH as usize && !due.is_empty();
        stream::iter(due.into_iter().map(Ok))
            .try_for_each_concurrent(ASKED_AT_ONCE, |(has_shown_up, dial)| async move {
                if has_shown_up { self.look_for_at(&dial, None).await } else { self.look_for(dial).await }
            })
            .await?;
        Ok(more)
    }

    async fn look_for(&self, dial: DialRecord) -> Result<(), EngineError> {
        let now = self.clock.now();
        let Some(instance) = self.instances.get(dial.instance) else {
            return self.look_for_at(&dial, Some(now.plus(GONE))).await;
        };
        let quiet = Quiet { since: dial.requested_at, last_sign_at: dial.requested_at };
        let askable = dial.call.is_some() && instance.live().connections.provider.capabilities().look_up;
        let verdict = match self.watch.step(quiet, askable, now) {
            Step::Then(verdict) => verdict,
            Step::Ask => match self.ask_for_placed(&instance, &dial).await? {
                // From now on it is a call like any other.
                Answer::Ended | Answer::GoesOn => return self.look_for_at(&dial, None).await,
                answer => self.watch.after(quiet, answer, self.clock.now()),
            },
        };
        match verdict {
            Verdict::LookAgain(at) => self.look_for_at(&dial, Some(at)).await,
            Verdict::InferEnd => {
                let reason = "the telephony accepted it, but nothing was heard of it".to_owned();
                self.settle_dial(&instance, &request_of(&instance, dial), failed_dial(false, reason)).await;
                Ok(())
            }
        }
    }

    /// Asks the telephony how the call stands, and takes in what it says.
    async fn ask_for_placed(&self, instance: &Instance, dial: &DialRecord) -> Result<Answer, EngineError> {
        let Some(call) = &dial.call else { return Ok(Answer::None) };
        let (answer, mut events) = match self.look_up(instance, call).await? {
            Ok(told) => told,
            Err(error) => return Ok(unanswered(instance, &error)),
        };
        for event in &mut events {
            event.request.get_or_insert_with(|| dial.request.clone());
        }
        self.take_events(instance, events, Origin::Live(None)).await?;
        Ok(answer)
    }

    async fn look_for_at(&self, dial: &DialRecord, at: Option<Timestamp>) -> Result<(), EngineError> {
        let (instance, request) = (dial.instance, dial.request.clone());
        Ok(self.store.write(move |tx| tx.look_for_dial(instance, &request, at)).await?)
    }
}

/// By the telephony's id of it, or by Kontur's, whichever its events carry.
fn has_shown_up(tx: &Tx<'_>, dial: &DialRecord) -> Result<bool, StorageError> {
    if let Some(call) = &dial.call
        && tx.find_call(dial.instance, call)?.is_some()
    {
        return Ok(true);
    }
    tx.has_call_of_request(dial.instance, &dial.request, dial.requested_at.minus(CLOCKS_DIFFER))
}
