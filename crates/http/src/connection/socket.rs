//! The socket of a connection: network, or a socket of the machine; perhaps encrypted.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Request;
use hyper::header::{HOST, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::server::TlsStream;

use super::state::ConnectionState;

/// Marks a request of the operator of this machine, over the control socket or in process. Network
/// requests never have it.
#[derive(Clone, Copy, Debug)]
pub struct Local;

/// The other end of the connection that a request came over.
#[derive(Clone, Copy, Debug)]
pub enum Peer {
    /// It has this address.
    Address(IpAddr),
    /// A process of this machine that may open the socket for clients.
    Socket,
}

/// An accepted connection.
#[derive(Debug)]
pub(crate) enum Socket {
    /// From the network, with the address of the other end.
    Network(TcpStream, IpAddr),
    /// From a client, or a proxy, on this machine.
    Unix(UnixStream),
    /// From the operator of this machine, with the value of `Host` for its requests.
    Control(UnixStream, HeaderValue),
}

/// The origin of requests on a connection.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Client(Peer),
    Control(HeaderValue),
}

impl Source {
    /// Adds the origin to a request.
    pub(crate) fn mark<T>(&self, request: &mut Request<T>) {
        match self {
            Self::Client(peer) => {
                request.extensions_mut().insert(*peer);
            }
            Self::Control(host) => {
                request.extensions_mut().insert(Local);
                request.headers_mut().insert(HOST, host.clone());
            }
        }
    }
}

impl Socket {
    /// Whether it is from a client, not from the operator.
    pub(crate) fn is_of_client(&self) -> bool {
        match self {
            Self::Network(..) | Self::Unix(_) => true,
            Self::Control(..) => false,
        }
    }

    /// Where requests on it come from.
    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Network(_, address) => Source::Client(Peer::Address(*address)),
            Self::Unix(_) => Source::Client(Peer::Socket),
            Self::Control(_, host) => Source::Control(host.clone()),
        }
    }
}

/// A socket that reports what is written to the state of its connection.
///
/// It is below the encryption: what the client has accepted is what has left this socket.
#[derive(Debug)]
pub(crate) struct Noted {
    socket: Socket,
    state: Arc<ConnectionState>,
    /// Bytes that were read, and are read again.
    again: Vec<u8>,
}

impl Noted {
    /// The socket of a connection in this state.
    pub(crate) fn new(socket: Socket, state: Arc<ConnectionState>) -> Self {
        Self { socket, state, again: Vec::new() }
    }

    /// Reads these bytes next, which were read from it.
    pub(crate) fn read_again(&mut self, bytes: Vec<u8>) {
        self.again = bytes;
    }

    fn note(&self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(Ok(count)) => self.state.on_written(*count),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.state.on_stall(),
        }
    }
}

/// What the bytes of HTTP are read from and written to.
#[derive(Debug)]
pub(crate) enum Channel {
    /// The socket itself.
    Plain(Noted),
    /// Encrypted.
    Secure(Box<TlsStream<Noted>>),
}

/// Applies an expression to either kind of stream.
macro_rules! each {
    ($socket:expr, $stream:ident => $act:expr) => {
        match $socket {
            Socket::Network($stream, _) => $act,
            Socket::Unix($stream) => $act,
            Socket::Control($stream, _) => $act,
        }
    };
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.again.is_empty() {
            let count = self.again.len().min(buffer.remaining());
            buffer.put_slice(&self.again[..count]);
            self.again.drain(..count);
            return Poll::Ready(Ok(()));
        }
        each!(&mut self.socket, stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Noted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written =
            each!(&mut self.socket, stream => Pin::new(stream).poll_write(context, bytes));
        self.note(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = each!(&mut self.socket, stream => {
            Pin::new(stream).poll_write_vectored(context, slices)
        });
        self.note(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        each!(&self.socket, stream => stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut self.socket, stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut self.socket, stream => Pin::new(stream).poll_shutdown(context))
    }
}

/// Applies an expression to either kind of channel.
macro_rules! within {
    ($channel:expr, $stream:ident => $act:expr) => {
        match $channel {
            Channel::Plain($stream) => $act,
            Channel::Secure($stream) => $act,
        }
    };
}

impl AsyncRead for Channel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        within!(&mut *self, stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Channel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        within!(&mut *self, stream => Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        within!(&mut *self, stream => Pin::new(stream).poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        within!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        within!(&mut *self, stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        within!(&mut *self, stream => Pin::new(stream).poll_shutdown(context))
    }
}
