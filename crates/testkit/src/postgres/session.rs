//! SQL beside the server under test, from code that does not wait.

use std::sync::{Arc, mpsc};

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Error, NoTls};

/// A connection; dropping it ends it, and what it had begun. It blocks whoever asks, also in an asynchronous test, which
/// is why it lives on a thread of its own.
#[derive(Debug)]
pub struct Session {
    client: Arc<Client>,
    runtime: Option<Runtime>,
}

impl Session {
    /// Connects to the database of a URL.
    pub fn to(url: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let url = url.to_owned();
        let connected = answer(&runtime, async move {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            Ok(client)
        });
        Self { client: Arc::new(connected.expect("PostgreSQL answers")), runtime: Some(runtime) }
    }

    /// Runs statements, all of them or none unless they say otherwise.
    pub fn run(&self, statements: &str) {
        let (client, text) = (Arc::clone(&self.client), statements.to_owned());
        let ran = answer(self.runtime(), async move { client.batch_execute(&text).await });
        ran.unwrap_or_else(|error| panic!("{error:?} at {statements}"));
    }

    /// The number that a query asks for.
    pub fn number(&self, query: &str) -> i64 {
        let (client, text) = (Arc::clone(&self.client), query.to_owned());
        let row = answer(self.runtime(), async move { client.query_one(&text, &[]).await });
        row.and_then(|row| row.try_get(0)).unwrap_or_else(|error| panic!("{error:?} at {query}"))
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until the drop")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // An asynchronous test may not wait for its end.
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

fn answer<T: Send + 'static>(
    runtime: &Runtime,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let (reply, answer) = mpsc::channel();
    runtime.spawn(async move { reply.send(work.await).ok() });
    answer.recv().expect("the work comes to its end")
}
