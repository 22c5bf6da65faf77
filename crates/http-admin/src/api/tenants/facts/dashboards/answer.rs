//! `POST /api/v1/tenants/{tenant}/dashboards/{dashboard}/answer`: answers the tiles of a dashboard.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_admin::Requester;
use acta_ambient::Timestamp;
use acta_http::edge::{NoParams, Query};
use acta_http::permit::RequestPermit;
use acta_http::problem::{Problem, ProblemForm};
use acta_http_facts::no_facts;
use acta_storage::directory::{QuestionId, QuestionKind, SavedQuestion};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use super::super::questions::asking::ask;
use super::body::seen;
use super::kpi::{Figure, KpiAnswer, Period, unfit};
use super::number::Table;
use super::tile::{Kpi, Tile, Tiles};
use crate::api::json::view;
use crate::api::path::Ids;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Longest answers of all tiles of a dashboard together, in bytes: 16 MiB.
const ANSWERS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Longest answer to the question of a KPI, in bytes: 64 KiB.
const KPI_BYTES_MAX: usize = 64 * 1024;

/// The answers of a dashboard.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DashboardAnswer)]
struct AnswerView {
    /// The id of the dashboard.
    #[schema(format = "uuid")]
    id: String,
    /// The name of the dashboard.
    #[schema(example = "Onboarding")]
    name: String,
    /// Its tiles in their order.
    tiles: Vec<TileAnswer>,
}

/// A tile with its answer: one of `answer`, `kpi` and `problem`.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = DashboardTileAnswer)]
struct TileAnswer {
    /// The id of the saved question.
    #[schema(format = "uuid")]
    question: String,
    /// The title of the tile, or else the name of the question; null if that is not seen.
    #[schema(required, example = "Active learners")]
    title: Option<String>,
    /// In which language the question is asked: `query`, `sql` or `analysis`; null if it is not
    /// seen.
    #[schema(required, example = "query")]
    kind: Option<&'static str>,
    /// The answer to the question, as its own path gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    answer: Option<Box<RawValue>>,
    /// The number, if the tile is a KPI.
    #[serde(skip_serializing_if = "Option::is_none")]
    kpi: Option<KpiAnswer>,
    /// Why there is no answer, as the question's own path would say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    problem: Option<Box<RawValue>>,
}

/// Answer a dashboard
///
/// Asks the questions of all tiles with the rights of the requester, one after another and within
/// the time of one question. Each tile has its own answer or its own problem. The audit records
/// each question as its own path does.
#[utoipa::path(
    post,
    path = "/tenants/{tenant}/dashboards/{dashboard}/answer",
    operation_id = "answer_dashboard",
    tag = "dashboards",
    params(("dashboard" = String, Path, format = "uuid", description = "The dashboard.")),
    responses((status = 200, description = "The answers of the tiles.", body = AnswerView)),
)]
pub(crate) async fn answer_dashboard(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Ids(tenant, dashboard): Ids<TenantId, QuestionId>,
    (Query(NoParams), Extension(memory)): (Query<NoParams>, Extension<Arc<RequestPermit>>),
) -> Result<Response, AdminProblem> {
    let found = shared.admin.read_dashboard(&requester, tenant, dashboard).await?.value;
    let facts = shared.facts.as_ref().ok_or_else(no_facts)?;
    let (now, timeout) = (facts.now(), facts.timeout());
    let deadline = Instant::now() + timeout;
    let room = ANSWERS_BYTES_MAX;
    let who = (&requester, tenant);
    let memory = &*memory;
    let mut turn = Turn { shared: &shared, who, memory, now, timeout, deadline, room };
    let mut tiles = Vec::new();
    for tile in &Tiles::of(&found).tiles {
        tiles.push(turn.tile(tile).await);
    }
    Ok(view(&AnswerView { id: found.id.to_string(), name: found.name, tiles }))
}

/// Asks the questions of tiles.
struct Turn<'a> {
    shared: &'a Shared,
    who: (&'a Requester, TenantId),
    /// Answers wait in it for those that follow.
    memory: &'a RequestPermit,
    /// The end of the periods of all KPIs.
    now: Timestamp,
    /// The most time for all tiles together.
    timeout: Duration,
    deadline: Instant,
    /// The bytes that are left for answers.
    room: usize,
}

impl Turn<'_> {
    async fn tile(&mut self, tile: &Tile) -> TileAnswer {
        let mut answer = TileAnswer {
            question: tile.question.clone(),
            title: tile.title.clone(),
            ..TileAnswer::default()
        };
        let (deadline, timeout) = (self.deadline, self.timeout);
        let filling = timeout_at(deadline, self.fill(tile, &mut answer));
        if let Err(problem) = filling.await.unwrap_or_else(|_elapsed| Err(late(timeout))) {
            answer.problem = RawValue::from_string(problem.write(ProblemForm::Json)).ok();
        }
        answer
    }

    /// Adds what the question gives.
    async fn fill(&mut self, tile: &Tile, answer: &mut TileAnswer) -> Result<(), Problem> {
        let found = seen(self.shared, self.who, tile).await.map_err(AdminProblem::from)?;
        let question = found.ok_or_else(hidden)?;
        answer.title.get_or_insert_with(|| question.name.clone());
        answer.kind = Some(question.kind.as_str());
        if let Some(kpi) = &tile.kpi {
            answer.kpi = Some(self.kpi(kpi, &question).await?);
            return Ok(());
        }
        let asked = (question.kind, &*question.question);
        let text = self.ask(asked, self.room).await?;
        self.room -= text.len();
        // Once as it is, and once in the answer of the dashboard.
        self.memory.hold(2 * text.len())?;
        answer.answer = Some(read(&text)?);
        Ok(())
    }

    async fn kpi(&self, kpi: &Kpi, question: &SavedQuestion) -> Result<KpiAnswer, Problem> {
        if let Some(why) = unfit(kpi, question) {
            return Err(no_number(why));
        }
        let asked = &*question.question;
        let Some(days) = kpi.days else {
            let figure = self.figure(kpi, (question.kind, asked)).await?;
            return Ok(KpiAnswer::of(kpi, figure, None));
        };
        let (period, before) = Period::pair(self.now, days);
        let figure = self.figure(kpi, (question.kind, &period.cut(asked))).await?;
        let answer = KpiAnswer::of(kpi, figure, Some(period));
        if !kpi.compare {
            return Ok(answer);
        }
        let figure = self.figure(kpi, (question.kind, &before.cut(asked))).await?;
        Ok(answer.compared(figure, before))
    }

    async fn figure(&self, kpi: &Kpi, asked: (QuestionKind, &str)) -> Result<Figure, Problem> {
        let table: Table = read(&self.ask(asked, KPI_BYTES_MAX).await?)?;
        let value = table.number(kpi.column.as_deref()).map_err(|why| no_number(&why))?;
        let (is_withheld, is_rebuilding) = (table.is_withheld(), table.is_rebuilding);
        Ok(Figure { value, is_withheld, is_rebuilding })
    }

    /// The answer to a question, which has at most so many bytes.
    async fn ask(&self, asked: (QuestionKind, &str), bytes_max: usize) -> Result<Bytes, Problem> {
        let (requester, tenant) = self.who;
        let response = ask(self.shared, requester, tenant, asked).await?;
        let body = axum::body::to_bytes(response.into_body(), bytes_max);
        body.await.map_err(|_too_long| too_long(bytes_max))
    }
}

/// Reads an answer of this server.
fn read<T: serde::de::DeserializeOwned>(text: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(text).map_err(|error| {
        tracing::error!(%error, "the answer of a tile cannot be read");
        Problem::internal()
    })
}

/// The question does not exist for the requester. Which of both it is, is not said.
fn hidden() -> Problem {
    let detail = "the saved question of this tile was removed, or is not shared with you";
    Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
}

fn no_number(why: &str) -> Problem {
    let detail = format!("the question gives no number for a KPI: {why}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no-number", detail)
}

fn too_long(bytes_max: usize) -> Problem {
    let detail = format!(
        "the answer is longer than the {bytes_max} bytes that are left for this tile: ask for \
         fewer rows by \"limit\""
    );
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "answer-too-large", detail)
}

fn late(timeout: Duration) -> Problem {
    let detail = format!(
        "the tiles of a dashboard are answered within {} s together, and this one was not",
        timeout.as_secs()
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "question-timeout", detail)
}
