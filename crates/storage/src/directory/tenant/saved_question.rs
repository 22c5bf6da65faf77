//! Questions that people of a tenant have saved, to be asked again, and dashboards of them.

use std::fmt;
use std::str::FromStr;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::Uuid;
use serde::{Deserialize, Serialize};

use super::super::account::AccountId;
use super::super::recorded::{Recorded, corrupt, moment, read_body, write_body};
use super::Tenant;
use crate::{Record, RecordContent, RecordKind, StorageError};

/// The id of a saved question or a dashboard.
pub type QuestionId = Uuid;

/// In which language a saved question is asked, or that it is a dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuestionKind {
    /// Measures by dimensions under conditions.
    Query,
    /// A statement in SQL.
    Sql,
    /// One of the analyses.
    Analysis,
    /// Tiles, each with a saved question.
    Dashboard,
}

impl QuestionKind {
    /// Every kind.
    pub const EVERY: [Self; 4] = [Self::Query, Self::Sql, Self::Analysis, Self::Dashboard];

    /// The name, as records and clients write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Sql => "sql",
            Self::Analysis => "analysis",
            Self::Dashboard => "dashboard",
        }
    }
}

/// There is no kind of questions with this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `query`, `sql`, `analysis` or `dashboard`")]
pub struct NotAQuestionKind;

impl FromStr for QuestionKind {
    type Err = NotAQuestionKind;

    fn from_str(name: &str) -> Result<Self, NotAQuestionKind> {
        Self::EVERY.into_iter().find(|kind| kind.as_str() == name).ok_or(NotAQuestionKind)
    }
}

/// A saved question, or a dashboard.
#[derive(Clone, PartialEq, Eq)]
pub struct SavedQuestion {
    /// The id of the question.
    pub id: QuestionId,
    /// The tenant that it is about.
    pub tenant: TenantId,
    /// The name: of the shared questions of a tenant, and of the others of an owner, no two have
    /// the same, and neither do dashboards.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Who has saved it; none if it belongs to the tenant.
    pub owner: Option<AccountId>,
    /// Whether it is for all who may ask questions about the tenant, or for its owner alone.
    pub is_shared: bool,
    /// In which language it is asked.
    pub kind: QuestionKind,
    /// The question or the tiles as JSON, in the form of the kind.
    pub question: String,
    /// When it was saved first.
    pub created: Timestamp,
    /// When it was changed last.
    pub changed: Timestamp,
}

impl fmt::Debug for SavedQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SavedQuestion")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("kind", &self.kind)
            .field("is_shared", &self.is_shared)
            .finish_non_exhaustive()
    }
}

impl SavedQuestion {
    /// Longest description, in characters.
    pub const DESCRIPTION_CHARS_MAX: usize = 2_000;

    /// Longest question, in bytes of its JSON: 32 KiB.
    pub const QUESTION_BYTES_MAX: usize = 32 * 1024;

    /// The id of the record of a question or a dashboard.
    pub fn record_id_of(tenant: TenantId, id: QuestionId) -> String {
        format!("{}.{id}", Tenant::record_id_of(tenant))
    }

    /// The name of its record, which no other one with this name among the same ones has.
    fn record_name(&self) -> String {
        let mut among = Tenant::record_id_of(self.tenant);
        if self.kind == QuestionKind::Dashboard {
            among.push_str(".dashboard");
        }
        match self.owner.filter(|_| !self.is_shared) {
            Some(owner) => format!("{among}.{owner}.{}", self.name),
            None => format!("{among}.shared.{}", self.name),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct QuestionBody {
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    is_shared: bool,
    kind: String,
    question: String,
    created: i64,
    changed: i64,
}

impl Recorded for SavedQuestion {
    const KIND: RecordKind = RecordKind::SavedQuestion;

    fn record_id(&self) -> String {
        Self::record_id_of(self.tenant, self.id)
    }

    fn to_content(&self) -> RecordContent {
        let body = QuestionBody {
            name: self.name.clone(),
            description: self.description.clone(),
            is_shared: self.is_shared,
            kind: self.kind.as_str().to_owned(),
            question: self.question.clone(),
            created: self.created.unix_micros(),
            changed: self.changed.unix_micros(),
        };
        RecordContent {
            tenant: Some(self.tenant),
            owner: self.owner.map(|owner| owner.to_string()),
            name: Some(self.record_name()),
            expires: None,
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: QuestionBody = read_body(record)?;
        let corrupt = || corrupt(record);
        let (_, id) = record.id.split_once('.').ok_or_else(corrupt)?;
        let owner = record.content.owner.as_deref().map(str::parse).transpose();
        Ok(Self {
            id: id.parse().map_err(|_not_an_id| corrupt())?,
            tenant: record.content.tenant.ok_or_else(corrupt)?,
            name: body.name,
            description: body.description,
            owner: owner.map_err(|_not_an_id| corrupt())?,
            is_shared: body.is_shared,
            kind: body.kind.parse().map_err(|_unknown| corrupt())?,
            question: body.question,
            created: moment(body.created),
            changed: moment(body.changed),
        })
    }
}
