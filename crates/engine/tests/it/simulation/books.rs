//! What the simulated remote systems know: the truth that the engine is measured against.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{CommunicationId, ExternalId};

use super::world::Lane;

/// The books of all remote systems of all offices.
#[derive(Default)]
pub(super) struct Books {
    /// Kontur's communications, by office.
    communications: BTreeMap<usize, Vec<Communication>>,
    /// Workonflow's comments, each by what it is: `comment` or `file`.
    pub(super) comments: BTreeMap<(usize, ExternalId, &'static str), u32>,
    /// Metabot's jobs, by rule.
    pub(super) jobs: BTreeMap<(usize, ExternalId, usize), u32>,
    /// Where nobody could tell what had become of an attempt: there the same may have been made twice.
    pub(super) excused: BTreeSet<Lane>,
}

/// A communication in Kontur.
#[derive(Debug, Clone)]
pub(super) struct Communication {
    pub(super) id: CommunicationId,
    pub(super) call: ExternalId,
    pub(super) registered: u32,
}

impl Books {
    /// Kontur opens a communication, unless it has one of that name: that of a CALL of its own.
    pub(super) fn open(
        &mut self,
        office: usize,
        call: &ExternalId,
        asked: Option<&CommunicationId>,
    ) -> CommunicationId {
        let known = self.communications.entry(office).or_default();
        let id = asked.cloned().unwrap_or_else(|| format!("o{office}-{}", known.len() + 1).into());
        if known.iter().all(|communication| communication.id != id) {
            known.push(Communication { id: id.clone(), call: call.clone(), registered: 0 });
        }
        id
    }

    /// Kontur registers a call: in its communication, or as a new one.
    pub(super) fn register(&mut self, office: usize, call: &ExternalId, id: Option<&CommunicationId>) {
        let id = self.open(office, call, id);
        let known = self.communications.entry(office).or_default();
        for communication in known.iter_mut().filter(|communication| communication.id == id) {
            communication.registered += 1;
        }
    }

    /// What Kontur's feed says of a call: of several communications the one that is registered.
    pub(super) fn find(&self, office: usize, call: &ExternalId) -> Option<Communication> {
        self.communications_of(office, call).max_by_key(|communication| communication.registered).cloned()
    }

    pub(super) fn communications_of(
        &self,
        office: usize,
        call: &ExternalId,
    ) -> impl Iterator<Item = &Communication> {
        let all = self.communications.get(&office).into_iter().flatten();
        all.filter(move |communication| communication.call == *call)
    }
}
