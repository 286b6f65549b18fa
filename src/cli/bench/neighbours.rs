//! `bench neighbours`: how much later callbacks arrive because somebody else is in trouble: p99 of a healthy workspace
//! while another workspace's Kontur, or its own Metabot, hangs, refuses or is down ÷ p99 of the same load while all is
//! well. Each measurement has a server and a database of its own, so that nothing is left over from the one before.

use anyhow::Context;
use clap::Args;

use super::Run;
use super::figure::{self, Figure, Goal, Round, quantile};
use super::latency::{CONNECTIONS, trips};
use super::load::{self, Load};
use super::server::{Plan, Server, workspace};
use super::sink::{Fault, Sink};

/// `bench neighbours`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    run: Run,
    /// Events per second of each of the two workspaces.
    #[arg(long, default_value_t = 200)]
    rate: u32,
}

/// Who is in trouble.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// Nobody.
    None,
    /// The Kontur of the other workspace.
    Workspace(Fault),
    /// Metabot, of both workspaces.
    Destination(Fault),
    /// Nobody listens where Metabot should be.
    DestinationDown,
}

/// The troubles in the order in which they are measured, with the names of their figures.
const TROUBLES: [(&str, Trouble); 6] = [
    ("neighbours-workspace-hangs", Trouble::Workspace(Fault::Hang)),
    ("neighbours-workspace-refuses", Trouble::Workspace(Fault::Unavailable)),
    ("neighbours-workspace-cuts", Trouble::Workspace(Fault::Cut)),
    ("neighbours-destination-hangs", Trouble::Destination(Fault::Hang)),
    ("neighbours-destination-refuses", Trouble::Destination(Fault::Unavailable)),
    ("neighbours-destination-down", Trouble::DestinationDown),
];

/// Measures and prints.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let rounds = options.run.measure(|_| {
        let well = options.p99(Trouble::None)?;
        TROUBLES
            .iter()
            .map(|(_, trouble)| Ok(Round { ours: options.p99(*trouble)?, reference: well }))
            .collect()
    })?;
    figure::print(&figures(&rounds), options.run.json)
}

fn figures(rounds: &[Vec<Round>]) -> Vec<Figure> {
    let figure = |(index, (name, _)): (usize, &(&str, Trouble))| {
        let rounds = rounds.iter().filter_map(|round| round.get(index).copied()).collect();
        Figure::new(*name, "ms", Goal::at_most(1.10), rounds)
    };
    TROUBLES.iter().enumerate().map(figure).collect()
}

impl Options {
    /// Milliseconds from when an event of the healthy workspace was due until Kontur was told.
    fn p99(&self, trouble: Trouble) -> anyhow::Result<f64> {
        let (kontur, metabot) = (Sink::start()?, Sink::start()?);
        let plan = Plan { metabot: Some(metabot.address()), workspaces: 2, ..Plan::with(kontur.address()) };
        let server = plan.start()?;
        let metabot = begin(trouble, &kontur, metabot)?;
        let loads = [self.load(&server, 0)?, self.load(&server, 1)?].map(Load::go);
        let [healthy, other] = loads.map(Load::wait);
        other.context("the other workspace's events were not accepted")?;
        let took = trips(&kontur, healthy?.events)?;
        drop(metabot);
        Ok(quantile(took, 0.99))
    }

    fn load(&self, server: &Server, number: usize) -> anyhow::Result<Load> {
        let name = workspace(number);
        let load = load::Options::to(server, &name, name.clone(), self.run.seconds);
        load::Options { rate: Some(self.rate), connections: CONNECTIONS, ..load }.prepare()
    }
}

/// Brings the trouble about; gives Metabot back if it is still there.
fn begin(trouble: Trouble, kontur: &Sink, metabot: Sink) -> anyhow::Result<Option<Sink>> {
    match trouble {
        Trouble::None => {}
        Trouble::Workspace(fault) => kontur.break_down(&workspace(1), fault)?,
        Trouble::Destination(fault) => metabot.break_down("jobs", fault)?,
        Trouble::DestinationDown => return Ok(None),
    }
    Ok(Some(metabot))
}
