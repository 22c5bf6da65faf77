//! `POST /api/v1/tenants/{tenant}/groups/import`: imports groups and members as comma-separated
//! values.

use acta_access::TenantId;
use acta_admin::{AdminError, GroupImportCounts, ImportMode, parse_group_rows};
use acta_http::edge::{FromParams, Params, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::super::import::{Csv, read_flag, read_lines_before};
use crate::api::json::view;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// How rows are imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GroupImportParams {
    /// Whether the rows are only checked, and nothing is changed.
    #[param(value_type = Option<bool>, default = false)]
    dry_run: bool,
    /// How many lines of a longer file are left out behind the line of names; the numbers of lines
    /// in faults count them.
    #[param(value_type = Option<u64>, minimum = 0, maximum = 1_000_000_000, default = 0)]
    lines_before: u64,
}

impl FromParams for GroupImportParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let dry_run = read_flag(params, "dry_run");
        let lines_before = read_lines_before(params);
        Some(Self { dry_run: dry_run?, lines_before: lines_before? })
    }
}

/// What an import did, or would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct GroupImport {
    /// Rows.
    rows: u64,
    /// Groups that were created.
    groups_created: u64,
    /// Persons that were created, of identifiers that belonged to nobody.
    persons_created: u64,
    /// Rows that changed a group, or when somebody is a member.
    changed: u64,
    /// Rows that changed nothing.
    unchanged: u64,
}

impl From<GroupImportCounts> for GroupImport {
    fn from(counts: GroupImportCounts) -> Self {
        let GroupImportCounts { rows, groups_created, persons_created, changed, unchanged } =
            counts;
        Self { rows, groups_created, persons_created, changed, unchanged }
    }
}

/// Import groups
///
/// The first line names the columns: `group` (the names of the groups from the top down to this
/// one, with `/` between them), `kind`, one of `person`, `mbox`, `mbox_sha1sum`, `openid`, or
/// `account.homePage` with `account.name`, and `from` and `until`, which are dates. A row without a
/// member is about the group alone. Groups that are not there are created, and an identifier that
/// belongs to no person becomes a person of its own. A row sets when the membership ends that
/// begins at its date; the others stay as they are. At most 10,000 rows and 4 MiB in a request; a
/// request that is repeated changes nothing. Nothing is imported if a row is faulty; each fault
/// names its line, and its column if it is one of a value. If others change persons or groups
/// meanwhile so that a row becomes faulty, the rows before it may have been imported (409 says how
/// many): import all of them again.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/groups/import",
    operation_id = "import_groups",
    tag = "groups",
    params(GroupImportParams),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "What was done, or would be.", body = GroupImport),
    ),
)]
pub(crate) async fn import_groups(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(params): Query<GroupImportParams>,
    Csv(body): Csv,
) -> Result<Response, AdminProblem> {
    // Rows are read only for those who may import.
    shared.admin.permit_changing_persons(&requester, tenant).await?;
    let (service, size) = (&shared.http.service, body.len());
    let reading = service.run(tenant, size, move || parse_group_rows(&body, params.lines_before));
    let rows = reading.await?.map_err(AdminError::Faulty)?;
    let mode = if params.dry_run { ImportMode::Check } else { ImportMode::Make };
    let counts = shared.admin.import_groups(&requester, tenant, &rows, mode).await?;
    Ok(view(&GroupImport::from(counts)))
}
