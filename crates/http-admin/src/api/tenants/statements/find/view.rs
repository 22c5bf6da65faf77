//! Found statements as they are shown to people.

use std::collections::{BTreeSet, HashMap};

use acta_ambient::Timestamp;
use acta_facts::{FactPage, FactRows, RowColumn};
use acta_service::Described;
use serde::Serialize;
use utoipa::ToSchema;

/// The fields of facts that a row is made of.
pub(super) const FIELDS: [&str; 23] = [
    "completion",
    "course",
    "course.name",
    "duration",
    "object",
    "object.kind",
    "object.name",
    "object.type",
    "person",
    "person.name",
    "platform",
    "registration",
    "response",
    "score.max",
    "score.min",
    "score.raw",
    "score.scaled",
    "source",
    "stored",
    "success",
    "timestamp",
    "verb",
    "verb.name",
];

/// A statement as it is shown to people.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct FoundStatement {
    /// Its number: its place in the order in which statements were stored, from 1.
    sequence: u64,
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// When it was stored.
    #[schema(format = DateTime)]
    stored: String,
    /// When it happened.
    #[schema(format = DateTime)]
    timestamp: String,
    /// Whether it is voided.
    is_voided: bool,
    /// Who did it.
    person: FoundThing,
    /// What was done.
    verb: FoundThing,
    /// What it was done to.
    object: FoundObject,
    /// The course; null without one.
    #[schema(required)]
    course: Option<FoundThing>,
    /// The result.
    result: FoundResult,
    /// The registration.
    #[schema(required, format = "uuid")]
    registration: Option<String>,
    /// The platform.
    #[schema(required)]
    platform: Option<String>,
    /// The key of the credential that stored it, unless that writes with another authority.
    #[schema(required)]
    source: Option<String>,
}

/// A person, a verb or a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FoundThing {
    /// Its identifier, as facts have it: of a person the JSON of an agent, null for a group without
    /// an identifier; of others an IRI.
    #[schema(required)]
    id: Option<String>,
    /// Its name, if one is known.
    #[schema(required)]
    name: Option<String>,
}

/// The object of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FoundObject {
    /// `Activity`, `Agent`, `Group`, `StatementRef` or `SubStatement`.
    #[schema(required)]
    kind: Option<String>,
    /// The id of the activity or of the statement, or the identifier of the agent or group; null
    /// for a substatement.
    #[schema(required)]
    id: Option<String>,
    /// Its name, if one is known; of a substatement its sentence.
    #[schema(required)]
    name: Option<String>,
    /// The type of the activity, if it is known.
    #[serde(rename = "type")]
    #[schema(required)]
    activity_type: Option<String>,
}

/// The result of a statement; null is what it does not say.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct FoundResult {
    /// Whether it was a success.
    #[schema(required)]
    success: Option<bool>,
    /// Whether it was completed.
    #[schema(required)]
    completion: Option<bool>,
    /// The score.
    score: FoundScore,
    /// Seconds that it took, to hundredths.
    #[schema(required)]
    duration: Option<f64>,
    /// The response; only its first 512 bytes.
    #[schema(required)]
    response: Option<String>,
}

/// A score; null is what the statement does not say.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct FoundScore {
    /// From -1 to 1.
    #[schema(required)]
    scaled: Option<f64>,
    /// As it was given.
    #[schema(required)]
    raw: Option<f64>,
    /// The least possible.
    #[schema(required)]
    min: Option<f64>,
    /// The most possible.
    #[schema(required)]
    max: Option<f64>,
}

/// What is known of the statements of a page beside their facts.
pub(super) struct Names {
    /// What statements say of themselves, by their places.
    pub(super) described: HashMap<u64, Described>,
    /// The names of activities, by id.
    pub(super) activities: HashMap<String, String>,
    /// Whether the reader may see everybody, also in objects.
    pub(super) reaches_all: bool,
}

/// The activities of a page that have to be named: its courses, and objects whose statements do not
/// name them.
pub(super) fn activities(page: &FactPage, described: &HashMap<u64, Described>) -> BTreeSet<String> {
    let mut activities = BTreeSet::new();
    for (row, sequence) in page.sequences.iter().enumerate() {
        let cells = Cells { rows: &page.rows, row };
        activities.extend(cells.text("course"));
        let is_named = described.get(sequence).is_none_or(|it| it.object.is_some());
        let is_activity = cells.text("object.kind").as_deref() == Some(ACTIVITY);
        activities.extend(cells.text("object").filter(|_| is_activity && !is_named));
    }
    activities
}

/// The kind of objects that are activities.
const ACTIVITY: &str = "Activity";

/// The rows of a page, without statements that were erased.
pub(super) fn write_rows(page: &FactPage, names: &Names) -> Vec<FoundStatement> {
    let places = page.sequences.iter().zip(&page.voided).enumerate();
    let write = |(row, (sequence, is_voided)): (usize, (&u64, &bool))| {
        let described = names.described.get(sequence)?;
        let cells = Cells { rows: &page.rows, row };
        Some(FoundStatement {
            sequence: *sequence,
            id: described.id.to_string(),
            stored: cells.time("stored"),
            timestamp: cells.time("timestamp"),
            is_voided: *is_voided,
            person: cells.person(described),
            verb: FoundThing {
                id: cells.text("verb"),
                name: described.verb.clone().or_else(|| cells.text("verb.name")),
            },
            object: cells.object(described, names),
            course: cells.text("course").map(|id| FoundThing {
                name: names.activities.get(&id).cloned().or_else(|| cells.text("course.name")),
                id: Some(id),
            }),
            result: cells.result(),
            registration: cells.text("registration"),
            platform: cells.text("platform"),
            source: cells.text("source"),
        })
    };
    places.filter_map(write).collect()
}

/// The values of a row.
#[derive(Clone, Copy)]
struct Cells<'p> {
    rows: &'p FactRows,
    row: usize,
}

impl<'p> Cells<'p> {
    fn column(self, field: &str) -> Option<&'p RowColumn> {
        let index = FIELDS.iter().position(|known| *known == field)?;
        self.rows.columns.get(index)
    }

    fn text(self, field: &str) -> Option<String> {
        match self.column(field)? {
            RowColumn::Texts { places, texts } => {
                let place = *places.get(self.row)? as usize;
                // The first place stands for nothing.
                texts.get(place).filter(|_| place != 0).cloned()
            }
            RowColumn::Flags(_) | RowColumn::Numbers(_) | RowColumn::Times(_) => None,
        }
    }

    fn flag(self, field: &str) -> Option<bool> {
        match self.column(field)? {
            RowColumn::Flags(flags) => flags.get(self.row).copied().flatten(),
            RowColumn::Texts { .. } | RowColumn::Numbers(_) | RowColumn::Times(_) => None,
        }
    }

    fn number(self, field: &str) -> Option<f64> {
        match self.column(field)? {
            RowColumn::Numbers(numbers) => {
                numbers.get(self.row).copied().filter(|number| !number.is_nan())
            }
            RowColumn::Texts { .. } | RowColumn::Flags(_) | RowColumn::Times(_) => None,
        }
    }

    fn time(self, field: &str) -> String {
        let micros = match self.column(field) {
            Some(RowColumn::Times(times)) => times.get(self.row).copied(),
            Some(RowColumn::Texts { .. } | RowColumn::Flags(_) | RowColumn::Numbers(_)) | None => {
                None
            }
        };
        Timestamp::from_unix_micros(micros.unwrap_or_default()).to_string()
    }

    fn person(self, described: &Described) -> FoundThing {
        let id = self.text("person");
        let name = match id {
            Some(_) => self.text("person.name"),
            // A group without an identifier is named by its members.
            None => Some(described.actor.clone()).filter(|name| !name.is_empty()),
        };
        FoundThing { id, name }
    }

    fn object(self, described: &Described, names: &Names) -> FoundObject {
        let kind = self.text("object.kind");
        let is_activity = kind.as_deref() == Some(ACTIVITY);
        // Other objects may name somebody who is out of reach.
        let is_shown = is_activity || names.reaches_all;
        let id = self.text("object");
        let own = described.object.clone().filter(|_| is_shown);
        let known = || id.as_ref().and_then(|id| names.activities.get(id)).cloned();
        let of_facts = || self.text("object.name");
        FoundObject {
            name: own.or_else(known).or_else(of_facts),
            activity_type: self.text("object.type"),
            id: id.or_else(|| described.target.clone().filter(|_| is_shown)),
            kind,
        }
    }

    fn result(self) -> FoundResult {
        FoundResult {
            success: self.flag("success"),
            completion: self.flag("completion"),
            score: FoundScore {
                scaled: self.number("score.scaled"),
                raw: self.number("score.raw"),
                min: self.number("score.min"),
                max: self.number("score.max"),
            },
            duration: self.number("duration"),
            response: self.text("response"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_in_their_order_and_each_is_there_once() {
        assert!(FIELDS.is_sorted_by(|one, next| one < next));
    }
}
