//! Questions and answers: measures of facts, by dimensions, under conditions.
//!
//! Answers are exact. A question sees the rows that were there when it began, whatever is added
//! meanwhile.

mod answer;
mod condition;
mod dimension;
mod fault;
pub(crate) mod field;
mod formula;
mod group;
mod measure;
mod plan;
pub(crate) mod reader;
mod request;
mod rows;
mod run;
mod time;

use std::sync::Arc;

use acta_storage::directory::TenantSettings;
use acta_storage::persons::Persons;

pub use answer::{Answer, Column, ColumnKind, Withheld};
pub(crate) use condition::{Bound, Condition};
pub use fault::{QueryError, QuestionFault};
pub use request::{
    ConditionRequest, DimensionField, DimensionRequest, MeasureRequest, OrderRequest, Question,
};
pub(crate) use rows::{CodeBits, Rows};
pub use run::listing::{FactRows, RowColumn, RowsQuestion};
pub use run::page::{FactPage, PAGE_ROWS_MAX, PageOrder, PageQuestion};
pub use run::{Asked, QueryLimits};
pub(crate) use run::{blocks_of, rows_that_count};

use crate::tenant::{PersonIndex, TenantFacts, View};
use answer::withheld::Guard;
use condition::ConditionReader;
use field::{Known, Memo};
use plan::Plan;
use run::listing::RowsPlan;
use run::page::PagePlan;
pub(crate) use time::Zone;

/// Answers a question about a tenant's facts, in which identifiers are joined as in `persons`.
pub(crate) fn answer(
    facts: &TenantFacts,
    question: &Question,
    persons: &Arc<Persons>,
    asked: Asked<'_>,
) -> Result<Answer, QueryError> {
    // The rows first: the texts then have all of their codes.
    let view: Arc<View> = facts.view();
    let persons = facts.person_index(persons);
    let memo = Memo::new(asked.limits.memory_bytes);
    let settings = asked.settings;
    let zone = &zone_of(question.zone.as_deref(), settings)?;
    let (plan, guard) = {
        let texts = &*facts.texts();
        let course = &settings.course;
        let known = Known { texts, persons: persons.as_ref(), course, zone, memo: &memo };
        let mut plan = Plan::of(question, &view, known)?;
        plan.condition = within_reach(plan.condition, known, asked)?;
        let smallest = settings.smallest_group;
        let guard = smallest.map(|smallest| Guard::of(question, &plan, known, smallest));
        (plan, guard.transpose()?)
    };
    drop(memo);
    let verdicts = guard.map(|guard| guard.run(facts, &view, asked)).transpose()?;
    let empty = run::start(&plan, &facts.texts(), asked.limits);
    let found = run::run(&plan, &view, empty, asked)?;
    answer::write(&plan, &view, &facts.texts(), (found, verdicts.as_ref(), asked))
}

/// Gives the rows of a tenant's facts for which a condition holds, in which identifiers are joined
/// as in `persons`.
pub(crate) fn rows(
    facts: &TenantFacts,
    question: &RowsQuestion,
    persons: &Arc<Persons>,
    asked: Asked<'_>,
) -> Result<FactRows, QueryError> {
    let view: Arc<View> = facts.view();
    let persons = facts.person_index(persons);
    let plan = plan_rows(facts, question, persons.as_ref(), asked)?;
    let found = plan.gather(&view, asked)?;
    Ok(plan.write(&facts.texts(), found, view.sequence))
}

/// Gives a page of the rows of a tenant's facts for which a condition holds, in the order of the
/// log, in which identifiers are joined as in `persons`.
pub(crate) fn page(
    facts: &TenantFacts,
    question: &PageQuestion,
    persons: &Arc<Persons>,
    asked: Asked<'_>,
) -> Result<FactPage, QueryError> {
    let view: Arc<View> = facts.view();
    let persons = facts.person_index(persons);
    let rows = plan_rows(facts, &question.rows, persons.as_ref(), asked)?;
    let plan = PagePlan::of(question, rows)?;
    let found = plan.gather(&view, asked)?;
    Ok(plan.write(&view, &facts.texts(), found))
}

/// Understands a question for rows, those within reach of who asks alone.
fn plan_rows(
    facts: &TenantFacts,
    question: &RowsQuestion,
    persons: Option<&Arc<PersonIndex>>,
    asked: Asked<'_>,
) -> Result<RowsPlan, QueryError> {
    let memo = Memo::new(asked.limits.memory_bytes);
    let zone = &zone_of(question.zone.as_deref(), asked.settings)?;
    let texts = &*facts.texts();
    let course = &asked.settings.course;
    let known = Known { texts, persons, course, zone, memo: &memo };
    let mut plan = RowsPlan::of(question, known)?;
    plan.condition = within_reach(plan.condition, known, asked)?;
    Ok(plan)
}

/// A condition that holds for no fact that is out of reach of who asks.
///
/// It is read by itself, in the time zone of the tenant: nothing that the question says changes
/// what it means.
fn within_reach(
    condition: Option<Condition>,
    known: Known<'_>,
    asked: Asked<'_>,
) -> Result<Option<Condition>, QuestionFault> {
    let Some(reach) = asked.reach else { return Ok(condition) };
    let zone = &zone_of(None, asked.settings)?;
    let memo = &Memo::new(asked.limits.memory_bytes);
    let known = Known { zone, memo, ..known };
    let reach = ConditionReader::new(known, zone).read(reach, "/reach", 0)?;
    Ok(Some(Condition::And(std::iter::once(reach).chain(condition).collect())))
}

/// The time zone of a question; that of the tenant if it names none.
fn zone_of(named: Option<&str>, settings: &TenantSettings) -> Result<Zone, QuestionFault> {
    Zone::find(named.or(settings.zone.as_deref())).ok_or_else(|| {
        QuestionFault::new("/zone", "expected a time zone such as \"Europe/Zurich\"")
    })
}

#[cfg(test)]
mod tests;
