//! A short-lived cache of credentials.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::credential_lookup::FoundCredential;

/// How long an entry is valid. A credential that was removed by another process is refused at the
/// latest after this time.
pub(crate) const FRESH: Duration = Duration::from_secs(1);

/// Most known keys in the cache, and most unknown ones.
pub(crate) const ENTRIES_MAX: usize = 10_000;

/// Caches the result of look-ups for a short time, including that a key does not exist.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    known: HashMap<String, CacheEntry>,
    /// Separate, so that requests with many unknown keys do not evict the others.
    unknown: HashMap<String, CacheEntry>,
    /// Incremented by each change of a credential or a tenant.
    generation: u64,
}

#[derive(Clone, Debug)]
struct CacheEntry {
    found: Option<Arc<FoundCredential>>,
    /// The end of its validity, on the clock.
    until: Duration,
}

/// The generation of the cache at the time of a look-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generation(u64);

/// The result of a cache look-up.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// The cached result of storage.
    Known(Option<Arc<FoundCredential>>),
    /// Not cached: read it from storage.
    Unknown(Generation),
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn find(&self, key: &str, now: Duration) -> Lookup {
        let state = self.lock();
        match state.known.get(key).or_else(|| state.unknown.get(key)) {
            Some(entry) if now < entry.until => Lookup::Known(entry.found.clone()),
            Some(_) | None => Lookup::Unknown(Generation(state.generation)),
        }
    }

    /// The current generation: another one means that a credential or a tenant was changed.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.lock().generation)
    }

    /// Caches a result of storage that was requested in `generation` at the time `asked`, unless a
    /// credential was changed since then.
    pub(crate) fn remember(
        &self,
        key: &str,
        found: Option<Arc<FoundCredential>>,
        generation: Generation,
        asked: Duration,
    ) {
        let mut state = self.lock();
        if state.generation != generation.0 {
            return;
        }
        let State { known, unknown, .. } = &mut *state;
        let (entries, others) = if found.is_some() { (known, unknown) } else { (unknown, known) };
        others.remove(key);
        if ENTRIES_MAX <= entries.len() {
            entries.retain(|_, entry| asked < entry.until);
        }
        if ENTRIES_MAX <= entries.len() {
            entries.clear();
        }
        entries.insert(key.to_owned(), CacheEntry { found, until: asked + FRESH });
    }

    /// Removes `key`.
    pub(crate) fn forget(&self, key: &str) {
        let mut state = self.lock();
        state.generation += 1;
        state.known.remove(key);
        state.unknown.remove(key);
    }

    /// Removes all credentials.
    pub(crate) fn forget_all(&self) {
        let mut state = self.lock();
        state.generation += 1;
        state.known.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_known(cache: &Cache, key: &str, now: Duration) -> bool {
        matches!(cache.find(key, now), Lookup::Known(_))
    }

    fn ask(cache: &Cache, key: &str, now: Duration) -> Generation {
        match cache.find(key, now) {
            Lookup::Unknown(generation) => generation,
            Lookup::Known(found) => panic!("{key}: {found:?}"),
        }
    }

    #[test]
    fn caches_for_a_short_time() {
        let cache = Cache::default();
        let asked = Duration::from_nanos(1);
        cache.remember("a", None, ask(&cache, "a", asked), asked);
        assert!(is_known(&cache, "a", asked));
        assert!(is_known(&cache, "a", FRESH));
        assert!(!is_known(&cache, "a", FRESH + asked));
        assert!(!is_known(&cache, "b", asked));
    }

    #[test]
    fn an_answer_from_before_a_change_is_not_remembered() {
        let cache = Cache::default();
        let asked = ask(&cache, "a", Duration::ZERO);
        cache.forget("a");
        cache.remember("a", None, asked, Duration::ZERO);
        assert!(!is_known(&cache, "a", Duration::ZERO));
    }

    #[test]
    fn is_bounded() {
        let cache = Cache::default();
        for number in 0..3 * ENTRIES_MAX {
            let key = number.to_string();
            let asked = ask(&cache, &key, Duration::ZERO);
            cache.remember(&key, None, asked, Duration::ZERO);
        }
        assert!(cache.lock().unknown.len() <= ENTRIES_MAX);
        assert!(is_known(&cache, &(3 * ENTRIES_MAX - 1).to_string(), Duration::ZERO));
    }
}
