//! The spool, in front of a simulated PBX.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adapters::provider::generic::Generic;
use adapters::spool::{Spool, SpoolOptions, WorkspaceSpool};
use bytes::Bytes;
use domain::call::event::Recording;
use domain::clock::{Clock, SystemClock, Timestamp};
use domain::id::ExternalId;
use domain::instance::settings::GenericSettings;
use domain::phone::Country;
use domain::port::provider::SharedProvider;
use domain::port::recordings::{FetchError, Recordings, Spooled};
use domain::recording::{Fault, LARGEST};
use domain::secret::Secret;
use simulators::faults::FaultKind;
use simulators::journal::{Journal, System};
use simulators::pbx::{Options, Pbx, Trouble, TroubleKind};
use tempfile::TempDir;

const MIB: u64 = 1024 * 1024;

/// A PBX with one recorded call, and a spool in front of it.
struct Office {
    pbx: Pbx,
    journal: Journal,
    folder: TempDir,
    call: ExternalId,
    recording: Recording,
}

impl Office {
    async fn start(sound: &[u8]) -> Self {
        let journal = Journal::new();
        let pbx = Pbx::start(Options::default(), &journal).await.unwrap();
        let call = pbx.ring_in("79997775533", "79229929292", &["101"]);
        pbx.answer(&call, "101").unwrap();
        pbx.record(&call, "101", Bytes::copy_from_slice(sound)).unwrap();
        let leg = format!("{call}-1");
        let url = format!("{}/recordings/0/{leg}", pbx.url());
        let recording = Recording { leg: leg.as_str().into(), url, content_type: None, size: None };
        Self { pbx, journal, folder: tempfile::tempdir().unwrap(), call: call.as_str().into(), recording }
    }

    fn provider(&self) -> SharedProvider {
        let settings = GenericSettings {
            webhook_secret: Secret::new("whsec_AAECAw=="),
            control_url: Some(self.pbx.control_url().parse().unwrap()),
            control_token: Some(Secret::new(&self.pbx.options().control_token)),
            recording_hosts: Vec::new(),
        };
        let http = adapters::http::client(Duration::from_secs(5)).unwrap();
        Arc::new(Generic::new(&settings, Country::RU, http, None).unwrap())
    }

    /// A spool as a process has it after its start.
    fn spool(&self) -> WorkspaceSpool {
        self.spool_with(2048 * MIB, Arc::new(SystemClock))
    }

    fn spool_with(&self, most_bytes: u64, clock: Arc<dyn Clock>) -> WorkspaceSpool {
        let folder = self.folder.path().join("recordings");
        let options = SpoolOptions { folder, keep: Duration::from_hours(24), most_bytes };
        Spool::new(options, clock).of("acme".into(), self.provider())
    }

    async fn obtain(&self, spool: &WorkspaceSpool) -> Result<Spooled, FetchError> {
        spool.obtain(&self.call, &self.recording).await
    }

    fn trouble(&self, kind: TroubleKind) {
        self.pbx.trouble(self.recording.leg.as_str(), Trouble::times(kind, 1));
    }

    fn asked(&self) -> usize {
        self.journal.count(System::Pbx, "recordings/get")
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join("recordings")).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| extension(&entry.unwrap().path())).collect();
        names.sort();
        names
    }
}

fn extension(path: &Path) -> String {
    path.extension().unwrap().to_str().unwrap().to_owned()
}

/// Bytes of which no two neighbours are the same.
fn sound(size: usize) -> Vec<u8> {
    (0..size).map(|place| u8::try_from(place % 251).unwrap()).collect()
}

#[tokio::test]
async fn a_recording_is_fetched_once_whoever_asks_for_it() {
    let office = Office::start(&sound(3_000_000)).await;
    let spool = office.spool();
    let (first, second) = tokio::join!(office.obtain(&spool), office.obtain(&spool));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((&first.path, first.fetched.size), (&second.path, 3_000_000));
    assert_eq!(std::fs::read(&first.path).unwrap(), sound(3_000_000));
    drop((first, second));
    office.obtain(&office.spool()).await.expect("it is still there after a restart");
    assert_eq!(office.asked(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let office = Office::start(&sound(10)).await;
    let file = office.obtain(&office.spool()).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file.path), mode(file.path.parent().unwrap())), (0o600, 0o700));
    let name = file.path.file_name().unwrap().to_str().unwrap();
    assert!(!name.contains(office.call.as_str()), "{name}");
}

#[tokio::test]
async fn what_broke_off_is_gone_on_from_after_a_restart() {
    let whole = sound(2_000_000);
    let office = Office::start(&whole).await;
    office.trouble(TroubleKind::Cut { percent: 90 });
    let error = office.obtain(&office.spool()).await.unwrap_err();
    assert_eq!(error.fault, Fault::Trouble);
    assert_eq!(office.files(), ["json", "part"]);
    let file = office.obtain(&office.spool()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), whole);
    let asked = office.journal.entries();
    let ranges: Vec<_> = asked.iter().filter_map(|entry| entry.record.headers.get("range")).collect();
    assert_eq!(ranges.len(), 1, "{ranges:?}");
}

#[tokio::test]
async fn what_a_server_cannot_go_on_with_begins_anew() {
    let whole = sound(2_000_000);
    let office = Office::start(&whole).await;
    office.pbx.trouble(office.recording.leg.as_str(), Trouble::times(TroubleKind::NoRange, 2));
    office.trouble(TroubleKind::Cut { percent: 90 });
    office.obtain(&office.spool()).await.unwrap_err();
    assert_eq!(office.files(), Vec::<String>::new());
    let file = office.obtain(&office.spool()).await.unwrap();
    assert_eq!(std::fs::read(&file.path).unwrap(), whole);
}

#[tokio::test]
async fn nothing_stays_of_what_is_no_recording() {
    for (kind, fault) in [
        (TroubleKind::Empty, Fault::Empty),
        (TroubleKind::Html { content_type: "audio/mpeg".to_owned() }, Fault::NotAudio),
        (TroubleKind::Status(404), Fault::NotThere),
        (TroubleKind::Redirect { status: 302, to: "http://10.0.0.1/1.mp3".to_owned() }, Fault::Forbidden),
    ] {
        let office = Office::start(&sound(100)).await;
        office.pbx.trouble(office.recording.leg.as_str(), Trouble::always(kind));
        assert_eq!(office.obtain(&office.spool()).await.unwrap_err().fault, fault);
        assert_eq!(office.files(), Vec::<String>::new(), "{fault:?}");
    }
}

#[tokio::test]
async fn what_nobody_needs_goes_unless_somebody_uses_it() {
    let office = Office::start(&sound(100)).await;
    let spool = office.spool();
    let file = office.obtain(&spool).await.unwrap();
    spool.discard(&office.call, &office.recording.leg).await;
    assert_eq!(office.files(), ["audio", "json"], "somebody uses it");
    drop(file);
    spool.discard(&office.call, &office.recording.leg).await;
    assert_eq!(office.files(), Vec::<String>::new());
}

/// A clock that is ahead.
struct Ahead(Duration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(self.0)
    }
}

#[tokio::test]
async fn what_is_old_goes_when_something_new_comes() {
    let office = Office::start(&sound(100)).await;
    drop(office.obtain(&office.spool()).await.unwrap());
    for (hours, leg, files) in [(23, "second", 4), (25, "third", 2)] {
        let spool = office.spool_with(2048 * MIB, Arc::new(Ahead(Duration::from_hours(hours))));
        let new = Recording { leg: leg.into(), ..office.recording.clone() };
        spool.obtain(&office.call, &new).await.unwrap();
        assert_eq!(office.files().len(), files, "after {hours} h");
    }
}

#[tokio::test]
async fn what_is_idle_makes_room_and_what_is_used_does_not() {
    let office = Office::start(&sound(100)).await;
    // Room for the largest recording, and for nothing besides it.
    let spool = office.spool_with(LARGEST, Arc::new(SystemClock));
    let used = office.obtain(&spool).await.unwrap();
    let other = Recording { leg: "other".into(), ..office.recording.clone() };
    let full = spool.obtain(&office.call, &other).await.unwrap_err();
    assert!(full.message.contains("recordings.max_total_mb"), "{full}");
    drop(used);
    spool.obtain(&office.call, &other).await.expect("the idle one went");
    assert_eq!(office.files(), ["audio", "json"]);
}

#[tokio::test]
async fn a_pbx_that_is_away_is_trouble_that_passes() {
    let office = Office::start(&sound(100)).await;
    let fault = simulators::faults::Fault::times(FaultKind::CutBefore, 1).on("recordings/get");
    office.pbx.faults().set(fault);
    let spool = office.spool();
    assert_eq!(office.obtain(&spool).await.unwrap_err().fault, Fault::Trouble);
    assert!(office.obtain(&spool).await.is_ok());
}
