//! One writer of a document at a time, and requesters in turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use acta_storage::{DocumentKey, Share, Shares, Weights};

type Place = (TenantId, DocumentKey);

/// Who may write which document. Only documents that somebody writes or waits for are in memory.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    taken: Mutex<HashMap<Place, Writers>>,
}

/// Those who write one document, or wait for it.
#[derive(Debug)]
struct Writers {
    count: usize,
    permit: Shares,
}

/// The right to write a document. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    place: Place,
    share: Option<Share>,
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Writers>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else writes this document. Requesters that wait take turns.
    pub(crate) async fn take(self: &Arc<Self>, tenant: TenantId, key: &DocumentKey) -> Turn {
        let place = (tenant, key.clone());
        let permit = {
            let mut taken = self.lock();
            // All are of one tenant, so weights make no difference.
            let none = || Writers { count: 0, permit: Shares::new(1, Weights::default()) };
            let writers = taken.entry(place.clone()).or_insert_with(none);
            writers.count += 1;
            writers.permit.clone()
        };
        // Made before the wait, so that a caller that goes away leaves nothing behind.
        let mut turn = Turn { turns: Arc::clone(self), place, share: None };
        turn.share = Some(permit.acquire(tenant, 1).await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // The next one may begin.
        self.share = None;
        let mut taken = self.turns.lock();
        if let Some(writers) = taken.get_mut(&self.place) {
            writers.count -= 1;
            if writers.count == 0 {
                taken.remove(&self.place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use acta_storage::{RequesterId, TaskRequester, for_requester};

    use super::*;

    fn key(name: &str) -> DocumentKey {
        let activity = "http://a.example".parse().unwrap();
        DocumentKey::ActivityProfile { activity, profile_id: name.to_owned() }
    }

    fn ready<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    fn is_ready<F: Future>(future: Pin<&mut F>) -> bool {
        ready(future).is_some()
    }

    #[test]
    fn turns_of_one_document_wait_and_leave_nothing_behind() {
        let turns = Arc::new(Turns::default());
        let tenant = TenantId::FIRST;
        let (one, other) = (key("one"), key("other"));
        let mut first = Box::pin(turns.take(tenant, &one));
        let mut second = Box::pin(turns.take(tenant, &one));
        let mut beside = Box::pin(turns.take(tenant, &other));
        let held = ready(first.as_mut()).expect("nobody else writes");
        assert!(!is_ready(second.as_mut()));
        assert!(is_ready(beside.as_mut()));
        drop(held);
        assert!(is_ready(second.as_mut()));
        drop((first, second, beside));
        assert!(turns.lock().is_empty());
    }

    #[test]
    fn requesters_write_a_document_in_turn() {
        let turns = Arc::new(Turns::default());
        let one = key("one");
        let take = |requester| {
            let taking = turns.take(TenantId::FIRST, &one);
            let id = RequesterId::Credential(requester);
            Box::pin(for_requester(TaskRequester { tenant: Some(TenantId::FIRST), id }, taking))
        };
        let [mut first, mut second, mut third, mut other] = [1, 1, 1, 2].map(take);
        let held = ready(first.as_mut()).unwrap();
        assert!(!is_ready(second.as_mut()) && !is_ready(third.as_mut()));
        assert!(!is_ready(other.as_mut()));
        drop(held);
        let held = ready(second.as_mut()).unwrap();
        assert!(!is_ready(third.as_mut()));
        drop(held);
        let held = ready(other.as_mut()).unwrap();
        assert!(!is_ready(third.as_mut()));
        drop(held);
        assert!(is_ready(third.as_mut()));
        drop((first, second, third, other));
        assert!(turns.lock().is_empty());
    }
}
