//! Ports to listen on.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;

use acta_ambient::{Entropy as _, SystemEntropy};

/// Ports to choose from: below those that Linux gives to outgoing connections, so that none
/// of these takes the port while nobody listens on it.
const PORTS: Range<u16> = 15_000..32_768;

/// An address on which nobody listens at the moment.
pub fn free() -> SocketAddr {
    loop {
        let mut random = [0; 2];
        SystemEntropy.fill(&mut random);
        let port = PORTS.start + u16::from_ne_bytes(random) % (PORTS.end - PORTS.start);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
