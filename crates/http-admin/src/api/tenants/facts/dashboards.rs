//! Dashboards: tiles with saved questions and key figures (KPIs), which are answered together with
//! the rights of who asks.

mod answer;
mod body;
mod change;
mod kpi;
mod list;
mod number;
mod read;
mod remove;
mod save;
mod tile;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/dashboards")
        .add(Gate::Authenticated, routes!(list::list_dashboards))
        .add(Gate::Authenticated, routes!(save::save_dashboard))
        .add(Gate::Authenticated, routes!(read::read_dashboard))
        .add(Gate::Authenticated, routes!(change::change_dashboard))
        .add(Gate::Authenticated, routes!(remove::remove_dashboard))
        .add(Gate::Authenticated, routes!(answer::answer_dashboard))
}
