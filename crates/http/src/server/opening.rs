//! From an accepted connection to one whose protocol is known.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

use super::tls::{ALPN_HTTP2, Encryption};
use crate::app::App;
use crate::connection::{Channel, ConnectionPermit, ConnectionTimeouts, Noted, Socket, Source};
use crate::options::HttpVersions;

/// An accepted connection.
pub(super) struct Accepted {
    pub(super) stream: Socket,
    pub(super) permit: ConnectionPermit,
    pub(super) encryption: Option<Encryption>,
}

impl Accepted {
    /// The channel for HTTP, once its protocol is known, after the handshake if there is one; none
    /// if it fails, takes too long, or the connection has to end meanwhile.
    pub(super) async fn open(self, app: &App, shutdown: &CancellationToken) -> Option<Opened> {
        let Self { stream, permit, encryption } = self;
        let options = &app.shared().options;
        let timeouts = ConnectionTimeouts::of(&options.bounds);
        let (state, source) = (Arc::clone(&permit.state), stream.source());
        let is_of_client = stream.is_of_client();
        let noted = Noted::new(stream, Arc::clone(&state));
        let opening = async {
            match encryption {
                Some(encryption) => {
                    let opened = Box::pin(handshake(&encryption, noted)).await;
                    state.on_handshake();
                    opened
                }
                None if is_of_client && options.versions == HttpVersions::OneAndTwo => {
                    recognize(noted).await
                }
                None => Ok((Channel::Plain(noted), Protocol::Http1)),
            }
        };
        let opened = tokio::select! {
            biased;
            opened = opening => opened,
            () = grace(shutdown) => return None,
            () = state.evicted() => return None,
            () = state.expired(timeouts) => return None,
        };
        match opened {
            Ok((channel, protocol)) => Some(Opened { channel, protocol, permit, source }),
            Err(error) => {
                tracing::debug!(%error, "a connection was lost before its first request");
                None
            }
        }
    }
}

/// Returns a while after `shutdown`: what a client has sent just before is answered.
async fn grace(shutdown: &CancellationToken) {
    const GRACE: Duration = Duration::from_secs(2);

    shutdown.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// A connection whose protocol is known.
pub(super) struct Opened {
    pub(super) channel: Channel,
    pub(super) protocol: Protocol,
    pub(super) permit: ConnectionPermit,
    pub(super) source: Source,
}

/// The handshake of TLS, which also selects the protocol.
async fn handshake(encryption: &Encryption, noted: Noted) -> io::Result<(Channel, Protocol)> {
    let stream = encryption.accept(noted).await?;
    let is_second = stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2);
    let protocol = if is_second { Protocol::Http2 } else { Protocol::Http1 };
    Ok((Channel::Secure(Box::new(stream)), protocol))
}

/// Reads until it is certain whether the client begins with HTTP/2, as proxies do that know that
/// this server speaks it. No request of HTTP/1.1 begins so.
///
/// Spec: RFC 9113, 3.3 and 3.4.
async fn recognize(mut noted: Noted) -> io::Result<(Channel, Protocol)> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    let mut begin = Vec::with_capacity(PREFACE.len());
    let protocol = loop {
        if begin == PREFACE {
            break Protocol::Http2;
        }
        if !PREFACE.starts_with(&begin) {
            break Protocol::Http1;
        }
        let missing = u64::try_from(PREFACE.len() - begin.len()).unwrap_or(0);
        if (&mut noted).take(missing).read_buf(&mut begin).await? == 0 {
            // The client has said all that it will.
            break Protocol::Http1;
        }
    };
    noted.read_again(begin);
    Ok((Channel::Plain(noted), protocol))
}
