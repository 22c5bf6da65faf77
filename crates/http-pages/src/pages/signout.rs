//! `/signout`: sign-out.

use acta_http::edge::{NoParams, Query};
use acta_http_admin::{AdminProblem, Shared, Visitor, cookie};
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, html};

use super::form::{Form, FormView};
use super::shell::{go_to, page};

/// Shows the button.
pub(super) async fn get_signout(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let Some(session) = visitor.as_ref().and_then(|requester| requester.session()) else {
        return go_to("/signin", None);
    };
    let content = html! {
        (form(shared.csrf.token_for(&session.id).expose()))
        p { a href="/account" { "Back to your account" } }
    };
    Ok(page(StatusCode::OK, "Sign out", &content))
}

/// Ends the session.
pub(super) async fn post_signout(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    sent: Form,
) -> Result<Response, AdminProblem> {
    if let Some(requester) = visitor
        && let Some(session) = requester.session()
    {
        sent.check_csrf(&shared, &requester)?;
        shared.admin.end_session(&requester, &session.id).await?;
    }
    go_to("/signin?after=signout", cookie::end(&shared))
}

/// The form with the button.
pub(super) fn form(csrf: &str) -> Markup {
    let form = FormView {
        id: "signout",
        action: "/signout",
        hidden: vec![("csrf", csrf)],
        fields: Vec::new(),
        button: "Sign out",
        failure: None,
        has_focus: false,
    };
    html! { (form) }
}
