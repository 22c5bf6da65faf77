//! When the rights of a request were determined.

use std::time::Duration;

use super::cache::{Cache, Generation};

/// When the rights of a request were determined. The default is the start of the server.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuthInstant {
    generation: Generation,
    at: Duration,
}

/// How long rights need no confirmation if this node has changed no credential and no tenant
/// meanwhile. A change by another node applies that much later, in addition to the cache.
const CONFIRMED_FOR: Duration = Duration::from_millis(50);

impl AuthInstant {
    /// The moment `at`, on the clock.
    pub(super) fn now(cache: &Cache, at: Duration) -> Self {
        Self { generation: cache.generation(), at }
    }

    /// Whether rights that were determined then still apply at `now`, on the clock, without being
    /// determined again.
    pub(super) fn is_current(self, cache: &Cache, now: Duration) -> bool {
        now.saturating_sub(self.at) < CONFIRMED_FOR && cache.generation() == self.generation
    }
}
