//! Another host, which recordings may be redirected to.

use std::io;

use poem::{Request, endpoint};
use serde_json::Value;

use super::call::Recording;
use super::serve;
use crate::faults::Faults;
use crate::journal::{Journal, System};
use crate::server::{Rules, SimServer};

/// A host that has one recording at every path and gives it to anybody; dropping it stops it. The journal shows what
/// it was asked, as `elsewhere/get` of the PBX: whether credentials came along is in the headers.
#[derive(Debug)]
pub struct Elsewhere {
    server: SimServer,
    faults: Faults,
}

impl Elsewhere {
    /// Starts on a free loopback port.
    pub async fn start(recording: Recording, journal: &Journal) -> io::Result<Self> {
        let app =
            endpoint::make_sync(move |request: Request| serve::answer(&recording, request.headers(), &[]));
        let operation = |_: &_, _: &str| Some("elsewhere/get".to_owned());
        let rules = Rules { system: System::Pbx, operation, error_inside: Value::Null };
        let faults = Faults::default();
        let server = SimServer::start(app, rules, journal.clone(), faults.clone(), None).await?;
        Ok(Self { server, faults })
    }

    /// The base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// What to make fail.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }
}
