//! `POST /api/v1/links/read`: reads the purpose of a link.

use acta_admin::LinkPurpose;
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::json::{Json, view};
use crate::api::people::view::RoleName;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A link that was opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenedLink {
    /// The token in the link.
    token: String,
}

/// The purpose of a link.
#[derive(Serialize, ToSchema)]
#[serde(tag = "purpose", rename_all = "kebab-case")]
pub(crate) enum Link {
    /// Creates the first account.
    SetUp {},
    /// Gives a role in a tenant. Who has an account with the address signs in first.
    Invitation {
        /// The name of the tenant.
        tenant: String,
        /// The e-mail address of the invited person.
        email: String,
        /// The role.
        role: RoleName,
    },
    /// Sets the password of an account.
    Reset {
        /// The e-mail address that the account signs in with.
        email: String,
    },
}

impl From<LinkPurpose> for Link {
    fn from(purpose: LinkPurpose) -> Self {
        match purpose {
            LinkPurpose::SetUp => Self::SetUp {},
            LinkPurpose::Invitation { tenant, email, role } => {
                let (email, role) = (email.to_string(), RoleName(role));
                Self::Invitation { tenant, email, role }
            }
            LinkPurpose::Reset { email } => Self::Reset { email: email.to_string() },
        }
    }
}

/// Read the purpose of a link
///
/// The link stays valid. The response is 410 if the link was used, has expired, does not exist, or
/// if its creator may not create it any more. It does not reveal whether there is an account with
/// the address of an invitation: a person who has one signs in first, then accepts.
#[utoipa::path(
    post,
    path = "/links/read",
    operation_id = "read_link",
    tag = "links",
    request_body = OpenedLink,
    responses((status = 200, description = "The purpose of the link.", body = Link)),
    security(()),
)]
pub(crate) async fn read_link(
    State(shared): State<Shared>,
    Query(NoParams): Query<NoParams>,
    Json(link): Json<OpenedLink>,
) -> Result<Response, AdminProblem> {
    Ok(view(&Link::from(shared.admin.read_link(&link.token).await?)))
}
