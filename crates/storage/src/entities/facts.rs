//! What statements say about activities and persons.

use acta_xapi::{Statement, merge_definitions};

use crate::{FeedRecord, Person};

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityKind {
    /// An activity, which is defined.
    Activity,
    /// A person, who is named.
    Person,
}

/// One statement's word about an activity or a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityFact {
    /// What it is about.
    pub kind: EntityKind,
    /// The id of the activity, or the key of the person's identifier.
    pub subject: Box<str>,
    /// The JSON text of the definition, or the name.
    pub text: Box<str>,
    /// The statement's place in the tenant's log.
    pub sequence: u64,
    /// The fact's place among those of its kind in the statement, from 0.
    pub ordinal: u32,
}

/// A fact that is not owned yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityFactRef<'a> {
    /// What it is about.
    pub kind: EntityKind,
    /// The id of the activity, or the key of the person's identifier.
    pub subject: &'a str,
    /// The JSON text of the definition, or the name.
    pub text: &'a str,
    /// The fact's place among those of its kind in the statement, from 0.
    pub ordinal: u32,
}

impl EntityFactRef<'_> {
    /// The fact, owned, of the statement with this sequence.
    pub fn to_fact(self, sequence: u64) -> EntityFact {
        let Self { kind, subject, text, ordinal } = self;
        EntityFact { kind, subject: subject.into(), text: text.into(), sequence, ordinal }
    }
}

/// Calls `use_fact` with every fact of a statement, in the statement's order.
pub fn extract_entity_facts(statement: &Statement, mut use_fact: impl FnMut(EntityFactRef<'_>)) {
    for ((activity, text), ordinal) in statement.definitions().into_iter().zip(0..) {
        let subject = activity.as_str();
        use_fact(EntityFactRef { kind: EntityKind::Activity, subject, text, ordinal });
    }
    for ((ifi, text), ordinal) in statement.named_actors().into_iter().zip(0..) {
        let subject = &ifi.to_key();
        use_fact(EntityFactRef { kind: EntityKind::Person, subject, text, ordinal });
    }
}

/// Calls `use_fact` with every fact of a record and with its sequence.
pub(super) fn extract_from_record(
    record: &FeedRecord,
    mut use_fact: impl FnMut(EntityFactRef<'_>, u64),
) {
    if let Some(statement) = record.statement().and_then(|statement| statement.parsed()) {
        extract_entity_facts(statement, |fact| use_fact(fact, record.sequence));
    }
}

/// The definition of an activity once all of `newer` has been said.
pub fn merge_all<'a>(
    known: Option<String>,
    newer: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    newer.into_iter().fold(known, |known, newer| Some(merge_definitions(known.as_deref(), newer)))
}

impl Person {
    /// Adds a name, used later than those that are known.
    pub fn add_name(&mut self, name: &str) {
        self.names.retain(|known| known != name);
        self.names.push(name.to_owned());
    }
}
