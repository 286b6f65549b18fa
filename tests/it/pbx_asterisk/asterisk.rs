//! The process: an Asterisk of a version in its chroot, with a folder, ports and a history of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::certificate;
use super::sipp::{fill, parts};
use crate::harness::eventually;

/// Where music comes from and what clients say: a second of A-law that is not silence.
const TONE: &str = "tone.al";

/// The versions that are tested, by their number. The roots are made by `scripts/lib/asterisk.sh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// The newest with long-term support.
    V22,
    /// The oldest that is still met.
    V16,
}

impl Version {
    /// The Debian that it runs in.
    fn root(self) -> PathBuf {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
        let number = if self == Self::V22 { 22 } else { 16 };
        let root = cache.unwrap_or_else(home).join(format!("kontur-telephony/asterisk-{number}"));
        assert!(root.exists(), "{} is missing; `./scripts/test --only tests` makes it", root.display());
        root
    }

    /// Its folder of modules, as it sees it. Debian has moved it in between.
    fn modules(self) -> PathBuf {
        let library = self.root().join("usr/lib");
        let of_machine = library.join(format!("{}-linux-gnu", std::env::consts::ARCH));
        let found = [of_machine, library].map(|folder| folder.join("asterisk/modules"));
        let modules = found.iter().find(|folder| folder.exists()).expect("it has modules");
        Path::new("/").join(modules.strip_prefix(self.root()).expect("it is in the root"))
    }

    /// Modules that the other version does not have: what `cdr_sqlite3_custom` is built on.
    fn own_modules(self) -> &'static str {
        if self == Self::V22 { "load = res_cdrel_custom.so" } else { "" }
    }
}

/// An Asterisk; dropping it kills it and removes its files.
#[derive(Debug)]
pub(super) struct Asterisk {
    version: Version,
    folder: TempDir,
    ami_port: u16,
    child: Option<Child>,
}

impl Asterisk {
    /// Writes the configuration into a fresh folder; `ports` are those of `pjsip.conf`.
    pub(super) fn new(version: Version, ami_port: u16, ports: &BTreeMap<&'static str, u16>) -> Self {
        let folder = tempfile::Builder::new().prefix("lab-").tempdir_in(version.root().join("tmp"));
        let asterisk = Self { version, folder: folder.expect("root may write there"), ami_port, child: None };
        for name in ["etc", "lib", "spool/monitor", "run", "log/cdr-csv", "moh", "phones"] {
            std::fs::create_dir_all(asterisk.path(name)).expect("a folder");
        }
        asterisk.configure(ports);
        let tone: Vec<u8> = (0..8_000_u32).map(|at| 0xD5 ^ (at % 20 * 4).to_le_bytes()[0]).collect();
        for file in [TONE, "moh/tone.alaw"] {
            std::fs::write(asterisk.path(file), &tone).expect("a tone");
        }
        asterisk
    }

    fn configure(&self, ports: &BTreeMap<&'static str, u16>) {
        let inside = self.folder.path().strip_prefix(self.version.root()).expect("it is in the root");
        let mut values: BTreeMap<_, _> = ports.iter().map(|(name, port)| (*name, port.to_string())).collect();
        values.insert("ami_port", self.ami_port.to_string());
        values.insert("folder", format!("/{}", inside.display()));
        values.insert("modules", self.version.modules().display().to_string());
        values.insert("newer_modules", self.version.own_modules().to_owned());
        values.insert("read", "call,agent,system".to_owned());
        values.insert("manager", self.secured(inside, ports["tls_port"]));
        for entry in std::fs::read_dir(parts().join("etc")).expect("the configuration") {
            let entry = entry.expect("a file");
            let template = std::fs::read_to_string(entry.path()).expect("a text");
            let file = self.path("etc").join(entry.file_name());
            std::fs::write(file, fill(&template, &values)).expect("writes the configuration");
        }
    }

    /// The manager interface over TLS, with a certificate for this machine by an authority of its own.
    fn secured(&self, inside: &Path, port: u16) -> String {
        certificate::make(&self.path("etc"));
        let file = Path::new("/").join(inside).join("etc").join(certificate::OWN);
        format!("tlsenable = yes\ntlsbindaddr = 127.0.0.1:{port}\ntlscertfile = {}", file.display())
    }

    /// The authority that its certificate is from.
    pub(super) fn authority(&self) -> PathBuf {
        self.path("etc").join(certificate::AUTHORITY)
    }

    /// Starts it and waits until calls can come.
    pub(super) async fn start(&mut self) {
        let file = self.path("etc/asterisk.conf");
        let inside = Path::new("/").join(file.strip_prefix(self.version.root()).expect("it is in the root"));
        let log = File::options().create(true).append(true).open(self.path("asterisk.out")).expect("a log");
        let mut command = Command::new("chroot");
        command.arg(self.version.root()).args(["asterisk", "-f", "-C"]).arg(inside).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        self.child = Some(command.spawn().expect("chroot runs"));
        eventually("Asterisk is up", async || self.is_up().then_some(())).await;
    }

    /// AMI tells that everything is loaded, also to who logs in later.
    fn is_up(&self) -> bool {
        let Ok(mut ami) = TcpStream::connect(("127.0.0.1", self.ami_port)) else { return false };
        ami.set_read_timeout(Some(Duration::from_secs(5))).expect("a time limit");
        let login = b"Action: Login\r\nUsername: kontur\r\nSecret: amisecret\r\n\r\n";
        ami.write_all(login).expect("AMI listens");
        let (mut said, mut buffer) = (String::new(), [0; 4_096]);
        while !said.contains("Event: FullyBooted") {
            let Ok(length @ 1..) = ami.read(&mut buffer) else { return false };
            said.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        true
    }

    /// Kills it, as a power failure does.
    pub(super) fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // It may have ended by itself.
        child.kill().ok();
        child.wait().expect("a child can be waited for");
    }

    /// Where its manager interface listens.
    pub(super) const fn ami_port(&self) -> u16 {
        self.ami_port
    }

    /// A file of its folder, as we see it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What clients say.
    pub(super) fn tone(&self) -> PathBuf {
        self.path(TONE)
    }
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.path("log/messages")).unwrap_or_default();
            eprintln!("--- Asterisk\n{log}");
        }
    }
}
