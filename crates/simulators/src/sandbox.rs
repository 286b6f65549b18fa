//! The four simulated systems of one made-up company, wired to each other and to a server under development.

mod configuration;

use std::io;

use serde_json::json;
use uuid::Uuid;

use crate::journal::Journal;
use crate::kontur::{Crm, CrmReply, Kontur, WorkspaceSetup};
use crate::metabot::{self, Metabot};
use crate::pbx::{self, Pbx};
use crate::workonflow::{self, Workonflow};

/// The workspace of the company.
pub const WORKSPACE: &str = "sandbox";

/// Lets an administrator into the server's API; worth nothing outside the sandbox.
pub const ADMIN_TOKEN: &str = "sandbox-admin-token";

const INTEGRATION_ID: Uuid = Uuid::from_u128(0x6838_aaaa_0000_4000_8000_0000_0000_ed82);
const KONTUR_API_KEY: &str = "sandbox-kontur-api-key";

/// Extension, name and the user's id in Kontur.
const PEOPLE: [(&str, &str, Uuid); 3] = [
    ("101", "Анна Смирнова", Uuid::from_u128(0x44d0_0000_0000_4000_8000_0000_0000_0101)),
    ("102", "Борис Орлов", Uuid::from_u128(0x44d0_0000_0000_4000_8000_0000_0000_0102)),
    ("103", "Вера Ким", Uuid::from_u128(0x44d0_0000_0000_4000_8000_0000_0000_0103)),
];

/// What the sandbox is built around.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The base url of the server under development, without a trailing slash.
    pub server_url: String,
}

/// An employee, with the name each system has for them.
#[derive(Debug, Clone)]
pub struct Employee {
    pub extension: String,
    pub name: String,
    pub kontur_user_id: Uuid,
    /// 24 hexadecimal digits.
    pub workonflow_user_id: String,
}

/// The running systems; dropping it stops them.
#[derive(Debug)]
pub struct Sandbox {
    pub journal: Journal,
    pub kontur: Kontur,
    pub workonflow: Workonflow,
    pub metabot: Metabot,
    pub pbx: Pbx,
    pub employees: Vec<Employee>,
    server_url: String,
}

impl Sandbox {
    /// Starts every system on a free loopback port. The PBX sends its events to the server as soon as that listens.
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        Self::start_on(options, None).await
    }

    /// The same with Kontur on a given port, for a configuration that somebody writes by hand.
    pub async fn start_on(options: SandboxOptions, kontur_port: Option<u16>) -> io::Result<Self> {
        let SandboxOptions { server_url } = options;
        let journal = Journal::new();
        let kontur = start_kontur(&server_url, &journal, kontur_port).await?;
        let workonflow = start_workonflow(&journal).await?;
        let metabot = Metabot::start(metabot::Options::default(), &journal).await?;
        let pbx = start_pbx(&server_url, &journal).await?;
        let employees = employees(&workonflow);
        Ok(Self { journal, kontur, workonflow, metabot, pbx, employees, server_url })
    }

    /// The base url of the server under development.
    pub fn server_url(&self) -> &str {
        &self.server_url
    }

    /// Someone who presses buttons in the company's CRM.
    pub fn crm(&self) -> Crm {
        self.kontur.crm(WORKSPACE)
    }

    /// The administrator presses Setup in the CRM: afterwards the integration is active.
    pub async fn setup(&self) -> CrmReply {
        self.crm().setup(json!({"autoRedirect": false, "autoAnswer": false})).await
    }

    /// The employee with this extension.
    pub fn employee(&self, extension: &str) -> Option<&Employee> {
        self.employees.iter().find(|employee| employee.extension == extension)
    }

    /// A complete `kontur-telephony.toml` that points a server at this sandbox. `listen` is `host:port`, `database`
    /// a database url.
    pub fn configuration_toml(&self, listen: &str, database: &str) -> String {
        configuration::toml(self, listen, database)
    }
}

async fn start_kontur(server_url: &str, journal: &Journal, port: Option<u16>) -> io::Result<Kontur> {
    let kontur = Kontur::start_on(journal, port).await?;
    let base_url = format!("{server_url}/kontur/{WORKSPACE}");
    let setup = WorkspaceSetup::private(WORKSPACE, INTEGRATION_ID, KONTUR_API_KEY, &base_url);
    let users = PEOPLE.map(|(_, _, id)| id).to_vec();
    kontur.add_workspace(WorkspaceSetup { users, ..setup });
    kontur.set_main_telephony(WORKSPACE, Some(INTEGRATION_ID));
    Ok(kontur)
}

async fn start_workonflow(journal: &Journal) -> io::Result<Workonflow> {
    let user = |(extension, name, _): &(&str, &str, Uuid)| workonflow::User {
        extension: (*extension).to_owned(),
        name: (*name).to_owned(),
    };
    let users = PEOPLE.iter().map(user).collect();
    Workonflow::start(workonflow::Options { users, ..workonflow::Options::default() }, journal).await
}

async fn start_pbx(server_url: &str, journal: &Journal) -> io::Result<Pbx> {
    let extensions = PEOPLE.map(|(extension, ..)| extension.to_owned()).to_vec();
    let pbx = Pbx::start(pbx::Options { extensions, ..pbx::Options::default() }, journal).await?;
    pbx.connect(&format!("{server_url}/telephony/{WORKSPACE}/generic"));
    Ok(pbx)
}

fn employees(workonflow: &Workonflow) -> Vec<Employee> {
    let ids = &workonflow.seeds().users;
    let employee = |(extension, name, kontur_user_id): (&str, &str, Uuid)| Employee {
        extension: extension.to_owned(),
        name: name.to_owned(),
        kontur_user_id,
        workonflow_user_id: ids.get(extension).cloned().unwrap_or_default(),
    };
    PEOPLE.into_iter().map(employee).collect()
}
