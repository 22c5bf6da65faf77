//! The resources of xAPI: one file each, one function for each method.

mod about;
mod activities;
mod agents;
mod documents;
mod statements;

use axum::routing::get;

use crate::route::{Gate, Route, RouteTable};
use crate::state::Shared;
pub use statements::{open_cursor, read_filters, read_search};

use documents::{ActivityProfiles, AgentProfiles, States};

/// Every resource with its methods. HEAD was already turned into GET, and OPTIONS was answered.
pub(crate) fn table() -> RouteTable<Shared> {
    let known = |name| Route::new(name, Gate::Authenticated);
    let statements = get(statements::get_statements)
        .put(statements::put_statement)
        .post(statements::post_statements);
    let agent_profile = documents::methods::<AgentProfiles>();
    RouteTable::default()
        .path("/xapi/statements", known("statements").with_consistent_through(), statements)
        .path("/xapi/activities", known("activities"), get(activities::get_activity))
        .path("/xapi/agents", known("agents"), get(agents::get_person))
        .path("/xapi/activities/state", known("activities/state"), documents::methods::<States>())
        .path(
            "/xapi/activities/profile",
            known("activities/profile"),
            documents::methods::<ActivityProfiles>(),
        )
        .path("/xapi/agents/profile", known("agents/profile"), agent_profile)
        .path("/xapi/about", Route::new("about", Gate::Open), get(about::get_about))
}
