//! Saved questions: kept under a name, and answered with the rights of who asks.

mod answer;
pub(super) mod asking;
mod body;
mod change;
mod list;
mod read;
mod remove;
mod save;
mod view;

use acta_http::route::Gate;
use utoipa_axum::routes;

use crate::operations::Operations;

/// Every operation with its access rule.
pub(crate) fn operations() -> Operations {
    Operations::named("api/questions")
        .add(Gate::Authenticated, routes!(list::list_questions))
        .add(Gate::Authenticated, routes!(save::save_question))
        .add(Gate::Authenticated, routes!(read::read_question))
        .add(Gate::Authenticated, routes!(change::change_question))
        .add(Gate::Authenticated, routes!(remove::remove_question))
        .add(Gate::Authenticated, routes!(answer::answer_question))
}
