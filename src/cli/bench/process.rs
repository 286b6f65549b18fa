//! Processes of this same program, and what the system says of them.

use std::fs::read_to_string;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, Signal, kill_process};
use rustix::time::{ClockId, clock_gettime};

/// This program, to be run with other arguments.
pub(super) fn program() -> anyhow::Result<Command> {
    Ok(Command::new(std::env::current_exe().context("this program cannot be found to run it again")?))
}

/// A running process; killed when dropped.
#[derive(Debug)]
pub(super) struct Process(Child);

impl Process {
    pub(super) fn start(command: &mut Command) -> anyhow::Result<Self> {
        Ok(Self(command.spawn().context("this program cannot be run again")?))
    }

    /// The process as the standard library has it.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Asks it to end, and waits until it has; it may have ended already.
    pub(super) fn end(&mut self, signal: Signal) {
        if let Some(id) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            kill_process(id, signal).ok();
            self.0.wait().ok();
        }
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Processor time spent by all its threads, in steps of 10 ms.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(Stat::read(&self.proc("stat")?)?.cpu)
    }

    /// The same with its children, also those that have ended.
    pub(super) fn cpu_with_children(&self) -> anyhow::Result<Duration> {
        let own = Stat::read(&self.proc("stat")?)?;
        let processes = std::fs::read_dir("/proc").context("/proc cannot be read; is this Linux?")?;
        // One that ends meanwhile is one that has ended.
        let stats = processes.filter_map(|process| read_to_string(process.ok()?.path().join("stat")).ok());
        let children =
            stats.filter_map(|stat| Stat::read(&stat).ok()).filter(|stat| stat.parent == self.0.id());
        Ok(own.cpu
            + own.cpu_of_ended
            + children.map(|child| child.cpu + child.cpu_of_ended).sum::<Duration>())
    }

    /// Memory that it holds now, in MiB.
    pub(super) fn memory(&self) -> anyhow::Result<f64> {
        self.status("VmRSS:")
    }

    /// The most memory that it ever held, in MiB.
    pub(super) fn most_memory(&self) -> anyhow::Result<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        Ok(kib.context("/proc is not as expected")? / 1024.0)
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{file}", self.0.id());
        read_to_string(&path).with_context(|| format!("{path} cannot be read; is this Linux?"))
    }
}

/// What the system says of a process.
struct Stat {
    parent: u32,
    cpu: Duration,
    /// Of children that have ended and were waited for.
    cpu_of_ended: Duration,
}

impl Stat {
    /// Reads `/proc/PID/stat`.
    fn read(text: &str) -> anyhow::Result<Self> {
        // The name before it is in parentheses and may hold anything.
        let (_, fields) = text.rsplit_once(')').context("/proc is not as expected")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let number = |place: usize| -> anyhow::Result<u64> {
            let field = fields.get(place).and_then(|field| field.parse().ok());
            field.context("/proc is not as expected")
        };
        let time = |user: usize| -> anyhow::Result<Duration> {
            let ticks = number(user)? + number(user + 1)?;
            Ok(Duration::from_millis(ticks * 1000 / clock_ticks_per_second().max(1)))
        };
        Ok(Self { parent: u32::try_from(number(1)?)?, cpu: time(11)?, cpu_of_ended: time(13)? })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A hidden command of this program that listens, and says where in the first line of its standard output.
#[derive(Debug)]
pub(super) struct Helper {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
}

impl Helper {
    /// Runs `bench COMMAND`.
    pub(super) fn start(command: &str) -> anyhow::Result<Self> {
        let mut process = Process::start(program()?.args(["bench", command]).stdout(Stdio::piped()))?;
        let address = first_line(process.child().stdout.take())?;
        let address = address.parse().with_context(|| format!("bench {command} did not start"))?;
        Ok(Self { process, address })
    }
}

/// The first line that somebody writes.
pub(super) fn first_line(from: Option<impl Read>) -> anyhow::Result<String> {
    let mut line = String::new();
    BufReader::new(from.context("the output of a process is gone")?).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Nanoseconds of the clock that all processes of this machine share and that nobody sets.
pub(super) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let whole = u64::try_from(now.tv_sec).unwrap_or_default();
    whole * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or_default()
}
