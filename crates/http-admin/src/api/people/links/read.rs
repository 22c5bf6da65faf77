//! `POST /api/v1/links/read`: what a link is for.

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

/// A link that somebody has opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenedLink {
    /// What it holds.
    token: String,
}

/// What a link is for.
#[derive(Serialize, ToSchema)]
#[serde(tag = "purpose", rename_all = "kebab-case")]
pub(crate) enum Link {
    /// It makes the first account.
    SetUp {},
    /// It gives a role in a tenant.
    Invitation {
        /// The name of the tenant.
        tenant: String,
        /// Who is invited.
        email: String,
        /// As what.
        role: RoleName,
        /// Whether there is an account with this address: then its owner signs in first.
        has_account: bool,
    },
    /// It sets the password of an account.
    Reset {
        /// By what the account signs in.
        email: String,
    },
}

impl From<LinkPurpose> for Link {
    fn from(purpose: LinkPurpose) -> Self {
        match purpose {
            LinkPurpose::SetUp => Self::SetUp {},
            LinkPurpose::Invitation { tenant, email, role, has_account } => {
                let (email, role) = (email.to_string(), RoleName(role));
                Self::Invitation { tenant, email, role, has_account }
            }
            LinkPurpose::Reset { email } => Self::Reset { email: email.to_string() },
        }
    }
}

/// Read what a link is for
///
/// Nothing is used up. A link that was used, has expired or never was is gone (410).
#[utoipa::path(
    post,
    path = "/links/read",
    operation_id = "read_link",
    tag = "links",
    request_body = OpenedLink,
    responses((status = 200, description = "What it is for.", body = Link)),
    security(()),
)]
pub(crate) async fn read_link(
    State(shared): State<Shared>,
    Query(NoParams): Query<NoParams>,
    Json(link): Json<OpenedLink>,
) -> Result<Response, AdminProblem> {
    Ok(view(&Link::from(shared.admin.read_link(&link.token).await?)))
}
