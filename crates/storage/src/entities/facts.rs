//! What statements say about activities and persons.

use acta_xapi::{Statement, merge_definitions};

use crate::Person;

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

/// Everything that one statement says about activities and persons, in the statement's order.
///
/// Without facts it holds no memory of its own, and two pieces however many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityFacts {
    /// Subject and text, by turns, without separators.
    texts: String,
    bounds: Vec<Bounds>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    kind: EntityKind,
    ordinal: u32,
    subject_end: usize,
    text_end: usize,
}

impl EntityFacts {
    /// What `statement` says.
    pub fn of(statement: &Statement) -> Self {
        let mut facts = Self::default();
        for ((activity, text), ordinal) in statement.definitions().into_iter().zip(0..) {
            facts.push((EntityKind::Activity, ordinal), activity.as_str(), text);
        }
        for ((ifi, text), ordinal) in statement.named_actors().into_iter().zip(0..) {
            facts.push((EntityKind::Person, ordinal), &ifi.to_key(), text);
        }
        facts
    }

    fn push(&mut self, (kind, ordinal): (EntityKind, u32), subject: &str, text: &str) {
        self.texts.push_str(subject);
        let subject_end = self.texts.len();
        self.texts.push_str(text);
        self.bounds.push(Bounds { kind, ordinal, subject_end, text_end: self.texts.len() });
    }

    /// The facts in order.
    pub fn iter(&self) -> impl Iterator<Item = EntityFactRef<'_>> {
        let mut start = 0;
        self.bounds.iter().map(move |bounds| {
            let Bounds { kind, ordinal, subject_end, text_end } = *bounds;
            let subject = &self.texts[start..subject_end];
            start = text_end;
            EntityFactRef { kind, subject, text: &self.texts[subject_end..text_end], ordinal }
        })
    }

    /// The memory that it holds beside itself, in bytes.
    pub fn heap_bytes(&self) -> usize {
        self.texts.capacity() + self.bounds.capacity() * size_of::<Bounds>()
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
