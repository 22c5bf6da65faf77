//! Values for addresses, URLs and origins.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use crate::value_spec::{ValueSpec, parsed};

/// Longest path of a socket, in bytes: the system has room for 107, of which the server takes some
/// while it makes the socket.
const SOCKET_PATH_BYTES_MAX: usize = 100;

/// What a socket of the machine begins with, before its path.
const SOCKET: &str = "unix:";

/// The permissions of a file, without those that are no permissions.
const MODE_MAX: u32 = 0o777;

/// That the owner may write.
const OWNER_WRITES: u32 = 0o200;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// At an address and port, written as `127.0.0.1:8080`.
    Address(SocketAddr),
    /// On a socket of the machine, written as `unix:/run/acta/acta.sock`.
    Socket(PathBuf),
}

/// The text is neither an address with a port nor the path of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an address and port such as `127.0.0.1:8080`, or `unix:` and the path of a socket of \
     at most {max} bytes",
    max = SOCKET_PATH_BYTES_MAX
)]
pub struct NotAListen;

impl FromStr for Listen {
    type Err = NotAListen;

    fn from_str(text: &str) -> Result<Self, NotAListen> {
        match text.strip_prefix(SOCKET) {
            Some(path) if path.is_empty() || SOCKET_PATH_BYTES_MAX < path.len() => Err(NotAListen),
            Some(path) => Ok(Self::Socket(path.into())),
            None => text.parse().map(Self::Address).map_err(|_error| NotAListen),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Socket(path) => write!(f, "{SOCKET}{}", path.display()),
        }
    }
}

/// Where a server listens.
pub(crate) fn listen() -> ValueSpec<Listen> {
    parsed("address and port, or `unix:` and a path")
}

/// The permissions of a file.
pub(crate) fn file_mode() -> ValueSpec<u32> {
    ValueSpec::new("octal digits", |text| {
        // The server itself connects to a socket that is there, to find out whether it is in use.
        let is_possible = |mode: &u32| *mode <= MODE_MAX && mode & OWNER_WRITES != 0;
        let mode = u32::from_str_radix(text, 8).ok().filter(is_possible);
        mode.ok_or_else(|| {
            "expected permissions with which the owner may write, such as `0660`".to_owned()
        })
    })
}

/// The public URL of the server, without a slash at the end.
pub(crate) fn public_url() -> ValueSpec<String> {
    ValueSpec::new("`https://…`", |text| {
        let expected = || {
            "expected scheme, host and optional port, such as `https://lrs.example.org`".to_owned()
        };
        let url = origin(text.strip_suffix('/').unwrap_or(text)).ok();
        let is_web = |url: &String| ["https://", "http://"].iter().any(|s| url.starts_with(s));
        url.filter(is_web).ok_or_else(expected)
    })
}

/// An origin as browsers send it: scheme, host and optional port, and nothing else.
pub(crate) fn origin(text: &str) -> Result<String, String> {
    let expected = || format!("expected `*` or origins such as `https://a.example`, not {text:?}");
    let (scheme, host) = text.split_once("://").ok_or_else(expected)?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"/?#@*,".contains(&byte);
    let is_origin = !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !host.is_empty()
        && host.bytes().all(is_plain);
    if is_origin { Ok(text.to_ascii_lowercase()) } else { Err(expected()) }
}

/// Whether a connection to this URL is encrypted or stays on this machine.
pub(crate) fn is_safe(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_here = host == "localhost" || host.parse().is_ok_and(|host: IpAddr| host.is_loopback());
    !host.is_empty() && (scheme == "https" || scheme == "http" && is_here)
}
