//! `GET /api/v1/audit/export` and `GET /api/v1/tenants/{tenant}/audit/export`: the audit as a file.

use acta_access::TenantId;
use acta_admin::{AdminError, AuditChain, Requester};
use acta_http::edge::Query;
use acta_storage::{AuditEntry, ChainHead, Order};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::stream::{Stream, try_unfold};
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use hyper::http::Extensions;

use super::query::{EntryFilter, ExportParams, FormatParam};
use crate::api::path::Id;
use crate::caller::{Administrator, confirm};
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Most entries in memory at a time.
const TOGETHER_COUNT: usize = 200;

/// Export the audit of the server
///
/// Returns a file with the oldest entry first. It ends with the entry that was the latest when the
/// export began. The export is itself recorded in the audit. For operators of the server.
#[utoipa::path(
    get,
    path = "/audit/export",
    operation_id = "export_server_audit",
    tag = "audit",
    params(EntryFilter, FormatParam),
    responses(
        (status = 200, description = "The audit entries.", headers(
            ("Content-Disposition" = String, description = "The file name.")),
            content((String = "application/jsonl"), (String = "text/csv"))),
    ),
)]
pub(crate) async fn export_server_audit(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(params): Query<ExportParams>,
    extensions: Extensions,
) -> Result<Response, AdminProblem> {
    export(shared, (requester, extensions), AuditChain::Server, params).await
}

/// Export the audit of a tenant
///
/// Returns a file with the oldest entry first. It ends with the entry that was the latest when the
/// export began. The export is itself recorded in the audit.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/audit/export",
    operation_id = "export_tenant_audit",
    tag = "audit",
    params(EntryFilter, FormatParam),
    responses(
        (status = 200, description = "The audit entries.", headers(
            ("Content-Disposition" = String, description = "The file name.")),
            content((String = "application/jsonl"), (String = "text/csv"))),
    ),
)]
pub(crate) async fn export_tenant_audit(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(params): Query<ExportParams>,
    extensions: Extensions,
) -> Result<Response, AdminProblem> {
    export(shared, (requester, extensions), AuditChain::Tenant(tenant), params).await
}

async fn export(
    shared: Shared,
    (requester, extensions): (Requester, Extensions),
    chain: AuditChain,
    params: ExportParams,
) -> Result<Response, AdminProblem> {
    let format = params.format;
    let end = shared.admin.begin_export(&requester, chain, format.as_str()).await?;
    let name = match chain {
        AuditChain::Server => "audit-server".to_owned(),
        AuditChain::Tenant(tenant) => format!("audit-tenant-{tenant}"),
    };
    let file = format!("attachment; filename=\"{name}.{}\"", format.as_str());
    let reading = Reading { shared, requester, extensions, chain };
    let mut response = Response::new(Body::from_stream(pieces(reading, end, params)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if let Ok(value) = HeaderValue::try_from(file) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// An export in progress.
struct Reading {
    shared: Shared,
    requester: Requester,
    /// Those of the request, with what it was authenticated with.
    extensions: Extensions,
    chain: AuditChain,
}

impl Reading {
    /// The entries after the one with the sequence `after`. An export may take long: each page
    /// after the first is read only if the requester still may.
    async fn page(
        &self,
        filter: &EntryFilter,
        after: Option<u64>,
    ) -> Result<Vec<AuditEntry>, AdminError> {
        let admin = &self.shared.admin;
        if after.is_some() {
            let confirmed = confirm(&self.shared, &self.extensions).await;
            confirmed.map_err(|_refused| AdminError::NotSignedIn)?;
            admin.permit_export(&self.requester, self.chain).await?;
        }
        let query = filter.query(Order::Ascending, after, TOGETHER_COUNT);
        let _turn = self.shared.audit_page_turn(self.chain).await;
        admin.export_page(self.chain, &query).await
    }
}

/// The text of an export, a page of entries at a time. If one cannot be read, the response is
/// aborted, so that an incomplete file is never taken for a complete one.
fn pieces(
    reading: Reading,
    end: ChainHead,
    ExportParams { filter, format }: ExportParams,
) -> impl Stream<Item = Result<String, AdminError>> + Send + 'static {
    let start = (reading, filter, Some(None::<u64>), format.head());
    try_unfold(start, move |(reading, filter, place, mut text)| async move {
        let Some(after) = place else { return Ok(None) };
        let entries = reading.page(&filter, after).await.inspect_err(|error| {
            let cause: &dyn std::error::Error = error;
            tracing::error!(error = cause, "an audit export was aborted");
        })?;
        let wanted = entries.iter().filter(|entry| entry.sequence <= end.sequence);
        wanted.for_each(|entry| format.write(&mut text, entry));
        let last = entries.last().map(|last| last.sequence);
        let is_over = entries.len() < TOGETHER_COUNT;
        let next = if is_over { None } else { last.filter(|last| *last < end.sequence).map(Some) };
        Ok(Some((text, (reading, filter, next, String::new()))))
    })
}
