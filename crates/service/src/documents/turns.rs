//! One writer of a document at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use acta_storage::DocumentKey;
use tokio::sync::OwnedMutexGuard;

type Place = (TenantId, DocumentKey);

/// Who may write which document. Only documents that somebody writes or waits for are in memory.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    taken: Mutex<HashMap<Place, Arc<tokio::sync::Mutex<()>>>>,
}

/// The right to write a document. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    place: Place,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Arc<tokio::sync::Mutex<()>>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else writes this document. Those who wait are served in order.
    pub(crate) async fn take(self: &Arc<Self>, tenant: TenantId, key: &DocumentKey) -> Turn {
        let place = (tenant, key.clone());
        let mutex = Arc::clone(self.lock().entry(place.clone()).or_default());
        // Made before the wait, so that a caller that goes away leaves nothing behind.
        let mut turn = Turn { turns: Arc::clone(self), place, guard: None };
        turn.guard = Some(mutex.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut taken = self.turns.lock();
        self.guard = None;
        // With the lock held nobody else can take hold of it.
        if taken.get(&self.place).is_some_and(|mutex| Arc::strong_count(mutex) == 1) {
            taken.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::{Context, Waker};

    use super::*;

    fn key(name: &str) -> DocumentKey {
        let activity = "http://a.example".parse().unwrap();
        DocumentKey::ActivityProfile { activity, profile_id: name.to_owned() }
    }

    fn is_ready<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
        future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn turns_of_one_document_wait_and_leave_nothing_behind() {
        let turns = Arc::new(Turns::default());
        let tenant = TenantId::FIRST;
        let (one, other) = (key("one"), key("other"));
        let mut first = Box::pin(turns.take(tenant, &one));
        let mut second = Box::pin(turns.take(tenant, &one));
        let mut beside = Box::pin(turns.take(tenant, &other));
        let std::task::Poll::Ready(held) =
            first.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        else {
            panic!("nobody else writes")
        };
        assert!(!is_ready(second.as_mut()));
        assert!(is_ready(beside.as_mut()));
        drop(held);
        assert!(is_ready(second.as_mut()));
        drop((first, second, beside));
        assert!(turns.lock().is_empty());
    }
}
