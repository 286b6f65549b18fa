//! What is asked of the sink, and what it answers: as the contracts of Kontur, Metabot and the telephony say, and no more.

use domain::clock::{Clock as _, SystemClock};

use super::{Arrivals, Fault, HISTORY_PATH, History, Request, State};

/// Where callbacks go.
const CALLBACKS: &str = "/communications/callbacks/telephony/";

/// An answer, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// 200 with this body.
    Done(String),
    /// 503.
    Unavailable,
    /// 404: nothing of ours asks for it.
    NotFound,
    /// No answer, ever.
    Hang,
    /// The connection is closed without an answer.
    Cut,
}

impl Answer {
    /// As it goes over the wire.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let (status, body) = match self {
            Self::Done(body) => ("200 OK", body.as_str()),
            Self::Unavailable => ("503 Service Unavailable", "{}"),
            Self::NotFound | Self::Hang | Self::Cut => ("404 Not Found", "{}"),
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

impl State {
    /// Answers a request that arrived `at`.
    pub(super) fn answer(&mut self, request: &Request<'_>, at: u64) -> Answer {
        if let Some(order) = request.path.strip_prefix("/bench/") {
            return self.obey(order);
        }
        if let Some((_, fault)) = self.faults.iter().find(|(part, _)| request.path.contains(part)) {
            return fault.answer();
        }
        if let Some((_, callback)) = request.path.split_once(CALLBACKS) {
            self.arrivals.note(at, callback, request.body);
            return self.callback(callback);
        }
        if let Some(query) = request.path.strip_prefix(HISTORY_PATH) {
            return Answer::Done(self.history.page(query.trim_start_matches('?')));
        }
        if request.path.ends_with("/jobs/schedule") {
            self.arrivals.note(at, "job", request.body);
            return Answer::Done(r#"{"success":true}"#.to_owned());
        }
        other(request)
    }

    fn callback(&mut self, name: &str) -> Answer {
        if name != "call-started" {
            return Answer::Done(r#""OK""#.to_owned());
        }
        self.communications += 1;
        Answer::Done(format!(r#"{{"id":"0d1f3a6e-0000-4000-8000-{:012x}"}}"#, self.communications))
    }

    /// Orders of the bench itself.
    fn obey(&mut self, order: &str) -> Answer {
        let words: Vec<&str> = order.split('/').collect();
        let body = match words[..] {
            ["seen"] => self.arrivals.seen(),
            ["arrivals"] => self.arrivals.list(),
            ["forget"] => {
                self.arrivals = Arrivals::default();
                String::new()
            }
            ["history", name, calls] => {
                self.history = History::new(name, calls.parse().unwrap_or_default(), SystemClock.now());
                String::new()
            }
            ["fault", part, fault] => {
                let Some(fault) = Fault::read(fault) else { return Answer::NotFound };
                self.faults.push((format!("/{part}/"), fault));
                String::new()
            }
            _ => return Answer::NotFound,
        };
        Answer::Done(body)
    }
}

impl Fault {
    fn answer(self) -> Answer {
        match self {
            Self::Hang => Answer::Hang,
            Self::Unavailable => Answer::Unavailable,
            Self::Cut => Answer::Cut,
        }
    }
}

/// What is asked at setup and after doubts (contract Kontur §2, §3, §7).
fn other(request: &Request<'_>) -> Answer {
    let path = request.path.split('?').next().unwrap_or_default();
    if path.ends_with("/authorize-private-integration") {
        return Answer::Done(r#"{"accessKey":"bench"}"#.to_owned());
    }
    if path.ends_with("/events") {
        return Answer::Done(r#"{"items":[],"lastOffset":null,"hasMore":false}"#.to_owned());
    }
    let Some((_, id)) = path.split_once("/integrations/instances/") else { return Answer::NotFound };
    let instance = format!(
        r#"{{"id":"{id}","status":"active","baseUrl":"","features":{{}},"secrets":[],"settings":[],"webHooks":[]}}"#
    );
    Answer::Done(if request.is_get {
        instance
    } else {
        format!(r#"{{"isSuccessful":true,"responseCode":"ok","result":{instance}}}"#)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(state: &mut State, path: &str, body: &str) -> Answer {
        state.answer(&Request { is_get: false, path, body: body.as_bytes() }, 7)
    }

    #[test]
    fn a_callback_is_answered_and_noted() {
        let mut state = State::default();
        let base = "/api/v1/w0/communications/callbacks/telephony";
        let started = ask(&mut state, &format!("{base}/call-started"), r#"{"externalId":"c-1"}"#);
        assert_eq!(started, Answer::Done(r#"{"id":"0d1f3a6e-0000-4000-8000-000000000001"}"#.to_owned()));
        let event = r#"{"externalId":"c-1","type":"appeared","from":{"type":"client"}}"#;
        assert_eq!(ask(&mut state, &format!("{base}/call-event"), event), Answer::Done(r#""OK""#.to_owned()));
        let list = Answer::Done("7 call-started c-1\n7 appeared c-1\n".to_owned());
        assert_eq!(ask(&mut state, "/bench/arrivals", ""), list);
        assert_eq!(ask(&mut state, "/bench/forget", ""), Answer::Done(String::new()));
        assert_eq!(ask(&mut state, "/bench/arrivals", ""), Answer::Done(String::new()));
    }

    #[test]
    fn a_fault_concerns_one_workspace() {
        let mut state = State::default();
        let path =
            |workspace: &str| format!("/api/v1/{workspace}/communications/callbacks/telephony/call-started");
        ask(&mut state, "/bench/fault/w1/unavailable", "");
        assert_eq!(ask(&mut state, &path("w1"), "{}"), Answer::Unavailable);
        assert!(matches!(ask(&mut state, &path("w0"), "{}"), Answer::Done(_)));
        assert!(matches!(ask(&mut state, &path("w10"), "{}"), Answer::Done(_)));
    }
}
