//! Body streams: bounded, decompressed, and with a timeout.

use std::io::Write;
use std::sync::Arc;

use acta_xapi::{Fault, Rule};
use axum::body::Body;
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use hyper::{HeaderMap, StatusCode};

use super::min_rate::{BodyBuffer, MinRate, next_data};
use crate::options::Bounds;
use crate::permit::RequestPermit;
use crate::permit::memory::Charge;
use crate::problem::Problem;

/// A size limit.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    what: &'static str,
    bytes_max: u64,
    key: &'static str,
}

impl Bound {
    /// A limit of `bytes_max` bytes for `what`, which the configuration sets with `key`.
    pub(crate) fn new(what: &'static str, bytes_max: usize, key: &'static str) -> Self {
        Self { what, bytes_max: u64::try_from(bytes_max).unwrap_or(u64::MAX), key }
    }

    /// A limit of `bytes_max` bytes for `what` that is not configurable.
    pub fn fixed(what: &'static str, bytes_max: usize) -> Self {
        Self::new(what, bytes_max, "a fixed limit")
    }

    /// Checks a size against the limit.
    ///
    /// # Errors
    ///
    /// 413 with the limit and its key.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), Problem> {
        if self.bytes_max < bytes {
            return Err(Problem::too_large(self.what, self.bytes_max, self.key));
        }
        Ok(())
    }
}

/// A body as a stream.
#[derive(Debug)]
pub(crate) struct BodyStream {
    body: Body,
    permit: Arc<RequestPermit>,
    rate: MinRate,
    unpacker: Option<Unpacker>,
    /// Compressed bytes received so far.
    packed: u64,
    /// Bytes returned so far.
    given: u64,
    bound: Bound,
    content_length: Option<u64>,
}

impl BodyStream {
    /// Most bytes for which memory is reserved before they arrive: 1 MiB.
    const EXPECTED_BYTES_MAX: u64 = 1 << 20;

    /// How much larger than its content a compressed body may be: 1 MiB, which is more than gzip
    /// adds to the largest one.
    const PACKED_BYTES_MORE: u64 = 1 << 20;

    /// The stream of a body with these headers.
    ///
    /// # Errors
    ///
    /// 415 if it has an unknown encoding.
    pub(crate) fn new(
        headers: &HeaderMap,
        body: Body,
        permit: Arc<RequestPermit>,
        bounds: &Bounds,
    ) -> Result<Self, Problem> {
        let unpacker = match read_coding(headers)? {
            Coding::Identity => None,
            Coding::Gzip => Some(Unpacker::new(bounds.unpacked_ratio_max)),
        };
        let content_length = if unpacker.is_some() { None } else { content_length(headers) };
        let key = "limits.statements_bytes_max";
        let bound = Bound::new("the body", bounds.statements_bytes_max, key);
        let rate = MinRate::new(bounds);
        Ok(Self { body, permit, rate, unpacker, packed: 0, given: 0, bound, content_length })
    }

    /// Limits its size to `bound`.
    ///
    /// # Errors
    ///
    /// 413 if its Content-Length exceeds the limit.
    pub(crate) fn bounded(mut self, bound: Bound) -> Result<Self, Problem> {
        self.bound = bound;
        bound.check(self.content_length.unwrap_or_default())?;
        Ok(self)
    }

    /// Ignores Content-Length when memory is reserved.
    pub(crate) fn without_size_hint(self) -> Self {
        Self { content_length: None, ..self }
    }

    /// The next chunk, never empty; none at the end.
    ///
    /// # Errors
    ///
    /// 400 if the body is incomplete or not valid gzip, 408 if it arrives too slowly, 413 if it is
    /// too large.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let piece = if self.unpacker.is_some() {
            self.next_unpacked().await?
        } else {
            self.next_received().await?
        };
        if let Some(piece) = &piece {
            self.given += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.bound.check(self.given)?;
        }
        Ok(piece)
    }

    /// Collects the rest of the body, and adds it to `charge`.
    ///
    /// # Errors
    ///
    /// As [`BodyStream::next`], and 503 if there is no memory for it.
    pub(crate) async fn collect(mut self, charge: &Charge) -> Result<Bytes, Problem> {
        if self.permit.is_buffered() && self.unpacker.is_none() {
            return Ok(self.next().await?.unwrap_or_default());
        }
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let expected = self.content_length.unwrap_or_default().min(Self::EXPECTED_BYTES_MAX);
        let all = BodyBuffer::new(size(self.bound.bytes_max), charge);
        let mut all = all.of(size(expected));
        while let Some(piece) = self.next().await? {
            all.push(piece)?;
        }
        Ok(all.finish())
    }

    async fn next_received(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.permit.is_buffered() {
            return next_data(&mut self.body).await;
        }
        let _waiting = self.permit.wait();
        self.rate.next(&mut self.body).await
    }

    async fn next_unpacked(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let Some(unpacker) = &mut self.unpacker else { return Ok(None) };
            if let Some(unpacked) = unpacker.unpack()? {
                return Ok(Some(unpacked));
            }
            let Some(piece) = self.next_received().await? else { return self.finish() };
            // Compressed bytes that decompress to nothing are limited too.
            self.packed += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.bound.check(self.packed.saturating_sub(Self::PACKED_BYTES_MORE))?;
            if let Some(unpacker) = &mut self.unpacker {
                unpacker.packed = piece;
            }
        }
    }

    fn finish(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(unpacker) = self.unpacker.take() else { return Ok(None) };
        let rest = unpacker.finish()?;
        if rest.is_empty() { Ok(None) } else { Ok(Some(rest)) }
    }
}

/// Decompresses a body in small steps.
#[derive(Debug)]
struct Unpacker {
    decoder: MultiGzDecoder<Vec<u8>>,
    /// Received bytes that are not decompressed yet.
    packed: Bytes,
    ratio_max: u64,
    taken: u64,
    given: u64,
}

impl Unpacker {
    /// How much is decompressed at once: 4 KiB, which become at most 4 MiB.
    const STEP_BYTES: usize = 4 * 1024;

    /// Decompressed bytes to which the ratio does not apply: 1 MiB.
    const FREE_BYTES: u64 = 1 << 20;

    fn new(ratio_max: u64) -> Self {
        let decoder = MultiGzDecoder::new(Vec::new());
        Self { decoder, packed: Bytes::new(), ratio_max, taken: 0, given: 0 }
    }

    /// Decompresses the received bytes in steps; none when more are needed.
    fn unpack(&mut self) -> Result<Option<Bytes>, Problem> {
        while !self.packed.is_empty() {
            let unpacked = self.step()?;
            if !unpacked.is_empty() {
                return Ok(Some(unpacked));
            }
        }
        Ok(None)
    }

    fn step(&mut self) -> Result<Bytes, Problem> {
        let slice = self.packed.split_to(self.packed.len().min(Self::STEP_BYTES));
        self.decoder.write_all(&slice).ok().ok_or_else(broken_gzip)?;
        self.taken += u64::try_from(slice.len()).unwrap_or(u64::MAX);
        let unpacked = Bytes::from(std::mem::take(self.decoder.get_mut()));
        self.given += u64::try_from(unpacked.len()).unwrap_or(u64::MAX);
        let most = self.taken.saturating_mul(self.ratio_max).max(Self::FREE_BYTES);
        if most < self.given { Err(too_dense(self.ratio_max)) } else { Ok(unpacked) }
    }

    fn finish(mut self) -> Result<Bytes, Problem> {
        self.decoder.try_finish().ok().ok_or_else(broken_gzip)?;
        Ok(Bytes::from(std::mem::take(self.decoder.get_mut())))
    }
}

/// The content coding of a body.
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

fn broken_gzip() -> Problem {
    let fault = Fault::new("/content-encoding", Rule::Header, "a body that is not valid gzip");
    Problem::faulty(vec![fault.into()])
}

fn too_dense(ratio_max: u64) -> Problem {
    let detail = format!(
        "a compressed body may expand to at most {ratio_max} times its size \
         (limits.unpacked_ratio_max)"
    );
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
}

/// The value of `Content-Length`.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
