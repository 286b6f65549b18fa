//! What Kontur was told of a call.

use serde_json::Value;
use simulators::journal::{Entry, System};
use simulators::kontur::Communication;
use simulators::sandbox::{Sandbox, WORKSPACE};

/// The callbacks that tell of a call.
const CALLBACKS: [&str; 6] =
    ["call-started", "call-event", "call-finished", "call-failed", "register-call", "call-recording"];

/// A look at Kontur.
#[derive(Clone, Copy)]
pub(crate) struct Kontur<'a> {
    sandbox: &'a Sandbox,
}

impl<'a> Kontur<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox }
    }

    /// The callbacks of a call that were taken, in order: operation and body.
    pub(crate) fn told(self, external_id: &str) -> Vec<(String, Value)> {
        let communication =
            self.sandbox.kontur.communication_of(WORKSPACE, external_id).map(|known| known.id);
        let entries = self.sandbox.journal.entries().into_iter();
        let is_of_call = |body: &Value| {
            body["externalId"] == external_id
                || communication.is_some_and(|id| body["communicationId"] == id.to_string())
        };
        entries
            .filter(|entry| entry.system == System::Kontur && was_taken(entry))
            .filter(|entry| CALLBACKS.contains(&entry.operation.as_str()) && is_of_call(&entry.body))
            .map(|entry| (entry.operation.clone(), entry.body.clone()))
            .collect()
    }

    /// The same as words: `call-started`, `appeared 1`, `connected 1`, …; legs by the last part of their id.
    pub(crate) fn story(self, external_id: &str) -> Vec<String> {
        let word = |(operation, body): (String, Value)| match operation.as_str() {
            "call-event" => {
                let leg = body["externalCallItemId"].as_str().and_then(|id| id.rsplit('-').next());
                format!("{} {}", body["type"].as_str().unwrap_or("?"), leg.unwrap_or("?"))
            }
            _ => operation,
        };
        self.told(external_id).into_iter().map(word).collect()
    }

    /// The body of the one callback of this operation.
    #[track_caller]
    pub(crate) fn only(self, external_id: &str, operation: &str) -> Value {
        let mut bodies: Vec<Value> = self
            .told(external_id)
            .into_iter()
            .filter(|(told, _)| told == operation)
            .map(|(_, body)| body)
            .collect();
        assert_eq!(bodies.len(), 1, "{operation} of {external_id}: {bodies:?}");
        bodies.remove(0)
    }

    /// The communication of a call.
    #[track_caller]
    pub(crate) fn communication(self, external_id: &str) -> Communication {
        let found = self.sandbox.kontur.communication_of(WORKSPACE, external_id);
        found.expect("Kontur knows the call")
    }
}

/// Whether Kontur acted on the request, whatever became of its answer.
pub(crate) fn was_taken(entry: &Entry) -> bool {
    match entry.fault.as_deref() {
        None | Some("delay") => entry.status == 200,
        Some(fault) => fault == "cut_after" || fault == "hang_after",
    }
}
