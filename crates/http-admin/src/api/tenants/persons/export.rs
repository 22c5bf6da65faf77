//! `GET /api/v1/tenants/{tenant}/persons/export`: all persons as comma-separated values.

use acta_access::TenantId;
use acta_admin::{AdminError, ExportColumns, Requester, write_rows};
use acta_http::edge::{NoParams, Query};
use acta_service::ServiceError;
use acta_storage::directory::PersonId;
use acta_storage::spawn_blocking;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::stream::{Stream, try_unfold};
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use hyper::http::Extensions;

use crate::api::path::Id;
use crate::caller::{Administrator, confirm};
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Most persons in memory at a time.
const TOGETHER_COUNT: usize = 200;

/// Export persons
///
/// Returns all persons of the tenant as a file that an import takes. A value that a spreadsheet
/// could take for a formula has an apostrophe before it. The export is recorded in the audit.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/persons/export",
    operation_id = "export_persons",
    tag = "persons",
    responses(
        (status = 200, description = "The persons.", headers(
            ("Content-Disposition" = String, description = "The file name.")),
            content((String = "text/csv"))),
    ),
)]
pub(crate) async fn export_persons(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    extensions: Extensions,
) -> Result<Response, AdminProblem> {
    let persons = shared.admin.begin_person_export(&requester, tenant).await?;
    let counting = spawn_blocking(move || {
        (ExportColumns::of(&persons), persons.ids().collect::<Vec<PersonId>>())
    });
    let (columns, ids) = counting.await.map_err(ServiceError::from)?;
    let export = Export { shared, requester, extensions, tenant, columns, ids };
    let body = Body::from_stream(pieces(export));
    Ok(as_file(body, &format!("persons-tenant-{tenant}.csv")))
}

/// A response with comma-separated values as a file with a name.
pub(super) fn as_file(body: Body, name: &str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    headers.insert(CONTENT_TYPE, kind);
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    response
}

/// An export in progress.
struct Export {
    shared: Shared,
    requester: Requester,
    /// Those of the request, with what it was authenticated with.
    extensions: Extensions,
    tenant: TenantId,
    columns: ExportColumns,
    ids: Vec<PersonId>,
}

impl Export {
    /// The text of some persons. An export may take long: each is read only if the requester still
    /// may.
    async fn page(&self, start: usize) -> Result<String, AdminError> {
        let confirmed = confirm(&self.shared, &self.extensions).await;
        confirmed.map_err(|_refused| AdminError::NotSignedIn)?;
        let end = self.ids.len().min(start + TOGETHER_COUNT);
        let ids = &self.ids[start..end];
        let persons = self.shared.admin.read_persons(&self.requester, self.tenant, ids).await?;
        Ok(write_rows(&self.columns, &persons))
    }
}

/// The text of an export. If some of it cannot be read, the response is aborted, so that an
/// incomplete file is never taken for a complete one.
fn pieces(export: Export) -> impl Stream<Item = Result<String, AdminError>> + Send + 'static {
    let start = (export, None::<usize>);
    try_unfold(start, move |(export, place)| async move {
        let Some(place) = place else {
            let head = export.columns.head();
            return Ok(Some((head, (export, Some(0)))));
        };
        if export.ids.len() <= place {
            return Ok(None);
        }
        let text = export.page(place).await.inspect_err(|error| {
            let cause: &dyn std::error::Error = error;
            tracing::error!(error = cause, "an export of persons was aborted");
        })?;
        Ok(Some((text, (export, Some(place + TOGETHER_COUNT)))))
    })
}
