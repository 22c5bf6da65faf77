//! `GET /api/v1/session`: who asks.

use acta_admin::Asker;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Shared;
use crate::admin::Administrator;
use crate::admin::json::view;
use crate::admin::people::view::AccountView;
use crate::edge::{NoParams, Query};
use crate::problem::Problem;

/// Who asks.
#[derive(Serialize, ToSchema)]
pub(in crate::admin) struct Session {
    /// Who, as the audit tells it: a person, a credential, or the operator of the machine.
    #[schema(example = "account:6690e6c9-3ef0-4ed3-8b37-7f3964730bee")]
    who: String,
    /// The account; null for who is no person.
    account: Option<AccountView>,
    /// What to send in X-CSRF-Token with every request that changes something; null for who
    /// has not signed in with a cookie.
    csrf_token: Option<String>,
    /// When the session ends unless it is used; null if there is none.
    #[schema(format = DateTime)]
    expires: Option<String>,
    /// Whether a second factor was shown when the session was begun.
    is_strong: bool,
}

impl Session {
    /// The view of who asks.
    pub(in crate::admin) async fn of(shared: &Shared, asker: &Asker) -> Result<Self, Problem> {
        let account = match asker.account() {
            Some(account) => Some(AccountView::read(&shared.admin, account).await?),
            None => None,
        };
        let session = asker.session();
        let token = session.map(|session| shared.csrf.token_for(&session.id));
        Ok(Self {
            who: asker.who().to_string(),
            account,
            csrf_token: token.map(|token| token.expose().to_owned()),
            expires: session.map(|session| session.expires.to_string()),
            is_strong: session.is_some_and(|session| session.is_strong),
        })
    }
}

/// Read who asks
///
/// Also tells the token that a page sends along with every request that changes something.
#[utoipa::path(
    get,
    path = "/session",
    operation_id = "read_session",
    tag = "session",
    responses((status = 200, description = "Who asks.", body = Session)),
)]
pub(in crate::admin) async fn read_session(
    State(shared): State<Shared>,
    Administrator(asker): Administrator,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, Problem> {
    Ok(view(&Session::of(&shared, &asker).await?))
}
