//! `GET /api/v1/audit` and `GET /api/v1/tenants/{tenant}/audit`: lists of audit entries.

use acta_access::TenantId;
use acta_admin::{AuditChain, Requester};
use acta_http::edge::Query;
use acta_storage::AuditEntry;
use axum::extract::State;
use axum::response::Response;

use super::query::{EntryFilter, ListParams, OrderParam};
use super::view::EntryView;
use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Read the audit of the server
///
/// Lists acts that concern the whole server. For operators of the server.
#[utoipa::path(
    get,
    path = "/audit",
    operation_id = "list_server_audit",
    tag = "audit",
    params(EntryFilter, OrderParam, PageParams),
    responses(
        (status = 200, description = "A page of audit entries.", body = Page<EntryView>),
    ),
)]
pub(crate) async fn list_server_audit(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(params): Query<ListParams>,
) -> Result<Response, AdminProblem> {
    list(&shared, &requester, AuditChain::Server, &params).await
}

/// Read the audit of a tenant
///
/// Lists acts in the tenant and acts that concern it.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/audit",
    operation_id = "list_tenant_audit",
    tag = "audit",
    params(EntryFilter, OrderParam, PageParams),
    responses(
        (status = 200, description = "A page of audit entries.", body = Page<EntryView>),
    ),
)]
pub(crate) async fn list_tenant_audit(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(params): Query<ListParams>,
) -> Result<Response, AdminProblem> {
    list(&shared, &requester, AuditChain::Tenant(tenant), &params).await
}

async fn list(
    shared: &Shared,
    requester: &Requester,
    chain: AuditChain,
    params: &ListParams,
) -> Result<Response, AdminProblem> {
    let query = params.query()?;
    shared.admin.permit_reading_audit(requester, chain).await?;
    let _turn = shared.audit_page_turn(chain).await;
    let entries = shared.admin.list_audit(requester, chain, &query).await?;
    let key_of = |entry: &AuditEntry| entry.sequence.to_string();
    Ok(view(&Page::of(entries, params.page.limit, key_of).map(EntryView::of)))
}
