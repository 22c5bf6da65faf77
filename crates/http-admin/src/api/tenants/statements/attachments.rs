//! `GET /api/v1/tenants/{tenant}/statements/{id}/attachments` and what is below: the attachments of
//! a statement, and their content.
//!
//! The content comes from whatever client stored it. It is only sent as a file to be saved, never
//! to be shown, with the name and the type of [`file_name`].

mod file_name;

use std::sync::Arc;

use acta_access::TenantId;
use acta_admin::{KeptAttachment, OpenAttachment};
use acta_http::edge::{NoParams, Query};
use acta_http::permit::RequestPermit;
use acta_service::{AttachmentReader, ServiceError};
use acta_xapi::{Languages, Sha2, StatementId, Uuid};
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{Stream, try_unfold};
use hyper::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
    HeaderValue, VARY,
};
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::view;
use crate::api::path::{Ids, ThreeIds};
use crate::caching::has_tag;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use file_name::{FileKind, disposition};

/// The attachments of a statement whose content is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementAttachments {
    /// They, in the order in which the statement names them.
    items: Vec<StatementAttachment>,
}

/// An attachment whose content is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementAttachment {
    /// The SHA-2 hash of the content.
    #[schema(min_length = 56, max_length = 128)]
    sha2: String,
    /// What it is called, in the language of the reader; null if the statement does not say.
    #[schema(required)]
    name: Option<String>,
    /// The internet media type that the statement gives.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// The size of the content in bytes.
    bytes: u64,
}

impl StatementAttachment {
    fn of(KeptAttachment { described, len_bytes }: KeptAttachment) -> Self {
        Self {
            sha2: described.name.sha2.as_str().to_owned(),
            name: described.display,
            content_type: described.name.content_type,
            bytes: len_bytes,
        }
    }
}

/// List the attachments of a statement
///
/// Returns the attachments of a statement, voided or not, and of its `SubStatement`, whose content
/// is stored here: those that were sent with it, and not only with a `fileUrl`. Of a statement
/// with more than 100 attachments, only the first 100 are looked at. Their names are in the
/// language of
/// `Accept-Language`. The audit records the access if the tenant has enabled this.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/statements/{id}/attachments",
    operation_id = "list_statement_attachments",
    tag = "statements",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("id" = String, Path, format = "uuid", description = "The id of the statement.")
    ),
    responses(
        (status = 200, description = "The attachments.", body = StatementAttachments),
    ),
)]
pub(crate) async fn list_statement_attachments(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, id): Ids<TenantId, Uuid>,
    (Query(NoParams), Extension(memory)): (Query<NoParams>, Extension<Arc<RequestPermit>>),
    headers: HeaderMap,
) -> Result<Response, AdminProblem> {
    let _share = shared.http.query_shares.acquire(tenant, 0).await;
    memory.hold_page(Some(1))?;
    let languages = languages(&headers);
    let listed = shared.admin.list_attachments(&requester, tenant, StatementId(id), &languages);
    let items = listed.await?.into_iter().map(StatementAttachment::of).collect();
    Ok(view(&StatementAttachments { items }))
}

/// Read an attachment
///
/// Returns the content of an attachment that a statement, voided or not, or its `SubStatement`
/// names, as it was sent. It is for those who may read the statement, and is not checked for
/// malware: any client that may store statements may have sent it. The response is a file to be
/// saved, whose name is made from that in the statement, in the language of `Accept-Language`. Its
/// type is `application/octet-stream` unless the statement gives one that browsers do not execute.
/// If only the address of the content is known (`fileUrl`), the response is 404. The audit records
/// the access if the tenant has enabled this.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/statements/{id}/attachments/{sha2}",
    operation_id = "read_statement_attachment",
    tag = "statements",
    params(
        ("tenant" = u32, Path, minimum = 1, description = "The tenant."),
        ("id" = String, Path, format = "uuid", description = "The id of the statement."),
        ("sha2" = String, Path, description = "The SHA-2 hash of the content, as in the \
                                               statement.")
    ),
    responses(
        (status = 200, description = "The content.", headers(
            ("Content-Disposition" = String, description = "The file name."),
            ("ETag" = String, description = "The SHA-2 hash of the content, for `If-None-Match`.")),
            content((Vec<u8> = "application/octet-stream"))),
        (status = 304, description = "The copy is the content."),
    ),
)]
pub(crate) async fn read_statement_attachment(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    ThreeIds(tenant, id, sha2): ThreeIds<TenantId, Uuid, Sha2>,
    (Query(NoParams), Extension(memory)): (Query<NoParams>, Extension<Arc<RequestPermit>>),
    headers: HeaderMap,
) -> Result<Response, AdminProblem> {
    let share = shared.http.query_shares.acquire(tenant, 0).await;
    memory.hold_page(Some(1))?;
    let place = (StatementId(id), &sha2);
    let languages = languages(&headers);
    let opened = shared.admin.open_attachment(&requester, tenant, place, &languages).await?;
    drop(share);
    Ok(as_file(opened, &headers))
}

/// The languages of names.
fn languages(headers: &HeaderMap) -> Languages {
    let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    header.map(Languages::parse).unwrap_or_default()
}

/// The content as a file to be saved, or that the client has it already.
///
/// Spec: RFC 9110, 13.1.2 and 15.4.5.
fn as_file(OpenAttachment { described, content }: OpenAttachment, sent: &HeaderMap) -> Response {
    let kind = FileKind::of(&described.name.content_type);
    let disposition = disposition(described.display.as_deref(), &described.name.sha2, kind);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let tag = format!("\"{}\"", described.name.sha2.as_str());
    headers.extend(HeaderValue::try_from(&tag).ok().map(|tag| (ETAG, tag)));
    // To be asked for each time: who may read it now may not tomorrow.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("Accept-Language"));
    if has_tag(sent, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind.content_type));
    let attachment = HeaderValue::from_static("attachment");
    let disposition = HeaderValue::try_from(disposition).unwrap_or(attachment);
    headers.insert(CONTENT_DISPOSITION, disposition);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len_bytes()));
    *response.body_mut() = Body::from_stream(pieces(content));
    response
}

/// The pieces of the content, each read when the one before was taken.
fn pieces(
    content: Box<dyn AttachmentReader>,
) -> impl Stream<Item = Result<Bytes, ServiceError>> + Send + 'static {
    try_unfold(content, |mut content| async move {
        let piece = content.next().await.inspect_err(|error| {
            // The head was already sent: the response can only be aborted.
            let cause: &dyn std::error::Error = error;
            tracing::error!(error = cause, "an attachment could not be sent");
        })?;
        Ok::<_, ServiceError>(piece.map(|piece| (piece, content)))
    })
}
