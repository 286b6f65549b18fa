//! The addresses to listen on: free, taken by the server itself, or by somebody else.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};

use super::check::{Check, Subject};
use super::remote::LIMIT;

/// How a server of ours is told from others: the path to ask, and what is in its answer.
pub(super) struct Sign {
    path: &'static str,
    text: &'static str,
}

/// Without a token this is a problem of our own kind.
pub(super) const SERVER: Sign = Sign { path: "/admin/v1/version", text: "urn:kontur-telephony:problem:" };

/// The port of metrics has not much to say.
pub(super) const METRICS: Sign = Sign { path: "/healthz", text: "ok" };

/// What happens when one tries to listen there.
#[derive(Debug)]
pub(super) enum Facts {
    /// It works.
    Free,
    /// A kontur-telephony does so already.
    Serving,
    /// Somebody else does so already.
    Taken,
    /// It does not work.
    Refused(io::Error),
}

/// Tries to listen for an instant; asks who listens there if somebody does.
pub(super) async fn look(address: SocketAddr, http: &reqwest::Client, sign: &Sign) -> Facts {
    match TcpListener::bind(address) {
        Ok(_) => Facts::Free,
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if is_ours(address, http, sign).await {
                Facts::Serving
            } else {
                Facts::Taken
            }
        }
        Err(error) => Facts::Refused(error),
    }
}

/// The wildcard address leads to this machine as well.
async fn is_ours(address: SocketAddr, http: &reqwest::Client, sign: &Sign) -> bool {
    let asked = async {
        let reply = http.get(format!("http://{address}{}", sign.path)).timeout(LIMIT).send().await?;
        reply.text().await
    };
    asked.await.is_ok_and(|text| text.contains(sign.text))
}

/// The row of the address at `key`.
pub(super) fn judge(key: &'static str, address: SocketAddr, facts: &Facts) -> Check {
    let subject = Subject::new(key, address.to_string());
    match facts {
        Facts::Free => subject.green("free; the server is not running"),
        Facts::Serving => subject.green("the server is running"),
        Facts::Taken => {
            let port = address.port();
            let fix = format!("end the other program (ss -ltnp 'sport = :{port}' names it), or change {key}");
            subject.red("another program listens there", fix)
        }
        Facts::Refused(error) if error.kind() == ErrorKind::AddrNotAvailable => {
            let fix =
                format!("change {key} to an address of this machine, such as 127.0.0.1:8080 or 0.0.0.0:8080");
            subject.red("no address of this machine", fix)
        }
        Facts::Refused(error) if error.kind() == ErrorKind::PermissionDenied => {
            let fix =
                format!("change {key} to a port from 1024, or grant CAP_NET_BIND_SERVICE to the server");
            subject.red("this user may not listen there", fix)
        }
        Facts::Refused(error) => {
            subject.red(format!("nobody can listen there: {error}"), format!("change {key}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[track_caller]
    fn check(facts: &Facts, state: State, fix: &str) {
        let row = judge("listen", "127.0.0.1:8080".parse().unwrap(), facts);
        assert_eq!(row.state, state, "{facts:?}");
        assert!(row.fix.unwrap_or_default().contains(fix), "{facts:?}");
    }

    #[test]
    fn every_answer_has_its_fix() {
        check(&Facts::Free, State::Green, "");
        check(&Facts::Serving, State::Green, "");
        check(&Facts::Taken, State::Red, "sport = :8080");
        check(
            &Facts::Refused(ErrorKind::AddrNotAvailable.into()),
            State::Red,
            "change listen to an address of this",
        );
        check(&Facts::Refused(ErrorKind::PermissionDenied.into()), State::Red, "from 1024");
        check(&Facts::Refused(ErrorKind::Other.into()), State::Red, "change listen");
    }
}
