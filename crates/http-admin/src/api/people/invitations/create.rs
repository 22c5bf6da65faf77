//! `POST /api/v1/tenants/{tenant}/invitations`: somebody is asked to come.

use acta_access::TenantId;
use acta_admin::{Idempotency, Invited};
use acta_http::edge::{NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use hyper::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::idempotency::{Repeatable, answer_made, tell};
use crate::api::path::Id;
use crate::api::people::address::address_of;
use crate::api::people::view::{Email, Invitation, RoleName};
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Somebody to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitation {
    /// Who.
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Email,
    /// As what.
    role: RoleName,
}

/// An invitation, and what is told of it this once.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct NewInvitationMade {
    #[serde(flatten)]
    invitation: Invitation,
    /// What the link holds; null when the request came before.
    token: Option<String>,
    /// The link to be sent to the person; null when the request came before, or when the
    /// server does not know under which address it is reached.
    link: Option<String>,
}

/// Invite somebody
///
/// Makes a link by which the person comes in: it is for their address alone, for one use, and
/// to be sent by whoever invites. It is told this once: a request that comes again with the
/// same Idempotency-Key is told of the invitation and not of the link.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/invitations",
    operation_id = "create_invitation",
    tag = "people",
    params(
        ("tenant" = u32, Path, description = "The id of the tenant."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "A name for the request, which then happens once."),
    ),
    request_body = NewInvitation,
    responses((status = 201, description = "The invitation.", body = NewInvitationMade)),
)]
pub(crate) async fn create_invitation(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    (Query(NoParams), headers): (Query<NoParams>, HeaderMap),
    Repeatable { new, key }: Repeatable<NewInvitation>,
) -> Result<Response, AdminProblem> {
    let path_of =
        |invited: &Invited| format!("/tenants/{tenant}/invitations/{}", invited.ticket.id);
    let show = |invited: &Invited, token: Option<&str>| NewInvitationMade {
        invitation: Invitation::of(&invited.ticket),
        token: token.map(str::to_owned),
        link: token
            .and_then(|token| address_of(&shared, &headers, &format!("/invitation?token={token}"))),
    };
    let told = |invited: &Invited| tell((path_of(invited), show(invited, None)));
    let once = Idempotency { key: key.as_ref(), tell: &told };
    let who = (new.email.0, new.role.0);
    let made = shared.admin.invite(&requester, tenant, who, once).await?;
    Ok(answer_made(&made, |invited| {
        (path_of(invited), show(invited, Some(invited.token.expose())))
    }))
}
