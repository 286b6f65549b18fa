//! `sync`: has the running server read the telephony's history, and shows how far it is. The run is the server's: it
//! goes on when nobody looks.

mod job;

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value};

use self::job::{Job, State};
use super::admin::{self, Admin};
use super::moment::When;
use super::progress::Progress;
use crate::config::Config;

/// Between two looks at the run.
const PAUSE: Duration = Duration::from_millis(500);

/// A server that was started again is back by then; the run goes on where it was.
const PATIENCE: Duration = Duration::from_mins(1);

/// `sync WORKSPACE`.
#[derive(Debug, Args)]
pub(super) struct Sync {
    /// The workspace whose telephony is asked.
    workspace: String,
    /// Calls that began at this time or later, as RFC 3339; a date is where the day begins in the workspace's time zone.
    /// Left out: what is new since the last sync.
    #[arg(long, value_name = "TIME|DATE")]
    from: Option<When>,
    /// Calls that began before this time; left out: until now.
    #[arg(long, value_name = "TIME|DATE", requires = "from")]
    to: Option<When>,
    /// So many calls are taken in a minute at most.
    #[arg(long, value_name = "N", requires = "from")]
    calls_per_minute: Option<u32>,
    /// Look at a run that was begun before, instead of beginning one.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["from", "to", "calls_per_minute"])]
    job: Option<u64>,
    /// Print the finished run as JSON.
    #[arg(long)]
    json: bool,
}

impl Sync {
    /// Begins a run and watches it to its end; fails if it does.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        let shown = admin::ask(config, async |admin: Admin<'_>| {
            let shown = self.begin(&admin).await?;
            let number = Job::read(&shown)?.id.to_string();
            tokio::select! {
                // Whoever sees the first line may rely on it.
                biased;
                interrupted = tokio::signal::ctrl_c() => {
                    interrupted?;
                    bail!("{}", self.farewell(&number))
                }
                ended = self.watch(&admin, shown) => ended,
            }
        })?;
        self.conclude(&shown)
    }

    async fn begin(&self, admin: &Admin<'_>) -> anyhow::Result<Value> {
        if let Some(job) = self.job {
            return admin.get(&self.path(&job.to_string())).await;
        }
        let mut span = Map::new();
        for (key, when) in [("from", self.from), ("to", self.to)] {
            if let Some(when) = when {
                span.insert(key.to_owned(), admin.moment(&self.workspace, when).await?.into());
            }
        }
        if let Some(count) = self.calls_per_minute {
            span.insert("calls_per_minute".to_owned(), count.into());
        }
        admin.post_json(&["integrations", &self.workspace, "sync"], &span.into()).await
    }

    /// The run as it is shown when it has ended.
    async fn watch(&self, admin: &Admin<'_>, begun: Value) -> anyhow::Result<Value> {
        let (mut shown, mut progress) = (begun, Progress::start());
        let mut heard_at = Instant::now();
        loop {
            let job = Job::read(&shown)?;
            progress.show(job.percent, &job.told(), job.state.has_ended())?;
            if job.state.has_ended() {
                return Ok(shown);
            }
            tokio::time::sleep(PAUSE).await;
            match admin.get(&self.path(&job.id.to_string())).await {
                Ok(now) => (shown, heard_at) = (now, Instant::now()),
                Err(error) if heard_at.elapsed() >= PATIENCE => {
                    return Err(error.context(self.farewell(&job.id.to_string())));
                }
                Err(_) => progress.say("the server does not answer; trying again")?,
            }
        }
    }

    fn path<'a>(&'a self, job: &'a str) -> [&'a str; 4] {
        ["integrations", &self.workspace, "sync", job]
    }

    fn farewell(&self, job: &str) -> String {
        let workspace = &self.workspace;
        format!(
            "sync {job} goes on in the server; look at it again with\n  kontur-telephony sync {workspace} --job {job}\n\
             and stop it with POST /admin/v1/integrations/{workspace}/sync/{job}/pause or …/cancel"
        )
    }

    #[expect(clippy::print_stdout, reason = "the command's answer")]
    fn conclude(&self, shown: &Value) -> anyhow::Result<()> {
        let job = Job::read(shown)?;
        if self.json {
            println!("{shown}");
        } else if job.state == State::Done {
            println!("sync {} of {} is done: {}", job.id, self.workspace, job.counts());
        }
        match job.state {
            State::Failed => Err(anyhow::anyhow!(job.reason.unwrap_or_default()))
                .with_context(|| format!("sync {} failed", job.id)),
            State::Cancelled => bail!("sync {} was ended by an administrator", job.id),
            _ => Ok(()),
        }
    }
}
