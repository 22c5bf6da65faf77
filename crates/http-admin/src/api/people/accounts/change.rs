//! `PATCH /api/v1/accounts/{account}`: renames or disables an account, or makes it an operator.

use acta_admin::AccountChanges;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::AccountId;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::json::Json;
use crate::api::path::Id;
use crate::api::people::view::AccountView;
use crate::api::versioned::{IfMatch, versioned};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Changes to an account. A property that is missing or null is left unchanged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// The display name of the person.
    #[schema(min_length = 1, max_length = 200)]
    display_name: Option<String>,
    /// Whether the account is an operator of the server.
    is_operator: Option<bool>,
    /// Whether the account is disabled: it cannot sign in until it is enabled again.
    is_disabled: Option<bool>,
}

/// Change an account
///
/// Disabling an account ends all of its sessions. The last operator of the server can neither be
/// disabled nor lose this role.
#[utoipa::path(
    patch,
    path = "/accounts/{account}",
    operation_id = "change_account",
    tag = "accounts",
    params(("If-Match" = String, Header, description = "The ETag of the account, or `*`.")),
    request_body = AccountChange,
    responses((status = 200, description = "The changed account.", body = AccountView)),
)]
pub(crate) async fn change_account(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(account): Id<AccountId>,
    (Query(NoParams), version): (Query<NoParams>, IfMatch),
    Json(change): Json<AccountChange>,
) -> Result<Response, AdminProblem> {
    let AccountChange { display_name, is_operator, is_disabled } = change;
    let changes = AccountChanges { display_name, is_operator, is_disabled };
    let expected = version.versions();
    let after = shared.admin.change_account(&requester, account, changes, expected).await?;
    let shown = AccountView::read(&shared.admin, &after.value).await?;
    Ok(versioned(&shown, after.record.version))
}
