//! `GET /api/v1/tenants/{tenant}/groups/export`: all groups with their members as comma-separated
//! values.

use std::sync::Arc;

use acta_access::TenantId;
use acta_admin::{AdminError, GroupExport, Requester};
use acta_http::edge::{NoParams, Query};
use acta_service::ServiceError;
use acta_storage::spawn_blocking;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::stream::{Stream, try_unfold};
use hyper::http::Extensions;

use super::super::export::as_file;
use crate::api::path::Id;
use crate::caller::{Administrator, confirm};
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Groups and members that are written at a time.
const TOGETHER_COUNT: usize = 1_000;

/// Export groups
///
/// Returns all groups of the tenant with their members as a file that an import takes: a row for
/// each group, and one for each time at which somebody is a member. A member is named by the first
/// identifier of the person. A value that a spreadsheet could take for a formula has an apostrophe
/// before it. The export is recorded in the audit.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/groups/export",
    operation_id = "export_groups",
    tag = "groups",
    responses(
        (status = 200, description = "The groups.", headers(
            ("Content-Disposition" = String, description = "The file name.")),
            content((String = "text/csv"))),
    ),
)]
pub(crate) async fn export_groups(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    extensions: Extensions,
) -> Result<Response, AdminProblem> {
    let groups = Arc::new(shared.admin.begin_group_export(&requester, tenant).await?);
    let export = Export { shared, requester, extensions, tenant, groups };
    let body = Body::from_stream(pieces(export));
    Ok(as_file(body, &format!("groups-tenant-{tenant}.csv")))
}

/// An export in progress.
struct Export {
    shared: Shared,
    requester: Requester,
    /// Those of the request, with what it was authenticated with.
    extensions: Extensions,
    tenant: TenantId,
    groups: Arc<GroupExport>,
}

impl Export {
    /// The text of some rows. An export may take long: each part is written only if the requester
    /// still may read it.
    async fn page(&self, start: usize) -> Result<String, AdminError> {
        let confirmed = confirm(&self.shared, &self.extensions).await;
        confirmed.map_err(|_refused| AdminError::NotSignedIn)?;
        self.shared.admin.permit_group_export(&self.requester, self.tenant).await?;
        let groups = Arc::clone(&self.groups);
        let writing = spawn_blocking(move || groups.rows(start, TOGETHER_COUNT));
        Ok(writing.await.map_err(ServiceError::from)?)
    }
}

/// The text of an export. If some of it cannot be read, the response is aborted, so that an
/// incomplete file is never taken for a complete one.
fn pieces(export: Export) -> impl Stream<Item = Result<String, AdminError>> + Send + 'static {
    let start = (export, None::<usize>);
    try_unfold(start, move |(export, place)| async move {
        let Some(place) = place else {
            return Ok(Some((GroupExport::head().to_owned(), (export, Some(0)))));
        };
        if export.groups.len() <= place {
            return Ok(None);
        }
        let text = export.page(place).await.inspect_err(|error| {
            let cause: &dyn std::error::Error = error;
            tracing::error!(error = cause, "an export of groups was aborted");
        })?;
        Ok(Some((text, (export, Some(place + TOGETHER_COUNT)))))
    })
}
