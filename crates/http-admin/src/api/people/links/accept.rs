//! `POST /api/v1/links/accept`: uses a link.

use acta_admin::{LinkPurpose, NewPerson};
use acta_http::edge::{ClientAddress, NoParams, Query};
use acta_http::problem::{FaultView, Problem};
use axum::extract::State;
use axum::response::Response;
use hyper::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::json::done;
use crate::api::json::{Json, view};
use crate::api::people::session::view::{Session, welcome};
use crate::api::people::view::Email;
use crate::caller::{Visitor, check_csrf_header};
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A link to use, with the data that its purpose requires.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsedLink {
    /// The token in the link.
    token: String,
    /// The display name of a new person: required for set-up, and for an invitation without an
    /// account.
    #[schema(min_length = 1, max_length = 200)]
    display_name: Option<String>,
    /// The e-mail address that the new person signs in with: required for set-up. An invitation
    /// already names the address.
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    email: Option<Email>,
    /// The password to set: required except for an invitation of a person who has signed in.
    #[schema(format = Password, max_length = 128)]
    password: Option<String>,
}

impl UsedLink {
    fn introduction<'a>(&'a self, from: &'a str) -> Result<NewPerson<'a>, AdminProblem> {
        let display_name = needed(self.display_name.as_deref(), "/display_name")?;
        let password = needed(self.password.as_deref(), "/password")?;
        Ok(NewPerson { display_name, password, from })
    }
}

/// A property that the purpose of the link requires.
fn needed<T>(value: Option<T>, pointer: &str) -> Result<T, Problem> {
    value.ok_or_else(|| {
        let message = "this link requires it";
        Problem::faulty(vec![FaultView::at(pointer, message, "nothing")])
    })
}

/// Use a link
///
/// Sets up the server, accepts an invitation or sets a password, depending on the purpose of the
/// link. Set-up and an invitation of a new person start a session. Setting a password ends all
/// sessions of the account.
#[utoipa::path(
    post,
    path = "/links/accept",
    operation_id = "accept_link",
    tag = "links",
    request_body = UsedLink,
    responses(
        (
            status = 200,
            description = "The new session.",
            body = Session,
            headers(("Set-Cookie" = Option<String>, description = "The cookie of a new session.")),
        ),
        (status = 204, description = "The password was set."),
    ),
    security((), ("session" = [], "csrf" = [])),
)]
pub(crate) async fn accept_link(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    (client, headers): (ClientAddress, HeaderMap),
    Query(NoParams): Query<NoParams>,
    Json(link): Json<UsedLink>,
) -> Result<Response, AdminProblem> {
    let from = client.to_string();
    let (admin, token) = (&shared.admin, link.token.as_str());
    match admin.read_link(token).await? {
        LinkPurpose::SetUp => {
            let email = needed(link.email.as_ref(), "/email")?;
            let signed_in = admin.set_up(token, &email.0, &link.introduction(&from)?).await?;
            welcome(&shared, signed_in, &from).await
        }
        LinkPurpose::Reset { .. } => {
            let password = needed(link.password.as_deref(), "/password")?;
            admin.reset_password(token, password, &from).await?;
            Ok(done())
        }
        LinkPurpose::Invitation { .. } => {
            let Some(requester) = visitor.filter(|requester| requester.account().is_some()) else {
                let signed_in = admin.accept_as_new(token, &link.introduction(&from)?).await?;
                return welcome(&shared, signed_in, &from).await;
            };
            check_csrf_header(&shared, &headers, &requester)?;
            admin.accept_as_known(&requester, token).await?;
            Ok(view(&Session::of(&shared, &requester).await?))
        }
    }
}
