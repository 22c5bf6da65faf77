//! The channel of a connection of HTTP/1.1, with responses to heads that hyper cannot read.

use std::fmt::Write as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use acta_xapi::Version;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::phase::Phase;
use super::socket::Channel;
use super::state::ConnectionState;
use crate::problem::{Problem, ProblemForm};
use crate::reply::{HYGIENE, VERSION_HEADER};

/// The parameters of responses to unreadable request heads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refuse {
    /// Longest head, in bytes.
    pub(crate) bytes_max: usize,
    /// The xAPI version in the response.
    pub(crate) version: Version,
}

impl Refuse {
    /// The whole response with a status of hyper.
    fn write(&self, status: u16) -> Vec<u8> {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        let problem = if status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE {
            let what = "the request head (at most 100 headers)";
            Problem::head_too_large(what, self.bytes_max, "limits.head_bytes_max")
        } else if status == StatusCode::URI_TOO_LONG {
            Problem::url_too_long(self.bytes_max)
        } else {
            Problem::new(status, "malformed", "the request head is not valid HTTP/1.1")
        };
        let body = problem.write(ProblemForm::Problem);
        let mut text = format!("HTTP/1.1 {status}\r\n");
        let length = body.len().to_string();
        let others = [
            (CONTENT_TYPE, ProblemForm::Problem.content_type()),
            (CONTENT_LENGTH, length.as_str()),
            (CONNECTION, "close"),
            (CACHE_CONTROL, "no-store"),
            (VERSION_HEADER, self.version.as_str()),
        ];
        for (name, value) in HYGIENE.into_iter().chain(others) {
            // Writing into a string cannot fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        text.push_str(&body);
        text.into_bytes()
    }
}

/// A channel that reports what is read, and the end of responses, to the state of its connection.
///
/// hyper itself refuses heads that are malformed or too large, with a response without a body and
/// with few headers. This type replaces that response.
#[derive(Debug)]
pub(crate) struct Watched {
    stream: Channel,
    state: Arc<ConnectionState>,
    refuse: Refuse,
    /// The bytes sent in place of hyper's own response.
    refusal: Vec<u8>,
}

impl Watched {
    pub(crate) fn new(stream: Channel, state: Arc<ConnectionState>, refuse: Refuse) -> Self {
        Self { stream, state, refuse, refusal: Vec::new() }
    }

    /// The channel itself.
    pub(crate) fn into_inner(self) -> Channel {
        self.stream
    }

    /// Replaces hyper's own response; none if `bytes` are from this server.
    fn replace(&mut self, bytes: &[u8]) -> Option<usize> {
        let is_ours = !matches!(self.state.phase(), Phase::Head | Phase::Idle);
        if is_ours || bytes.is_empty() {
            return None;
        }
        let status = bytes.get(9..12).and_then(|status| str::from_utf8(status).ok());
        let status = status.and_then(|status| status.parse().ok()).unwrap_or(400);
        self.refusal = self.refuse.write(status);
        Some(bytes.len())
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if before < buffer.filled().len() {
            self.state.on_read();
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(count) = self.replace(bytes) {
            return Poll::Ready(Ok(count));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = slices.iter().find(|slice| !slice.is_empty())
            && let Some(count) = self.replace(first)
        {
            return Poll::Ready(Ok(count));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            let Self { stream, refusal, .. } = &mut *self;
            let count = ready!(Pin::new(stream).poll_write(context, refusal))?;
            refusal.drain(..count);
        }
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(context));
        self.state.on_flush();
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
