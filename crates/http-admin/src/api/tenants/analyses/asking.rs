//! How an analysis is asked for: who may, when it is their turn, and what the audit says.

use std::cell::Cell;

use acta_access::TenantId;
use acta_admin::{AnswerPermit, Requester};
use acta_facts::QueryError;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use crate::api::json::view;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_fact_analyses::rows::{FactReader, Scope};
use acta_http_facts::no_facts;

/// An analysis that is asked for.
pub(super) struct Analysis {
    /// What the audit records of it. Conditions may name persons, so they are no part of it.
    pub(super) what: Value,
    /// Which facts it is about.
    pub(super) scope: Scope,
}

impl Analysis {
    /// Computes it, if the requester may ask questions about the tenant, and when it is the
    /// tenant's turn.
    ///
    /// # Errors
    ///
    /// 403 and 404 if the requester may not, 404 if there are no facts, and those of questions.
    pub(super) async fn answer<T: Serialize + Send + 'static>(
        self,
        shared: &Shared,
        requester: &Requester,
        tenant: TenantId,
        work: impl FnOnce(FactReader<'_>) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<Response, AdminProblem> {
        let (found, _permit) = self.compute(shared, requester, tenant, work).await?;
        Ok(view(&found))
    }

    /// As [`Analysis::answer`], for an analysis that is not done with that: returns also what goes
    /// along with what follows.
    pub(super) async fn compute<T: Send + 'static>(
        self,
        shared: &Shared,
        requester: &Requester,
        tenant: TenantId,
        work: impl FnOnce(FactReader<'_>) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<(T, AnswerPermit), AdminProblem> {
        let Self { what, scope } = self;
        let permit = shared.admin.permit_question(requester, tenant, &what).await?;
        let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
        let found = facts.compute(&permit, move |store, persons, asked| {
            let is_rebuilding = Cell::new(false);
            let (scope, is_rebuilding) = (&scope, &is_rebuilding);
            work(FactReader { store, tenant, persons, asked, scope, is_rebuilding })
        });
        Ok((found.await?, permit))
    }
}
