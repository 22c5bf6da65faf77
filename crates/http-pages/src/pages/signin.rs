//! `/signin`: sign-in.

use acta_admin::SignIn;
use acta_http::edge::{ClientAddress, FromParams, Params, Query};
use acta_http_admin::{AdminProblem, Shared, Visitor, cookie};
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, html};

use super::form::{Failure, Field, Form, FormView, Kind};
use super::provider;
use super::shell::{CONSOLE_PATH, form_page, go_to, page};

/// The reason for the redirect to this page.
#[derive(Debug)]
pub(super) struct SigninParams {
    after: Option<&'static str>,
}

impl FromParams for SigninParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let notices = [
            ("reset", "Your password was set. Sign in with it."),
            ("signout", "You are signed out."),
        ];
        let after = params.text("after").unwrap_or_default();
        let notice = notices.into_iter().find(|(name, _)| *name == after);
        Some(Self { after: notice.map(|(_, text)| text) })
    }
}

/// Shows the form.
pub(super) async fn get_signin(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    Query(params): Query<SigninParams>,
) -> Result<Response, AdminProblem> {
    if visitor.is_some_and(|requester| requester.account().is_some()) {
        return go_to(CONSOLE_PATH, None);
    }
    let content = html! {
        @if let Some(text) = params.after { p.notice role="status" { (text) } }
        (form(("", ""), None))
        @if let Some(provider) = &shared.provider { (provider::link(provider)) }
    };
    Ok(page(StatusCode::OK, "Sign in", &content))
}

/// Starts a session.
pub(super) async fn post_signin(
    State(shared): State<Shared>,
    client: ClientAddress,
    sent: Form,
) -> Result<Response, AdminProblem> {
    let (email, invitation) = (sent.text("email").trim(), sent.text("invitation"));
    let from = client.to_string();
    let code = Some(sent.text("code")).filter(|code| !code.is_empty());
    let sign_in = SignIn { email, password: sent.text("password"), code, from: &from };
    let signed_in = match shared.admin.sign_in(&sign_in).await {
        Ok(signed_in) => signed_in,
        Err(error) => {
            let failure = Failure::of(error)?;
            let content = form((email, invitation), Some(&failure));
            return Ok(form_page(Some(&failure), "Sign in", &content));
        }
    };
    let cookie = cookie::begin(&shared, signed_in.token.expose());
    // A token has only such characters; any other text is ignored.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !invitation.is_empty() && invitation.bytes().all(is_plain) {
        return go_to(&format!("/invitation?token={invitation}"), cookie);
    }
    go_to(CONSOLE_PATH, cookie)
}

/// The form, which has the focus.
fn form(values: (&str, &str), failure: Option<&Failure>) -> Markup {
    form_with(values, failure, true)
}

/// The form on a page with another one, which has the focus.
pub(super) fn unfocused_form(values: (&str, &str)) -> Markup {
    form_with(values, None, false)
}

/// For an invitation, its token is a hidden field.
fn form_with(
    (email, invitation): (&str, &str),
    failure: Option<&Failure>,
    has_focus: bool,
) -> Markup {
    let fields = vec![
        Field::new("email", "E-mail address", (Kind::Email, "username")).holding(email),
        Field::new("password", "Password", (Kind::Password, "current-password")),
        Field::new("code", "Code", (Kind::Text, "one-time-code"))
            .hint("Only if you have a second factor: from your app, or a recovery code.")
            .optional(),
    ];
    let hidden = if invitation.is_empty() { vec![] } else { vec![("invitation", invitation)] };
    let (id, action, button) = ("signin", "/signin", "Sign in");
    let form = FormView { id, action, hidden, fields, button, failure, has_focus };
    html! { (form) }
}
