//! The socket of a connection: network, or control socket of the machine.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::Request;
use hyper::header::{HOST, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// Marks a request of the operator of this machine, over the control socket or in process. Network
/// requests never have it.
#[derive(Clone, Copy, Debug)]
pub struct Local;

/// The other end of the connection that a request came over.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// An accepted connection.
#[derive(Debug)]
pub(crate) enum Socket {
    /// From the network, with the address of the other end.
    Network(TcpStream, IpAddr),
    /// From the operator of this machine, with the value of `Host` for its requests.
    Control(UnixStream, HeaderValue),
}

/// The origin of requests on a connection.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Network(IpAddr),
    Control(HeaderValue),
}

impl Source {
    /// Adds the origin to a request.
    pub(crate) fn mark<T>(&self, request: &mut Request<T>) {
        match self {
            Self::Network(address) => {
                request.extensions_mut().insert(Peer(*address));
            }
            Self::Control(host) => {
                request.extensions_mut().insert(Local);
                request.headers_mut().insert(HOST, host.clone());
            }
        }
    }
}

impl Socket {
    /// Where requests on it come from.
    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Network(_, address) => Source::Network(*address),
            Self::Control(_, host) => Source::Control(host.clone()),
        }
    }
}

/// Applies an expression to either kind of stream.
macro_rules! each {
    ($socket:expr, $stream:ident => $act:expr) => {
        match $socket {
            Socket::Network($stream, _) => $act,
            Socket::Control($stream, _) => $act,
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(&mut *self, stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(&mut *self, stream => Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(&mut *self, stream => Pin::new(stream).poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut *self, stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut *self, stream => Pin::new(stream).poll_shutdown(context))
    }
}
