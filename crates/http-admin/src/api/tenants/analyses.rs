//! Analyses of a tenant: figures about questions, learners and courses.

mod funnel;
mod items;
mod time;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/analyses")
        .add(Gate::Authenticated, routes!(items::analyse_items))
        .add(Gate::Authenticated, routes!(time::analyse_time))
        .add(Gate::Authenticated, routes!(funnel::analyse_funnel))
}
