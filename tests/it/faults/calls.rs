//! The calls of a workspace: of every kind, some of them going on when a fault begins.

use simulators::kontur::PressedCall;
use simulators::scenario::{Kind, Trace};

use super::neighbour::Neighbour;
use super::office::Office;
use crate::actors::Telephony;
use crate::harness::{Company, DEADLINE, VATS};

/// Clients of the calls that go over the simulated PBX, as digits.
const CLICKED: &str = "79995550001";
const DOOMED: &str = "79995550002";
const RECORDED: &str = "79995550003";

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Answered,
    Recorded,
    Missed,
    /// It could not be placed.
    Failed,
}

/// A call as it has to be known in the end.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) external_id: String,
    /// The client's number as digits.
    pub(super) client: String,
    pub(super) end: End,
}

impl Call {
    /// What a trace tells of.
    pub(super) fn traced(kind: Kind, trace: &Trace) -> Self {
        let end = if kind.is_answered() { End::Answered } else { End::Missed };
        Self { external_id: trace.call_id(), client: trace.client_digits(), end }
    }
}

/// Calls that are told by webhook alone.
pub(super) struct Traces {
    telephony: Telephony,
    /// Answered before the fault.
    going_on: Trace,
    /// Begun while it lasts.
    coming: Vec<(Kind, Trace)>,
}

impl Traces {
    /// Calls of every kind that nobody asked for in Kontur, numbered from `first`.
    pub(super) fn new(telephony: Telephony, first: u64) -> Self {
        let is_asked_for = |kind: &Kind| matches!(kind, Kind::ClickToCall | Kind::Failed);
        let kinds = Kind::ALL.into_iter().filter(|kind| !is_asked_for(kind));
        let coming = kinds.zip(first + 1..).map(|(kind, n)| (kind, Trace::new(kind, n))).collect();
        Self { telephony, going_on: Trace::new(Kind::Answered, first), coming }
    }

    /// One call begins.
    pub(super) async fn begin(&self) {
        self.telephony.tell(&self.going_on.events()[..3]).await;
    }

    /// It ends; the others begin and end.
    pub(super) async fn go_on(&self) {
        let mut events = self.going_on.events().split_off(3);
        events.extend(self.coming.iter().flat_map(|(_, trace)| trace.events()));
        self.telephony.tell(&events).await;
    }

    /// All of them.
    pub(super) fn calls(&self) -> Vec<Call> {
        let going_on = (Kind::Answered, self.going_on.clone());
        let all = std::iter::once(&going_on).chain(&self.coming);
        all.map(|(kind, trace)| Call::traced(*kind, trace)).collect()
    }
}

/// Calls at the simulated PBX: two that a user of Kontur asked for, one that is recorded.
pub(super) struct Placed {
    clicked: String,
    doomed: String,
    recorded: String,
}

impl Placed {
    /// They ring.
    pub(super) async fn begin(company: &Company) -> Self {
        let (clicked, doomed) = (press(company, CLICKED).await, press(company, DOOMED).await);
        let recorded = company.sandbox.pbx.ring_in(RECORDED, VATS, &["101"]);
        Self { clicked, doomed, recorded }
    }

    /// They end. The PBX gets rid of all it has to tell.
    pub(super) async fn go_on(&self, company: &Company) {
        let pbx = &company.sandbox.pbx;
        for call in [&self.clicked, &self.recorded] {
            pbx.answer(call, "101").expect("rings");
        }
        pbx.record(&self.recorded, "101", &b"sound"[..]).expect("talks");
        for call in [&self.clicked, &self.recorded] {
            pbx.hang_up(call).expect("talks");
        }
        pbx.fail(&self.doomed, "unreachable").expect("rings");
        pbx.delivered(DEADLINE).await.expect("the PBX gets rid of its events");
    }

    /// All of them.
    pub(super) fn calls(&self) -> Vec<Call> {
        let calls = [
            (&self.clicked, CLICKED, End::Answered),
            (&self.doomed, DOOMED, End::Failed),
            (&self.recorded, RECORDED, End::Recorded),
        ];
        let call = |(id, client, end): (&String, &str, End)| Call {
            external_id: id.clone(),
            client: client.to_owned(),
            end,
        };
        calls.into_iter().map(call).collect()
    }
}

/// A user presses "Call"; gives the id of the call that the PBX began.
async fn press(company: &Company, client: &str) -> String {
    let anna = company.employee("101").kontur_user_id;
    let PressedCall { communication_id, reply } = company.crm().press_call(anna, client).await;
    assert!(reply.is_ok(), "{reply:?}");
    let request = communication_id.to_string();
    let history = company.sandbox.pbx.history();
    let call = history.into_iter().find(|call| call.request_id.as_deref() == Some(&request));
    call.expect("the PBX has placed the call").call_id
}

/// The calls of both workspaces.
pub(super) struct Calls {
    traces: Traces,
    placed: Placed,
    neighbours: Traces,
}

impl Calls {
    /// Some begin, in peace.
    pub(super) async fn begin(office: &Office) -> Self {
        let company = &office.company;
        let traces = Traces::new(company.telephony(), 1);
        let neighbours = Traces::new(Neighbour::telephony(company), 101);
        traces.begin().await;
        neighbours.begin().await;
        let placed = Placed::begin(company).await;
        company.settle().await;
        Self { traces, placed, neighbours }
    }

    /// These end, all others begin and end. Every event is taken.
    pub(super) async fn go_on(&self, office: &Office) {
        self.traces_go_on().await;
        self.placed_go_on(office).await;
    }

    /// Those that are told by webhook alone.
    pub(super) async fn traces_go_on(&self) {
        self.traces.go_on().await;
        self.neighbours.go_on().await;
    }

    /// Those at the simulated PBX.
    pub(super) async fn placed_go_on(&self, office: &Office) {
        self.placed.go_on(&office.company).await;
    }

    /// As they have to be known.
    pub(super) fn everybody(&self) -> Everybody {
        Everybody {
            own: [self.traces.calls(), self.placed.calls()].concat(),
            neighbours: self.neighbours.calls(),
        }
    }
}

/// Calls of both workspaces as they have to be known.
#[derive(Debug, Clone)]
pub(super) struct Everybody {
    pub(super) own: Vec<Call>,
    pub(super) neighbours: Vec<Call>,
}
