//! Responses with attachments: `multipart/mixed`, streamed from storage.

use std::collections::VecDeque;
use std::vec;

use acta_service::{AttachmentName, AttachmentReader, ServiceError};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use crate::edge::Caller;
use crate::state::Shared;

/// Why a response ends before its end.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the rights of the caller have ended")]
    Refused,
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// The rest of a response.
struct Rest {
    shared: Shared,
    caller: Caller,
    boundary: String,
    /// Chunks that are ready.
    ready: VecDeque<Bytes>,
    /// The content that is being sent.
    open: Option<Box<dyn AttachmentReader>>,
    /// The attachments that follow, as far as they are stored.
    waiting: vec::IntoIter<AttachmentName>,
    is_closed: bool,
}

/// A response with `text` as its first part, followed by each stored attachment, as long as the
/// caller has its rights: there may be gigabytes of them.
///
/// Spec: XAPI-00167; xAPI 1.0.3, Part Three, 1.5.2 and 2.1.3.
pub(super) fn with_attachments(
    shared: &Shared,
    caller: &Caller,
    text: String,
    names: Vec<AttachmentName>,
) -> Response {
    let boundary = format!("{:032x}", shared.service.random_bits());
    let head = format!("--{boundary}\r\nContent-Type: application/json\r\n\r\n");
    let content_type = format!("multipart/mixed; boundary={boundary}");
    let rest = Rest {
        shared: Shared::clone(shared),
        caller: caller.clone(),
        boundary,
        ready: [head, text].into_iter().map(Bytes::from).collect(),
        open: None,
        waiting: names.into_iter(),
        is_closed: false,
    };
    let pieces = stream::try_unfold(rest, |rest: Rest| async move {
        rest.next().await.inspect_err(|error| {
            // The head was already sent: the response can only be aborted.
            let cause: &dyn std::error::Error = error;
            tracing::error!(error = cause, "an attachment could not be sent");
        })
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::try_from(content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    // Some browsers would show the parts one after the other.
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    response
}

impl Rest {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Ended> {
        if let Some(piece) = self.ready.pop_front() {
            return Ok(Some((piece, self)));
        }
        if let Some(reader) = &mut self.open {
            if let Some(piece) = reader.next().await.map_err(ServiceError::from)? {
                return Ok(Some((piece, self)));
            }
            self.open = None;
        }
        let boundary = &self.boundary;
        while let Some(name) = self.waiting.next() {
            self.caller.confirm(&self.shared).await.map_err(|_refusal| Ended::Refused)?;
            let (service, principal) = (&self.shared.service, &self.caller.principal);
            let Some(reader) = service.open_attachment(principal, &name.sha2).await? else {
                continue;
            };
            self.open = Some(reader);
            let head = format!(
                "\r\n--{boundary}\r\n{}Content-Transfer-Encoding: binary\r\n\
                 X-Experience-API-Hash: {}\r\n\r\n",
                type_header(&name.content_type),
                name.sha2.as_str()
            );
            return Ok(Some((Bytes::from(head), self)));
        }
        if self.is_closed {
            return Ok(None);
        }
        self.is_closed = true;
        // Some clients take a line break behind the last delimiter for one part more.
        Ok(Some((Bytes::from(format!("\r\n--{boundary}--")), self)))
    }
}

/// The header with the content type if that is valid in a header. If not, there is none: another
/// type would contradict the attachment.
fn type_header(content_type: &str) -> String {
    let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    let is_header = !content_type.is_empty() && content_type.bytes().all(is_plain);
    if is_header { format!("Content-Type: {content_type}\r\n") } else { String::new() }
}
