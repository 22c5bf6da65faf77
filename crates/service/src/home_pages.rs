//! The home pages in the authority of statements, kept for a short time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acta_storage::directory::AuthorityHomePages;
use acta_storage::{Storage, StorageError};
use acta_xapi::Iri;

/// How long they are taken from memory. A home page whose use another node has begun is known at
/// the latest after this time; the own one is an option of the service.
const FRESH: Duration = Duration::from_secs(1);

/// What was read last.
#[derive(Debug, Default)]
pub(crate) struct HomePages(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    pages: Arc<[Iri]>,
    /// The end of its validity, on the clock.
    until: Duration,
}

impl HomePages {
    /// The home pages of the store at the time `now` of the clock.
    ///
    /// # Errors
    ///
    /// What storage reports.
    pub(crate) async fn find(
        &self,
        storage: &dyn Storage,
        now: Duration,
    ) -> Result<Arc<[Iri]>, StorageError> {
        if let Some(pages) = self.known(now) {
            return Ok(pages);
        }
        let pages: Arc<[Iri]> = AuthorityHomePages::find(storage).await?.pages.into();
        let known = Known { pages: Arc::clone(&pages), until: now.saturating_add(FRESH) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(pages)
    }

    fn known(&self, now: Duration) -> Option<Arc<[Iri]>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| now < known.until).map(|known| Arc::clone(&known.pages))
    }
}
