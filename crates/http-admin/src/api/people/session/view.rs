//! The view of a session.

use acta_admin::{Requester, SignedIn};
use acta_http::problem::Problem;
use axum::response::Response;
use hyper::header::SET_COOKIE;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::view;
use crate::api::people::view::AccountView;
use crate::cookie;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// The requester and the current session.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// The requester, as recorded in the audit: a person, a credential, or the operator at the
    /// machine.
    #[schema(example = "account:6690e6c9-3ef0-4ed3-8b37-7f3964730bee")]
    who: String,
    /// The account; null if the requester is not a person.
    account: Option<AccountView>,
    /// The value of X-CSRF-Token for every request that changes something; null without a session
    /// cookie.
    csrf_token: Option<String>,
    /// When the session expires unless it is used; null if there is none.
    #[schema(format = DateTime)]
    expires: Option<String>,
    /// Whether a second factor was used for sign-in.
    is_strong: bool,
}

impl Session {
    /// The view of the requester.
    pub(crate) async fn of(shared: &Shared, requester: &Requester) -> Result<Self, AdminProblem> {
        let account = match requester.account() {
            Some(account) => Some(AccountView::read(&shared.admin, account).await?),
            None => None,
        };
        let session = requester.session();
        let token = session.map(|session| shared.csrf.token_for(&session.id));
        Ok(Self {
            who: requester.who().to_string(),
            account,
            csrf_token: token.map(|token| token.expose().to_owned()),
            expires: session.map(|session| session.expires.to_string()),
            is_strong: session.is_some_and(|session| session.is_strong),
        })
    }
}

/// The response to a sign-in: the view of the session, and its cookie.
pub(crate) async fn welcome(
    shared: &Shared,
    signed_in: SignedIn,
    from: &str,
) -> Result<Response, AdminProblem> {
    let token = signed_in.token.clone();
    let mut response = view(&Session::of(shared, &Requester::of(signed_in, from)).await?);
    let value = cookie::begin(shared, token.expose()).ok_or_else(Problem::internal)?;
    response.headers_mut().insert(SET_COOKIE, value);
    Ok(response)
}
