//! Threads that read statements and flatten them into rows.

use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use acta_storage::{FeedRecord, StorageError, lower_priority};
use tokio::sync::oneshot;

use crate::rows::batch::Batch;

/// What fails when something fails.
pub(super) const ACT: &str = "making facts of statements";

/// How much lower the priority of the threads is than that of requests, from 0 to 19.
pub(super) const NICE: i32 = 10;

struct Page {
    records: Vec<FeedRecord>,
    /// The language of names.
    language: Arc<str>,
    reply: oneshot::Sender<Result<Batch, StorageError>>,
}

/// Threads that flatten pages of records.
pub(super) struct Flatteners {
    pages: mpsc::Sender<Page>,
}

impl Flatteners {
    /// Starts the threads, which end when this value is dropped.
    ///
    /// # Panics
    ///
    /// If no thread can be started.
    pub(super) fn start(count: usize) -> Self {
        let (pages, waiting) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 1..=count.max(1) {
            let waiting = Arc::clone(&waiting);
            let name = format!("acta-facts-{number}");
            let started = thread::Builder::new().name(name).spawn(move || work(&waiting));
            assert!(started.is_ok(), "a follower has threads");
        }
        Self { pages }
    }

    /// Flattens a page, with names in a language. The receiver fails if a thread panicked.
    pub(super) fn flatten(
        &self,
        records: Vec<FeedRecord>,
        language: &Arc<str>,
    ) -> oneshot::Receiver<Result<Batch, StorageError>> {
        let (reply, receiver) = oneshot::channel();
        // If there are no threads any more, the reply is dropped, which the receiver tells.
        drop(self.pages.send(Page { records, language: Arc::clone(language), reply }));
        receiver
    }
}

fn work(waiting: &Mutex<mpsc::Receiver<Page>>) {
    lower_priority(NICE);
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(page) = next else { return };
        let flattened = std::panic::catch_unwind(AssertUnwindSafe(|| flatten(&page)));
        let flattened = flattened.unwrap_or_else(|_panic| {
            let source = io::Error::other("a statement could not be flattened");
            Err(StorageError::Io { act: ACT, source })
        });
        // Nobody waits any more if the follower was stopped.
        drop(page.reply.send(flattened));
    }
}

fn flatten(page: &Page) -> Result<Batch, StorageError> {
    let mut batch = Batch::in_language(&page.language);
    for record in &page.records {
        match record.statement() {
            Some(statement) => batch.push(&statement.load()?.into()),
            None => batch.push_erased(record.sequence, record.stored.unix_micros()),
        }
    }
    Ok(batch)
}
