//! Workonflow, where a comment in doubt is looked up in its thread, and Metabot, where nothing can be looked up.

use domain::outbox::{Cause, Notice, Outcome};
use domain::port::destination::{Delivery, Report};

use super::super::coverage::Class;
use super::{Remote, Visit, failed};

impl Remote {
    pub(super) async fn comment(&self, delivery: &Delivery<'_>, visit: &Visit<'_>) -> Report {
        let world = &*self.world;
        let key = (self.office, delivery.external_id.clone(), delivery.notice.word());
        if delivery.suspect {
            let look = || world.books(|books| books.comments.contains_key(&key));
            match self.exchange("look-up", look).await {
                Ok(true) => {
                    world.cover(Class::LookedUpFound);
                    visit.acted();
                    return Report::new(Outcome::Delivered);
                }
                Ok(false) => world.cover(Class::LookedUpMissing),
                Err(error) => {
                    let (reason, retry_after) = (error.to_string(), error.retry_after);
                    return Report::new(Outcome::Retry { reason, retry_after, ambiguous: true });
                }
            }
        }
        let comment = || {
            visit.acted();
            world.books(|books| *books.comments.entry(key).or_default() += 1);
        };
        match self.exchange("comment", comment).await {
            Ok(()) => Report::new(Outcome::Delivered),
            Err(error) => Report { credentials_refused: false, ..failed(&error) },
        }
    }

    pub(super) async fn start_job(&self, delivery: &Delivery<'_>, visit: &Visit<'_>) -> Report {
        let Notice::Job { rule } = *delivery.notice else {
            let reason = "metabot takes no such notice".to_owned();
            return Report::new(Outcome::Dead { cause: Cause::Configuration, reason });
        };
        let world = &*self.world;
        if delivery.suspect {
            world.cover(Class::LookUpImpossible);
            world.books(|books| {
                books.excused.insert((self.office, self.kind, delivery.external_id.clone()));
            });
        }
        let start = || {
            visit.acted();
            let key = (self.office, delivery.external_id.clone(), rule);
            world.books(|books| *books.jobs.entry(key).or_default() += 1);
        };
        match self.exchange("job", start).await {
            Ok(()) => Report::new(Outcome::Delivered),
            Err(error) if error.status == Some(401) => {
                Report::new(Outcome::Dead { cause: Cause::Unauthorized, reason: error.to_string() })
            }
            Err(error) => Report { credentials_refused: false, ..failed(&error) },
        }
    }
}
