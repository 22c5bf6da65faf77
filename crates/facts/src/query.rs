//! Questions and answers: measures of facts, by dimensions, under conditions.
//!
//! Answers are exact. A question sees the rows that were there when it began, whatever is added
//! meanwhile.

mod answer;
mod condition;
mod dimension;
mod fault;
mod field;
mod formula;
mod group;
mod measure;
mod plan;
mod reader;
mod request;
mod rows;
mod run;
mod time;

use std::sync::Arc;

pub use answer::{Answer, Column, ColumnKind};
pub use fault::{QueryError, QuestionFault};
pub use request::{
    ConditionRequest, DimensionField, DimensionRequest, MeasureRequest, OrderRequest, Question,
};
pub use run::listing::{FactRows, RowColumn, RowsQuestion};
pub use run::{Asked, QueryLimits};

use crate::tenant::{TenantFacts, View};
use plan::Plan;

/// Answers a question about a tenant's facts.
pub(crate) fn answer(
    facts: &TenantFacts,
    question: &Question,
    asked: Asked<'_>,
) -> Result<Answer, QueryError> {
    // The rows first: the texts then have all of their codes.
    let view: Arc<View> = facts.view();
    let plan = Plan::of(question, &view, &facts.texts())?;
    let empty = run::start(&plan, &facts.texts(), asked.limits);
    let found = run::run(&plan, &view, empty, asked)?;
    Ok(answer::write(&plan, &view, &facts.texts(), found, asked.now))
}

/// Gives the rows of a tenant's facts for which a condition holds.
pub(crate) fn rows(
    facts: &TenantFacts,
    question: &RowsQuestion,
    asked: Asked<'_>,
) -> Result<FactRows, QueryError> {
    let view: Arc<View> = facts.view();
    let plan = run::listing::RowsPlan::of(question, &facts.texts())?;
    let found = plan.gather(&view, asked)?;
    Ok(plan.write(&facts.texts(), found, view.sequence))
}

#[cfg(test)]
mod tests;
