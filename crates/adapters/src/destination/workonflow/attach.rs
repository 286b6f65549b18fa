//! A recording beside the comment of its call: as a file, or as a link where it is too large. What is done is noted, so
//! that the next attempt goes on where this one stopped.

use std::time::Instant;

use domain::call::event::Recording;
use domain::outbox::Outcome;
use domain::port::RemoteError;
use domain::port::destination::{Delivery, Report};
use domain::port::recordings::{FetchError, Spooled};
use domain::recording::{Fault, LARGEST, open_link};

use super::Workonflow;
use super::client::Announced;
use super::place::Place;
use super::progress::Progress;
use crate::signature::sha256_hex;

/// An attempt and what it has achieved.
pub(super) struct Attachment<'a> {
    workonflow: &'a Workonflow,
    delivery: &'a Delivery<'a>,
    place: Place<'a>,
    recording: &'a Recording,
    /// By what the file, and the text that stands for it, are found again. Not by the call's reference: that finds the
    /// comment of the call.
    mark: String,
    progress: Progress,
}

/// What is put beside the comment.
enum Content {
    File(Spooled),
    Text(String),
}

/// Why an attempt ended early.
enum Stopped {
    /// The recording is not here.
    Fetching(FetchError),
    /// Workonflow did not do what it was asked.
    Telling(RemoteError),
}

impl From<RemoteError> for Stopped {
    fn from(error: RemoteError) -> Self {
        Self::Telling(error)
    }
}

impl<'a> Attachment<'a> {
    pub(super) fn new(place: Place<'a>, delivery: &'a Delivery<'a>, recording: &'a Recording) -> Self {
        let mark = sha256_hex(&[delivery.reference.as_str(), "\n", recording.leg.as_str()]);
        Self {
            workonflow: place.workonflow,
            delivery,
            place,
            recording,
            mark: mark.chars().take(12).collect(),
            progress: Progress::read(delivery.progress),
        }
    }

    pub(super) async fn run(mut self) -> Report {
        let mut result = self.steps().await;
        if let Err(Stopped::Telling(error)) = &result
            && self.progress.thread_is_gone(&self.workonflow.client, error).await
        {
            // The file belonged to the thread.
            self.progress = Progress { doubtful: self.progress.doubtful, ..Progress::default() };
            result = self.steps().await;
        }
        let report = match result {
            Ok(()) => self.progress.delivered(),
            Err(Stopped::Telling(error)) => self.progress.failed(&error),
            // That says nothing of Workonflow.
            Err(Stopped::Fetching(error)) => Report {
                status: error.status,
                answer: Some(error.message.clone()),
                ..Report::new(Outcome::from(&error))
            },
        };
        Report { progress: self.progress.store(), ..report }
    }

    async fn steps(&mut self) -> Result<(), Stopped> {
        if self.progress.comment_id.is_none() && (self.delivery.suspect || self.progress.doubtful) {
            self.find().await?;
        }
        if self.progress.comment_id.is_some() {
            return Ok(());
        }
        let content = self.content().await?;
        let thread_id = self.thread().await?;
        let sent = Instant::now();
        let client = &self.workonflow.client;
        let created = match content {
            Content::Text(text) => client.create_comment(&thread_id, &text).await,
            Content::File(file) => {
                let file_id = self.put(&thread_id, &file).await?;
                client.create_file_comment(&thread_id, &file_id).await
            }
        };
        Ok(self.progress.commented(sent, created)?)
    }

    /// What an earlier attempt made whose outcome is unknown: it is never made twice.
    async fn find(&mut self) -> Result<(), RemoteError> {
        for thread_id in self.place.suspects(&self.progress).await? {
            match self.find_in(&thread_id).await {
                Ok(Some(comment_id)) => {
                    self.progress.thread_id = Some(thread_id);
                    self.progress.comment_id = Some(comment_id);
                    return Ok(());
                }
                // A thread that was deleted is found out when something is written to it.
                Err(error) if !error.is_refusal() => return Err(error),
                Ok(None) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// A comment of type file says no more than the file's id; the file's name has the mark.
    async fn find_in(&self, thread_id: &str) -> Result<Option<String>, RemoteError> {
        let client = &self.workonflow.client;
        let mut needles = client.files_named(thread_id, &self.mark).await?;
        needles.extend(self.progress.file_id.clone());
        needles.push(self.mark.clone());
        client.find_comment(thread_id, &needles).await
    }

    async fn content(&self) -> Result<Content, Stopped> {
        let Some(recordings) = &self.workonflow.recordings else {
            let message = "the telephony system of this integration gives no recordings";
            return Err(Stopped::Fetching(FetchError::new(Fault::Forbidden, message)));
        };
        match recordings.obtain(self.delivery.external_id, self.recording).await {
            Ok(file) => Ok(Content::File(file)),
            Err(error) if error.fault == Fault::TooLarge => Ok(Content::Text(self.text())),
            Err(error) => Err(Stopped::Fetching(error)),
        }
    }

    /// What stands for a recording that is too large.
    fn text(&self) -> String {
        let link = open_link(&self.recording.url);
        let link = link.map_or("она осталась в телефонии".to_owned(), |link| {
            format!("ссылка: {link}")
        });
        let most = LARGEST / (1024 * 1024);
        format!("Запись разговора больше {most} МБ и не приложена; {link}\nЗапись № {}", self.mark)
    }

    /// The thread in which the call's comment is; if that is not to be found, where it would be.
    async fn thread(&mut self) -> Result<String, RemoteError> {
        if self.progress.thread_id.is_none() {
            let reference = [self.delivery.reference.as_str().to_owned()];
            for thread_id in self.place.suspects(&self.progress).await? {
                if self.workonflow.client.find_comment(&thread_id, &reference).await?.is_some() {
                    self.progress.thread_id = Some(thread_id.clone());
                    return Ok(thread_id);
                }
            }
        }
        self.place.thread(&mut self.progress).await
    }

    /// The id of the file in Workonflow, put there if an earlier attempt did not.
    async fn put(&mut self, thread_id: &str, file: &Spooled) -> Result<String, RemoteError> {
        if let Some(id) = &self.progress.file_id {
            return Ok(id.clone());
        }
        let extension = file.fetched.file_name.rsplit('.').next().unwrap_or("bin");
        let name = format!("record-{}.{extension}", self.mark);
        let Announced { id, url } =
            self.workonflow.client.announce_file(thread_id, &name, file.fetched.size).await?;
        self.workonflow.client.put_file(url, file).await?;
        self.progress.file_id = Some(id.clone());
        Ok(id)
    }
}
