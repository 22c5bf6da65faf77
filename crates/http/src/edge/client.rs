//! The address of the client, also behind proxies.
//!
//! The headers of proxies are used only for connections from a trusted proxy, and only as far back
//! as the addresses in them are trusted: anybody could have written what precedes the first
//! untrusted address. A process that connects over the socket for clients is such a proxy.
//!
//! Spec: RFC 7239, 4, 5.2 and 6.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{FromRequestParts, Request};
use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName};
use hyper::http::request::Parts;
use ipnet::IpNet;

use crate::connection::Peer;
use crate::options::LoggedAddress;

/// The origin of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientAddress {
    /// From this machine, over the control socket or in process.
    Local,
    /// From this address.
    Remote(IpAddr),
    /// From a process of this machine over the socket for clients, which named no address.
    Socket,
}

impl ClientAddress {
    /// The leading bits of an IPv4 address that name a network, and of an IPv6 address.
    const NETWORK_BITS: (u8, u8) = (24, 48);

    /// The address that its requests are counted for; none if they are not counted. All those of
    /// the socket without an address are counted together.
    pub(crate) fn counted(self) -> Option<IpAddr> {
        match self {
            Self::Local => None,
            Self::Remote(address) => Some(address),
            // No client has this address.
            Self::Socket => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        }
    }

    /// What is logged of it; none if nothing.
    pub(crate) fn logged(self, extent: LoggedAddress) -> Option<String> {
        let (of_four, of_six) = Self::NETWORK_BITS;
        match (extent, self) {
            (LoggedAddress::None, _) => None,
            (LoggedAddress::Full, _) | (LoggedAddress::Network, Self::Local | Self::Socket) => {
                Some(self.to_string())
            }
            (LoggedAddress::Network, Self::Remote(address)) => {
                let bits = if address.is_ipv4() { of_four } else { of_six };
                let network = IpNet::new(address, bits).ok()?;
                Some(network.trunc().to_string())
            }
        }
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Remote(address) => address.fmt(f),
            Self::Socket => f.write_str("unix"),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or(Self::Local))
    }
}

/// The header of proxies that do not support the standard one.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Most proxies that are followed.
const HOPS_MAX: usize = 32;

/// Determines the origin of a request, and passes it to the handler.
pub(crate) fn locate(request: &mut Request, trusted: &[IpNet]) {
    let peer = request.extensions_mut().remove::<Peer>();
    let client =
        peer.map_or(ClientAddress::Local, |peer| resolve(peer, request.headers(), trusted));
    request.extensions_mut().insert(client);
}

/// The client whose request came from `peer` with these headers.
fn resolve(peer: Peer, headers: &HeaderMap, trusted: &[IpNet]) -> ClientAddress {
    let peer = match peer {
        Peer::Address(address) => ClientAddress::Remote(address.to_canonical()),
        Peer::Socket => ClientAddress::Socket,
    };
    if let ClientAddress::Remote(address) = peer
        && !is_trusted(address, trusted)
    {
        return peer;
    }
    let walk = |name: &HeaderName, read: fn(&str) -> Option<IpAddr>| {
        let values = || headers.get_all(name).iter().rev();
        let hops = values().flat_map(|value| value.to_str().unwrap_or("?").rsplit(','));
        let is_sent = headers.contains_key(name);
        is_sent.then(|| follow(peer, hops.map(read), trusted))
    };
    match (walk(&FORWARDED, read_forwarded), walk(&FORWARDED_FOR, read_address)) {
        (None, None) => peer,
        (Some(address), None) | (None, Some(address)) => address,
        // A proxy that writes one header passes the other through as the client sent it.
        (Some(standard), Some(other)) => {
            if standard == other {
                standard
            } else {
                peer
            }
        }
    }
}

/// Follows the proxies back from `peer` to the first address that is untrusted or unreadable.
fn follow(
    peer: ClientAddress,
    hops: impl Iterator<Item = Option<IpAddr>>,
    trusted: &[IpNet],
) -> ClientAddress {
    let mut client = peer;
    for hop in hops.take(HOPS_MAX) {
        let Some(address) = hop else { return client };
        client = ClientAddress::Remote(address);
        if !is_trusted(address, trusted) {
            return client;
        }
    }
    client
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// The address in one element of `Forwarded`; none if it is hidden or malformed.
fn read_forwarded(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    let quoted = node.strip_prefix('"').and_then(|node| node.strip_suffix('"'));
    read_address(quoted.unwrap_or(node))
}

/// An address, perhaps in brackets, perhaps with a port.
fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address: Option<IpAddr> = text.parse().ok().or_else(bracketed).or_else(with_port);
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The peer, the headers and the client.
    type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str);

    #[track_caller]
    fn check((peer, sent, expected): Row) {
        let trusted: Vec<IpNet> =
            ["10.0.0.0/8", "fd00::/8"].iter().map(|text| text.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let from = peer.parse().map_or(Peer::Socket, Peer::Address);
        let client = resolve(from, &headers, &trusted);
        assert_eq!(client.to_string(), expected, "{peer} {sent:?}");
    }

    #[test]
    fn uses_forwarding_headers_only_from_trusted_proxies() {
        let table: [Row; 26] = [
            // The headers of a direct client are ignored.
            ("192.0.2.1", &[], "192.0.2.1"),
            ("192.0.2.1", &[("x-forwarded-for", "10.0.0.9")], "192.0.2.1"),
            ("192.0.2.1", &[("forwarded", "for=10.0.0.9")], "192.0.2.1"),
            // A proxy without headers.
            ("10.0.0.1", &[], "10.0.0.1"),
            // One proxy, two proxies, and a forged entry of the client.
            ("10.0.0.1", &[("x-forwarded-for", "192.0.2.1")], "192.0.2.1"),
            ("::ffff:10.0.0.1", &[("x-forwarded-for", "::ffff:192.0.2.1")], "192.0.2.1"),
            ("10.0.0.1", &[("x-forwarded-for", "192.0.2.1, 10.0.0.2")], "192.0.2.1"),
            ("10.0.0.1", &[("x-forwarded-for", "198.51.100.7,192.0.2.1")], "192.0.2.1"),
            (
                "10.0.0.1",
                &[("x-forwarded-for", "198.51.100.7"), ("x-forwarded-for", "192.0.2.1")],
                "192.0.2.1",
            ),
            ("10.0.0.1", &[("x-forwarded-for", "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            // Every process that may open the socket is a proxy.
            ("unix", &[], "unix"),
            ("unix", &[("x-forwarded-for", "192.0.2.1")], "192.0.2.1"),
            ("unix", &[("x-forwarded-for", "198.51.100.7, 192.0.2.1, 10.0.0.2")], "192.0.2.1"),
            ("unix", &[("forwarded", "for=192.0.2.1")], "192.0.2.1"),
            ("unix", &[("x-forwarded-for", "192.0.2.1, x")], "unix"),
            ("unix", &[("forwarded", "for=8.8.8.8"), ("x-forwarded-for", "192.0.2.1")], "unix"),
            // Ports and brackets.
            ("fd00::1", &[("x-forwarded-for", "[2001:db8::7]:4711")], "2001:db8::7"),
            ("10.0.0.1", &[("x-forwarded-for", "192.0.2.1:80")], "192.0.2.1"),
            ("10.0.0.1", &[("forwarded", "for=192.0.2.1;proto=https")], "192.0.2.1"),
            ("10.0.0.1", &[("forwarded", "by=x; For=\"[2001:db8::7]\"")], "2001:db8::7"),
            ("10.0.0.1", &[("forwarded", "for=8.8.8.8, for=192.0.2.1")], "192.0.2.1"),
            // An unreadable entry ends at the proxy that wrote it.
            ("10.0.0.1", &[("x-forwarded-for", "8.8.8.8, x, 10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", &[("forwarded", "for=_hidden")], "10.0.0.1"),
            ("10.0.0.1", &[("forwarded", "for=unknown, for=10.0.0.2")], "10.0.0.2"),
            // Both headers: the client may have written one of them.
            (
                "10.0.0.1",
                &[("forwarded", "for=8.8.8.8"), ("x-forwarded-for", "192.0.2.1")],
                "10.0.0.1",
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=192.0.2.1"), ("x-forwarded-for", "192.0.2.1")],
                "192.0.2.1",
            ),
        ];
        for row in table {
            check(row);
        }
    }

    #[test]
    fn an_address_is_logged_as_far_as_it_is_permitted() {
        let remote = |text: &str| ClientAddress::Remote(text.parse().unwrap());
        let (four, six) = (remote("192.0.2.77"), remote("2001:db8:1:2::77"));
        let table = [
            (LoggedAddress::None, [None, None, None]),
            (
                LoggedAddress::Network,
                [Some("192.0.2.0/24"), Some("2001:db8:1::/48"), Some("local")],
            ),
            (LoggedAddress::Full, [Some("192.0.2.77"), Some("2001:db8:1:2::77"), Some("local")]),
        ];
        for (extent, expected) in table {
            let logged = [four, six, ClientAddress::Local].map(|client| client.logged(extent));
            assert_eq!(logged.each_ref().map(Option::as_deref), expected, "{extent:?}");
        }
    }

    #[test]
    fn an_endless_proxy_chain_is_not_followed() {
        let mut headers = HeaderMap::new();
        let long = "10.0.0.2,".repeat(10_000);
        headers.insert(FORWARDED_FOR, format!("192.0.2.1,{long}10.0.0.3").parse().unwrap());
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let peer = Peer::Address("10.0.0.1".parse().unwrap());
        let client = resolve(peer, &headers, &trusted);
        assert_eq!(client.to_string(), "10.0.0.2");
    }
}
