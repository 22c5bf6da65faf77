//! The resources of the API with their operations.

use super::people::{accounts, invitations, links, members, own, session};
use super::server::followers;
use super::tenants::facts::{dashboards, questions};
use super::tenants::persons::groups;
use super::tenants::statements::proofs;
use super::tenants::{analyses, credentials, facts, persons, statements, streams};
use super::{audit, server, tenants, tokens};
use crate::operations::Operation;

/// Every operation. Routes and the OpenAPI document are made from it.
pub(super) fn operations() -> impl Iterator<Item = Operation> {
    let resources = [
        server::operations(),
        followers::operations(),
        tenants::operations(),
        credentials::operations(),
        tokens::operations(),
        statements::operations(),
        proofs::operations(),
        facts::operations(),
        questions::operations(),
        dashboards::operations(),
        streams::operations(),
        persons::operations(),
        groups::operations(),
        analyses::operations(),
        audit::operations(),
        audit::tenant_operations(),
        members::operations(),
        invitations::operations(),
        accounts::operations(),
        session::operations(),
        own::operations(),
        links::operations(),
    ];
    resources.into_iter().flatten()
}
