//! `POST /api/v1/tenants/{tenant}/statements`: finds statements by conditions about their facts.

mod ids;
mod view;

use std::sync::Arc;

use acta_access::TenantId;
use acta_admin::{AnswerPermit, Reach};
use acta_auth::SealedCursor;
use acta_facts::{ConditionRequest, FactPage, PageOrder, PageQuestion, RowsQuestion};
use acta_http::edge::{NoParams, Query};
use acta_http::permit::RequestPermit;
use acta_http::problem::{FaultView, Problem};
use acta_service::Cursor;
use acta_storage::directory::LanguageTag;
use acta_xapi::Languages;
use axum::extract::{Extension, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::json::{Json, view};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;
use acta_http_facts::{behind, no_facts};
use view::{FIELDS, FoundStatement, Names, write_rows};

/// Statements of a page, if nothing is said.
const LIMIT: usize = 50;

/// The language of names, if neither the request nor the tenant names one.
const DEFAULT_LANGUAGE: &str = "en";

/// Which statements are wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementsRequest {
    /// Which statements; all if absent. A condition as in questions, which may also test `id`, the
    /// id of the statement, by `is` or `in`.
    #[serde(default, rename = "where")]
    filter: Option<ConditionRequest>,
    /// Whether the `newest` or the `oldest` come first, by when they were stored.
    #[serde(default)]
    order: PageOrder,
    /// Most statements of the page, from 1 to 200; 50 if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// The value of `next` of the page before. All else stays as it was then.
    #[serde(default)]
    #[schema(min_length = 1)]
    cursor: Option<String>,
    /// The languages of names, as in `Accept-Language`, such as `de, en;q=0.5`; that of the tenant
    /// if absent.
    #[serde(default)]
    language: Option<String>,
    /// The time zone of dates in conditions; that of the tenant if absent.
    #[serde(default)]
    zone: Option<String>,
    /// Whether voided statements are wanted too.
    #[serde(default)]
    with_voided: bool,
}

/// A page of statements, as they are shown to people.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct FoundStatements {
    /// The statements.
    items: Vec<FoundStatement>,
    /// What to send as `cursor` for the page after this one; null on the last page.
    #[schema(required)]
    next: Option<String>,
    /// The number of the last statement that is among the facts.
    sequence: u64,
    /// Whether facts are being made, so that statements are missing that were stored long ago.
    is_rebuilding: bool,
}

impl StatementsRequest {
    /// What the audit records. Conditions may name persons, so only the fields that they test are
    /// part of it.
    fn recorded(&self) -> Value {
        let fields = self.filter.as_ref().map(ConditionRequest::fields).unwrap_or_default();
        json!({ "statements": { "where": fields, "order": self.order } })
    }

    /// The sequence of the last statement of the page before.
    fn after(&self, shared: &Shared, tenant: TenantId) -> Result<Option<u64>, Problem> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let opened = text.parse::<SealedCursor>().and_then(|sealed| {
            let cursors = shared.http.authenticator.cursors();
            cursors.open(tenant, sealed)
        });
        let opened = opened.map_err(|_not_one| {
            let message = "expected a cursor as returned in `next`";
            Problem::faulty(vec![FaultView::at("/cursor", message, text)])
        });
        opened.map(|Cursor(sequence)| Some(sequence))
    }

    /// The languages of names.
    fn languages(&self, permit: &AnswerPermit) -> Languages {
        let of_tenant = permit.settings.language.as_ref().map(LanguageTag::as_str);
        let asked = self.language.as_deref().or(of_tenant);
        Languages::parse(asked.unwrap_or(DEFAULT_LANGUAGE))
    }

    fn question(self, after: Option<u64>) -> PageQuestion {
        let fields = FIELDS.map(str::to_owned).to_vec();
        PageQuestion {
            rows: RowsQuestion { fields, filter: self.filter, zone: self.zone },
            order: self.order,
            after,
            limit: self.limit.unwrap_or(LIMIT),
            with_voided: self.with_voided,
        }
    }
}

/// Find statements by conditions
///
/// Returns a page of statements in the order in which they were stored, with the parts of a
/// sentence: who did what to what, and with which result, with names in the language of the reader.
/// The conditions are those of questions about facts, with `sequence` and `id` beside them. A
/// statement is found within about a second after it was stored. Statements that arrive between two
/// pages neither repeat nor hide others. For everybody who may ask questions: an advisor finds
/// statements of the members of its groups, a learner its own. The audit records the fields of the
/// conditions if the tenant has enabled this.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/statements",
    operation_id = "find_statements",
    tag = "statements",
    params(("tenant" = u32, Path, minimum = 1, description = "The tenant.")),
    request_body = StatementsRequest,
    responses(
        (status = 200, description = "A page of statements.", body = FoundStatements),
        (status = 409, description = "The tenant is suspended or deleted, or the facts of this \
                                      server do not go as far as the page before yet."),
        (status = 422, description = "It needs too much memory."),
        (status = 503, description = "It took too long."),
    ),
)]
pub(crate) async fn find_statements(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    (Query(NoParams), Extension(memory)): (Query<NoParams>, Extension<Arc<RequestPermit>>),
    Json(mut request): Json<StatementsRequest>,
) -> Result<Response, AdminProblem> {
    let permit = shared.admin.permit_question(&requester, tenant, &request.recorded()).await?;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    let after = request.after(&shared, tenant)?;
    let languages = request.languages(&permit);
    ids::replace(&shared.admin, &permit, &mut request.filter).await?;
    let question = request.question(after);
    let work = facts.compute(&permit, move |store, persons, asked| {
        store.page(tenant, &question, persons, asked)
    });
    let page = work.await?;
    let sequence = page.rows.sequence;
    if after.is_some_and(|after| sequence < after) {
        return Err(behind().into());
    }
    let mut is_rebuilding = page.rows.is_rebuilding;
    if sequence == 0 {
        // There are no facts yet, or no statements.
        is_rebuilding = shared.admin.has_statements(&permit).await?;
    }
    let items = describe(&shared, &permit, (&page, &languages), &memory).await?;
    let last = page.sequences.last().filter(|_| page.has_more);
    let cursors = shared.http.authenticator.cursors();
    let next = last.map(|last| cursors.seal(tenant, Cursor(*last)).to_string());
    Ok(view(&FoundStatements { items, next, sequence, is_rebuilding }))
}

/// Adds to what facts say what statements say of themselves, and names in the languages of the
/// reader.
async fn describe(
    shared: &Shared,
    permit: &AnswerPermit,
    (page, languages): (&FactPage, &Languages),
    memory: &RequestPermit,
) -> Result<Vec<FoundStatement>, AdminProblem> {
    let share = shared.http.query_shares.acquire(permit.tenant, 0).await;
    let count = u64::try_from(page.sequences.len()).unwrap_or(u64::MAX);
    // 0 would be as many as a page may have.
    let held = memory.hold_page(Some(count.max(1)))?;
    let admin = &shared.admin;
    let described = admin.describe_statements(permit, &page.sequences, languages, held).await?;
    let unnamed = view::activities(page, &described);
    let activities = admin.name_activities(permit, &unnamed, languages).await?;
    share.charge(u64::try_from(held).unwrap_or(u64::MAX));
    let reaches_all = permit.reach == Reach::Everybody;
    Ok(write_rows(page, &Names { described, activities, reaches_all }))
}
