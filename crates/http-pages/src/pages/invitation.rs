//! `/invitation?token=`: accepts an invitation.

use acta_admin::{AdminError, LinkPurpose, NewPerson, Requester};
use acta_http::edge::{ClientAddress, Query};
use acta_http_admin::{AdminProblem, Shared, Visitor, cookie};
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::form::{Failure, Field, Form, FormView, Kind, LinkParams};
use super::shell::{CONSOLE_PATH, form_page, go_to, void_link};
use super::{signin, signout};

/// Shows the form of the invitation.
pub(super) async fn get_invitation(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    Query(link): Query<LinkParams>,
) -> Result<Response, AdminProblem> {
    show(&shared, (visitor.as_ref(), &link.token, ""), None).await
}

/// Accepts the invitation, as a new person or as the person who is signed in.
pub(super) async fn post_invitation(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    client: ClientAddress,
    sent: Form,
) -> Result<Response, AdminProblem> {
    let (token, name) = (sent.text("token"), sent.text("display_name"));
    let known = visitor.filter(|requester| requester.account().is_some());
    let accepted = if let Some(requester) = &known {
        sent.check_csrf(&shared, requester)?;
        shared.admin.accept_as_known(requester, token).await.map(|()| None)
    } else {
        let (from, password) = (client.to_string(), sent.text("password"));
        let who = NewPerson { display_name: name, password, from: &from };
        shared.admin.accept_as_new(token, &who).await.map(Some)
    };
    match accepted {
        Ok(signed_in) => {
            let token = signed_in.map(|signed_in| signed_in.token);
            go_to(CONSOLE_PATH, token.and_then(|token| cookie::begin(&shared, token.expose())))
        }
        Err(AdminError::LinkVoid) => Ok(void_link()),
        Err(error) => {
            let failure = Failure::of(error)?;
            show(&shared, (known.as_ref(), token, name), Some(&failure)).await
        }
    }
}

async fn show(
    shared: &Shared,
    (requester, token, name): (Option<&Requester>, &str, &str),
    failure: Option<&Failure>,
) -> Result<Response, AdminProblem> {
    let (tenant, email, role) = match shared.admin.read_link(token).await {
        Ok(LinkPurpose::Invitation { tenant, email, role }) => (tenant, email, role),
        Ok(_) | Err(AdminError::LinkVoid) => return Ok(void_link()),
        Err(error) => return Err(error.into()),
    };
    let person = requester.and_then(|requester| Some((requester.account()?, requester.session()?)));
    let next = match person {
        Some((account, session)) if account.email == email => {
            let csrf = shared.csrf.token_for(&session.id);
            let hidden = vec![("token", token), ("csrf", csrf.expose())];
            form((hidden, vec![Field::address(email.as_str())]), failure)
        }
        Some((_, session)) => html! {
            p { "This invitation is for another person. You are signed in with a different \
                 account." }
            (signout::form(shared.csrf.token_for(&session.id).expose()))
        },
        // Both ways are shown, whether there is an account or not: only its owner is to know.
        None => {
            let name = Field::new("display_name", "Your name", (Kind::Text, "name")).holding(name);
            let rules = shared.admin.password_rules().description();
            let password = Field::new_password("password", &rules);
            let fields = vec![Field::address(email.as_str()), name, password];
            html! {
                h2 { "Create an account" }
                (form((vec![("token", token)], fields), failure))
                h2 { "Or sign in" }
                p { "If you have an account with this address, sign in to accept the invitation." }
                (signin::unfocused_form((email.as_str(), token)))
            }
        }
    };
    let content = html! {
        p { "You are invited to " strong { (tenant) } " as " (role.as_str()) "." }
        (next)
    };
    Ok(form_page(failure, "Accept invitation", &content))
}

fn form(
    (hidden, fields): (Vec<(&'static str, &str)>, Vec<Field<'_>>),
    failure: Option<&Failure>,
) -> Markup {
    let (id, action, button) = ("invitation", "/invitation", "Accept");
    let form = FormView { id, action, hidden, fields, button, failure, has_focus: true };
    html! { (form) }
}
