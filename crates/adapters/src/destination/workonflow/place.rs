//! Where the comment of a call belongs: the client's contact and the client's open thread, found or created.

use domain::phone::Phone;
use domain::port::RemoteError;
use serde_json::{Value, json};

use super::Workonflow;
use super::comment::{ANONYMOUS_TITLE, CallTexts};
use super::progress::Progress;
use super::wire::{self, Contact, Thread};

/// After a crash the comment is looked for in this many of the client's threads.
const SEARCHED_THREADS: usize = 5;

/// The client of a call and what a new contact or thread of theirs would be called.
pub(super) struct Place<'a> {
    pub(super) workonflow: &'a Workonflow,
    pub(super) phone: Phone,
    pub(super) texts: CallTexts,
    /// The employee's id in Workonflow.
    pub(super) responsible: Option<&'a str>,
}

impl Place<'_> {
    /// The thread for the comment, created if the client has none that is open. Notes in `progress` what was found.
    pub(super) async fn thread(&self, progress: &mut Progress) -> Result<String, RemoteError> {
        if let Some(id) = &progress.thread_id {
            return Ok(id.clone());
        }
        let found = match self.thread_of_contact(progress).await {
            // A remembered contact may be gone by now: look again, once.
            Err(error) if error.is_refusal() && progress.contact_id.take().is_some() => {
                self.workonflow.memory.forget_contact(&self.phone);
                self.thread_of_contact(progress).await
            }
            found => found,
        };
        found.inspect(|id| progress.thread_id = Some(id.clone()))
    }

    /// The threads that may contain the comment of an attempt nothing is remembered of, newest first.
    pub(super) async fn suspects(&self, progress: &Progress) -> Result<Vec<String>, RemoteError> {
        if let Some(id) = &progress.thread_id {
            return Ok(vec![id.clone()]);
        }
        let contact = if self.phone.is_anonymous() { None } else { self.find_contact().await? };
        if contact.is_none() && !self.phone.is_anonymous() {
            return Ok(Vec::new());
        }
        let mut threads = self.threads(contact.as_deref()).await?;
        threads.sort_by(|a, b| b.age().cmp(&a.age()));
        Ok(threads.into_iter().take(SEARCHED_THREADS).map(|thread| thread.id).collect())
    }

    async fn thread_of_contact(&self, progress: &mut Progress) -> Result<String, RemoteError> {
        let contact = self.contact(progress).await?;
        match self.open_thread(contact.as_deref()).await? {
            Some(id) => Ok(id),
            None => self.workonflow.client.create_thread(&self.new_thread(contact.as_deref())).await,
        }
    }

    /// The client's contact, created if there is none; none for a withheld number.
    async fn contact(&self, progress: &mut Progress) -> Result<Option<String>, RemoteError> {
        if self.phone.is_anonymous() {
            return Ok(None);
        }
        let memory = &self.workonflow.memory;
        if progress.contact_id.is_none() {
            progress.contact_id = memory.contact(&self.phone);
        }
        if progress.contact_id.is_none() {
            let id = match self.find_contact().await? {
                Some(id) => id,
                None => self.create_contact().await?,
            };
            memory.keep_contact(&self.phone, &id);
            progress.contact_id = Some(id);
        }
        Ok(progress.contact_id.clone())
    }

    /// Looks for the number as people may have written it: the search compares texts.
    async fn find_contact(&self) -> Result<Option<String>, RemoteError> {
        for spelling in spellings(self.phone.as_str()) {
            let found = self.workonflow.client.contacts(&spelling).await?;
            if let Some(contact) = best(found) {
                return Ok(Some(contact.id));
            }
        }
        Ok(None)
    }

    async fn create_contact(&self) -> Result<String, RemoteError> {
        self.workonflow.client.create_contact(&self.texts.contact_name, self.phone.as_str()).await
    }

    /// The newest thread that is not of type Done.
    async fn open_thread(&self, contact: Option<&str>) -> Result<Option<String>, RemoteError> {
        let threads = self.threads(contact).await?;
        let untold = threads.iter().any(|thread| thread.kind.is_none());
        let done = if untold { self.done_statuses().await? } else { Vec::new() };
        let open = threads.into_iter().filter(|thread| !thread.is_done(&done));
        Ok(open.max_by(|a, b| a.age().cmp(&b.age())).map(|thread| thread.id))
    }

    /// The threads of a client in our stream. What the server returns is checked: a comment in a stranger's thread
    /// would tell the number to people it is not meant for.
    async fn threads(&self, contact: Option<&str>) -> Result<Vec<Thread>, RemoteError> {
        let stream_id = &self.workonflow.stream.id;
        let wanted = match contact {
            Some(id) => json!({ "customerId": id, "streamId": stream_id }),
            None => json!({ "title": ANONYMOUS_TITLE, "streamId": stream_id }),
        };
        let threads = self.workonflow.client.threads(&wanted).await?;
        let is_ours = |thread: &Thread| {
            thread.is_in(stream_id)
                && contact.map_or(thread.title.as_deref() == Some(ANONYMOUS_TITLE), |id| thread.is_of(id))
        };
        Ok(threads.into_iter().filter(is_ours).collect())
    }

    fn new_thread(&self, contact: Option<&str>) -> Value {
        let stream = &self.workonflow.stream;
        let title = contact.map_or(ANONYMOUS_TITLE, |_| &self.texts.thread_title);
        let mut thread = json!({ "streamId": stream.id, "statusId": stream.status_id, "title": title });
        let people = [("customerId", contact), ("responsibleUserId", self.responsible)];
        for (role, id) in people.into_iter().filter_map(|(role, id)| Some((role, id?))) {
            thread[role] = json!(id);
        }
        thread
    }

    /// Which statuses of our stream are of type Done, for threads that do not tell their type themselves.
    async fn done_statuses(&self) -> Result<Vec<String>, RemoteError> {
        let (memory, stream_id) = (&self.workonflow.memory, &self.workonflow.stream.id);
        let statuses = if let Some(statuses) = memory.statuses(stream_id) {
            statuses
        } else {
            let read = self.workonflow.client.statuses(stream_id).await?;
            memory.keep_statuses(stream_id, &read);
            read
        };
        Ok(statuses.into_iter().filter(|status| status.is_done).map(|status| status.id).collect())
    }
}

impl Thread {
    fn is_done(&self, done_statuses: &[String]) -> bool {
        match &self.kind {
            Some(kind) => wire::is_done(kind),
            None => self.status_id.as_ref().is_some_and(|id| done_statuses.contains(id)),
        }
    }

    /// Whether it is (still) in the stream.
    pub(super) fn is_in(&self, stream_id: &str) -> bool {
        self.stream_id.as_deref().is_none_or(|id| id == stream_id)
    }

    fn is_of(&self, contact_id: &str) -> bool {
        self.customer_ids.is_empty() || self.customer_ids.iter().any(|id| id == contact_id)
    }

    /// Orders by creation; ids grow, too.
    fn age(&self) -> (i64, &str) {
        (self.created_at, &self.id)
    }
}

/// Of several contacts with one number the client's is preferred to an employee's private phone; of several clients
/// the one created first, so that it is always the same.
fn best(contacts: Vec<Contact>) -> Option<Contact> {
    contacts.into_iter().min_by(|a, b| (!a.is_outside, &a.id).cmp(&(!b.is_outside, &b.id)))
}

/// `79997775533`, `+79997775533` and, where the country has it, `89997775533`.
fn spellings(digits: &str) -> Vec<String> {
    let mut spellings = vec![digits.to_owned()];
    if digits.len() > 6 {
        spellings.push(format!("+{digits}"));
    }
    if let Some(national) = digits.strip_prefix('7').filter(|national| national.len() == 10) {
        spellings.push(format!("8{national}"));
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_looked_for_as_people_write_it() {
        assert_eq!(spellings("79997775533"), ["79997775533", "+79997775533", "89997775533"]);
        assert_eq!(spellings("375291234567"), ["375291234567", "+375291234567"]);
        assert_eq!(spellings("112"), ["112"]);
    }

    #[test]
    fn a_client_is_preferred_to_an_employee_and_the_first_to_a_later_one() {
        let contact = |id: &str, is_outside| Contact { id: id.to_owned(), is_outside };
        let found = best(vec![contact("a", false), contact("c", true), contact("b", true)]);
        assert_eq!(found, Some(contact("b", true)));
        assert_eq!(best(vec![]), None);
    }
}
