//! `/reset?token=`: sets a password.

use acta_admin::{AdminError, LinkPurpose};
use acta_http::edge::{ClientAddress, Query};
use acta_http_admin::{AdminProblem, Shared, cookie};
use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::form::{Failure, Field, Form, FormView, LinkParams};
use super::shell::{form_page, go_to, void_link};

/// Shows the form.
pub(super) async fn get_reset(
    State(shared): State<Shared>,
    Query(link): Query<LinkParams>,
) -> Result<Response, AdminProblem> {
    show(&shared, &link.token, None).await
}

/// Sets the password. The person then signs in with it.
pub(super) async fn post_reset(
    State(shared): State<Shared>,
    client: ClientAddress,
    form: Form,
) -> Result<Response, AdminProblem> {
    let (token, password) = (form.text("token"), form.text("password"));
    match shared.admin.reset_password(token, password, &client.to_string()).await {
        Ok(_) => go_to("/signin?after=reset", cookie::end(&shared)),
        Err(AdminError::LinkVoid) => Ok(void_link()),
        Err(error) => show(&shared, token, Some(Failure::of(error)?)).await,
    }
}

async fn show(
    shared: &Shared,
    token: &str,
    failure: Option<Failure>,
) -> Result<Response, AdminProblem> {
    let email = match shared.admin.read_link(token).await {
        Ok(LinkPurpose::Reset { email }) => email,
        Ok(_) | Err(AdminError::LinkVoid) => return Ok(void_link()),
        Err(error) => return Err(error.into()),
    };
    let rules = shared.admin.password_rules().description();
    let form = FormView {
        id: "reset",
        action: "/reset",
        hidden: vec![("token", token)],
        fields: vec![Field::address(email.as_str()), Field::new_password("password", &rules)],
        button: "Set password",
        failure: failure.as_ref(),
        has_focus: true,
    };
    let content = html! {
        p { "Setting the new password ends all of your sessions." }
        (form)
    };
    Ok(form_page(failure.as_ref(), "Choose a password", &content))
}
