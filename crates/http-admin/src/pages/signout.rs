//! `/signout`: somebody signs out.

use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;

use super::form::{Form, FormView};
use super::shell::{go_to, page};
use crate::caller::Visitor;
use crate::cookie;
use crate::markup::Markup;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Shows the button.
pub(super) async fn get_signout(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    let Some(session) = visitor.as_ref().and_then(|asker| asker.session()) else {
        return go_to("/signin", None);
    };
    let mut content = Markup::default();
    write_form(&mut content, shared.csrf.token_for(&session.id).expose());
    content.raw("<p><a href=\"/account\">Back to your account</a></p>\n");
    Ok(page(StatusCode::OK, "Sign out", &content))
}

/// Ends the session.
pub(super) async fn post_signout(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    form: Form,
) -> Result<Response, AdminProblem> {
    if let Some(asker) = visitor
        && let Some(session) = asker.session()
    {
        form.check_csrf(&shared, &asker)?;
        shared.admin.end_session(&asker, &session.id).await?;
    }
    go_to("/signin?after=signout", cookie::end(&shared))
}

/// Appends the form that is a button.
pub(super) fn write_form(content: &mut Markup, csrf: &str) {
    let form = FormView {
        id: "signout",
        action: "/signout",
        hidden: vec![("csrf", csrf)],
        fields: Vec::new(),
        button: "Sign out",
        failure: None,
        has_focus: false,
    };
    form.write(content);
}
