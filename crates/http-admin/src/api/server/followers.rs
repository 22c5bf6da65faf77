//! Followers of the statement log.

mod control;
mod list;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/followers")
        .add(Gate::Authenticated, routes!(list::list_followers))
        .add(Gate::Authenticated, routes!(control::pause_follower))
        .add(Gate::Authenticated, routes!(control::resume_follower))
        .add(Gate::Authenticated, routes!(control::rebuild_follower))
}
