//! A cached response of an issuer, which is refreshed from time to time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::{FetchError, OidcError};

/// How long it is current.
const FRESH: Duration = Duration::from_mins(10);

/// How long it is used when a newer one is not available.
const USABLE: Duration = Duration::from_hours(24);

/// Shortest time between two attempts to refresh it.
const PAUSE: Duration = Duration::from_secs(10);

/// Most callers that wait for a first response: further ones would take the requests that a server
/// has at a time from others.
const WAITING_MAX: usize = 32;

/// The required freshness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// A current one, or else an older one.
    Current,
    /// A newer one, because something is missing in the current one.
    Newer,
}

/// The last response, and when it was requested. At most one caller refreshes it at a time.
#[derive(Debug)]
pub(crate) struct Cached<T> {
    state: Mutex<State<T>>,
    turn: tokio::sync::Mutex<()>,
    waiting: Semaphore,
}

#[derive(Debug)]
struct State<T> {
    /// The last response, and when it was requested.
    value: Option<(Arc<T>, Duration)>,
    /// The last attempt and its time, if it failed.
    failure: Option<(OidcError, Duration)>,
}

impl<T> State<T> {
    /// The cached result; none if a request is due.
    fn cached_result(&self, now: Duration, want: Want) -> Option<Result<Arc<T>, OidcError>> {
        let age_max = match want {
            Want::Current => FRESH,
            Want::Newer => PAUSE,
        };
        if let Some(value) = self.value(now, age_max) {
            return Some(Ok(value));
        }
        let (error, since) = self.failure.as_ref()?;
        let is_due = PAUSE <= now.saturating_sub(*since);
        if is_due { None } else { Some(self.older(now, want).ok_or_else(|| error.clone())) }
    }

    /// The older response that may be used instead.
    fn older(&self, now: Duration, want: Want) -> Option<Arc<T>> {
        match want {
            Want::Current => self.value(now, USABLE),
            Want::Newer => None,
        }
    }

    fn value(&self, now: Duration, age_max: Duration) -> Option<Arc<T>> {
        let (value, since) = self.value.as_ref()?;
        (now.saturating_sub(*since) < age_max).then(|| Arc::clone(value))
    }
}

impl<T> Cached<T> {
    pub(crate) fn new() -> Self {
        let state = State { value: None, failure: None };
        let (turn, waiting) = (tokio::sync::Mutex::new(()), Semaphore::new(WAITING_MAX));
        Self { state: Mutex::new(state), turn, waiting }
    }

    /// Returns the cached response, or fetches a new one with `fetch`.
    ///
    /// An older response is used while another caller refreshes it, and while none is available.
    /// After an attempt, there is a pause before the next one.
    ///
    /// # Errors
    ///
    /// Those of `fetch`, also of an earlier call; [`FetchError::Crowded`] if many wait already.
    pub(crate) async fn get<F>(
        &self,
        now: Duration,
        want: Want,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>, OidcError>
    where
        F: Future<Output = Result<T, OidcError>>,
    {
        if let Some(cached_result) = self.lock().cached_result(now, want) {
            return cached_result;
        }
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(_taken) => {
                let older = self.lock().older(now, want);
                if let Some(value) = older {
                    return Ok(value);
                }
                let crowded = |_full| OidcError::Unavailable {
                    act: "waiting for a response",
                    source: FetchError::Crowded,
                };
                let _waiting = self.waiting.try_acquire().map_err(crowded)?;
                self.turn.lock().await
            }
        };
        if let Some(cached_result) = self.lock().cached_result(now, want) {
            return cached_result;
        }
        // A request needs much stack, and is rare.
        let fetched = Box::pin(fetch()).await;
        let mut state = self.lock();
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                *state = State { value: Some((Arc::clone(&value), now)), failure: None };
                Ok(value)
            }
            Err(error) => {
                state.failure = Some((error.clone(), now));
                let Some(older) = state.older(now, want) else { return Err(error) };
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(error = cause, "an OpenID provider did not respond as expected");
                Ok(older)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn failure() -> OidcError {
        OidcError::Unavailable { act: "a test", source: FetchError::Status(500) }
    }

    async fn get(
        cached: &Cached<u32>,
        now: Duration,
        want: Want,
        fetched: Option<u32>,
    ) -> Option<u32> {
        let got = cached.get(now, want, async || fetched.ok_or_else(failure)).await;
        got.ok().map(|value| *value)
    }

    #[tokio::test]
    async fn refreshes_an_old_response() {
        let cached = Cached::new();
        assert_eq!(get(&cached, SECOND, Want::Current, Some(1)).await, Some(1));
        assert_eq!(get(&cached, FRESH, Want::Current, Some(2)).await, Some(1));
        assert_eq!(get(&cached, FRESH + SECOND, Want::Current, Some(2)).await, Some(2));
    }

    #[tokio::test]
    async fn refreshes_only_after_a_pause() {
        let cached = Cached::new();
        assert_eq!(get(&cached, SECOND, Want::Newer, Some(1)).await, Some(1));
        assert_eq!(get(&cached, PAUSE, Want::Newer, Some(2)).await, Some(1));
        assert_eq!(get(&cached, PAUSE + SECOND, Want::Newer, Some(2)).await, Some(2));
        assert_eq!(get(&cached, PAUSE * 2, Want::Newer, Some(3)).await, Some(2));
    }

    #[tokio::test]
    async fn uses_an_old_response_for_a_day_if_there_is_no_newer_one() {
        let cached = Cached::new();
        assert_eq!(get(&cached, Duration::ZERO, Want::Current, Some(1)).await, Some(1));
        assert_eq!(get(&cached, FRESH, Want::Current, None).await, Some(1));
        // Not even tried: the last failure is too near.
        assert_eq!(get(&cached, FRESH + SECOND, Want::Current, Some(2)).await, Some(1));
        // What is missing in it cannot be told to be missing everywhere.
        assert_eq!(get(&cached, FRESH + SECOND, Want::Newer, Some(2)).await, None);
        assert_eq!(get(&cached, USABLE, Want::Current, None).await, None);
        assert_eq!(get(&cached, USABLE + PAUSE, Want::Current, Some(2)).await, Some(2));
    }

    /// Whether no future has a result when it is asked for one.
    async fn all_wait(futures: &mut [impl Future + Unpin]) -> bool {
        for future in futures {
            tokio::select! {
                biased;
                _ = future => return false,
                () = std::future::ready(()) => {}
            }
        }
        true
    }

    #[tokio::test]
    async fn few_callers_wait_for_the_first_response() {
        let cached = Cached::new();
        let first = cached.get(SECOND, Want::Current, async || {
            let other = |_| Box::pin(get(&cached, SECOND, Want::Current, None));
            let mut waiting: Vec<_> = (0..WAITING_MAX).map(other).collect();
            assert!(all_wait(&mut waiting).await, "there is no response");
            let refused = cached.get(SECOND, Want::Current, async || Ok(3)).await;
            let refusal = refused.expect_err("too many wait").to_string();
            assert_eq!(refusal, "waiting for a response at the OpenID provider failed");
            Ok(2)
        });
        assert_eq!(*first.await.unwrap(), 2);
        assert_eq!(get(&cached, SECOND, Want::Current, None).await, Some(2));
    }

    #[tokio::test]
    async fn one_caller_refreshes_while_others_use_the_cache() {
        let cached = Cached::new();
        assert_eq!(get(&cached, Duration::ZERO, Want::Current, Some(1)).await, Some(1));
        let slow = cached.get(FRESH, Want::Current, async || {
            // While this one asks, another comes by.
            assert_eq!(get(&cached, FRESH, Want::Current, Some(3)).await, Some(1));
            Ok(2)
        });
        assert_eq!(*slow.await.unwrap(), 2);
    }
}
