//! A company with its server: what every story begins with.

use std::collections::BTreeSet;
use std::iter::once;
use std::path::Path;

use futures_util::future::join_all;
use serde_json::Value;
use simulators::journal::{Journal, System};
use simulators::kontur::Crm;
use simulators::sandbox::{ADMIN_TOKEN, Employee, Sandbox, SandboxOptions};

use super::{Configuration, DEADLINE, Server, configuration, eventually, leaks};
use crate::actors::{Admin, Kontur, Person, Telephony};

type Edit = Box<dyn FnOnce(&mut Configuration, &Sandbox)>;
type Launcher = Box<dyn FnOnce(&Path) -> Vec<String>>;

/// How a company is to be started.
#[must_use]
pub(crate) struct Plan {
    edits: Vec<Edit>,
    launcher: Option<Launcher>,
    is_set_up: bool,
    replicas: Option<Replicas>,
}

/// So many servers on the database of a URL.
struct Replicas {
    count: usize,
    database_url: String,
}

/// The simulated systems and the server between them. When it is dropped the test fails if the server did what a
/// contract forbids, or wrote to its log what may not stand there.
pub(crate) struct Company {
    pub(crate) sandbox: Sandbox,
    /// The one that Kontur and the PBX know.
    pub(crate) server: Server,
    /// Those that serve beside it from the same database.
    pub(crate) others: Vec<Server>,
    pub(crate) http: reqwest::Client,
    secrets: BTreeSet<String>,
    forgives: bool,
}

impl Plan {
    /// The whole file may be changed; the sandbox knows where its systems are.
    pub(crate) fn edit(mut self, edit: impl FnOnce(&mut Configuration, &Sandbox) + 'static) -> Self {
        self.edits.push(Box::new(edit));
        self
    }

    /// The `[[integration]]` is changed.
    pub(crate) fn integration(self, edit: impl FnOnce(&mut Configuration) + 'static) -> Self {
        self.edit(|configuration, _| edit(configuration::integration(configuration)))
    }

    /// A key of the top level or of a section, such as `settle_ms` or `retry.give_up_after_sec`.
    pub(crate) fn set(self, key: &'static str, value: impl Into<toml::Value>) -> Self {
        let value = value.into();
        self.edit(move |configuration, _| match key.split_once('.') {
            Some((section, key)) => {
                drop(configuration::table(configuration, section).insert(key.to_owned(), value));
            }
            None => drop(configuration.insert(key.to_owned(), value)),
        })
    }

    /// The server is started by a command, made for the folder of its files (see [`Server::launch_by`]).
    pub(crate) fn launch_by(mut self, command: impl FnOnce(&Path) -> Vec<String> + 'static) -> Self {
        self.launcher = Some(Box::new(command));
        self
    }

    /// Nobody has pressed Setup yet.
    pub(crate) fn not_set_up(mut self) -> Self {
        self.is_set_up = false;
        self
    }

    /// There are so many servers, all on the database of this URL.
    pub(crate) fn replicas(self, count: usize, database_url: String) -> Self {
        Self { replicas: Some(Replicas { count, database_url }), ..self }
    }

    /// Starts everything.
    pub(crate) async fn start(self) -> Company {
        let (mut server, mut others) = places(self.replicas.as_ref());
        let options = SandboxOptions { server_url: server.url().to_owned() };
        let sandbox = Sandbox::start(options).await.expect("the simulated systems start");
        let mut configuration = configuration::of(&sandbox, &server.listen(), &server.database().url());
        self.edits.into_iter().for_each(|edit| edit(&mut configuration, &sandbox));
        server.configure(&configuration.to_string());
        for other in &others {
            let mut same = configuration.clone();
            same.insert("listen".to_owned(), other.listen().into());
            other.configure(&same.to_string());
        }
        if let Some(command) = self.launcher {
            let command = command(server.directory());
            server.launch_by(command);
        }
        join_all(once(&mut server).chain(&mut others).map(Server::start)).await;
        let http = simulators::http::client().expect("an HTTP client");
        let secrets = leaks::secrets(&configuration);
        let company = Company { sandbox, server, others, http, secrets, forgives: false };
        if self.is_set_up {
            let reply = company.sandbox.setup().await;
            assert!(reply.is_ok(), "setup: {reply:?}");
            for other in &company.others {
                company.admin_of(other).becomes("active").await;
            }
        }
        company
    }
}

impl Company {
    /// A company whose integration is active.
    pub(crate) async fn start() -> Self {
        Self::plan().start().await
    }

    /// A company to be started in some other way.
    pub(crate) fn plan() -> Plan {
        Plan { edits: Vec::new(), launcher: None, is_set_up: true, replicas: None }
    }

    /// What the simulated systems saw.
    pub(crate) fn journal(&self) -> &Journal {
        &self.sandbox.journal
    }

    /// All servers.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &Server> {
        once(&self.server).chain(&self.others)
    }

    /// One of all servers, by its place among them.
    pub(crate) fn server_at(&mut self, place: usize) -> &mut Server {
        match place.checked_sub(1) {
            Some(place) => &mut self.others[place],
            None => &mut self.server,
        }
    }

    /// The administrator of the server.
    pub(crate) fn admin(&self) -> Admin {
        self.admin_of(&self.server)
    }

    /// A user of the CRM.
    pub(crate) fn crm(&self) -> Crm {
        self.sandbox.crm()
    }

    /// What Kontur was told.
    pub(crate) fn kontur(&self) -> Kontur<'_> {
        Kontur::new(&self.sandbox)
    }

    /// Somebody who works in Workonflow.
    pub(crate) fn person(&self) -> Person<'_> {
        Person::new(&self.http, &self.sandbox.workonflow)
    }

    /// Whoever sends webhooks in the PBX's name.
    pub(crate) fn telephony(&self) -> Telephony {
        Telephony::new(&self.http, self.server.url(), &self.sandbox.pbx.options().send.secret)
    }

    /// The administrator, who asks this server.
    pub(crate) fn admin_of(&self, server: &Server) -> Admin {
        Admin::new(&self.http, server.url(), ADMIN_TOKEN)
    }

    /// The PBX before a load balancer: each request goes to the next server.
    pub(crate) fn balanced_telephony(&self) -> Telephony {
        self.telephony().in_turn(self.servers().map(Server::url))
    }

    /// The employee at this extension.
    #[track_caller]
    pub(crate) fn employee(&self, extension: &str) -> &Employee {
        self.sandbox.employee(extension).expect("101, 102 or 103")
    }

    /// The story breaks a contract on purpose: violations do not fail it.
    pub(crate) fn forgive_violations(&mut self) {
        self.forgives = true;
    }

    /// One more text that may not stand in the log.
    pub(crate) fn keep_out_of_the_log(&mut self, secret: &str) {
        self.secrets.insert(secret.to_owned());
    }

    /// Waits until every event of the PBX has been accepted, every finished call was handed on, and no delivery is
    /// pending.
    pub(crate) async fn settle(&self) {
        self.sandbox.pbx.delivered(DEADLINE).await.expect("the PBX gets rid of its events");
        let admin = self.admin();
        eventually("every call is handed on and every delivery settled", async || {
            (admin.settling_calls().await == 0 && admin.pending_deliveries().await == 0).then_some(())
        })
        .await;
    }

    /// Waits for `count` requests of one operation and returns all of them.
    pub(crate) async fn seen(&self, system: System, operation: &str, count: usize) -> Vec<Value> {
        let entries = self.journal().wait_for_count(DEADLINE, system, operation, count).await;
        entries.expect("seen in time").into_iter().map(|entry| entry.record.body).collect()
    }

    fn faults(&self) -> Vec<String> {
        let mut forbidden = self.secrets.clone();
        forbidden.extend(leaks::access_keys(&self.journal().entries()));
        let log = self.log();
        let leaks = leaks::lines(&log, &forbidden).into_iter().map(|line| format!("in the log: {line}"));
        let mut faults: Vec<String> = leaks.collect();
        if !self.forgives {
            faults.extend(self.journal().violations());
        }
        faults
    }

    /// What all servers have written.
    fn log(&self) -> String {
        let logs = self.servers().map(|server| format!("--- the log of {}\n{}", server.url(), server.log()));
        logs.collect::<Vec<_>>().join("\n")
    }

    fn show(&self) {
        let entries: Vec<String> = self.journal().entries().iter().map(ToString::to_string).collect();
        eprintln!("{}\n--- the journal\n{}", self.log(), entries.join("\n"));
    }
}

/// Places for servers: alone, or on one database.
fn places(replicas: Option<&Replicas>) -> (Server, Vec<Server>) {
    let Some(Replicas { count, database_url }) = replicas else { return (Server::new(), Vec::new()) };
    (Server::on(database_url), (1..*count).map(|_| Server::on(database_url)).collect())
}

impl Drop for Company {
    fn drop(&mut self) {
        (0..=self.others.len()).for_each(|place| self.server_at(place).kill());
        let faults = self.faults();
        if std::thread::panicking() {
            self.show();
            eprintln!("--- forbidden\n{}", faults.join("\n"));
        } else if !faults.is_empty() {
            self.show();
            panic!("the server did what it may not:\n{}", faults.join("\n"));
        }
    }
}
