//! A network between a client and a server that fails on command.

mod link;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::port;
use link::{Link, close_with_reset};

/// Where bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    ToServer,
    /// From the server.
    ToClient,
}

/// What has gone through a proxy since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were taken, those that were reset at once included.
    pub connections: u64,
    /// Connections that are open.
    pub open: u64,
    /// Bytes that the server was given.
    pub bytes_to_server: u64,
    /// Bytes that clients were given.
    pub bytes_to_client: u64,
    /// Bytes that neither got.
    pub bytes_lost: u64,
}

/// Takes connections on a free port of 127.0.0.1 and passes them on to a server, until it is
/// configured to do otherwise. A rule applies for the connections there are and for later
/// ones, until [`Proxy::heal`]. All connections are reset when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<SharedState>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy that passes everything on to `server`.
    pub fn to(server: SocketAddr) -> Self {
        let listener = loop {
            // Another process may have taken the port in the meantime.
            if let Ok(listener) = TcpListener::bind(port::free()) {
                break listener;
            }
        };
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared =
            Arc::new(SharedState { server, state: Mutex::default(), changed: Condvar::new() });
        shared.state().is_listening = true;
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept_all(&shared, address, listener)
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `url` with the proxy in the place of its host and port.
    pub fn url(&self, url: &str) -> String {
        let scheme_end = url.find("://").map_or(0, |index| index + "://".len());
        let (scheme, rest) = url.split_at(scheme_end);
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let user = authority.rfind('@').map_or("", |index| &authority[..=index]);
        format!("{scheme}{user}{}{path}", self.address)
    }

    /// Holds everything back that is sent in `direction`, ends of connections included, as a
    /// network does that is interrupted and repeats itself: it arrives after [`Proxy::heal`].
    pub fn hold(&self, direction: Direction) {
        self.change(|rules| *rules.flow_mut(direction) = Flow::Hold);
    }

    /// Loses everything that is sent in `direction`, ends of connections included. A
    /// connection that has lost something never again passes anything on in that direction.
    pub fn lose(&self, direction: Direction) {
        self.change(|rules| *rules.flow_mut(direction) = Flow::Lose);
    }

    /// Passes everything on at least `delay` later than it came, in both directions.
    pub fn delay(&self, delay: Duration) {
        self.change(|rules| rules.delay = delay);
    }

    /// Passes on `bytes` more bytes in `direction`, over all connections, and closes both ends
    /// of the connection that brings one more, once.
    ///
    /// With 0 to the client, the server does what it is asked next, and the client does not
    /// learn of it.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.change(|rules| *rules.cut_mut(direction) = Some(bytes));
    }

    /// Resets the next connection as soon as it is made, once.
    pub fn reset_next(&self) {
        self.change(|rules| rules.resets_next = true);
    }

    /// Resets both ends of all connections there are, and waits until that is done.
    pub fn reset(&self) {
        let mut state = self.shared.state();
        let links = std::mem::take(&mut state.links);
        state.resetting += links.len();
        for link in links {
            link.reset();
        }
        self.shared.changed.notify_all();
        drop(self.shared.wait_while(state, |state| state.resetting > 0));
    }

    /// Refuses new connections; those there are stay.
    pub fn refuse(&self) {
        self.change(|rules| rules.is_refusing = true);
        self.wake_acceptor();
        drop(self.shared.wait_while(self.shared.state(), |state| state.is_listening));
    }

    /// Goes back to passing everything on, what was held back first.
    pub fn heal(&self) {
        self.change(|rules| *rules = ProxyRules::default());
        drop(self.shared.wait_while(self.shared.state(), |state| !state.is_listening));
    }

    /// What has gone through.
    pub fn counts(&self) -> Counts {
        self.shared.state().counts
    }

    fn change(&self, change: impl FnOnce(&mut ProxyRules)) {
        self.shared.update(|state| change(&mut state.rules));
    }

    fn wake_acceptor(&self) {
        // It fails if nobody listens any more, which is just as well.
        let _ = TcpStream::connect(self.address);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.update(|state| state.is_ending = true);
        self.wake_acceptor();
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        self.reset();
    }
}

#[derive(Clone, Copy, Debug, Default)]
enum Flow {
    #[default]
    Pass,
    Hold,
    Lose,
}

#[derive(Debug, Default)]
struct ProxyRules {
    flows: [Flow; 2],
    cuts: [Option<u64>; 2],
    delay: Duration,
    resets_next: bool,
    is_refusing: bool,
}

impl ProxyRules {
    fn flow_mut(&mut self, direction: Direction) -> &mut Flow {
        &mut self.flows[direction as usize]
    }

    fn cut_mut(&mut self, direction: Direction) -> &mut Option<u64> {
        &mut self.cuts[direction as usize]
    }
}

#[derive(Debug, Default)]
struct ProxyState {
    rules: ProxyRules,
    links: Vec<Arc<Link>>,
    counts: Counts,
    /// Connections that are to be reset and are still open.
    resetting: usize,
    is_listening: bool,
    is_ending: bool,
}

#[derive(Debug)]
struct SharedState {
    server: SocketAddr,
    state: Mutex<ProxyState>,
    changed: Condvar,
}

impl SharedState {
    fn state(&self) -> MutexGuard<'_, ProxyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and lets everybody look at it who waits for a change.
    fn update(&self, change: impl FnOnce(&mut ProxyState)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    fn wait<'a>(&self, state: MutexGuard<'a, ProxyState>) -> MutexGuard<'a, ProxyState> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for<'a>(
        &self,
        state: MutexGuard<'a, ProxyState>,
        timeout: Duration,
    ) -> MutexGuard<'a, ProxyState> {
        let waited = self.changed.wait_timeout(state, timeout);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn wait_while<'a>(
        &self,
        state: MutexGuard<'a, ProxyState>,
        is_waiting: impl Fn(&ProxyState) -> bool,
    ) -> MutexGuard<'a, ProxyState> {
        let state = self.changed.wait_while(state, |state| is_waiting(state));
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes connections until the proxy ends; while they are refused, nobody listens.
fn accept_all(shared: &Arc<SharedState>, address: SocketAddr, mut listener: TcpListener) {
    loop {
        while let Ok((client, _)) = listener.accept() {
            if shared.state().is_ending {
                return;
            }
            if shared.state().rules.is_refusing {
                close_with_reset(client);
                break;
            }
            welcome(shared, client);
        }
        drop(listener);
        let mut state = shared.state();
        state.is_listening = false;
        shared.changed.notify_all();
        let is_refusing = |state: &ProxyState| state.rules.is_refusing && !state.is_ending;
        let state = shared.wait_while(state, is_refusing);
        if state.is_ending {
            return;
        }
        drop(state);
        listener = bind(address);
        shared.update(|state| state.is_listening = true);
    }
}

/// Listens again on a port that is free but for those who look, for a moment, whether it is.
fn bind(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn welcome(shared: &Arc<SharedState>, client: TcpStream) {
    let mut state = shared.state();
    state.counts.connections += 1;
    if std::mem::take(&mut state.rules.resets_next) {
        close_with_reset(client);
        return;
    }
    state.counts.open += 1;
    drop(state);
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        if let Err(client) = connect(&shared, client) {
            close_with_reset(client);
            shared.state().counts.open -= 1;
        }
        shared.changed.notify_all();
    });
}

/// Joins `client` with the server until their connection ends. Gives the client back if there
/// is no server, or no longer a proxy.
fn connect(shared: &SharedState, client: TcpStream) -> Result<(), TcpStream> {
    let Ok(server) = TcpStream::connect(shared.server) else { return Err(client) };
    let mut state = shared.state();
    if state.is_ending {
        return Err(client);
    }
    let link = Arc::new(Link::new(client, server).expect("options of a socket can be set"));
    state.links.push(Arc::clone(&link));
    drop(state);
    link.carry(shared);
    let mut state = shared.state();
    state.links.retain(|other| !Arc::ptr_eq(other, &link));
    let was_reset = link.is_reset();
    // This closes the sockets, before anybody notices.
    drop(link);
    state.counts.open -= 1;
    state.resetting -= usize::from(was_reset);
    Ok(())
}
