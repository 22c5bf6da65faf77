//! `POST /api/v1/tenants/{tenant}/invitations`: creates an invitation.

use acta_access::TenantId;
use acta_admin::{Idempotency, Invited};
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::GroupId;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::idempotency::{IdempotentBody, answer_created, encode_answer};
use crate::api::path::Id;
use crate::api::people::address::{OwnHost, address_of};
use crate::api::people::view::{Email, Invitation, RoleName};
use crate::api::values::Parsed;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A new invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitation {
    /// The e-mail address of the invited person.
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Email,
    /// The role that the invitation gives.
    role: RoleName,
    /// The groups about whose members an advisor may ask, by their ids; only with that role.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    groups: Vec<Parsed<GroupId>>,
}

/// An invitation with its link, which is returned only once.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct NewInvitationMade {
    #[serde(flatten)]
    invitation: Invitation,
    /// The token in the link; null in the response to a repeated request.
    token: Option<String>,
    /// The link to send to the person; null in the response to a repeated request, or if
    /// `public_url` is not set (except over the control socket).
    link: Option<String>,
}

/// Create an invitation
///
/// Also creates a one-time link for this e-mail address only. Send it to the person yourself. The
/// link is returned only once: a repeated request with the same Idempotency-Key returns the
/// invitation without it.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/invitations",
    operation_id = "create_invitation",
    tag = "people",
    params(
        ("Idempotency-Key" = Option<String>, Header,
            description = "Identifies the request: a repetition with the same key is not performed \
                           again."),
    ),
    request_body = NewInvitation,
    responses(
        (status = 201, description = "The invitation and its link.", body = NewInvitationMade),
        (status = 409, description = "The tenant is suspended or deleted, or has the maximum \
                                      number of open invitations; or the person already has a \
                                      role there."),
    ),
)]
pub(crate) async fn create_invitation(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    (Query(NoParams), host): (Query<NoParams>, OwnHost),
    IdempotentBody { new, key }: IdempotentBody<NewInvitation>,
) -> Result<Response, AdminProblem> {
    let path_of =
        |invited: &Invited| format!("/tenants/{tenant}/invitations/{}", invited.ticket.id);
    let show = |invited: &Invited, token: Option<&str>| NewInvitationMade {
        invitation: Invitation::of(&invited.ticket),
        token: token.map(str::to_owned),
        link: token
            .and_then(|token| address_of(&shared, &host, &format!("/invitation?token={token}"))),
    };
    let encode = |invited: &Invited| encode_answer((path_of(invited), show(invited, None)));
    let once = Idempotency { key: key.as_ref(), encode: &encode };
    let groups = new.groups.iter().map(|Parsed(id)| *id).collect();
    let who = acta_admin::NewInvitation { email: new.email.0, role: new.role.0, groups };
    let made = shared.admin.invite(&requester, tenant, who, once).await?;
    Ok(answer_created(&made, |invited| {
        (path_of(invited), show(invited, Some(invited.token.expose())))
    }))
}
