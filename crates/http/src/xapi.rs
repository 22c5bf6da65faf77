//! The resources of xAPI: one file each, one function for each method.

mod about;
mod activities;
mod agents;
mod documents;
mod statements;

use axum::Router;
use axum::routing::get;

use crate::Shared;
pub(crate) use statements::read_search;

use documents::{ActivityProfiles, AgentProfiles, States};

/// Every resource with its methods. HEAD has become GET before, and OPTIONS is answered.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route(
            "/xapi/statements",
            get(statements::get_statements)
                .put(statements::put_statement)
                .post(statements::post_statements),
        )
        .route("/xapi/activities", get(activities::get_activity))
        .route("/xapi/agents", get(agents::get_person))
        .route("/xapi/activities/state", documents::methods::<States>())
        .route("/xapi/activities/profile", documents::methods::<ActivityProfiles>())
        .route("/xapi/agents/profile", documents::methods::<AgentProfiles>())
        .route("/xapi/about", get(about::get_about))
}
