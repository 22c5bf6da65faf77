//! Why requests were refused: what a line of the log says of each, and the last refusals of each
//! credential, in the memory of this process.
//!
//! So a client can be diagnosed from the side of the server. Of what a client has sent, nothing is
//! kept but the id of its request and the places of its faults, in which only names of the
//! specification are readable: neither statements nor names of people nor their addresses.

mod place;
mod refusal;

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use acta_ambient::Timestamp;

pub use refusal::{Refusal, RefusedFault};

/// A refusal of a credential, perhaps of several requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedRefusal {
    /// Why.
    pub refusal: Refusal,
    /// When it happened first, of those that are kept.
    pub first: Timestamp,
    /// When it happened last.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
    /// The id of the last request.
    pub request_id: String,
}

/// The last refusals of each credential.
#[derive(Debug)]
pub struct Refusals {
    since: Timestamp,
    noted: Mutex<HashMap<String, VecDeque<NotedRefusal>>>,
}

/// A request that was refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusedRequest<'a> {
    /// The key of its credential.
    pub(crate) key: &'a str,
    /// Its id.
    pub(crate) id: &'a str,
    /// When it was refused.
    pub(crate) at: Timestamp,
}

impl Refusals {
    /// Most different refusals that are kept of a credential.
    pub const REFUSALS_MAX: usize = 20;

    /// Most credentials of which refusals are kept: all together take less than 16 MiB.
    pub const CREDENTIALS_MAX: usize = 1000;

    /// None yet; what was refused before `since` is not known.
    pub(crate) fn new(since: Timestamp) -> Self {
        Self { since, noted: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<NotedRefusal>>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From when on refusals are known.
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// The refusals of a credential, the last one first.
    pub fn list(&self, key: &str) -> Vec<NotedRefusal> {
        self.lock().get(key).into_iter().flatten().cloned().collect()
    }

    /// Keeps a refusal. One that is equal to a known one is counted with it, so that a client that
    /// repeats itself hides nothing. To make room, those of the credential that was not refused for
    /// the longest time are forgotten.
    pub(crate) fn note(&self, request: RefusedRequest<'_>, refusal: Refusal) {
        let RefusedRequest { key, id, at } = request;
        let mut noted = self.lock();
        if Self::CREDENTIALS_MAX <= noted.len() && !noted.contains_key(key) {
            let last_of = |refusals: &VecDeque<NotedRefusal>| refusals.front().map(|one| one.last);
            let oldest = noted.iter().min_by_key(|(_, refusals)| last_of(refusals));
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                noted.remove(&oldest);
            }
        }
        let of_key = noted.entry(key.to_owned()).or_default();
        let known = of_key.iter().position(|known| known.refusal == refusal);
        let before = known.and_then(|index| of_key.remove(index));
        let (first, count) = before.map_or((at, 0), |before| (before.first, before.count));
        let request_id = id.to_owned();
        of_key.push_front(NotedRefusal { refusal, first, last: at, count: count + 1, request_id });
        of_key.truncate(Self::REFUSALS_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;

    fn refusal(route: &'static str) -> Refusal {
        Refusal::of(&Problem::not_found(), ("GET", route))
    }

    fn note(refusals: &Refusals, key: &str, route: &'static str, second: i64) {
        let at = Timestamp::from_unix_micros(second);
        refusals.note(RefusedRequest { key, id: "one", at }, refusal(route));
    }

    #[test]
    fn equal_refusals_are_counted_and_the_last_ones_kept() {
        const ROUTES: [&str; 26] = [
            "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
            "r", "s", "t", "u", "v", "w", "x", "y", "z",
        ];
        let refusals = Refusals::new(Timestamp::default());
        for (second, route) in (0..).zip(ROUTES) {
            note(&refusals, "lms", route, second);
        }
        note(&refusals, "lms", "y", 30);
        let found = refusals.list("lms");
        let routes: Vec<&str> = found.iter().map(|noted| noted.refusal.route).collect();
        assert_eq!(routes[..3], ["y", "z", "x"]);
        assert_eq!((routes.len(), routes.last()), (Refusals::REFUSALS_MAX, Some(&"g")));
        let micros = |at: Timestamp| at.unix_micros();
        let first = &found[0];
        assert_eq!((first.count, micros(first.first), micros(first.last)), (2, 24, 30));
        assert!(refusals.list("other").is_empty());
    }

    #[test]
    fn the_credential_that_was_not_refused_for_the_longest_time_is_forgotten() {
        let refusals = Refusals::new(Timestamp::default());
        for second in 0..1000 {
            note(&refusals, &format!("key{second}"), "a", second);
        }
        note(&refusals, "key0", "b", 2000);
        note(&refusals, "one more", "a", 2001);
        assert_eq!(refusals.list("key0").len(), 2);
        assert!(refusals.list("key1").is_empty());
        assert_eq!(refusals.lock().len(), Refusals::CREDENTIALS_MAX);
    }
}
