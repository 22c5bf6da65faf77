//! Statements in SQL: they wait for their turn, and have the time and the memory, of questions.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_admin::AnswerPermit;
use acta_facts::{FactStore, QueryError};
use acta_facts_sql::{SqlError, SqlQuestion, ask};
use acta_http::problem::{FaultView, Problem};
use hyper::StatusCode;

use super::{FactQueries, problem};

impl FactQueries {
    /// Answers a statement about all facts of a tenant, in the form that it asks for. It is given
    /// up if the future is dropped.
    ///
    /// # Errors
    ///
    /// 400 for a faulty statement, 403 if the tenant has a smallest group, 422 if it takes too much
    /// memory or its answer is too long, 503 if it takes too much time, 500 if the facts cannot be
    /// read.
    pub async fn ask_sql(
        &self,
        permit: &AnswerPermit,
        question: SqlQuestion,
    ) -> Result<Vec<u8>, Problem> {
        if let Some(smallest) = permit.settings.smallest_group {
            let detail = format!(
                "this tenant shows figures about {smallest} learners or more only, and nobody can \
                 tell which those are in SQL: ask questions instead"
            );
            return Err(Problem::new(StatusCode::FORBIDDEN, "withheld", detail));
        }
        let (tenant, course) = (permit.tenant, permit.settings.course.clone());
        let (limits, timeout) = (self.settings.sql, self.settings.timeout);
        self.run(permit, move |store, persons, stop| {
            let table = store.table(tenant, &course, persons);
            let answer = ask(table, &question, &limits, Arc::clone(stop));
            answer.map_err(|error| problem_of(error, (store, tenant), timeout))
        })
        .await
    }
}

fn problem_of(
    error: SqlError,
    (store, tenant): (&FactStore, TenantId),
    timeout: Duration,
) -> Problem {
    match error {
        SqlError::Refused(text) => Problem::faulty(vec![FaultView::at("/sql", &text, "")]),
        SqlError::TooLarge(text) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "answer-too-large", text)
        }
        SqlError::Stopped => problem(QueryError::Stopped, timeout),
        SqlError::Io(error) => {
            let error = QueryError::Io(error);
            store.discard_damaged(tenant, &error);
            problem(error, timeout)
        }
        SqlError::Unavailable => {
            tracing::error!("SQLite was used before its memory was limited: there is no SQL");
            Problem::internal()
        }
    }
}
