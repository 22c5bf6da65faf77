//! `POST /api/v1/tenants/{tenant}/persons/import`: imports persons as comma-separated values.

use acta_access::TenantId;
use acta_admin::{AdminError, ImportCounts, ImportMode, ImportOptions, parse_rows};
use acta_http::edge::{Bound, FromParams, Incoming, Params, Query};
use acta_http::problem::Problem;
use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::json::view;
use crate::api::path::Id;
use crate::caller::{Administrator, confirm};
use crate::problem::{AdminProblem, not_csv};
use crate::state::Shared;

/// Longest body of an import, in bytes: 4 MiB.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How rows are imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportParams {
    /// Whether the rows are only checked, and nothing is changed.
    #[param(value_type = Option<bool>, default = false)]
    dry_run: bool,
    /// Whether persons are joined whose identifiers are in one row; otherwise that is a fault.
    #[param(value_type = Option<bool>, default = false)]
    join: bool,
    /// How many lines of a longer file are left out behind the line of names; the numbers of lines
    /// in faults count them.
    #[param(value_type = Option<u64>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    lines_before: u64,
}

/// Most lines that are left out.
const LINES_MAX: u64 = 1_000_000_000;

impl FromParams for ImportParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let (dry_run, join) = (read_flag(params, "dry_run"), read_flag(params, "join"));
        let lines_before = read_lines_before(params);
        Some(Self { dry_run: dry_run?, join: join?, lines_before: lines_before? })
    }
}

/// Reads a parameter that is true or false; false if it is not there.
pub(super) fn read_flag(params: &mut Params, name: &str) -> Option<bool> {
    match params.text(name) {
        None => Some(false),
        Some(text) => params.read(name, &text, "expected true or false", |text| text.parse().ok()),
    }
}

/// Reads the parameter `lines_before`; 0 if it is not there.
pub(super) fn read_lines_before(params: &mut Params) -> Option<u64> {
    match params.text("lines_before") {
        None => Some(0),
        Some(text) => {
            let message = format!("expected a whole number from 0 to {LINES_MAX}");
            params.read("lines_before", &text, &message, |text| {
                text.parse().ok().filter(|lines| *lines <= LINES_MAX)
            })
        }
    }
}

/// The body of an import. It is the last argument of a handler.
#[derive(Debug)]
pub(crate) struct Csv(pub(super) Bytes);

impl FromRequest<Shared> for Csv {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let extensions = request.extensions().clone();
        let incoming = Incoming::from_request(request, shared).await?;
        let media_type = incoming.media_type();
        if media_type.is_none_or(|media_type| media_type.essence() != "text/csv") {
            return Err(not_csv());
        }
        let body = incoming.collect(Bound::fixed("the body", BODY_BYTES_MAX)).await?;
        confirm(shared, &extensions).await?;
        Ok(Self(body))
    }
}

/// What an import did, or would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PersonImport {
    /// Rows.
    rows: u64,
    /// Persons that were created.
    created: u64,
    /// Rows that changed a person.
    changed: u64,
    /// Rows that changed nothing.
    unchanged: u64,
    /// Persons that were joined into another one.
    joined: u64,
}

impl From<ImportCounts> for PersonImport {
    fn from(counts: ImportCounts) -> Self {
        let ImportCounts { rows, created, changed, unchanged, joined } = counts;
        Self { rows, created, changed, unchanged, joined }
    }
}

/// Import persons
///
/// The first line names the columns: `person`, `name`, `mbox`, `mbox_sha1sum`, `openid`,
/// `account.homePage` and `account.name`, which go together, and attributes by their names. The
/// identifiers of a row belong to one person: the one that already has one of them, or a new one.
/// An empty value leaves what is known. At most 10,000 rows and 4 MiB in a request; a request that
/// is repeated changes nothing. Nothing is imported if a row is faulty; each fault names its line,
/// and its column if it is one of a value. If others change persons meanwhile so that a row becomes
/// faulty, the rows before it may have been imported (409 says how many): import all of them again.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/persons/import",
    operation_id = "import_persons",
    tag = "persons",
    params(ImportParams),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "What was done, or would be.", body = PersonImport),
    ),
)]
pub(crate) async fn import_persons(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(params): Query<ImportParams>,
    Csv(body): Csv,
) -> Result<Response, AdminProblem> {
    // Rows are read only for those who may import.
    shared.admin.permit_changing_persons(&requester, tenant).await?;
    let (service, size) = (&shared.http.service, body.len());
    let reading = service.run(tenant, size, move || parse_rows(&body, params.lines_before));
    let rows = reading.await?.map_err(AdminError::Faulty)?;
    let mode = if params.dry_run { ImportMode::Check } else { ImportMode::Make };
    let options = ImportOptions { mode, joins: params.join };
    let counts = shared.admin.import_persons(&requester, tenant, &rows, options).await?;
    Ok(view(&PersonImport::from(counts)))
}
