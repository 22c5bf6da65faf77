//! How a saved question is asked: as its own path is, with the rights of who asks.

use acta_access::TenantId;
use acta_admin::Requester;
use acta_http::problem::Problem;
use acta_storage::directory::QuestionKind;
use axum::response::Response;
use bytes::Bytes;

use super::super::{query, sql};
use crate::api::json::read;
use crate::api::tenants::analyses::{Asking, NamedAnalysis};
use crate::state::Shared;

/// Answers a question of a kind, which is written as JSON.
///
/// # Errors
///
/// Those of the path of the kind, with the places below the member of a saved question; 404 for a
/// dashboard, which is no question.
pub(in super::super) async fn ask(
    shared: &Shared,
    requester: &Requester,
    tenant: TenantId,
    (kind, question): (QuestionKind, &str),
) -> Result<Response, Problem> {
    let body = Bytes::copy_from_slice(question.as_bytes());
    let answer = match kind {
        QuestionKind::Query => {
            Asking { shared, requester, tenant, body }.answer(query::query_facts).await
        }
        QuestionKind::Sql => Asking { shared, requester, tenant, body }.answer(sql::ask_sql).await,
        QuestionKind::Analysis => {
            let analysis: NamedAnalysis = read(&body)?;
            analysis.answer(shared, requester, tenant).await
        }
        QuestionKind::Dashboard => Err(Problem::not_found()),
    };
    answer.map_err(|problem| problem.below(&format!("/{}", kind.as_str())))
}
