//! Storing statements, with or without attachments.

use std::sync::Arc;

use acta_service::{
    PartHeaders, Sent, Shape, StagedAttachment, Stored, Upload, ValidatedStatements,
};
use acta_xapi::{Fault, IriRule, MediaType, Rule, StatementId};
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;

use crate::edge::{
    BodyBuffer, BodyStream, Bound, Caller, FromParams, Incoming, NoParams, Params, Query,
};
use crate::multipart::{Boundary, Event, Headers, Limits, MultipartError, Reader};
use crate::permit::RequestPermit;
use crate::problem::Problem;
use crate::reply::json;
use crate::state::Shared;

/// The parameters of a PUT.
#[derive(Debug)]
pub(crate) struct PutParams {
    id: StatementId,
}

impl FromParams for PutParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        params.require("statementId");
        Some(Self { id: StatementId(params.uuid("statementId")?) })
    }
}

/// `PUT /xapi/statements`: stores one statement under an id that the client chose.
///
/// Answers 204 also when an equal statement is already stored.
///
/// # Errors
///
/// 400 with faults, 403 without the scope to write, 409 if the id is taken by different
/// content, 413.
///
/// Spec: XAPI-00142 to XAPI-00145; xAPI 1.0.3, Part Three, 2.1.1.
pub(crate) async fn put_statement(
    State(shared): State<Shared>,
    caller: Caller,
    Query(params): Query<PutParams>,
    incoming: Incoming,
) -> Result<StatusCode, Problem> {
    store(&shared, &caller, Shape::One(params.id), incoming).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /xapi/statements`: stores any number of statements, or none of them.
///
/// Answers 200 with their ids, also when equal statements are already stored.
///
/// # Errors
///
/// As [`put_statement`].
///
/// Spec: XAPI-00146, XAPI-00147; xAPI 1.0.3, Part Three, 2.1.2.
pub(crate) async fn post_statements(
    State(shared): State<Shared>,
    caller: Caller,
    Query(NoParams): Query<NoParams>,
    incoming: Incoming,
) -> Result<Response, Problem> {
    let stored = store(&shared, &caller, Shape::Any, incoming).await?;
    Ok(json(write_ids(&stored.ids)))
}

async fn store(
    shared: &Shared,
    caller: &Caller,
    shape: Shape,
    incoming: Incoming,
) -> Result<Stored, Problem> {
    let media_type = incoming.media_type();
    let upload = match media_type.as_ref().map(MediaType::essence) {
        Some("application/json") => {
            let permit = incoming.permit();
            let text = incoming.collect(statements_bound(shared)).await?;
            permit.charge.hold(PARSED_FACTOR * text.len())?;
            let bytes = text.len();
            let statements = prepare(shared, caller, shape, text).await?;
            Upload { statements, attachments: Vec::new(), bytes, limits: &caller.tenant.limits }
        }
        Some("multipart/mixed") => {
            let mut parts = Parts::new(shared, media_type.as_ref(), incoming)?;
            let text = parts.statements().await?;
            let statements = prepare(shared, caller, shape, text).await?;
            let attachments = parts.attachments(&statements).await?;
            Upload { statements, attachments, bytes: parts.bytes, limits: &caller.tenant.limits }
        }
        Some(_) | None => {
            let found = incoming.content_type.as_deref().unwrap_or("no Content-Type");
            return Err(Problem::broken(Rule::ContentType, found));
        }
    };
    // The body may have taken long.
    caller.confirm(shared).await?;
    let stored = shared.service.store_statements(upload).await?;
    shared.metrics.stored(stored.new_count);
    Ok(stored)
}

/// The memory of parsed and encoded statements, as a multiple of their text.
const PARSED_FACTOR: usize = 2;

fn statements_bound(shared: &Shared) -> Bound {
    let bytes_max = shared.options.bounds.statements_bytes_max;
    Bound::new("a request with statements", bytes_max, "limits.statements_bytes_max")
}

async fn prepare(
    shared: &Shared,
    caller: &Caller,
    shape: Shape,
    text: Bytes,
) -> Result<ValidatedStatements, Problem> {
    let sent = Sent { text, version: caller.version, shape, iris: IriRule::Strict };
    Ok(shared.service.prepare_statements(&caller.principal, sent).await?)
}

/// A JSON array of ids.
fn write_ids(ids: &[StatementId]) -> String {
    use std::fmt::Write;

    let mut text = String::with_capacity(2 + 39 * ids.len());
    text.push('[');
    for (index, id) in ids.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing into a string cannot fail.
        let _ = write!(text, "{comma}\"{id}\"");
    }
    text.push(']');
    text
}

/// The parts of a request, as they arrive.
struct Parts<'a> {
    shared: &'a Shared,
    permit: Arc<RequestPermit>,
    reader: Reader,
    stream: BodyStream,
    /// How many have arrived.
    bytes: usize,
}

impl<'a> Parts<'a> {
    fn new(
        shared: &'a Shared,
        media_type: Option<&MediaType>,
        incoming: Incoming,
    ) -> Result<Self, Problem> {
        let bounds = &shared.options.bounds;
        let boundary = media_type.and_then(|media_type| media_type.parameter("boundary"));
        let boundary = boundary.ok_or_else(|| Problem::broken(Rule::Multipart, "no boundary"))?;
        let boundary = Boundary::new(boundary)
            .map_err(|error| Problem::broken(Rule::Multipart, &error.to_string()))?;
        let limits =
            Limits { parts_max: bounds.parts_max, header_bytes_max: bounds.part_head_bytes_max };
        let bytes_max = usize::try_from(bounds.multipart_bytes_max).unwrap_or(usize::MAX);
        let key = "limits.multipart_bytes_max";
        let permit = incoming.permit();
        let bound = Bound::new("a request with attachments", bytes_max, key);
        let stream = incoming.into_stream(bound)?;
        Ok(Self { shared, permit, reader: Reader::new(&boundary, limits), stream, bytes: 0 })
    }

    async fn next(&mut self) -> Result<Event, Problem> {
        loop {
            let event = self.reader.next_event();
            if let Some(event) = event.map_err(|error| self.refuse(error))? {
                return Ok(event);
            }
            let Some(piece) = self.stream.next().await? else {
                self.reader.finish()?;
                return Ok(Event::End);
            };
            self.bytes = self.bytes.saturating_add(piece.len());
            self.reader.push(&piece);
        }
    }

    fn refuse(&self, error: MultipartError) -> Problem {
        let bounds = &self.shared.options.bounds;
        match error {
            MultipartError::TooManyParts => {
                let detail = format!(
                    "a request may have at most {} parts (limits.multipart_parts_max)",
                    bounds.parts_max
                );
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
            }
            MultipartError::HeaderTooLong => {
                let (most, key) = (bounds.part_head_bytes_max, "limits.part_head_bytes_max");
                Problem::head_too_large("the headers of a part", most, key)
            }
            MultipartError::NoDelimiter | MultipartError::Unclosed | MultipartError::Header => {
                error.into()
            }
        }
    }

    /// Reads the first part, the statements. From then on the request is processed.
    async fn statements(&mut self) -> Result<Bytes, Problem> {
        let Event::Part(headers) = self.next().await? else {
            return Err(Problem::broken(Rule::MultipartStatements, "no part"));
        };
        let content_type = headers.find("content-type").unwrap_or_default();
        let media_type = MediaType::parse(content_type);
        if media_type.is_none_or(|media_type| media_type.essence() != "application/json") {
            return Err(Problem::broken(Rule::MultipartStatements, content_type));
        }
        let bound = statements_bound(self.shared);
        let permit = Arc::clone(&self.permit);
        let bytes_max = self.shared.options.bounds.statements_bytes_max;
        let (mut text, mut length) = (BodyBuffer::new(bytes_max, &permit.charge), 0);
        while let Event::Content(piece) = self.next().await? {
            length += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            bound.check(length)?;
            text.push(piece)?;
        }
        let text = text.finish();
        permit.charge.hold(PARSED_FACTOR * text.len())?;
        permit.enter()?;
        Ok(text)
    }

    /// Reads the other parts, the attachments, and stores each as it arrives.
    async fn attachments(
        &mut self,
        prepared: &ValidatedStatements,
    ) -> Result<Vec<Box<dyn StagedAttachment>>, Problem> {
        let mut staged: Vec<Box<dyn StagedAttachment>> = Vec::new();
        // Contents are read completely, so only parts and the end occur here.
        while let Event::Part(headers) = self.next().await? {
            let headers = read_headers(&headers)?;
            if staged.iter().any(|known| *known.announced() == headers.sha2) {
                // The same content of several attachments is stored once.
                prepared.check_part(&headers).map_err(acta_service::ServiceError::from)?;
                self.skip_content().await?;
            } else {
                staged.push(self.attachment(prepared, headers).await?);
            }
        }
        // Bytes after the last delimiter are ignored, but removed from the connection.
        while self.stream.next().await?.is_some() {}
        Ok(staged)
    }

    async fn skip_content(&mut self) -> Result<(), Problem> {
        while let Event::Content(_) = self.next().await? {}
        Ok(())
    }

    async fn attachment(
        &mut self,
        prepared: &ValidatedStatements,
        headers: PartHeaders,
    ) -> Result<Box<dyn StagedAttachment>, Problem> {
        let bytes_max = self.shared.options.bounds.attachment_bytes_max;
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let bound = Bound::new("an attachment", bytes_max, "limits.attachment_bytes_max");
        let length = headers.length;
        let mut writer = self.shared.service.stage_attachment(prepared, headers).await?;
        let mut written: u64 = 0;
        while let Event::Content(piece) = self.next().await? {
            written += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            bound.check(written)?;
            writer.write(piece).await.map_err(acta_service::ServiceError::from)?;
        }
        if let Some(length) = length.filter(|length| *length != written) {
            let found = format!("{length}, where the content has {written} octets");
            let fault = Fault::new("/content-length", Rule::AttachmentHeader, &found);
            return Err(Problem::faulty(vec![fault.into()]));
        }
        Ok(writer.finish().await.map_err(acta_service::ServiceError::from)?)
    }
}

/// Reads the headers of an attachment part.
///
/// Spec: XAPI-00132, XAPI-00135; xAPI 1.0.3, Part Three, 1.5.2; IEEE 9274.1.1, 4.1.3.
fn read_headers(headers: &Headers) -> Result<PartHeaders, Problem> {
    // Without the header, an LRS should assume binary.
    let encoding = headers.find("content-transfer-encoding").unwrap_or("binary");
    if !encoding.eq_ignore_ascii_case("binary") {
        let fault = Fault::new("/content-transfer-encoding", Rule::Header, encoding);
        return Err(Problem::faulty(vec![fault.into()]));
    }
    let hash = headers.find("x-experience-api-hash");
    let found = hash.unwrap_or("no X-Experience-API-Hash");
    let sha2 = hash
        .and_then(|hash| hash.parse().ok())
        .ok_or_else(|| Problem::broken(Rule::AttachmentHash, found))?;
    let content_type = headers.find("content-type").map(str::to_owned);
    let length = headers.find("content-length").map(|length| {
        let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        length.parse().ok().filter(|_| is_number).ok_or_else(|| {
            let fault = Fault::new("/content-length", Rule::AttachmentHeader, length);
            Problem::faulty(vec![fault.into()])
        })
    });
    Ok(PartHeaders { sha2, content_type, length: length.transpose()? })
}
