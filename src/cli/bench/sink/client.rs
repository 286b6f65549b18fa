//! The sink as the other benches see it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;

use super::{Arrival, Seen};
use crate::cli::bench::control::{Control, eventually};
use crate::cli::bench::process::Helper;

/// What can be wrong with a remote system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::bench) enum Fault {
    /// It takes requests and never answers.
    Hang,
    /// It answers 503.
    Unavailable,
    /// It closes the connection when it has read a request.
    Cut,
}

/// A running sink; dropping it kills it.
pub(in crate::cli::bench) struct Sink {
    helper: Helper,
    control: Control,
}

impl Fault {
    const WORDS: [(Self, &'static str); 3] =
        [(Self::Hang, "hang"), (Self::Unavailable, "unavailable"), (Self::Cut, "cut")];

    pub(super) fn read(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(fault, _)| *fault)
    }

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(fault, _)| *fault == self).map_or("", |(_, word)| *word)
    }
}

impl Sink {
    pub(in crate::cli::bench) fn start() -> anyhow::Result<Self> {
        Ok(Self { helper: Helper::start("sink")?, control: Control::new()? })
    }

    /// Where it listens.
    pub(in crate::cli::bench) fn address(&self) -> SocketAddr {
        self.helper.address
    }

    /// How many callbacks arrived since [`Self::forget`].
    pub(in crate::cli::bench) fn seen(&self) -> anyhow::Result<Seen> {
        Seen::read(&self.ask("seen")?).context("the sink is not as expected")
    }

    /// Waits until so many callbacks have arrived.
    pub(in crate::cli::bench) fn wait_for(&self, count: usize, within: Duration) -> anyhow::Result<Seen> {
        eventually(&format!("{count} callbacks"), within, || {
            let seen = self.seen()?;
            Ok((seen.count >= count).then_some(seen))
        })
    }

    /// Every callback that arrived, in order.
    pub(in crate::cli::bench) fn arrivals(&self) -> anyhow::Result<Vec<Arrival>> {
        Ok(self.ask("arrivals")?.lines().filter_map(Arrival::read).collect())
    }

    /// Begins to count anew.
    pub(in crate::cli::bench) fn forget(&self) -> anyhow::Result<()> {
        self.order("forget")
    }

    /// The telephony's history is so many calls from now on; calls of different names differ.
    pub(in crate::cli::bench) fn has_history(&self, name: &str, calls: usize) -> anyhow::Result<()> {
        self.order(&format!("history/{name}/{calls}"))
    }

    /// Treats requests badly whose path has this part: a workspace, or `jobs`.
    pub(in crate::cli::bench) fn break_down(&self, part: &str, fault: Fault) -> anyhow::Result<()> {
        self.order(&format!("fault/{part}/{}", fault.word()))
    }

    fn order(&self, order: &str) -> anyhow::Result<()> {
        self.ask(order).map(drop)
    }

    fn ask(&self, order: &str) -> anyhow::Result<String> {
        self.control.get(self.helper.address, &format!("/bench/{order}"))
    }
}
