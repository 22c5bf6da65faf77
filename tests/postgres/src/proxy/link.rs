//! One connection through a proxy.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use rustix::net::sockopt::set_socket_linger;

use super::{Direction, Flow, ProxyState, SharedState};

/// Largest piece that is passed on at once, in bytes.
const PIECE_BYTES: usize = 16 * 1024;

/// How long a receiver that does not read may keep a connection from noticing its end.
const WRITE_TIMEOUT: Duration = Duration::from_millis(10);

/// What becomes of a piece.
enum PieceFate {
    /// It goes on.
    Passed,
    /// It is dropped, and so is all that follows.
    Lost,
    /// So many bytes of it go on, then the connection ends.
    Cut(usize),
    /// The connection has ended in the meantime.
    Over,
}

/// Both sockets of a connection. It closes when this is dropped.
#[derive(Debug)]
pub(super) struct Link {
    client: TcpStream,
    server: TcpStream,
    is_over: AtomicBool,
    is_reset: AtomicBool,
}

impl Link {
    pub(super) fn new(client: TcpStream, server: TcpStream) -> io::Result<Self> {
        for socket in [&client, &server] {
            socket.set_nodelay(true)?;
            socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
        }
        let (is_over, is_reset) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { client, server, is_over, is_reset })
    }

    /// Passes on in both directions until both have ended.
    pub(super) fn carry(&self, shared: &SharedState) {
        thread::scope(|scope| {
            scope.spawn(|| self.pump(shared, Direction::ToServer));
            self.pump(shared, Direction::ToClient);
        });
    }

    /// Lets both ends see a reset as soon as this is dropped.
    pub(super) fn reset(&self) {
        self.is_reset.store(true, Ordering::Release);
        self.abort();
    }

    /// Whether [`Link::reset`] was called.
    pub(super) fn is_reset(&self) -> bool {
        self.is_reset.load(Ordering::Acquire)
    }

    fn abort(&self) {
        for socket in [&self.client, &self.server] {
            reset_on_close(socket);
        }
        self.end(Shutdown::Read);
    }

    /// Ends both directions: a blocked read returns.
    fn end(&self, how: Shutdown) {
        self.is_over.store(true, Ordering::Release);
        for socket in [&self.client, &self.server] {
            // The other side may have closed it.
            let _ = socket.shutdown(how);
        }
    }

    fn pump(&self, shared: &SharedState, direction: Direction) {
        let (mut from, to) = match direction {
            Direction::ToServer => (&self.client, &self.server),
            Direction::ToClient => (&self.server, &self.client),
        };
        let mut piece = [0; PIECE_BYTES];
        let mut has_lost = false;
        loop {
            let read = from.read(&mut piece);
            let count = *read.as_ref().unwrap_or(&0);
            let is_given = match self.judge(shared, direction, count, &mut has_lost) {
                PieceFate::Passed if read.is_err() => false,
                PieceFate::Passed if count == 0 => {
                    let _ = to.shutdown(Shutdown::Write);
                    return;
                }
                PieceFate::Passed => self.give(to, &piece[..count]),
                PieceFate::Lost if count == 0 => return,
                PieceFate::Lost => true,
                PieceFate::Cut(count) => {
                    self.give(to, &piece[..count]);
                    return shared.update(|_| self.end(Shutdown::Both));
                }
                PieceFate::Over => return,
            };
            if !is_given {
                return shared.update(|_| self.abort());
            }
        }
    }

    /// Waits until it is certain what becomes of a piece of `count` bytes; the end of what is
    /// sent has none.
    fn judge(
        &self,
        shared: &SharedState,
        direction: Direction,
        count: usize,
        has_lost: &mut bool,
    ) -> PieceFate {
        let clock = SystemClock::new();
        let mut state = shared.state();
        loop {
            if self.is_over.load(Ordering::Acquire) {
                return PieceFate::Over;
            }
            let flow = *state.rules.flow_mut(direction);
            *has_lost |= matches!(flow, Flow::Lose);
            if *has_lost {
                state.counts.bytes_lost += count as u64;
                return PieceFate::Lost;
            }
            let wait = state.rules.delay.saturating_sub(clock.elapsed());
            state = match flow {
                Flow::Hold => shared.wait(state),
                Flow::Pass | Flow::Lose if wait.is_zero() => {
                    return passed(&mut state, direction, count);
                }
                Flow::Pass | Flow::Lose => shared.wait_for(state, wait),
            };
        }
    }

    /// Whether all of `bytes` was sent.
    fn give(&self, mut to: &TcpStream, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() && !self.is_over.load(Ordering::Acquire) {
            match to.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        bytes.is_empty()
    }
}

fn passed(state: &mut ProxyState, direction: Direction, count: usize) -> PieceFate {
    let mut passed = count as u64;
    let mut fate = PieceFate::Passed;
    let cut = state.rules.cut_mut(direction);
    if let Some(left) = *cut {
        let is_enough = passed <= left;
        *cut = is_enough.then(|| left - passed);
        if !is_enough {
            passed = left;
            fate = PieceFate::Cut(usize::try_from(left).unwrap_or(count));
        }
    }
    state.counts.bytes_lost += count as u64 - passed;
    match direction {
        Direction::ToServer => state.counts.bytes_to_server += passed,
        Direction::ToClient => state.counts.bytes_to_client += passed,
    }
    fate
}

/// Closes a socket in a way that its other side sees as a reset.
pub(super) fn close_with_reset(socket: TcpStream) {
    reset_on_close(&socket);
    drop(socket);
}

fn reset_on_close(socket: &TcpStream) {
    // The other side may have closed it.
    let _ = set_socket_linger(socket, Some(Duration::ZERO));
}
