//! What a saved question is to be, as it is sent.

use acta_admin::QuestionDraft;
use acta_facts::Question;
use acta_facts_sql::{SqlFormat, SqlQuestion};
use acta_http::problem::{FaultView, Problem};
use acta_storage::directory::QuestionKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::tenants::analyses::NamedAnalysis;

/// A question to be saved: one of `query`, `sql` and `analysis`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSavedQuestion)]
pub(crate) struct QuestionBody {
    /// The name. Not blank, without control characters and blanks at the ends, and different from
    /// those of the other shared questions, or of the others of the owner if it is not shared.
    #[schema(min_length = 1, max_length = 200, example = "Learners by day")]
    name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 2000)]
    description: String,
    /// Whether all who may ask questions about the tenant see it, with all that it names;
    /// otherwise its owner alone. Only people have questions that are not shared.
    #[serde(default)]
    shared: bool,
    /// A question as `POST …/query` takes it.
    #[serde(default)]
    query: Option<Question>,
    /// A statement as `POST …/sql` takes it.
    #[serde(default)]
    sql: Option<SqlQuestion>,
    /// An analysis.
    #[serde(default)]
    analysis: Option<NamedAnalysis>,
}

impl QuestionBody {
    /// The same with the question as JSON.
    ///
    /// # Errors
    ///
    /// 400 unless there is exactly one question.
    pub(super) fn into_draft(self) -> Result<QuestionDraft, Problem> {
        let Self { name, description, shared: is_shared, query, sql, analysis } = self;
        let (kind, question) = match (query, sql, analysis) {
            (Some(query), None, None) => (QuestionKind::Query, json_of(&query)),
            (None, Some(sql), None) if sql.format == SqlFormat::Json => {
                (QuestionKind::Sql, json_of(&sql))
            }
            (None, Some(_), None) => {
                let text = "expected `json`: a saved statement has no other form";
                return Err(Problem::faulty(vec![FaultView::at("/sql/format", text, "")]));
            }
            (None, None, Some(analysis)) => (QuestionKind::Analysis, json_of(&analysis)),
            (_, _, _) => {
                let text = "expected one of `query`, `sql` and `analysis`";
                return Err(Problem::faulty(vec![FaultView::at("", text, "")]));
            }
        };
        Ok(QuestionDraft { name, description, is_shared, kind, question })
    }
}

fn json_of(question: &impl Serialize) -> String {
    // Texts, numbers and lists of them cannot fail to be written.
    serde_json::to_string(question).unwrap_or_default()
}
