//! Bodies of requests: bounded, unpacked, and never waited for without end.

use std::io::Write;
use std::time::Duration;

use acta_xapi::{Fault, Rule};
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::{Buf, Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::{HeaderMap, StatusCode};

use crate::media_type::MediaType;
use crate::problem::Problem;
use crate::{Bounds, Shared};

/// Bodies up to this size are read before anything is decided, so that the connection can
/// be used again whatever the answer is: 64 KiB.
const SETTLED_BYTES_MAX: u64 = 64 * 1024;

/// A body that waits to be read, with its type.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// The value of `Content-Type`, as sent.
    pub(crate) content_type: Option<String>,
    pieces: Pieces,
}

/// A body, piece by piece.
#[derive(Debug)]
pub(crate) struct Pieces {
    body: Body,
    /// What was received and is not yet unpacked.
    packed: Bytes,
    unpacker: Option<MultiGzDecoder<Vec<u8>>>,
    timeout: Duration,
    /// Bytes given out so far.
    given: u64,
    bound: Bound,
    content_length: Option<u64>,
}

/// How large a body may be.
#[derive(Clone, Copy, Debug)]
struct Bound {
    what: &'static str,
    bytes_max: u64,
}

impl FromRequest<Shared> for Incoming {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let content_type = parts.headers.get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let pieces = Pieces::new(&parts.headers, body, &shared.options.bounds)?;
        Ok(Self { content_type, pieces })
    }
}

impl Incoming {
    /// The media type, if one was sent and it is one.
    pub(crate) fn media_type(&self) -> Option<MediaType> {
        self.content_type.as_deref().and_then(MediaType::parse)
    }

    /// The whole body.
    pub(crate) async fn collect(
        self,
        what: &'static str,
        bytes_max: usize,
    ) -> Result<Bytes, Problem> {
        self.into_pieces(what, u64::try_from(bytes_max).unwrap_or(u64::MAX))?.collect().await
    }

    /// The body piece by piece, of `bytes_max` bytes at most.
    pub(crate) fn into_pieces(self, what: &'static str, bytes_max: u64) -> Result<Pieces, Problem> {
        self.pieces.bounded(what, bytes_max)
    }
}

impl Pieces {
    /// How much is unpacked at once: 4 KiB, which become 4 MiB at the very worst.
    const PACKED_BYTES_MAX: usize = 4 * 1024;

    /// A body whose headers are these.
    pub(crate) fn new(headers: &HeaderMap, body: Body, bounds: &Bounds) -> Result<Self, Problem> {
        let unpacker = match read_coding(headers)? {
            Coding::Identity => None,
            Coding::Gzip => Some(MultiGzDecoder::new(Vec::new())),
        };
        let content_length = if unpacker.is_some() { None } else { content_length(headers) };
        let bytes_max = u64::try_from(bounds.statements_bytes_max).unwrap_or(u64::MAX);
        Ok(Self {
            body,
            packed: Bytes::new(),
            unpacker,
            timeout: bounds.body_timeout,
            given: 0,
            bound: Bound { what: "the body", bytes_max },
            content_length,
        })
    }

    /// The same, of `bytes_max` bytes at most.
    pub(crate) fn bounded(mut self, what: &'static str, bytes_max: u64) -> Result<Self, Problem> {
        self.bound = Bound { what, bytes_max };
        match self.content_length {
            Some(length) if bytes_max < length => Err(Problem::too_large(what, bytes_max)),
            Some(_) | None => Ok(self),
        }
    }

    /// The next piece, never empty; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let piece = if self.unpacker.is_some() {
            self.next_unpacked().await?
        } else {
            next_data(&mut self.body, self.timeout).await?
        };
        piece.map(|piece| self.give(piece)).transpose()
    }

    async fn next_unpacked(&mut self) -> Result<Option<Bytes>, Problem> {
        while let Some(unpacker) = &mut self.unpacker {
            if self.packed.is_empty() {
                match next_data(&mut self.body, self.timeout).await? {
                    Some(piece) => self.packed = piece,
                    None => return self.finish(),
                }
            }
            let len = self.packed.len().min(Self::PACKED_BYTES_MAX);
            let slice = self.packed.split_to(len);
            unpacker.write_all(&slice).ok().ok_or_else(broken_gzip)?;
            let unpacked = std::mem::take(unpacker.get_mut());
            if !unpacked.is_empty() {
                return Ok(Some(Bytes::from(unpacked)));
            }
        }
        Ok(None)
    }

    /// Everything that is left.
    pub(crate) async fn collect(mut self) -> Result<Bytes, Problem> {
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.next().await? else { return Ok(first) };
        let expected = self.content_length.unwrap_or_default().min(1 << 20);
        let mut all = BytesMut::with_capacity(usize::try_from(expected).unwrap_or_default());
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(piece) = self.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    fn finish(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(mut unpacker) = self.unpacker.take() else { return Ok(None) };
        unpacker.try_finish().ok().ok_or_else(broken_gzip)?;
        let rest = Bytes::from(std::mem::take(unpacker.get_mut()));
        if rest.is_empty() { Ok(None) } else { Ok(Some(rest)) }
    }

    fn give(&mut self, piece: Bytes) -> Result<Bytes, Problem> {
        self.given += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        let Bound { what, bytes_max } = self.bound;
        if bytes_max < self.given { Err(Problem::too_large(what, bytes_max)) } else { Ok(piece) }
    }
}

/// Reads a small body of known length, so that nothing of it is left on the connection.
pub(crate) async fn settle(request: Request, timeout: Duration) -> Result<Request, Problem> {
    let Some(1..=SETTLED_BYTES_MAX) = content_length(request.headers()) else {
        return Ok(request);
    };
    let (parts, mut body) = request.into_parts();
    let mut all = BytesMut::new();
    let mut first = None;
    while let Some(piece) = next_data(&mut body, timeout).await? {
        match first.take() {
            None if all.is_empty() => first = Some(piece),
            None => all.extend_from_slice(&piece),
            Some(before) => {
                all.extend_from_slice(&before);
                all.extend_from_slice(&piece);
            }
        }
    }
    Ok(Request::from_parts(parts, Body::from(first.unwrap_or_else(|| all.freeze()))))
}

async fn next_data(body: &mut Body, timeout: Duration) -> Result<Option<Bytes>, Problem> {
    loop {
        let Ok(frame) = tokio::time::timeout(timeout, body.frame()).await else {
            let detail = "the body did not arrive in time";
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail));
        };
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(Problem::broken(Rule::Header, "a body that broke off")),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data()
                    && data.has_remaining()
                {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// How a body is packed.
enum Coding {
    Identity,
    Gzip,
}

fn read_coding(headers: &HeaderMap) -> Result<Coding, Problem> {
    let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(Coding::Identity) };
    let coding = value.to_str().unwrap_or_default().trim().to_ascii_lowercase();
    match coding.as_str() {
        "" | "identity" => Ok(Coding::Identity),
        "gzip" | "x-gzip" => Ok(Coding::Gzip),
        _ => {
            let detail = "Content-Encoding may be gzip or identity";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            Err(Problem::new(status, "content-encoding", detail))
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn broken_gzip() -> Problem {
    let fault = Fault::new("/content-encoding", Rule::Header, "a body that is no gzip");
    Problem::faulty(vec![fault.into()])
}
