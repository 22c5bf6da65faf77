//! `POST /api/v1/tenants/{tenant}/sql`: answers a statement in SQL about the facts of a tenant.

use acta_access::TenantId;
use acta_facts_sql::{SqlAnswer, SqlFormat, SqlQuestion};
use acta_http::edge::{NoParams, Query};
use acta_http::reply::json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};

use crate::api::json::Json;
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_http_facts::no_facts;

/// Ask about facts in SQL
///
/// Runs one `SELECT` of SQLite over the tables `facts`, `persons`, `groups`, `members` and
/// `activities` of a tenant. For people and credentials that may read all statements of the tenant;
/// not for tenants with a smallest group. The audit records the statement without its texts if the
/// tenant has enabled this.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/sql",
    operation_id = "ask_sql",
    tag = "facts",
    request_body = SqlQuestion,
    responses(
        (status = 200, description = "The rows, in the form that was asked for.",
            content((SqlAnswer = "application/json"), (String = "text/csv"))),
        (status = 422, description = "It needs too much memory, or the answer is too long."),
        (status = 503, description = "It took too long."),
    ),
)]
pub(crate) async fn ask_sql(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(question): Json<SqlQuestion>,
) -> Result<Response, AdminProblem> {
    let permit = shared.admin.permit_sql(&requester, tenant, &question.without_texts()).await?;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    let format = question.format;
    let answer = facts.ask_sql(&permit, question).await?;
    Ok(match format {
        SqlFormat::Json => json(answer),
        SqlFormat::Csv => {
            let mut response = Response::new(Body::from(answer));
            let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
    })
}
