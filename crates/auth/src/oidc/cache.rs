//! Tokens that were verified a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_ambient::Timestamp;
use sha2::{Digest, Sha256};

use super::BearerIdentity;

/// How long a token is believed without verifying it again, so that a key which the issuer has
/// withdrawn does not live on in here.
const BELIEVED: Duration = Duration::from_mins(5);

/// Most tokens that are remembered.
const ENTRIES_MAX: usize = 10_000;

/// What a token is remembered by.
pub(crate) type TokenHash = [u8; 32];

/// Remembers whom verified tokens are of, until they expire.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<HashMap<TokenHash, AuditEntry>>);

#[derive(Debug)]
struct AuditEntry {
    identity: Arc<BearerIdentity>,
    /// When the token expires, by the time of day.
    expires: Timestamp,
    /// When it was verified.
    since: Duration,
}

impl AuditEntry {
    fn is_valid(&self, (now, elapsed): (Timestamp, Duration)) -> bool {
        now < self.expires && elapsed.saturating_sub(self.since) < BELIEVED
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
        let entry = entries.get(hash).filter(|entry| entry.is_valid(now))?;
        Some(Arc::clone(&entry.identity))
    }

    /// Remembers whom a token is of that was verified `now` and is valid until `expires`.
    pub(crate) fn remember(
        &self,
        hash: TokenHash,
        identity: Arc<BearerIdentity>,
        expires: Timestamp,
        now: (Timestamp, Duration),
    ) {
        let mut entries = self.lock();
        if ENTRIES_MAX <= entries.len() {
            entries.retain(|_, entry| entry.is_valid(now));
        }
        if ENTRIES_MAX <= entries.len() {
            entries.clear();
        }
        entries.insert(hash, AuditEntry { identity, expires, since: now.1 });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenHash, AuditEntry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
