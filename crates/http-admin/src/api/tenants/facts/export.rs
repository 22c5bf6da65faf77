//! `GET /api/v1/tenants/{tenant}/facts/export` and what is below: facts as Parquet files.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_admin::{AnswerPermit, Requester};
use acta_facts_export::{ExportFile, FileName, Manifest};
use acta_http::edge::{Conditions, NoParams, Query};
use acta_http::problem::Problem;
use acta_service::{Etag, EtagMatch, Precondition};
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{Stream, try_unfold, unfold};
use hyper::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, IF_RANGE, RANGE,
};
use hyper::http::Extensions;
use hyper::http::request::Parts;
use hyper::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::range::{Range, requested};
use crate::api::json::view;
use crate::api::path::{Id, Ids};
use crate::caller::{Administrator, confirm};
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_http_facts::{ExportReport, ExportTurn, FactQueries, no_facts};

/// Bytes of a file that are read at once.
const PIECE_BYTES: u64 = 256 << 10;

/// The content type of the files.
const PARQUET: &str = "application/vnd.apache.parquet";

/// How often a client is told that its export still waits for its turn.
const WAITING_INTERVAL: Duration = Duration::from_secs(10);

/// What the headers of a request for a file say.
#[derive(Debug)]
pub(crate) struct FileRequest {
    conditions: Precondition,
    headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for FileRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Conditions(conditions) = Conditions::from_request_parts(parts, state).await?;
        Ok(Self { conditions, headers: parts.headers.clone() })
    }
}

/// Export the facts of a tenant
///
/// Brings the Parquet files of the tenant up to date on this server: writes those of the months
/// that are new or have changed. Each line of the response says how far it is (`done` of `total`
/// rows), and the last one has the `manifest`; without it, the export has failed. Few exports are
/// made at the same time; while this one waits for its turn, both numbers are 0. It is given up
/// when the client leaves. While the facts are being made, there is no export (409). For people and
/// credentials that may read all statements of the tenant.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/facts/export",
    operation_id = "export_facts",
    tag = "facts",
    responses(
        (status = 200, description = "The progress, and the manifest.",
        content((String = "application/jsonl"))),
        (status = 409, description = "The facts are being made: try again later."),
    ),
)]
pub(crate) async fn export_facts(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    extensions: Extensions,
) -> Result<Response, AdminProblem> {
    let permit = shared.admin.permit_export_of_facts(&requester, tenant, "progress").await?;
    let facts = shared.facts.clone().ok_or_else(no_facts)?;
    facts.check_complete(tenant)?;
    let waiting = Waiting { shared, requester, extensions, permit, facts };
    let mut response = Response::new(Body::from_stream(lines(waiting)));
    let jsonl = HeaderValue::from_static("application/jsonl");
    response.headers_mut().insert(CONTENT_TYPE, jsonl);
    Ok(response)
}

/// Read the manifest of exported facts
///
/// Brings the Parquet files of the tenant up to date on this server, and lists them.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/facts/export/manifest.json",
    operation_id = "read_facts_manifest",
    tag = "facts",
    responses(
        (status = 200, description = "The manifest.", body = Manifest),
        (status = 409, description = "The facts are being made: try again later."),
        (status = 503, description = "Other exports take too long."),
    ),
)]
pub(crate) async fn read_facts_manifest(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let permit = shared.admin.permit_export_of_facts(&requester, tenant, "manifest.json").await?;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    facts.check_complete(tenant)?;
    let turn = facts.export_turn_soon(tenant).await?;
    let mut reports = facts.export(permit, turn).await?;
    while let Some(report) = reports.recv().await {
        if let ExportReport::Done(manifest) = report {
            return Ok(view(&manifest));
        }
    }
    Err(Problem::internal().into())
}

/// Read a file of exported facts
///
/// Returns a file that the manifest names, or a range of its bytes.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/facts/export/{file}",
    operation_id = "read_facts_file",
    tag = "facts",
    params(
        ("file" = String, Path, example = "facts-2026-03.parquet",
            description = "The name of the file in the manifest."),
    ),
    responses(
        (status = 200, description = "The file.",
            headers(("ETag" = String, description = "The SHA-256 of the file.")),
            content((Vec<u8> = "application/vnd.apache.parquet"))),
        (status = 206, description = "The range of the header `Range`.",
            content((Vec<u8> = "application/vnd.apache.parquet"))),
        (status = 304, description = "The client has this file: see `If-None-Match`."),
        (status = 412, description = "The file is another one: see `If-Match`."),
        (status = 416, description = "The file has no such range."),
    ),
)]
pub(crate) async fn read_facts_file(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, name): Ids<TenantId, FileName>,
    Query(NoParams): Query<NoParams>,
    request: FileRequest,
) -> Result<Response, AdminProblem> {
    shared.admin.permit_export_of_facts(&requester, tenant, &name.to_string()).await?;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    let opened = facts.open_exported(tenant, name).await?;
    let (entry, file) = opened.ok_or_else(Problem::not_found)?;
    Ok(respond(&entry, file, &request)?)
}

/// Responds with a file, or a part of it.
///
/// Spec: RFC 9110, 13.2.2 and 14.
fn respond(entry: &ExportFile, file: File, request: &FileRequest) -> Result<Response, Problem> {
    let FileRequest { conditions, headers } = request;
    let etag = Etag(entry.sha256.clone());
    let is_met = |wanted: &EtagMatch| wanted.is_met_by(Some(&etag));
    if conditions.if_match.as_ref().is_some_and(|wanted| !is_met(wanted)) {
        let detail = "the file has changed: read the manifest again";
        return Err(Problem::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", detail));
    }
    let tag = format!("\"{}\"", entry.sha256);
    let is_same = headers.get(IF_RANGE).is_none_or(|wanted| wanted.as_bytes() == tag.as_bytes());
    let wanted = headers.get(RANGE).filter(|_| is_same).and_then(|range| range.to_str().ok());
    let (status, start, length) = match requested(wanted, entry.bytes) {
        _ if conditions.if_none_match.as_ref().is_some_and(is_met) => {
            (StatusCode::NOT_MODIFIED, 0, 0)
        }
        Range::Whole => (StatusCode::OK, 0, entry.bytes),
        Range::Part { start, length } => (StatusCode::PARTIAL_CONTENT, start, length),
        Range::Outside => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let mut response = if length == 0 {
        Response::new(Body::empty())
    } else {
        Response::new(Body::from_stream(pieces(file, start, length)))
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: String| {
        // Digits and names of our own are valid values.
        headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
    };
    set(ETAG, tag);
    set(ACCEPT_RANGES, "bytes".to_owned());
    match status {
        StatusCode::RANGE_NOT_SATISFIABLE => {
            set(CONTENT_RANGE, format!("bytes */{}", entry.bytes));
        }
        StatusCode::NOT_MODIFIED => {}
        _ => {
            set(CONTENT_TYPE, PARQUET.to_owned());
            set(CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", entry.name));
            set(CONTENT_LENGTH, length.to_string());
        }
    }
    if status == StatusCode::PARTIAL_CONTENT {
        set(CONTENT_RANGE, format!("bytes {start}-{}/{}", start + length - 1, entry.bytes));
    }
    Ok(response)
}

/// The bytes of a part of a file, a piece at a time.
fn pieces(
    file: File,
    start: u64,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    try_unfold((Arc::new(file), start, length), |(file, start, length)| async move {
        let count = length.min(PIECE_BYTES);
        if count == 0 {
            return Ok(None);
        }
        let reading = Arc::clone(&file);
        let read = acta_storage::spawn_blocking(move || {
            let mut bytes = vec![0; usize::try_from(count).unwrap_or_default()];
            reading.read_exact_at(&mut bytes, start).map(|()| Bytes::from(bytes))
        });
        let bytes = read.await.map_err(io::Error::other).flatten();
        let bytes = bytes.inspect_err(|error| {
            tracing::error!(%error, "an exported file cannot be read");
        })?;
        Ok(Some((bytes, (file, start + count, length - count))))
    })
}

/// An export that waits for its turn.
struct Waiting {
    shared: Shared,
    requester: Requester,
    /// Those of the request, with what it was authenticated with.
    extensions: Extensions,
    permit: AnswerPermit,
    facts: FactQueries,
}

impl Waiting {
    /// Begins the export. It may have waited for long, so the requester must still have the right;
    /// none if not, or if it cannot begin.
    async fn begin(&self, turn: ExportTurn) -> Option<mpsc::Receiver<ExportReport>> {
        confirm(&self.shared, &self.extensions).await.ok()?;
        let permitted =
            self.shared.admin.confirm_reading(&self.requester, self.permit.tenant).await;
        permitted.ok()?;
        self.facts.export(self.permit.clone(), turn).await.ok()
    }
}

/// How far an export is.
enum Stage {
    Waiting(Box<Waiting>, Pin<Box<dyn Future<Output = ExportTurn> + Send>>),
    Running(mpsc::Receiver<ExportReport>),
}

/// The reports of an export as lines.
fn lines(waiting: Waiting) -> impl Stream<Item = Result<String, Infallible>> + Send + 'static {
    let (facts, tenant) = (waiting.facts.clone(), waiting.permit.tenant);
    let turn = Box::pin(async move { facts.export_turn(tenant).await });
    unfold(Stage::Waiting(Box::new(waiting), turn), next_line)
}

/// The next line, and what comes after it; none at the end.
async fn next_line(mut stage: Stage) -> Option<(Result<String, Infallible>, Stage)> {
    loop {
        let mut reports = match stage {
            Stage::Waiting(waiting, mut turn) => match timeout(WAITING_INTERVAL, &mut turn).await {
                Ok(turn) => {
                    stage = Stage::Running(waiting.begin(turn).await?);
                    continue;
                }
                Err(_elapsed) => {
                    let line = json!({ "done": 0, "total": 0 });
                    return Some((Ok(format!("{line}\n")), Stage::Waiting(waiting, turn)));
                }
            },
            Stage::Running(reports) => reports,
        };
        let line = match reports.recv().await? {
            ExportReport::Progress(now) => json!({ "done": now.done, "total": now.total }),
            ExportReport::Done(manifest) => json!({ "manifest": manifest }),
        };
        return Some((Ok(format!("{line}\n")), Stage::Running(reports)));
    }
}
