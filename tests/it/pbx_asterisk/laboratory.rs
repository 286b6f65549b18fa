//! An office for a test: an Asterisk with the phones 101 to 104, and the outside world behind its trunk.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::asterisk::{Asterisk, Version};
use super::cdr::Row;
use super::sipp::Behaviour;
use crate::harness::{eventually, free_port};

/// The client, and the office's numbers: one extension, a ring group of three, an IVR before a queue of three, and a
/// queue whose members are Local channels. What each does stands in `etc/extensions.conf`.
pub(super) const CLIENT: &str = "79990001122";
pub(super) const ONE: &str = "74950000001";
pub(super) const GROUP: &str = "74950000002";
pub(super) const IVR: &str = "74950000003";
pub(super) const LOCAL_QUEUE: &str = "74950000004";

/// Those who are inside, and those who are outside: the trunk knows its calls by their address.
const INSIDE: &str = "127.0.0.1";
const OUTSIDE: &str = "127.0.0.2";

/// An office; dropping it ends everything that it started.
#[derive(Debug)]
pub(super) struct Laboratory {
    asterisk: Asterisk,
    ports: BTreeMap<&'static str, u16>,
}

impl Laboratory {
    /// An office with an Asterisk that is up. Nobody is at a phone yet.
    pub(super) async fn start(version: Version) -> Self {
        let names = [
            "sip_port",
            "http_port",
            "tls_port",
            "trunk_port",
            "phone_101",
            "phone_102",
            "phone_103",
            "phone_104",
        ];
        let ports: BTreeMap<_, _> = names.into_iter().map(|name| (name, free_port())).collect();
        let mut asterisk = Asterisk::new(version, free_port(), &ports);
        asterisk.start().await;
        Self { asterisk, ports }
    }

    /// Its Asterisk.
    pub(super) const fn asterisk(&self) -> &Asterisk {
        &self.asterisk
    }

    /// Where its manager interface listens by TLS.
    pub(super) fn tls_port(&self) -> u16 {
        self.ports["tls_port"]
    }

    /// Kills its Asterisk and starts it again, on the same ports and with the same history.
    pub(super) async fn restart(&mut self) {
        self.asterisk.kill();
        self.asterisk.start().await;
    }

    /// Puts somebody at an employee's phone.
    pub(super) async fn phone(&self, extension: &str, behaviour: Behaviour) -> Sipp {
        let port = self.ports[format!("phone_{extension}").as_str()];
        self.listens(INSIDE, port, behaviour.with("me", extension)).await
    }

    /// Puts somebody outside at the phone that the office calls.
    pub(super) async fn outside(&self, behaviour: Behaviour) -> Sipp {
        self.listens(OUTSIDE, self.ports["trunk_port"], behaviour).await
    }

    /// A client calls, so many times at once.
    pub(super) fn client(&self, calls: u32, number: &str, behaviour: &Behaviour) -> Sipp {
        self.calls(OUTSIDE, calls, CLIENT, number, behaviour)
    }

    /// An employee picks up his phone and dials.
    pub(super) fn employee(&self, extension: &str, number: &str, behaviour: &Behaviour) -> Sipp {
        self.calls(INSIDE, 1, extension, number, behaviour)
    }

    /// Waits until the history has so many rows, and gives their gist, sorted.
    pub(super) async fn history(&self, rows: usize) -> Vec<String> {
        let mut gists: Vec<_> = self.rows(rows).await.iter().map(Row::gist).collect();
        gists.sort();
        gists
    }

    /// Waits until the history has so many rows.
    pub(super) async fn rows(&self, rows: usize) -> Vec<Row> {
        let file = self.asterisk.path("log/cdr-csv/Master.csv");
        eventually("rows of Master.csv", async || {
            let found = Row::all(&std::fs::read_to_string(&file).unwrap_or_default());
            (found.len() >= rows).then_some(found)
        })
        .await
    }

    /// Where recordings are, by the names that the history has.
    pub(super) fn recording(&self, name: &str) -> PathBuf {
        self.asterisk.path("spool/monitor").join(name)
    }

    async fn listens(&self, address: &'static str, port: u16, behaviour: Behaviour) -> Sipp {
        let sipp = self.sipp(address, port, &behaviour, &["-rtp_echo"]);
        eventually("a phone listens", async || is_bound(address, port).then_some(())).await;
        sipp
    }

    fn calls(&self, address: &str, calls: u32, from: &str, to: &str, behaviour: &Behaviour) -> Sipp {
        let behaviour = behaviour.clone().with("tone", &self.asterisk.tone().display().to_string());
        let calls = calls.to_string();
        let options = ["-m", &calls, "-l", &calls, "-r", "50", "-key", "me", from, "-key", "dialed", to];
        self.sipp(address, free_port(), &behaviour, &options)
    }

    fn sipp(&self, address: &str, port: u16, behaviour: &Behaviour, options: &[&str]) -> Sipp {
        let [port, media] = [port, media_port()].map(|port| port.to_string());
        let name = format!("{}-{media}", behaviour.scenario());
        let file = |ending: &str| self.asterisk.path(&format!("phones/{name}.{ending}"));
        std::fs::write(file("xml"), behaviour.xml()).expect("writes the scenario");
        let output = File::create(file("out")).expect("a log");
        let pbx = format!("{INSIDE}:{}", self.ports["sip_port"]);
        let mut command = Command::new("sipp");
        command.args([&pbx, "-i", address, "-p", &port, "-mi", address, "-mp", &media, "-nostdin"]);
        command.arg("-sf").arg(file("xml")).args(options);
        command.args(["-trace_err", "-error_file"]).arg(file("err"));
        command.args(["-trace_msg", "-message_file"]).arg(file("log"));
        command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
        command.current_dir(self.asterisk.path("phones"));
        Sipp {
            child: command.spawn().expect("sipp is installed"),
            errors: file("err"),
            messages: file("log"),
        }
    }
}

/// A phone; dropping it ends it.
#[derive(Debug)]
#[must_use = "a phone that is dropped is off"]
pub(super) struct Sipp {
    child: Child,
    errors: PathBuf,
    messages: PathBuf,
}

impl Sipp {
    /// Waits until it rings here.
    pub(super) async fn rings(&self) {
        eventually("a phone rings", async || {
            let messages = std::fs::read_to_string(&self.messages).unwrap_or_default();
            messages.contains("SIP/2.0 180 Ringing").then_some(())
        })
        .await;
    }

    /// Whether such a text was in what it sent or got.
    pub(super) fn has_seen(&self, text: &str) -> bool {
        std::fs::read_to_string(&self.messages).unwrap_or_default().contains(text)
    }

    /// Waits until all its calls are over, each as its scenario says.
    pub(super) async fn succeeds(mut self) {
        let status = eventually("the calls end", async || self.child.try_wait().expect("a child")).await;
        let errors = || std::fs::read_to_string(&self.errors).unwrap_or_default();
        assert!(status.success(), "{status}: {}", errors());
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port for sound. SIPp takes the next one but one as well, and others where these are taken: above all ports that
/// tests or the system hand out, or it would take theirs.
fn media_port() -> u16 {
    61_000 + free_port() % 1_000 * 4
}

/// Whether somebody listens there: asked of the kernel, since to try would be to take the port away.
fn is_bound(address: &str, port: u16) -> bool {
    let address: std::net::Ipv4Addr = address.parse().expect("an address");
    let local = format!("{:08X}:{port:04X}", u32::from_le_bytes(address.octets()));
    let sockets = std::fs::read_to_string("/proc/net/udp").expect("Linux tells its sockets");
    sockets.lines().any(|line| line.split_whitespace().nth(1) == Some(&local))
}
