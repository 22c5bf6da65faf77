//! The order in which attempts to sign in are checked.
//!
//! Few are checked at a time, since each needs a hash and some writes. Those that wait are ordered
//! by their place: first those from where somebody signed in, then those that have not failed, and
//! last those that failed most. So a flood of attempts keeps nobody out who comes from where people
//! signed in before, whatever addresses it has; and no new place, once its own addresses have
//! failed.
//!
//! Spec: OWASP ASVS 5.0, 6.3.1; OWASP Credential Stuffing Prevention Cheat Sheet.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_ambient::Clock;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// When to try again if too many wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The longest time that an attempt waits, if others go first all the time.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// How long a place or a pair stays trusted.
const TRUSTED_FOR: Duration = Duration::from_hours(30 * 24);

/// The time in which half of the failures of a network are forgotten.
const HALF_LIFE: Duration = Duration::from_mins(10);

/// Most places and pairs that are trusted, and most networks whose failures are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// Lets attempts to sign in be checked in turn.
#[derive(Debug)]
pub struct SignInTurns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running_count: usize,
    /// Those that wait, by rank, and then by their order of arrival.
    waiting: BTreeMap<(u32, u64), Waiter>,
    arrival_count: u64,
    /// Until when places and pairs are trusted.
    trusted: HashMap<String, Duration>,
    /// The failures of networks.
    failures: HashMap<IpAddr, Failures>,
}

/// From where an attempt comes.
#[derive(Clone, Debug)]
struct Origin {
    place: String,
    network: Option<IpAddr>,
}

#[derive(Debug)]
struct Waiter {
    origin: Origin,
    sender: oneshot::Sender<Turn>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    last: Duration,
}

/// An attempt that is checked now. It counts as failed when dropped; then the next one follows.
#[derive(Debug)]
pub struct Turn {
    shared: Arc<Shared>,
    /// None once the attempt has ended.
    origin: Option<Origin>,
}

impl SignInTurns {
    /// Most attempts that are checked at a time.
    pub const RUNNING_MAX: usize = 8;

    /// Most attempts that wait.
    pub const WAITING_MAX: usize = 64;

    /// Trusts no place yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared { clock, state: Mutex::default() }))
    }

    /// Waits until an attempt from the address `from` may be checked. Addresses of one `place`
    /// count as one.
    ///
    /// # Errors
    ///
    /// The time to wait before the next attempt: too many wait that go first.
    pub async fn wait(&self, place: &str, from: &str) -> Result<Turn, Duration> {
        let origin = Origin { place: place.to_owned(), network: network_of(from) };
        let waiting = {
            let now = self.0.clock.elapsed();
            let mut state = self.0.lock();
            if state.running_count < Self::RUNNING_MAX {
                state.running_count += 1;
                drop(state);
                return Ok(Turn { shared: Arc::clone(&self.0), origin: Some(origin) });
            }
            state.enqueue(origin, now).ok_or(RETRY_AFTER)?
        };
        // The sender is dropped for another attempt that goes first.
        let waited = timeout(WAIT_MAX, waiting).await.map_err(|_elapsed| RETRY_AFTER)?;
        waited.map_err(|_dropped| RETRY_AFTER)
    }

    /// From now on, a pair of an account and a place is trusted.
    pub fn trust(&self, pair: &str) {
        let now = self.0.clock.elapsed();
        self.0.lock().trust(pair, now);
    }

    /// Whether it is.
    pub fn trusts(&self, pair: &str) -> bool {
        let now = self.0.clock.elapsed();
        self.0.lock().trusts(pair, now)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the next attempt be checked, if one waits.
    fn pass_on(self: &Arc<Self>) {
        loop {
            let next = self.lock().take_next();
            let Some(Waiter { origin, sender }) = next else { return };
            let turn = Turn { shared: Arc::clone(self), origin: Some(origin) };
            match sender.send(turn) {
                Ok(()) => return,
                // Its client has gone.
                Err(mut turn) => turn.origin = None,
            }
        }
    }
}

impl State {
    /// The attempt that is checked next; if none waits, there is one fewer that is checked.
    fn take_next(&mut self) -> Option<Waiter> {
        let next = self.waiting.pop_first();
        if next.is_none() {
            self.running_count -= 1;
        }
        next.map(|(_, waiter)| waiter)
    }

    /// Adds a waiting attempt; none if all places are taken by others that go first.
    fn enqueue(&mut self, origin: Origin, now: Duration) -> Option<oneshot::Receiver<Turn>> {
        self.waiting.retain(|_, waiter| !waiter.sender.is_closed());
        let key = (self.rank(&origin, now), self.arrival_count);
        if SignInTurns::WAITING_MAX <= self.waiting.len() {
            let last = self.waiting.last_entry()?;
            if last.key().0 <= key.0 {
                return None;
            }
            last.remove();
        }
        self.arrival_count += 1;
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(key, Waiter { origin, sender });
        Some(receiver)
    }

    /// The lower it is, the sooner an attempt is checked.
    fn rank(&self, origin: &Origin, now: Duration) -> u32 {
        if self.trusts(&origin.place, now) {
            return 0;
        }
        let failures = origin.network.and_then(|network| self.failures.get(&network));
        let count = failures.map_or(0, |failures| failures.count_at(now));
        count.checked_ilog2().map_or(1, |log| log + 2)
    }

    fn trusts(&self, name: &str, now: Duration) -> bool {
        self.trusted.get(name).is_some_and(|until| now < *until)
    }

    fn trust(&mut self, name: &str, now: Duration) {
        if REMEMBERED_MAX <= self.trusted.len() {
            self.trusted.retain(|_, until| now < *until);
        }
        if self.trusted.len() < REMEMBERED_MAX || self.trusted.contains_key(name) {
            self.trusted.insert(name.to_owned(), now + TRUSTED_FOR);
        }
    }

    fn note_failure(&mut self, network: IpAddr, now: Duration) {
        if REMEMBERED_MAX <= self.failures.len() && !self.failures.contains_key(&network) {
            self.failures.retain(|_, failures| 1 < failures.count_at(now));
            if REMEMBERED_MAX <= self.failures.len() {
                self.failures.clear();
            }
        }
        let failures = self.failures.entry(network).or_default();
        *failures = Failures { count: failures.count_at(now).saturating_add(1), last: now };
    }
}

impl Failures {
    fn count_at(self, now: Duration) -> u32 {
        let halvings = now.saturating_sub(self.last).as_secs() / HALF_LIFE.as_secs();
        u32::try_from(halvings).ok().and_then(|by| self.count.checked_shr(by)).unwrap_or(0)
    }
}

impl Turn {
    /// The attempt succeeded: its place is trusted from now on.
    pub fn succeed(mut self) {
        if let Some(origin) = self.origin.take() {
            let now = self.shared.clock.elapsed();
            self.shared.lock().trust(&origin.place, now);
            self.shared.pass_on();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(origin) = self.origin.take() else { return };
        if let Some(network) = origin.network {
            let now = self.shared.clock.elapsed();
            self.shared.lock().note_failure(network, now);
        }
        self.shared.pass_on();
    }
}

/// The network of an address, in which one attacker may have many addresses; none for what is no
/// address.
fn network_of(from: &str) -> Option<IpAddr> {
    match from.parse().ok()? {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Some(Ipv4Addr::new(a, b, c, 0).into())
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Some(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use acta_ambient::{ManualClock, Timestamp};

    use super::*;

    const START: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);

    fn turns() -> (Arc<ManualClock>, SignInTurns) {
        let clock = Arc::new(ManualClock::new(START));
        (Arc::clone(&clock), SignInTurns::new(clock))
    }

    async fn all_running(turns: &SignInTurns) -> Vec<Turn> {
        let mut running = Vec::new();
        for number in 0..SignInTurns::RUNNING_MAX {
            let from = format!("10.9.{number}.1");
            running.push(turns.wait(&from, &from).await.unwrap());
        }
        running
    }

    async fn attempt(turns: &SignInTurns, from: String) -> Result<Turn, Duration> {
        turns.wait(&from, &from).await
    }

    fn waiting(turns: &SignInTurns) -> usize {
        turns.0.lock().waiting.len()
    }

    /// Polls an attempt once.
    macro_rules! begin {
        ($turns:expr, $from:expr) => {{
            let mut attempt = Box::pin($turns.wait($from, $from));
            let polled = futures_once(&mut attempt).await;
            assert!(polled.is_none(), "it waits");
            attempt
        }};
    }

    async fn futures_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(value) => std::task::Poll::Ready(Some(value)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }

    #[tokio::test]
    async fn trusted_places_go_first_then_new_ones_then_those_that_failed() {
        let (_, turns) = turns();
        turns.wait("192.0.2.1", "192.0.2.1").await.unwrap().succeed();
        for _ in 0..3 {
            drop(turns.wait("198.51.100.1", "198.51.100.1").await.unwrap());
        }
        drop(turns.wait("203.0.113.1", "203.0.113.1").await.unwrap());
        let mut running = all_running(&turns).await;
        // Of the networks that failed, with other addresses.
        let mut thrice = begin!(turns, "198.51.100.9");
        let mut once = begin!(turns, "203.0.113.9");
        let mut new = begin!(turns, "192.0.2.9");
        let mut trusted = begin!(turns, "192.0.2.1");
        for attempt in [&mut trusted, &mut new, &mut once, &mut thrice] {
            running.pop();
            assert!(futures_once(attempt).await.expect("it is its turn").is_ok());
        }
    }

    #[tokio::test]
    async fn a_new_place_takes_the_turn_of_one_that_failed_when_all_are_taken() {
        let (_, turns) = turns();
        drop(turns.wait("203.0.113.1", "203.0.113.1").await.unwrap());
        let running = all_running(&turns).await;
        let mut failed = Vec::new();
        for number in 0..SignInTurns::WAITING_MAX {
            failed.push(Box::pin(attempt(&turns, format!("203.0.113.{number}"))));
            assert!(futures_once(failed.last_mut().unwrap()).await.is_none());
        }
        let another = turns.wait("203.0.113.200", "203.0.113.200").await;
        assert_eq!(another.unwrap_err(), RETRY_AFTER, "it goes after those that wait");
        let mut new = begin!(turns, "192.0.2.9");
        let last = futures_once(failed.last_mut().unwrap()).await.expect("it is refused");
        assert_eq!(last.unwrap_err(), RETRY_AFTER);
        drop(running);
        assert!(futures_once(&mut new).await.expect("it is its turn").is_ok());
    }

    #[tokio::test]
    async fn an_attempt_whose_client_has_gone_holds_nobody_up() {
        let (_, turns) = turns();
        let mut running = all_running(&turns).await;
        let gone = begin!(turns, "192.0.2.1");
        let mut next = begin!(turns, "192.0.2.2");
        drop(gone);
        running.pop();
        let given = futures_once(&mut next).await.expect("it is its turn").unwrap();
        // Handed over, but never received.
        let abandoned = begin!(turns, "192.0.2.3");
        drop(given);
        drop(abandoned);
        drop(running);
        let running_count = turns.0.lock().running_count;
        assert_eq!((running_count, waiting(&turns)), (0, 0));
    }

    #[tokio::test]
    async fn failures_are_forgotten_with_time() {
        let (clock, turns) = turns();
        drop(turns.wait("2001:db8:7:1::1", "2001:db8:7:1::1").await.unwrap());
        let origin = Origin { place: String::new(), network: network_of("2001:db8:7:2::1") };
        let rank = || {
            let now = turns.0.clock.elapsed();
            turns.0.lock().rank(&origin, now)
        };
        assert_eq!(rank(), 2, "an address of the same network");
        clock.advance(HALF_LIFE);
        assert_eq!(rank(), 1);
    }

    #[test]
    fn what_is_remembered_is_limited() {
        let (_, turns) = turns();
        let mut state = turns.0.lock();
        for number in 0..3 * REMEMBERED_MAX {
            state.trust(&number.to_string(), Duration::ZERO);
            let number = u32::try_from(number).unwrap();
            state.note_failure(Ipv4Addr::from(number).into(), Duration::ZERO);
        }
        assert!(state.trusted.len() <= REMEMBERED_MAX);
        assert!(state.failures.len() <= REMEMBERED_MAX);
    }

    #[test]
    fn a_pair_is_trusted_for_a_while() {
        let (clock, turns) = turns();
        assert!(!turns.trusts("pair"));
        turns.trust("pair");
        assert!(turns.trusts("pair"));
        clock.advance(TRUSTED_FOR);
        assert!(!turns.trusts("pair"));
    }
}
