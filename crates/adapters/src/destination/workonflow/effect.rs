//! One attempt at one delivery: thread, comment, then what follows from the result (design, Workonflow effects).
//! What is done is noted, so that the next attempt goes on where this one stopped.

use std::collections::BTreeMap;
use std::time::Instant;

use domain::call::CallResult;
use domain::clock::Timestamp;
use domain::port::RemoteError;
use domain::port::destination::{Delivery, Effect, Report, UnreturnedThread};

use super::Workonflow;
use super::place::Place;
use super::progress::Progress;

/// An attempt and what it has achieved.
pub(super) struct Attempt<'a> {
    workonflow: &'a Workonflow,
    delivery: &'a Delivery<'a>,
    place: Place<'a>,
    progress: Progress,
    effects: Vec<Effect>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(place: Place<'a>, delivery: &'a Delivery<'a>) -> Self {
        let progress = Progress::read(delivery.progress);
        Self { workonflow: place.workonflow, delivery, place, progress, effects: Vec::new() }
    }

    pub(super) async fn run(mut self) -> Report {
        let mut result = self.steps().await;
        if let Err(error) = &result
            && self.progress.thread_is_gone(&self.workonflow.client, error).await
        {
            // Deleted meanwhile, and with it any comment of ours. The contact and the doubts stay.
            self.progress.thread_id = None;
            self.progress.comment_id = None;
            result = self.steps().await;
        }
        self.report(result)
    }

    async fn steps(&mut self) -> Result<(), RemoteError> {
        if self.progress.comment_id.is_none() {
            self.find_comment().await?;
        }
        let thread_id = self.place.thread(&mut self.progress).await?;
        if self.progress.comment_id.is_none() {
            self.comment(&thread_id).await?;
        }
        match self.delivery.call.result() {
            CallResult::Missed => self.missed(&thread_id).await,
            CallResult::Answered => self.answered().await,
            CallResult::Failed => Ok(()),
        }
    }

    /// The comment of an earlier attempt whose outcome is unknown: it is never written twice.
    async fn find_comment(&mut self) -> Result<(), RemoteError> {
        if !self.delivery.suspect && !self.progress.doubtful {
            return Ok(());
        }
        for thread_id in self.place.suspects(&self.progress).await? {
            let reference = [self.delivery.reference.as_str().to_owned()];
            match self.workonflow.client.find_comment(&thread_id, &reference).await {
                Ok(Some(comment_id)) => {
                    self.progress.thread_id = Some(thread_id);
                    self.progress.comment_id = Some(comment_id);
                    return Ok(());
                }
                // A thread that was deleted is found out when the comment is written to it.
                Err(error) if !error.is_refusal() => return Err(error),
                Ok(None) | Err(_) => {}
            }
        }
        Ok(())
    }

    async fn comment(&mut self, thread_id: &str) -> Result<(), RemoteError> {
        let sent = Instant::now();
        let created = self.workonflow.client.create_comment(thread_id, &self.place.texts.comment).await;
        self.progress.commented(sent, created)
    }

    /// An urgent thread, unless the client was talked to since. Nobody can call a withheld number back, and a later
    /// call from one may be somebody else: such a thread is urgent and waits for no other call.
    async fn missed(&mut self, thread_id: &str) -> Result<(), RemoteError> {
        let missed_at = self.delivery.call.began_at();
        let conversation_at = self.delivery.customer.last_conversation_at.filter(|_| self.knows_client());
        let returned_at = conversation_at.filter(|at| *at > missed_at);
        if let Some(at) = returned_at
            && self.workonflow.stream.done_status_id.is_some()
            && !self.waits_since(thread_id, at)
        {
            return self.close(thread_id).await;
        }
        self.workonflow.client.raise_thread(thread_id).await?;
        if returned_at.is_none() && self.knows_client() {
            let thread_id = thread_id.to_owned();
            self.effects.push(Effect::Missed(UnreturnedThread { thread_id, missed_at }));
        }
        Ok(())
    }

    /// Closes the threads of calls missed before this conversation. Where no status is configured for that, there is
    /// nothing to move; the threads are forgotten all the same, for they wait no longer.
    async fn answered(&mut self) -> Result<(), RemoteError> {
        let Some(talked_at) = self.delivery.call.answered_at().filter(|_| self.knows_client()) else {
            return Ok(());
        };
        for (thread_id, _) in self.waiting().into_iter().filter(|(_, missed_at)| *missed_at < talked_at) {
            self.close(thread_id).await?;
            self.effects.push(Effect::Returned { thread_id: thread_id.to_owned() });
        }
        Ok(())
    }

    /// Moves a thread to the status for returned calls. A thread that people deleted or moved to another stream is
    /// theirs: it is left alone.
    async fn close(&self, thread_id: &str) -> Result<(), RemoteError> {
        let Some(done_status_id) = &self.workonflow.stream.done_status_id else { return Ok(()) };
        let client = &self.workonflow.client;
        let error = match client.move_thread(thread_id, done_status_id).await {
            Err(error) if error.is_refusal() => error,
            result => return result,
        };
        match client.thread(thread_id).await? {
            Some(thread) if thread.is_in(&self.workonflow.stream.id) => {
                let message = format!("{}; check done_status_id", error.message);
                Err(RemoteError { message, ..error })
            }
            _ => Ok(()),
        }
    }

    /// The threads in which this client waits to be called back, each with its latest missed call.
    fn waiting(&self) -> BTreeMap<&'a str, Timestamp> {
        let mut latest = BTreeMap::new();
        for UnreturnedThread { thread_id, missed_at } in &self.delivery.customer.unreturned {
            let known = latest.entry(thread_id.as_str()).or_insert(*missed_at);
            *known = (*known).max(*missed_at);
        }
        latest
    }

    /// Whether another call was missed in the thread after `at`.
    fn waits_since(&self, thread_id: &str, at: Timestamp) -> bool {
        self.waiting().get(thread_id).is_some_and(|missed_at| *missed_at > at)
    }

    fn knows_client(&self) -> bool {
        !self.place.phone.is_anonymous()
    }

    fn report(self, result: Result<(), RemoteError>) -> Report {
        let report = match result {
            Ok(()) => self.progress.delivered(),
            Err(error) => self.progress.failed(&error),
        };
        Report { progress: self.progress.store(), effects: self.effects, ..report }
    }
}
