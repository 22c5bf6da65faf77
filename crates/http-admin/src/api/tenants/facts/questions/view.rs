//! Views of saved questions.

use acta_facts::Question;
use acta_facts_sql::SqlQuestion;
use acta_storage::directory::{QuestionKind, SavedQuestion, Versioned};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::tenants::analyses::NamedAnalysis;
use crate::api::versioned::versioned;

/// A saved question in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SavedQuestionSummary)]
pub(super) struct SummaryView {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The name.
    #[schema(example = "Learners by day")]
    name: String,
    /// What it is for; may be empty.
    description: String,
    /// In which language it is asked: `query`, `sql` or `analysis`.
    #[schema(example = "query")]
    kind: &'static str,
    /// The id of the account that has saved it; null if it belongs to the tenant.
    #[schema(required, format = "uuid")]
    owner: Option<String>,
    /// Whether it is for all who may ask questions about the tenant.
    shared: bool,
    /// When it was saved first.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    created: String,
    /// When it was changed last.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    changed: String,
}

impl SummaryView {
    pub(super) fn of(question: &SavedQuestion) -> Self {
        Self {
            id: question.id.to_string(),
            name: question.name.clone(),
            description: question.description.clone(),
            kind: question.kind.as_str(),
            owner: question.owner.map(|owner| owner.to_string()),
            shared: question.is_shared,
            created: question.created.to_string(),
            changed: question.changed.to_string(),
        }
    }
}

/// A saved question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SavedQuestion)]
pub(super) struct QuestionView {
    #[serde(flatten)]
    summary: SummaryView,
    /// The question, if its kind is `query`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Question>)]
    query: Option<Value>,
    /// The statement, if its kind is `sql`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<SqlQuestion>)]
    sql: Option<Value>,
    /// The analysis, if its kind is `analysis`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NamedAnalysis>)]
    analysis: Option<Value>,
}

impl QuestionView {
    pub(super) fn of(question: &SavedQuestion) -> Self {
        let asked: Option<Value> = serde_json::from_str(&question.question).ok();
        let of_kind = |kind| asked.clone().filter(|_| question.kind == kind);
        Self {
            summary: SummaryView::of(question),
            query: of_kind(QuestionKind::Query),
            sql: of_kind(QuestionKind::Sql),
            analysis: of_kind(QuestionKind::Analysis),
        }
    }
}

/// A response with a saved question.
pub(super) fn show(question: &Versioned<SavedQuestion>) -> Response {
    versioned(&QuestionView::of(&question.value), question.record.version)
}
