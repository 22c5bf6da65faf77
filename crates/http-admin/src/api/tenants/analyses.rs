//! Analyses of a tenant: figures about questions, learners and courses.

mod activity;
mod asking;
mod compare;
mod courses;
mod findings;
mod funnel;
mod help;
mod items;
mod journey;
mod named;
mod quality;
mod retention;
mod sources;
mod time;
mod video;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

pub(super) use named::{Asking, NamedAnalysis};

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/analyses")
        .add(Gate::Authenticated, routes!(activity::analyse_activity))
        .add(Gate::Authenticated, routes!(compare::analyse_compare))
        .add(Gate::Authenticated, routes!(courses::analyse_courses))
        .add(Gate::Authenticated, routes!(findings::analyse_findings))
        .add(Gate::Authenticated, routes!(help::analyse_help))
        .add(Gate::Authenticated, routes!(items::analyse_items))
        .add(Gate::Authenticated, routes!(journey::analyse_journey))
        .add(Gate::Authenticated, routes!(quality::analyse_quality))
        .add(Gate::Authenticated, routes!(retention::analyse_retention))
        .add(Gate::Authenticated, routes!(sources::analyse_sources))
        .add(Gate::Authenticated, routes!(time::analyse_time))
        .add(Gate::Authenticated, routes!(video::analyse_video))
        .add(Gate::Authenticated, routes!(funnel::analyse_funnel))
}
