//! A cache of verified tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_ambient::Timestamp;
use sha2::{Digest, Sha256};

use super::BearerIdentity;

/// How long a token is cached, so that a key that the issuer has withdrawn is not used for longer.
const CACHED_FOR: Duration = Duration::from_mins(5);

/// Most tokens in the cache.
const ENTRIES_MAX: usize = 10_000;

/// The key of a token in the cache.
pub(crate) type TokenHash = [u8; 32];

/// Caches the identities of verified tokens until they expire.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<HashMap<TokenHash, CacheEntry>>);

#[derive(Debug)]
struct CacheEntry {
    identity: Arc<BearerIdentity>,
    /// When the token expires.
    expires: Timestamp,
    /// When it was verified, on the monotonic clock.
    since: Duration,
}

impl CacheEntry {
    fn is_valid(&self, now: Timestamp, elapsed: Duration) -> bool {
        now < self.expires && elapsed.saturating_sub(self.since) < CACHED_FOR
    }
}

impl Cache {
    pub(crate) fn hash(token: &str) -> TokenHash {
        Sha256::digest(token.as_bytes()).into()
    }

    pub(crate) fn find(
        &self,
        hash: &TokenHash,
        now: (Timestamp, Duration),
    ) -> Option<Arc<BearerIdentity>> {
        let entries = self.lock();
        let entry = entries.get(hash).filter(|entry| entry.is_valid(now.0, now.1))?;
        Some(Arc::clone(&entry.identity))
    }

    /// Caches the identity of a token that was verified `now` and is valid until `expires`.
    pub(crate) fn remember(
        &self,
        hash: TokenHash,
        identity: Arc<BearerIdentity>,
        expires: Timestamp,
        now: (Timestamp, Duration),
    ) {
        let mut entries = self.lock();
        if ENTRIES_MAX <= entries.len() {
            entries.retain(|_, entry| entry.is_valid(now.0, now.1));
        }
        if ENTRIES_MAX <= entries.len() {
            entries.clear();
        }
        entries.insert(hash, CacheEntry { identity, expires, since: now.1 });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenHash, CacheEntry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
