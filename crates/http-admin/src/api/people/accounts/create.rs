//! `POST /api/v1/accounts`: a new account.

use acta_access::TenantId;
use acta_admin::{AccountWithLink, Idempotency, NewAccount};
use acta_http::edge::{NoParams, Query};
use acta_http::problem::{FaultView, Problem};
use axum::extract::State;
use axum::response::Response;
use hyper::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::idempotency::{Repeatable, answer_made, tell};
use crate::api::people::address::address_of;
use crate::api::people::view::{AccountView, Email, RoleName, TenantRole};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAccount)]
pub(crate) struct Draft {
    /// By what it signs in.
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Email,
    /// The person's name for people.
    #[schema(min_length = 1, max_length = 200)]
    display_name: String,
    /// Whether it runs the server.
    #[serde(default)]
    is_operator: bool,
    /// What it is, by tenant, each once.
    #[serde(default)]
    #[schema(max_items = 100)]
    roles: Vec<DraftRole>,
}

/// What a new account is in a tenant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRole)]
pub(crate) struct DraftRole {
    /// The id of the tenant.
    #[schema(minimum = 1)]
    tenant: u32,
    /// As what.
    role: RoleName,
}

/// An account, and the link by which its owner chooses a password.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct AccountLink {
    pub(super) account: AccountView,
    /// What the link holds; null when the request came before.
    pub(super) token: Option<String>,
    /// The link to be sent to the person; null when the request came before, or when the
    /// server does not know under which address it is reached.
    pub(super) link: Option<String>,
    /// When the link is void.
    #[schema(format = DateTime)]
    pub(super) expires: String,
}

/// Most roles of a new account.
const ROLES_MAX: usize = 100;

impl Draft {
    fn parse(self) -> Result<NewAccount, Problem> {
        let fault =
            |message: &str| Err(Problem::faulty(vec![FaultView::at("/roles", message, "")]));
        if ROLES_MAX < self.roles.len() {
            return fault("an account is made with 100 roles at most");
        }
        let mut roles = Vec::with_capacity(self.roles.len());
        for DraftRole { tenant, role } in &self.roles {
            let Some(tenant) = TenantId::new(*tenant) else {
                return fault("a tenant has a number from 1");
            };
            if roles.iter().any(|(known, _)| *known == tenant) {
                return fault("an account has one role in a tenant");
            }
            roles.push((tenant, role.0));
        }
        let Self { email, display_name, is_operator, .. } = self;
        Ok(NewAccount { email: email.0, display_name, is_operator, roles })
    }
}

/// Make an account
///
/// Makes a link by which the person chooses a password, to be sent by whoever asks. It is told
/// this once: a request that comes again with the same Idempotency-Key is told of the account
/// and not of the link.
#[utoipa::path(
    post,
    path = "/accounts",
    operation_id = "create_account",
    tag = "accounts",
    params(
        ("Idempotency-Key" = Option<String>, Header,
            description = "A name for the request, which then happens once."),
    ),
    request_body = Draft,
    responses((status = 201, description = "The account and its link.", body = AccountLink)),
)]
pub(crate) async fn create_account(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(NoParams): Query<NoParams>,
    headers: HeaderMap,
    Repeatable { new, key }: Repeatable<Draft>,
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
                .and_then(|token| address_of(&shared, &headers, &format!("/reset?token={token}"))),
            expires: made.ticket.expires.to_string(),
        }
    };
    let told = |made: &AccountWithLink| tell((path_of(made), show(made, None)));
    let once = Idempotency { key: key.as_ref(), tell: &told };
    let made = shared.admin.create_account(&requester, new, once).await?;
    Ok(answer_made(&made, |made| (path_of(made), show(made, Some(made.token.expose())))))
}
