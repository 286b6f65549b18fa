//! What the calls have left behind: in the server, at Kontur, in Workonflow; and what of it should not be there.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use serde_json::Value;
use simulators::journal::{Entry, System};
use simulators::workonflow::{Contact, Thread};

use super::traffic::Call;
use crate::actors::{text_of, was_taken};
use crate::harness::{Company, DEADLINE, PAUSE};

/// The callbacks that may be repeated: they say the same thing twice.
const HARMLESS: [&str; 3] = ["call-event", "call-finished", "call-failed"];

/// The verdict on a number of calls.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    /// What was acknowledged and is not there.
    pub(super) lost: Vec<String>,
    /// What came before what it should follow.
    pub(super) out_of_order: Vec<String>,
    /// What is there twice.
    pub(super) doubled: Vec<String>,
    /// Callbacks that said the same as one before.
    pub(super) said_twice: usize,
    /// Registrations of which the server learned by looking them up.
    pub(super) looked_up: usize,
}

impl Trail {
    /// Waits until everything came through, or the time is up; then reads the trail of `calls`, all that there were.
    pub(crate) async fn of(company: &Company, calls: &[Call]) -> Self {
        wait(company, calls.len()).await;
        let mut trail = Self::default();
        trail.read_timelines(company, calls).await;
        trail.read_kontur(company, calls);
        trail.read_workonflow(company, calls);
        trail.read_violations(&company.journal().violations());
        trail
    }

    /// The test fails unless everything is there, once, in order.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        assert!(self.is_clean(), "{self:#?}");
    }

    /// Whether everything is there, once, in order.
    pub(super) fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.out_of_order.is_empty() && self.doubled.is_empty()
    }

    async fn read_timelines(&mut self, company: &Company, calls: &[Call]) {
        let admin = company.admin();
        let listed = admin.all("/calls?limit=500").await;
        let rows: HashMap<&str, &Value> =
            listed.iter().filter_map(|row| Some((row["external_id"].as_str()?, &row["id"]))).collect();
        if listed.len() > rows.len() {
            self.doubled.push(format!("{} rows of {} calls", listed.len(), rows.len()));
        }
        for call in calls {
            match rows.get(call.external_id.as_str()) {
                Some(id) => {
                    let timeline = admin.get(&format!("/calls/{}", text_of(id))).await.ok();
                    self.read_timeline(call, &timeline);
                }
                None => self.lost.push(format!("the call {}", call.external_id)),
            }
        }
    }

    fn read_timeline(&mut self, call: &Call, timeline: &Value) {
        let of = |list: &str| timeline[list].as_array().cloned().unwrap_or_default();
        let events = of("events");
        let ids: Vec<&str> = events.iter().filter_map(|event| event["id"].as_str()).collect();
        if ids != call.events {
            let (has, expected): (BTreeSet<_>, BTreeSet<_>) =
                (ids.iter().copied().collect(), call.events.iter().map(String::as_str).collect());
            let missing = expected.difference(&has).map(|id| format!("the event {id}"));
            self.lost.extend(missing);
            if ids.len() > has.len() {
                self.doubled.push(format!("events of {}: {ids:?}", call.external_id));
            } else if has == expected {
                self.out_of_order.push(format!("events of {}: {ids:?}", call.external_id));
            }
        }
        for delivery in of("deliveries") {
            if delivery["state"] != "delivered" {
                self.lost.push(format!("{} of {}: {delivery}", delivery["kind"], call.external_id));
            }
            let found = delivery["answer"] == "not sent again: found in the event feed";
            self.looked_up += usize::from(found && delivery["kind"] == "register-call");
        }
    }

    fn read_kontur(&mut self, company: &Company, calls: &[Call]) {
        let told: Vec<Entry> = company.journal().entries();
        let taken = told.iter().filter(|entry| entry.system == System::Kontur && was_taken(entry));
        let (mut opened, mut registered, mut said) = (HashMap::new(), HashMap::new(), BTreeSet::new());
        for entry in taken {
            let operation = entry.operation.as_str();
            let call = entry.body["externalId"].as_str().unwrap_or_default();
            match operation {
                "call-started" => *opened.entry(call).or_insert(0) += 1,
                "register-call" => *registered.entry(call).or_insert(0) += 1,
                _ if HARMLESS.contains(&operation) => {
                    self.said_twice += usize::from(!said.insert((operation, entry.body.to_string())));
                }
                _ => {}
            }
        }
        for call in calls {
            let id = call.external_id.as_str();
            for (operation, count) in
                [("call-started", opened.get(id)), ("register-call", registered.get(id))]
            {
                match count.copied().unwrap_or(0) {
                    0 => self.lost.push(format!("{operation} of {id}")),
                    1 => {}
                    more => self.doubled.push(format!("{operation} of {id}: {more} times")),
                }
            }
        }
    }

    /// Every call has a client of its own: one contact, one thread, one comment.
    fn read_workonflow(&mut self, company: &Company, calls: &[Call]) {
        let workonflow = &company.sandbox.workonflow;
        let (contacts, threads) = (workonflow.contacts(), workonflow.threads());
        for call in calls {
            let is_client = |phone: &&str| phone.ends_with(&call.client_digits);
            let own: Vec<&Contact> =
                contacts.iter().filter(|one| one.phones().iter().any(is_client)).collect();
            let is_own = |thread: &&Thread| own.iter().any(|one| thread.customer_id() == Some(&one.id));
            let threads: Vec<&Thread> = threads.iter().filter(is_own).collect();
            let comments: usize = threads.iter().map(|thread| workonflow.comments(&thread.id).len()).sum();
            for (what, count) in [("contact", own.len()), ("thread", threads.len()), ("comment", comments)] {
                match count {
                    0 => self.lost.push(format!("the {what} of {}", call.external_id)),
                    1 => {}
                    more => self.doubled.push(format!("the {what} of {}: {more} times", call.external_id)),
                }
            }
        }
    }

    /// Kontur gets its callbacks in a legal order, or the simulator says what is wrong. That nobody answers CALL is the
    /// way of a server that was killed.
    fn read_violations(&mut self, violations: &[String]) {
        for text in violations.iter().filter(|text| !text.contains("no answer")) {
            let list = if text.contains("twice") { &mut self.doubled } else { &mut self.out_of_order };
            list.push(text.clone());
        }
    }
}

/// Waits until every call was registered and commented, and nothing is left to tell. When the time is up the trail
/// says what is missing.
async fn wait(company: &Company, calls: usize) {
    let (began, admin) = (Instant::now(), company.admin());
    let came_through = async || {
        company.journal().count(System::Kontur, "register-call") >= calls
            && company.sandbox.workonflow.all_comments().len() >= calls
            && admin.pending_deliveries().await == 0
    };
    while !came_through().await && began.elapsed() < DEADLINE {
        tokio::time::sleep(PAUSE).await;
    }
}
