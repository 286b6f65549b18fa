//! A second workspace on the same server: its faults are not ours, and ours are not its.

use serde_json::json;
use simulators::journal::Journal;
use simulators::kontur::WorkspaceSetup;
use simulators::metabot::{self, Metabot};
use simulators::workonflow::{self, Workonflow};
use toml::Table;
use uuid::Uuid;

use crate::actors::Telephony;
use crate::harness::{Company, Configuration, integration, table};

/// Its name in Kontur.
pub(crate) const NEIGHBOUR: &str = "neighbour";

const INTEGRATION_ID: Uuid = Uuid::from_u128(0x7777_aaaa_0000_4000_8000_0000_0000_0002);
const API_KEY: &str = "neighbour-kontur-api-key";
const WEBHOOK_SECRET: &str = "whsec_bmVpZ2hib3VyLW5laWdoYm91ci1uZWlnaGJvdXI=";

/// Another company: it shares Kontur with the first, and has its own Workonflow and Metabot.
pub(crate) struct Neighbour {
    pub(crate) workonflow: Workonflow,
    pub(crate) metabot: Metabot,
    /// What its own systems saw.
    pub(crate) journal: Journal,
}

impl Neighbour {
    /// Starts its systems.
    pub(crate) async fn start() -> Self {
        let journal = Journal::new();
        let workonflow = Workonflow::start(workonflow::Options::default(), &journal).await;
        let metabot = Metabot::start(metabot::Options::default(), &journal).await;
        Self { workonflow: workonflow.expect("starts"), metabot: metabot.expect("starts"), journal }
    }

    /// Declares its integration next to the company's: like that one, without a control API. Its employees do not work
    /// in Workonflow.
    pub(crate) fn declare(&self) -> impl FnOnce(&mut Configuration) + 'static {
        let seeds = self.workonflow.seeds();
        let workonflow = [
            ("api_url", self.workonflow.url().to_owned()),
            ("team_id", seeds.team_id.clone()),
            ("stream_id", seeds.stream_id.clone()),
            ("status_id", seeds.wait_status_id.clone()),
            ("done_status_id", seeds.done_status_id.clone()),
            ("events_token", "neighbour-events-0123456789abcdef".to_owned()),
        ];
        let metabot_url = self.metabot.url().to_owned();
        move |configuration| {
            let mut own = integration(configuration).clone();
            own.insert("workspace".into(), NEIGHBOUR.into());
            own.insert("integration_id".into(), INTEGRATION_ID.to_string().into());
            own.insert("api_key".into(), API_KEY.into());
            let provider = [("kind", "generic"), ("webhook_secret", WEBHOOK_SECRET)];
            let provider: Table =
                provider.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
            own.insert("provider".into(), provider.into());
            let users = own.get_mut("user").and_then(toml::Value::as_array_mut).expect("users");
            for user in users.iter_mut().filter_map(toml::Value::as_table_mut) {
                user.remove("workonflow_user_id");
            }
            let section = table(&mut own, "workonflow");
            section.extend(workonflow.into_iter().map(|(key, value)| (key.to_owned(), value.into())));
            table(&mut own, "metabot").insert("api_url".into(), metabot_url.into());
            let all = configuration.get_mut("integration").and_then(toml::Value::as_array_mut);
            all.expect("integrations").push(own.into());
        }
    }

    /// Installs it in Kontur, and presses Setup there.
    pub(crate) async fn set_up(&self, company: &Company) {
        let base_url = format!("{}/kontur/{NEIGHBOUR}", company.server.url());
        let setup = WorkspaceSetup::private(NEIGHBOUR, INTEGRATION_ID, API_KEY, &base_url);
        company.sandbox.kontur.add_workspace(setup);
        let reply = company.sandbox.kontur.crm(NEIGHBOUR).setup(json!({})).await;
        assert!(reply.is_ok(), "setup of the neighbour: {reply:?}");
    }

    /// Its PBX.
    pub(crate) fn telephony(company: &Company) -> Telephony {
        let url = format!("{}/telephony/{NEIGHBOUR}/generic", company.server.url());
        company.telephony().to(url).signing_with(WEBHOOK_SECRET)
    }
}
