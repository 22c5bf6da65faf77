//! `/setup?token=`: creates the first account.

use acta_admin::{LinkPurpose, NewPerson};
use acta_http::edge::{ClientAddress, Query};
use acta_storage::directory::EmailAddress;
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use maud::html;

use super::form::{Failure, Field, Form, FormView, Kind, LinkParams};
use super::shell::{CONSOLE_PATH, form_page, go_to, void_link};
use acta_admin::AdminError;
use acta_http_admin::{AdminProblem, Shared, cookie};

/// Shows the form.
pub(super) async fn get_setup(
    State(shared): State<Shared>,
    Query(link): Query<LinkParams>,
) -> Result<Response, AdminProblem> {
    match shared.admin.read_link(&link.token).await {
        Ok(LinkPurpose::SetUp) => Ok(show(&shared, (&link.token, "", ""), None)),
        Ok(_) | Err(AdminError::LinkVoid) => Ok(void_link()),
        Err(error) => Err(error.into()),
    }
}

/// Creates the account, and signs it in.
pub(super) async fn post_setup(
    State(shared): State<Shared>,
    client: ClientAddress,
    form: Form,
) -> Result<Response, AdminProblem> {
    let (token, name, email) = (form.text("token"), form.text("display_name"), form.text("email"));
    let from = client.to_string();
    let address: EmailAddress = match email.trim().parse() {
        Ok(address) => address,
        Err(_not_an_address) => {
            let text = "Expected an e-mail address such as ada@example.org.";
            let failure = Failure::at(StatusCode::BAD_REQUEST, "email", text);
            return Ok(show(&shared, (token, name, email), Some(&failure)));
        }
    };
    let who = NewPerson { display_name: name, password: form.text("password"), from: &from };
    match shared.admin.set_up(token, &address, &who).await {
        Ok(signed_in) => go_to(CONSOLE_PATH, cookie::begin(&shared, signed_in.token.expose())),
        Err(AdminError::LinkVoid) => Ok(void_link()),
        Err(error) => Ok(show(&shared, (token, name, email), Some(&Failure::of(error)?))),
    }
}

fn show(
    shared: &Shared,
    (token, name, email): (&str, &str, &str),
    failure: Option<&Failure>,
) -> Response {
    let rules = shared.admin.password_rules().description();
    let form = FormView {
        id: "setup",
        action: "/setup",
        hidden: vec![("token", token)],
        fields: vec![
            Field::new("display_name", "Your name", (Kind::Text, "name")).holding(name),
            Field::new("email", "E-mail address", (Kind::Email, "username")).holding(email),
            Field::new_password("password", &rules),
        ],
        button: "Create account",
        failure,
        has_focus: true,
    };
    let content = html! {
        p { "Create the first account. It is operator of this server and owner of its first \
             tenant." }
        (form)
    };
    form_page(failure, "Set up Acta", &content)
}
