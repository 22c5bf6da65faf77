//! `POST /api/v1/accounts`: creates an account.

use acta_access::TenantId;
use acta_admin::{AccountWithLink, Idempotency, NewAccount};
use acta_http::edge::{NoParams, Query};
use acta_http::problem::{FaultView, Problem};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::idempotency::{IdempotentBody, answer_created, encode_answer};
use crate::api::people::address::{OwnHost, address_of};
use crate::api::people::view::{AccountView, Email, RoleName, TenantRole};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAccount)]
pub(crate) struct Draft {
    /// The e-mail address that the account signs in with.
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Email,
    /// The display name of the person.
    #[schema(min_length = 1, max_length = 200)]
    display_name: String,
    /// Whether the account is an operator of the server.
    #[serde(default)]
    is_operator: bool,
    /// The roles of the account: at most one for each tenant.
    #[serde(default)]
    #[schema(max_items = 100)]
    roles: Vec<DraftRole>,
}

/// A role of a new account in a tenant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRole)]
pub(crate) struct DraftRole {
    /// The id of the tenant.
    #[schema(minimum = 1)]
    tenant: u32,
    /// The role.
    role: RoleName,
}

/// An account, and the one-time link for choosing a password.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct AccountLink {
    pub(super) account: AccountView,
    /// The token in the link; null in the response to a repeated request.
    pub(super) token: Option<String>,
    /// The link to send to the person; null in the response to a repeated request, or if
    /// `public_url` is not set (except over the control socket).
    pub(super) link: Option<String>,
    /// When the link expires.
    #[schema(format = DateTime)]
    pub(super) expires: String,
}

/// Most roles in a request.
const ROLES_MAX: usize = 100;

impl Draft {
    fn parse(self) -> Result<NewAccount, Problem> {
        let fault =
            |message: &str| Err(Problem::faulty(vec![FaultView::at("/roles", message, "")]));
        if ROLES_MAX < self.roles.len() {
            return fault("expected at most 100 roles");
        }
        let mut roles = Vec::with_capacity(self.roles.len());
        for DraftRole { tenant, role } in &self.roles {
            let Some(tenant) = TenantId::new(*tenant) else {
                return fault("expected a tenant id of at least 1");
            };
            if roles.iter().any(|(known, _)| *known == tenant) {
                return fault("expected at most one role for each tenant");
            }
            roles.push((tenant, role.0));
        }
        let Self { email, display_name, is_operator, .. } = self;
        Ok(NewAccount { email: email.0, display_name, is_operator, roles })
    }
}

/// Create an account
///
/// Also creates a one-time link for choosing a password. Send it to the person yourself. The link
/// is returned only once: a repeated request with the same Idempotency-Key returns the account
/// without it.
#[utoipa::path(
    post,
    path = "/accounts",
    operation_id = "create_account",
    tag = "accounts",
    params(
        ("Idempotency-Key" = Option<String>, Header,
            description = "Identifies the request: a repetition with the same key is not performed \
                           again."),
    ),
    request_body = Draft,
    responses((status = 201, description = "The account and its link.", body = AccountLink)),
)]
pub(crate) async fn create_account(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    host: OwnHost,
    IdempotentBody { new, key }: IdempotentBody<Draft>,
) -> Result<Response, AdminProblem> {
    let new = new.parse()?;
    let roles = new.roles.clone();
    let path_of = |made: &AccountWithLink| format!("/accounts/{}", made.account.id);
    let show = |made: &AccountWithLink, token: Option<&str>| {
        let roles = roles.iter().map(|(tenant, role)| TenantRole::of(*tenant, *role)).collect();
        AccountLink {
            account: AccountView::new(&made.account, roles),
            token: token.map(str::to_owned),
            link: token
                .and_then(|token| address_of(&shared, &host, &format!("/reset?token={token}"))),
            expires: made.ticket.expires.to_string(),
        }
    };
    let encode = |made: &AccountWithLink| encode_answer((path_of(made), show(made, None)));
    let once = Idempotency { key: key.as_ref(), encode: &encode };
    let made = shared.admin.create_account(&requester, new, once).await?;
    Ok(answer_created(&made, |made| (path_of(made), show(made, Some(made.token.expose())))))
}
