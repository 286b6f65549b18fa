//! Workonflow: the wire, and the simulated team.

mod attach;
mod doubt;
mod history;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use adapters::destination::workonflow::Workonflow;
use domain::clock::{Clock, SystemClock};
use domain::instance::settings::{WorkonflowDialect, WorkonflowSettings, WorkonflowTemplates};
use domain::outbox::Notice;
use domain::port::recordings::Recordings;
use domain::secret::Secret;
use simulators::journal::Journal;
use simulators::workonflow::{Options, User};

use crate::calls::{Case, answered, at, missed};

const BOTH: [WorkonflowDialect; 2] = [WorkonflowDialect::Query, WorkonflowDialect::Body];

fn settings(dialect: WorkonflowDialect, api_url: &str) -> WorkonflowSettings {
    WorkonflowSettings {
        dialect,
        api_url: api_url.parse().unwrap(),
        team_id: "team-1".to_owned(),
        api_key: Secret::new("key-1"),
        secret_key: Secret::new("secret-1"),
        stream_id: "stream-1".to_owned(),
        status_id: "status-1".to_owned(),
        done_status_id: Some("status-2".to_owned()),
        events_token: None,
        templates: WorkonflowTemplates::default(),
    }
}

fn workonflow(settings: &WorkonflowSettings, clock: Arc<dyn Clock>) -> Workonflow {
    workonflow_with(settings, clock, None)
}

fn workonflow_with(
    settings: &WorkonflowSettings,
    clock: Arc<dyn Clock>,
    recordings: Option<Arc<dyn Recordings>>,
) -> Workonflow {
    let http = adapters::http::client(Duration::from_secs(5)).unwrap();
    Workonflow::new(http, settings, chrono_tz::Europe::Moscow, clock, recordings).unwrap()
}

/// A simulated team and our client of it.
struct Team {
    simulated: simulators::workonflow::Workonflow,
    journal: Journal,
    settings: WorkonflowSettings,
    ours: Workonflow,
}

impl Team {
    async fn start(dialect: WorkonflowDialect) -> Self {
        let journal = Journal::new();
        let users = vec![User { name: "Анна".to_owned(), extension: "101".to_owned() }];
        let options = Options { users, ..Options::default() };
        let simulated = simulators::workonflow::Workonflow::start(options, &journal).await.unwrap();
        let (seeds, credentials) = (simulated.seeds(), simulated.credentials());
        let settings = WorkonflowSettings {
            team_id: seeds.team_id.clone(),
            api_key: Secret::new(&credentials.api_key),
            secret_key: Secret::new(&credentials.secret_key),
            stream_id: seeds.stream_id.clone(),
            status_id: seeds.wait_status_id.clone(),
            done_status_id: Some(seeds.done_status_id.clone()),
            ..settings(dialect, simulated.url())
        };
        let ours = workonflow(&settings, Arc::new(SystemClock));
        Self { simulated, journal, settings, ours }
    }

    /// A client that remembers nothing, as after a restart.
    fn restarted(&self) -> Workonflow {
        workonflow(&self.settings, Arc::new(SystemClock))
    }

    /// How many contacts of clients, threads and comments there are, and that no contract was broken on the way.
    #[track_caller]
    fn expect(&self, contacts: usize, threads: usize, comments: usize) {
        let outside = |contact: &simulators::workonflow::Contact| !contact.phones().is_empty();
        let found = (
            self.simulated.contacts().iter().filter(|contact| outside(contact)).count(),
            self.simulated.threads().len(),
            self.simulated.all_comments().len(),
        );
        assert_eq!(found, (contacts, threads, comments), "contacts, threads, comments");
        assert_eq!(self.journal.violations(), Vec::<String>::new());
    }
}

/// A client's missed call that began `seconds` after ten o'clock.
fn a_missed_call(id: &str, phone: &str, seconds: u64) -> Case {
    Case::new(Notice::Comment, id, missed(phone, at(seconds)))
}

/// A client's answered call that began `seconds` after ten o'clock.
fn an_answered_call(id: &str, phone: &str, seconds: u64) -> Case {
    Case::new(Notice::Comment, id, answered(phone, at(seconds)))
}
