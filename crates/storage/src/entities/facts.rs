//! What statements say about activities and persons.

use std::ops::Range;
use std::sync::Arc;

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
/// Statements that came together share their memory; without facts there is none.
#[derive(Clone, Debug, Default)]
pub struct EntityFacts {
    shared: Option<Arc<SharedFacts>>,
    /// Which of the shared ones.
    range: Range<usize>,
}

/// The facts of some statements.
#[derive(Debug, Default)]
struct SharedFacts {
    /// Subject and text, by turns, without separators.
    texts: String,
    bounds: Vec<Bounds>,
}

#[derive(Clone, Copy, Debug)]
struct Bounds {
    kind: EntityKind,
    ordinal: u32,
    start: usize,
    subject_end: usize,
    text_end: usize,
}

impl SharedFacts {
    fn add(&mut self, statement: &Statement) {
        for ((activity, text), ordinal) in statement.definitions().into_iter().zip(0..) {
            self.push((EntityKind::Activity, ordinal), activity.as_str(), text);
        }
        for ((ifi, text), ordinal) in statement.named_actors().into_iter().zip(0..) {
            self.push((EntityKind::Person, ordinal), &ifi.to_key(), text);
        }
    }

    fn push(&mut self, (kind, ordinal): (EntityKind, u32), subject: &str, text: &str) {
        let start = self.texts.len();
        self.texts.push_str(subject);
        let subject_end = self.texts.len();
        self.texts.push_str(text);
        let text_end = self.texts.len();
        self.bounds.push(Bounds { kind, ordinal, start, subject_end, text_end });
    }
}

impl EntityFacts {
    /// What `statement` says.
    pub fn of(statement: &Statement) -> Self {
        Self::of_all(std::iter::once(statement)).pop().unwrap_or_default()
    }

    /// What each of some statements says, in order.
    pub fn of_all<'s>(statements: impl IntoIterator<Item = &'s Statement>) -> Vec<Self> {
        let (mut shared, mut ranges) = (SharedFacts::default(), Vec::new());
        for statement in statements {
            let start = shared.bounds.len();
            shared.add(statement);
            ranges.push(start..shared.bounds.len());
        }
        let shared = Arc::new(shared);
        let of = |range: Range<usize>| Self {
            shared: (!range.is_empty()).then(|| Arc::clone(&shared)),
            range,
        };
        ranges.into_iter().map(of).collect()
    }

    /// The facts in order.
    pub fn iter(&self) -> impl Iterator<Item = EntityFactRef<'_>> {
        let shared = self.shared.as_deref();
        let bounds = shared.and_then(|shared| shared.bounds.get(self.range.clone()));
        let texts = shared.map_or("", |shared| shared.texts.as_str());
        bounds.unwrap_or_default().iter().map(move |bounds| {
            let Bounds { kind, ordinal, start, subject_end, text_end } = *bounds;
            let (subject, text) = (&texts[start..subject_end], &texts[subject_end..text_end]);
            EntityFactRef { kind, subject, text, ordinal }
        })
    }

    /// The memory that it holds beside itself, in bytes, as its part of what is shared.
    pub fn heap_bytes(&self) -> usize {
        let len =
            |fact: EntityFactRef<'_>| size_of::<Bounds>() + fact.subject.len() + fact.text.len();
        self.iter().map(len).sum()
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
