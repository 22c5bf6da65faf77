//! What rows of facts name: persons, groups with their members, and activities, as tables.

use std::io;
use std::ops::Range;

use acta_storage::directory::{Date, PersonGroup};
use serde_json::{Map, Value as Json};

use super::{COLUMNS, ColumnValues, Table};
use crate::query::CodeBits;
use crate::rows::fields::Domain;
use crate::tenant::{Attribute, PersonIndex, Texts};

/// Attributes of persons that have columns of their own.
const ATTRIBUTES: [&str; 4] = ["unit", "job", "manager", "start_date"];

/// A table beside that of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Each person that is known or has facts.
    Persons,
    /// Each group.
    Groups,
    /// Each time at which a person is a member of a group.
    Members,
    /// Each activity that a statement names.
    Activities,
}

impl Relation {
    /// All of them.
    pub const EVERY: [Self; 4] = [Self::Persons, Self::Groups, Self::Members, Self::Activities];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Persons => "persons",
            Self::Groups => "groups",
            Self::Members => "members",
            Self::Activities => "activities",
        }
    }

    /// The names of its columns, which are all texts. Rows are found by the first.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Persons => {
                &["person", "id", "name", "unit", "job", "manager", "start_date", "attributes"]
            }
            Self::Groups => &["id", "name", "kind", "parent"],
            Self::Members => &["person", "group_id", "from_date", "until_date"],
            Self::Activities => &["id", "name", "type", "interaction"],
        }
    }

    /// Whether no two rows have the same first column.
    pub const fn is_unique(self) -> bool {
        !matches!(self, Self::Members)
    }
}

/// The rows of a relation at one moment, by their codes.
#[derive(Debug)]
pub struct RelationRows {
    relation: Relation,
    /// The code of the first column, and of members the place of the membership.
    rows: Vec<(u32, u32)>,
    /// The attributes of persons with the places of their texts and 1, by the code of the person.
    attributes: Vec<(String, Vec<u32>)>,
}

impl RelationRows {
    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Table {
    /// The rows of a relation; none if `stop` has told to give up.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub fn relation(
        &self,
        relation: Relation,
        stop: &dyn Fn() -> bool,
    ) -> io::Result<Option<RelationRows>> {
        let index = self.persons.as_deref();
        let (mut attributes, of_code) = (Vec::new(), |code: u32| (code, 0));
        let rows = match relation {
            Relation::Persons => {
                let Some(seen) = self.persons_with_facts(stop)? else { return Ok(None) };
                let (known, count) = index.map_or((0, self.actor_count()), |index| {
                    (index.persons.len(), u32::try_from(index.len()).unwrap_or(u32::MAX))
                });
                if let Some(index) = index {
                    let names = index.persons.attribute_names();
                    attributes = names.map(|it| (it.to_owned(), index.attribute(it))).collect();
                }
                let is_there = |code: &u32| *code <= known || seen.has(*code);
                (1..=count).filter(is_there).map(of_code).collect()
            }
            Relation::Groups => {
                let count = index.map_or(0, |index| index.persons.groups().len());
                (1..=count).map(of_code).collect()
            }
            Relation::Members => index.map(memberships).unwrap_or_default(),
            Relation::Activities => {
                let texts = self.facts.texts();
                let activities = texts.of(Domain::Activities);
                // Agents may be objects too; their identifiers are JSON.
                let is_activity = |code: &u32| !activities.text(*code).starts_with('{');
                (1..=activities.len()).filter(is_activity).map(of_code).collect()
            }
        };
        Ok(Some(RelationRows { relation, rows, attributes }))
    }

    /// The places of the rows whose first column is a text.
    pub fn find_in(&self, found: &RelationRows, text: &str) -> Range<usize> {
        let texts = self.facts.texts();
        let code = match (found.relation, self.persons.as_deref()) {
            (Relation::Persons | Relation::Members, Some(index)) => {
                let code = index.find(&texts, text);
                // A person is found by each of its identifiers, but has the first.
                code.filter(|code| index.text(&texts, *code) == text)
            }
            (Relation::Persons, None) => texts.of(Domain::Actors).find(text.as_bytes()),
            (Relation::Groups, Some(index)) => {
                let place = text.parse().ok().and_then(|id| index.persons.groups().index_of(id));
                let code = place.map(|place| place + 1);
                code.filter(|code| group(index, *code).is_some_and(|it| it.id.to_string() == text))
            }
            (Relation::Groups | Relation::Members, None) => None,
            (Relation::Activities, _) => texts.of(Domain::Activities).find(text.as_bytes()),
        };
        let Some(code) = code else { return 0..0 };
        let start = found.rows.partition_point(|(known, _)| *known < code);
        start..found.rows.partition_point(|(known, _)| *known <= code)
    }

    /// The value in a column of the row at a place, if it has one.
    pub fn value_in(&self, found: &RelationRows, place: usize, column: usize) -> Option<String> {
        let (code, part) = *found.rows.get(place)?;
        let texts = self.facts.texts();
        let index = self.persons.as_deref();
        match found.relation {
            Relation::Persons => self.person_value(&texts, found, (code, column)),
            Relation::Groups => group_value(index?, code, column),
            Relation::Members => member_value(index?, &texts, (code, part), column),
            Relation::Activities => activity_value(&texts, code, column),
        }
    }

    fn actor_count(&self) -> u32 {
        self.facts.texts().of(Domain::Actors).len()
    }

    /// The persons who did what is not voided; none if `stop` has told to give up.
    fn persons_with_facts(&self, stop: &dyn Fn() -> bool) -> io::Result<Option<CodeBits>> {
        let mut seen = CodeBits::default();
        let Some(column) = COLUMNS.iter().position(|column| column.name == "person") else {
            return Ok(Some(seen));
        };
        for block in self.blocks() {
            if stop() {
                return Ok(None);
            }
            let mut reader = block.reader();
            let rows = reader.live_rows()?;
            let ColumnValues::Codes(codes) = reader.values(column)? else { continue };
            for row in rows {
                seen.insert(codes[row as usize]);
            }
        }
        Ok(Some(seen))
    }

    fn person_value(
        &self,
        texts: &Texts,
        found: &RelationRows,
        (code, column): (u32, usize),
    ) -> Option<String> {
        let index = self.persons.as_deref();
        let name = *Relation::Persons.columns().get(column)?;
        match (name, index) {
            ("person", Some(index)) => Some(index.text(texts, code).to_owned()),
            ("person", None) => Some(texts.of(Domain::Actors).text(code).to_owned()),
            ("name", Some(index)) => index.name(texts, code).map(str::to_owned),
            ("name", None) => named(texts, Attribute::ActorName, code),
            (_, None) => None,
            ("id", Some(index)) => {
                let place = code.checked_sub(1)?;
                index.persons.id(place).map(|id| id.to_string())
            }
            ("attributes", Some(index)) => {
                let known = found.attributes.iter().filter_map(|(name, codes)| {
                    Some((name.clone(), Json::from(attribute_text(index, codes, code)?)))
                });
                let known: Map<String, Json> = known.collect();
                (!known.is_empty()).then(|| Json::Object(known).to_string())
            }
            (name, Some(index)) => {
                debug_assert!(ATTRIBUTES.contains(&name), "{name} is no attribute");
                let (_, codes) = found.attributes.iter().find(|(known, _)| known == name)?;
                attribute_text(index, codes, code).map(str::to_owned)
            }
        }
    }
}

/// The members of groups that there are: the code of the person, and the place of the membership
/// among those of the person.
fn memberships(index: &PersonIndex) -> Vec<(u32, u32)> {
    let persons = &index.persons;
    let of_person = |person: u32| {
        let memberships = (0..).zip(persons.memberships_of(person));
        let known = memberships.filter(|(_, it)| persons.groups().find(it.group).is_some());
        known.map(move |(place, _)| (person + 1, place))
    };
    (0..persons.len()).flat_map(of_person).collect()
}

fn attribute_text<'i>(index: &'i PersonIndex, codes: &[u32], person: u32) -> Option<&'i str> {
    let place = codes.get(person as usize)?.checked_sub(1)?;
    index.persons.attribute_texts().get(place as usize).map(|text| &**text)
}

/// What a dictionary is told to be named, typed and so on.
fn named(texts: &Texts, attribute: Attribute, code: u32) -> Option<String> {
    let name = *texts.attribute(attribute).get(code as usize)?;
    (name != 0).then(|| texts.of(attribute.domain()).text(name).to_owned())
}

fn group(index: &PersonIndex, code: u32) -> Option<&PersonGroup> {
    index.persons.groups().get(code.checked_sub(1)?)
}

fn group_value(index: &PersonIndex, code: u32, column: usize) -> Option<String> {
    let group = group(index, code)?;
    match *Relation::Groups.columns().get(column)? {
        "id" => Some(group.id.to_string()),
        "name" => Some(group.name.clone()),
        "kind" => group.kind.clone(),
        _ => group.parent.map(|parent| parent.to_string()),
    }
}

fn member_value(
    index: &PersonIndex,
    texts: &Texts,
    (code, part): (u32, u32),
    column: usize,
) -> Option<String> {
    let memberships = index.persons.memberships_of(code.checked_sub(1)?);
    let membership = memberships.get(part as usize)?;
    let text = |date: Option<Date>| date.map(|date| date.to_string());
    match *Relation::Members.columns().get(column)? {
        "person" => Some(index.text(texts, code).to_owned()),
        "group_id" => Some(membership.group.to_string()),
        "from_date" => text(membership.period.from),
        _ => text(membership.period.until),
    }
}

fn activity_value(texts: &Texts, code: u32, column: usize) -> Option<String> {
    match *Relation::Activities.columns().get(column)? {
        "id" => Some(texts.of(Domain::Activities).text(code).to_owned()),
        "name" => named(texts, Attribute::ActivityName, code),
        "type" => named(texts, Attribute::ActivityType, code),
        _ => named(texts, Attribute::ActivityInteraction, code),
    }
}
