//! `GET /api/v1/accounts`: lists the accounts of the server.

use acta_admin::AdminError;
use acta_http::edge::{FromParams, Params, Query};
use acta_storage::directory::EmailAddress;
use axum::extract::State;
use axum::response::Response;

use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::api::people::view::AccountView;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Filters and page of a list of accounts.
#[derive(Debug)]
pub(crate) struct AccountParams {
    page: PageParams,
    email: Option<EmailAddress>,
}

impl FromParams for AccountParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let email = match params.text("email") {
            None => Some(None),
            Some(text) => params.read("email", &text, "expected an e-mail address", |text| {
                text.parse().ok().map(Some)
            }),
        };
        let page = PageParams::from_params(params);
        Some(Self { page: page?, email: email? })
    }
}

/// List accounts
///
/// Lists all accounts of the server, or the account with a given address. For operators of the
/// server.
#[utoipa::path(
    get,
    path = "/accounts",
    operation_id = "list_accounts",
    tag = "accounts",
    params(
        ("email" = Option<String>, Query, description = "Only the account with this e-mail \
                                                         address."),
        PageParams,
    ),
    responses((status = 200, description = "A page of accounts.", body = Page<AccountView>)),
)]
pub(crate) async fn list_accounts(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Query(params): Query<AccountParams>,
) -> Result<Response, AdminProblem> {
    let AccountParams { page, email } = params;
    let found = match &email {
        Some(email) => match shared.admin.read_account_by_email(&requester, email).await {
            Ok(found) => vec![found],
            Err(AdminError::NotFound) => Vec::new(),
            Err(error) => return Err(error.into()),
        },
        None => shared.admin.list_accounts(&requester, page.after()?, page.limit + 1).await?,
    };
    let mut accounts = Vec::with_capacity(found.len());
    for account in &found {
        accounts.push(AccountView::read(&shared.admin, &account.value).await?);
    }
    Ok(view(&Page::of(accounts, page.limit, AccountView::id)))
}
