//! `GET /api/v1/tenants/{tenant}/credentials`: the credentials of a tenant.

use acta_access::TenantId;
use acta_admin::ListedCredential;
use acta_http::edge::Query;
use axum::extract::State;
use axum::response::Response;

use super::view::CredentialView;
use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// List credentials
///
/// Lists the credentials of a tenant by key, without their secrets.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/credentials",
    operation_id = "list_credentials",
    tag = "credentials",
    params(PageParams),
    responses(
        (status = 200, description = "A page of credentials.", body = Page<CredentialView>),
    ),
)]
pub(crate) async fn list_credentials(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(params): Query<PageParams>,
) -> Result<Response, AdminProblem> {
    let after: Option<String> = params.after()?;
    let count_max = params.limit + 1;
    let found =
        shared.admin.list_credentials(&requester, tenant, after.as_deref(), count_max).await?;
    let key_of = |found: &ListedCredential| found.credential.value.key.clone();
    Ok(view(&Page::of(found, params.limit, key_of).map(CredentialView::listed)))
}
