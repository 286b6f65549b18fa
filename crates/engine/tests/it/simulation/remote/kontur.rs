//! Kontur, with what its adapter knows of it: what has to be looked up, what needs a communication.

use domain::id::CommunicationId;
use domain::outbox::{Cause, Notice, Outcome};
use domain::port::RemoteErrorKind;
use domain::port::destination::{Delivery, Effect, Report};

use super::super::books::Communication;
use super::super::coverage::Class;
use super::super::trouble::Trouble;
use super::{Remote, Visit, failed};

/// What a look-up in the event feed gave.
enum Found {
    Yes(Communication),
    No,
    /// To be looked up again.
    Later(Report),
}

impl Remote {
    pub(super) async fn tell_kontur(&self, delivery: &Delivery<'_>, visit: &Visit<'_>) -> Report {
        match delivery.notice {
            Notice::CallStarted { .. } => self.start(delivery, visit).await,
            Notice::Register => self.register(delivery, visit).await,
            Notice::Recording { .. } if delivery.communication.is_none() => never_started(),
            Notice::LegChanged { .. } | Notice::CallFinished { .. } | Notice::CallFailed { .. }
                if delivery.communication.is_none() =>
            {
                never_started()
            }
            _ => self.send(delivery, visit, || ()).await.map_or_else(|error| error, |()| delivered()),
        }
    }

    async fn start(&self, delivery: &Delivery<'_>, visit: &Visit<'_>) -> Report {
        if delivery.communication.is_some() && delivery.call.request().is_none() {
            visit.acted();
            return delivered();
        }
        if delivery.suspect {
            match self.look_up(delivery).await {
                Found::Yes(found) => {
                    visit.acted();
                    return learned(found.id);
                }
                Found::No => {}
                Found::Later(report) => return report,
            }
        }
        let asked = delivery.call.request();
        let open = || self.world.books(|books| books.open(self.office, delivery.external_id, asked));
        self.send(delivery, visit, open).await.map_or_else(|error| error, learned)
    }

    async fn register(&self, delivery: &Delivery<'_>, visit: &Visit<'_>) -> Report {
        let mut id = delivery.communication.cloned();
        if delivery.suspect {
            match self.look_up(delivery).await {
                Found::Yes(found) if found.registered > 0 => {
                    visit.acted();
                    return learned(found.id);
                }
                Found::Yes(found) => drop(id.get_or_insert(found.id)),
                Found::No => {}
                Found::Later(report) => return report,
            }
        }
        let register =
            || self.world.books(|books| books.register(self.office, delivery.external_id, id.as_ref()));
        self.send(delivery, visit, register).await.map_or_else(|error| error, |()| delivered())
    }

    /// Sends a callback; `act` is what Kontur does on it.
    async fn send<T>(
        &self,
        delivery: &Delivery<'_>,
        visit: &Visit<'_>,
        act: impl FnOnce() -> T,
    ) -> Result<T, Report> {
        if self.refuses(delivery.external_id) {
            return Err(failed(&Trouble::Rejected.error("kontur", delivery.notice.word())));
        }
        let act = || {
            visit.acted();
            act()
        };
        self.exchange(delivery.notice.word(), act).await.map_err(|error| failed(&error))
    }

    /// Looks in the event feed, which some do not have and which may answer nonsense: then it cannot tell, and what is
    /// in doubt may come to be twice.
    async fn look_up(&self, delivery: &Delivery<'_>) -> Found {
        let world = &*self.world;
        let excuse = || {
            world.cover(Class::LookUpImpossible);
            world.books(|books| {
                books.excused.insert((self.office, self.kind, delivery.external_id.clone()));
            });
            Found::No
        };
        if !world.scenario.offices[self.office].feed {
            return excuse();
        }
        let look = || world.books(|books| books.find(self.office, delivery.external_id));
        match self.exchange("look-up", look).await {
            Ok(Some(found)) => {
                world.cover(Class::LookedUpFound);
                Found::Yes(found)
            }
            Ok(None) => {
                world.cover(Class::LookedUpMissing);
                Found::No
            }
            Err(error) if matches!(error.kind, RemoteErrorKind::Rejected | RemoteErrorKind::Malformed) => {
                excuse()
            }
            Err(error) => {
                let (reason, retry_after) = (error.to_string(), error.retry_after);
                let outcome = Outcome::Retry { reason, retry_after, ambiguous: true };
                Found::Later(Report { outcome, ..failed(&error) })
            }
        }
    }
}

fn delivered() -> Report {
    Report::new(Outcome::Delivered)
}

fn learned(id: CommunicationId) -> Report {
    Report { effects: vec![Effect::Communication(id)], ..delivered() }
}

fn never_started() -> Report {
    let reason = "the call has no communication: its call-started was never accepted".to_owned();
    Report::new(Outcome::Dead { cause: Cause::Prerequisite, reason })
}
