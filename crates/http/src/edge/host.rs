//! The header `Host` of requests from the network.

use acta_xapi::{Fault, Rule};
use axum::extract::Request;
use hyper::Version;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::Authority;

use super::client::ClientAddress;
use crate::problem::Problem;

/// Checks that a request from the network has one `Host`, which HTTP/1.0 may leave out. Two of them
/// could be read as two hosts by a proxy and by us.
///
/// # Errors
///
/// 400 without a host, with several, or with one that is none.
///
/// Spec: RFC 9112, 3.2.
pub(crate) fn check_host(request: &Request) -> Result<(), Problem> {
    let from = request.extensions().get().copied().unwrap_or(ClientAddress::Local);
    if from == ClientAddress::Local {
        return Ok(());
    }
    let hosts: Vec<&HeaderValue> = request.headers().get_all(HOST).iter().collect();
    let found = match hosts.as_slice() {
        [] if request.version() == Version::HTTP_10 => return Ok(()),
        [host] if is_host(host.as_bytes()) => return Ok(()),
        [] => "no Host".to_owned(),
        [host] => String::from_utf8_lossy(host.as_bytes()).into_owned(),
        [..] => format!("{} hosts", hosts.len()),
    };
    Err(Problem::faulty(vec![Fault::new("/host", Rule::Header, &found).into()]))
}

/// A host with or without a port; or nothing, for a target without an authority.
fn is_host(text: &[u8]) -> bool {
    text.is_empty() || (!text.contains(&b'@') && Authority::try_from(text).is_ok())
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use axum::body::Body;

    use super::*;

    fn is_accepted(version: Version, hosts: &[&'static [u8]]) -> bool {
        let mut request = Request::new(Body::empty());
        *request.version_mut() = version;
        for host in hosts {
            let host = HeaderValue::from_bytes(host).expect("a header may have these bytes");
            request.headers_mut().append(HOST, host);
        }
        assert!(check_host(&request).is_ok(), "the operator of this machine needs none");
        request.extensions_mut().insert(ClientAddress::Remote(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        check_host(&request).is_ok()
    }

    #[test]
    fn requires_one_host() {
        let table: [(&[&[u8]], bool); 11] = [
            (&[b"lrs.example"], true),
            (&[b"lrs.example:8080"], true),
            (&[b"127.0.0.1:8080"], true),
            (&[b"[::1]:8080"], true),
            (&[b"my_host"], true),
            (&[b""], true),
            (&[b"a", b"b"], false),
            (&[b"a", b"a"], false),
            (&[b"a b"], false),
            (&[b"user@lrs.example"], false),
            (&[b"lrs.example/path"], false),
        ];
        for version in [Version::HTTP_10, Version::HTTP_11] {
            for (hosts, expected) in table {
                assert_eq!(is_accepted(version, hosts), expected, "{hosts:?}");
            }
        }
        assert!(is_accepted(Version::HTTP_10, &[]));
        assert!(!is_accepted(Version::HTTP_11, &[]));
    }
}
