//! Facts: what statements say about activities and persons.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use acta_access::Defines;
use acta_xapi::{ActivityId, DEFINITION_BYTES_MAX, Ifi, MergedDefinition, Object, Statement};

/// The kind of entity that a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityKind {
    /// The definition of an activity.
    Activity,
    /// The name of a person.
    Person,
}

/// One definition or name in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityFact {
    /// The kind of entity.
    pub kind: EntityKind,
    /// The id of the activity, or the key of the person's identifier.
    pub subject: Box<str>,
    /// The JSON text of the definition, or the name.
    pub text: Box<str>,
    /// The sequence of the statement in the tenant's log.
    pub sequence: u64,
    /// The index among the facts of its kind in the statement.
    pub ordinal: u32,
}

/// A borrowed fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityFactRef<'a> {
    /// The kind of entity.
    pub kind: EntityKind,
    /// The id of the activity, or the key of the person's identifier.
    pub subject: &'a str,
    /// The JSON text of the definition, or the name.
    pub text: &'a str,
    /// The index among the facts of its kind in the statement.
    pub ordinal: u32,
}

impl EntityFactRef<'_> {
    /// The owned fact, of the statement with this sequence.
    pub fn to_fact(self, sequence: u64) -> EntityFact {
        let Self { kind, subject, text, ordinal } = self;
        EntityFact { kind, subject: subject.into(), text: text.into(), sequence, ordinal }
    }
}

/// All facts of one statement about activities and persons, in the statement's order.
///
/// Statements of a batch share one allocation; without facts there is none.
#[derive(Clone, Default)]
pub struct EntityFacts {
    /// Facts one after the other: kind, ordinal, lengths of subject and text, subject, text.
    shared: Option<Arc<[u8]>>,
    /// The range of this statement's facts.
    range: Range<usize>,
}

impl fmt::Debug for EntityFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntityFacts").field("count", &self.iter().count()).finish_non_exhaustive()
    }
}

/// Bytes of a fact before its subject and text.
const HEAD_BYTES: usize = 13;

fn push(out: &mut Vec<u8>, fact: EntityFactRef<'_>) {
    let number = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    out.push(match fact.kind {
        EntityKind::Activity => 0,
        EntityKind::Person => 1,
    });
    out.extend_from_slice(&fact.ordinal.to_le_bytes());
    out.extend_from_slice(&number(fact.subject.len()));
    out.extend_from_slice(&number(fact.text.len()));
    out.extend_from_slice(fact.subject.as_bytes());
    out.extend_from_slice(fact.text.as_bytes());
}

/// Splits the first fact off `rest`.
fn take<'f>(rest: &mut &'f [u8]) -> Option<EntityFactRef<'f>> {
    let (head, behind) = rest.split_first_chunk::<HEAD_BYTES>()?;
    let number = |from: usize| {
        let bytes = head.get(from..from + 4).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    };
    let kind = if head[0] == 0 { EntityKind::Activity } else { EntityKind::Person };
    let (subject, behind) = behind.split_at_checked(number(5) as usize)?;
    let (text, behind) = behind.split_at_checked(number(9) as usize)?;
    *rest = behind;
    let (subject, text) = (str::from_utf8(subject).ok()?, str::from_utf8(text).ok()?);
    Some(EntityFactRef { kind, subject, text, ordinal: number(1) })
}

impl EntityFacts {
    /// The facts of `statement`, of what it `defines`.
    pub fn of(statement: &Statement, defines: Defines) -> Self {
        Self::of_all(std::iter::once((statement, defines))).pop().unwrap_or_default()
    }

    /// The facts of each of some statements, of what it defines, in order.
    ///
    /// Definitions and names that are too long to be kept are left out.
    pub fn of_all<'s>(statements: impl IntoIterator<Item = (&'s Statement, Defines)>) -> Vec<Self> {
        let (mut bytes, mut ranges) = (Vec::with_capacity(1024), Vec::new());
        for (statement, defines) in statements {
            let start = bytes.len();
            for ((activity, text), ordinal) in definitions_of(statement, defines).zip(0..) {
                let (kind, subject) = (EntityKind::Activity, activity.as_str());
                push(&mut bytes, EntityFactRef { kind, subject, text, ordinal });
            }
            for ((ifi, text), ordinal) in names_of(statement, defines).zip(0..) {
                let (kind, subject) = (EntityKind::Person, &*ifi.to_key());
                push(&mut bytes, EntityFactRef { kind, subject, text, ordinal });
            }
            ranges.push(start..bytes.len());
        }
        // Without spare capacity, since it stays in memory for a while.
        let shared: Option<Arc<[u8]>> = (!bytes.is_empty()).then(|| bytes.into());
        ranges.into_iter().map(|range| Self { shared: shared.clone(), range }).collect()
    }

    /// The facts in order.
    pub fn iter(&self) -> impl Iterator<Item = EntityFactRef<'_>> {
        let shared = self.shared.as_deref();
        let mut rest = shared.and_then(|all| all.get(self.range.clone())).unwrap_or_default();
        std::iter::from_fn(move || take(&mut rest))
    }

    /// Its part of the shared allocation, in bytes.
    pub fn heap_bytes(&self) -> usize {
        self.range.len()
    }
}

/// The definitions of activities that become known by a statement.
pub(crate) fn definitions_of(
    statement: &Statement,
    defines: Defines,
) -> impl Iterator<Item = (&ActivityId, &str)> {
    let all = match defines {
        Defines::All => statement.definitions(),
        Defines::Object => {
            let object = match &statement.object {
                Object::Activity(activity) => Some(&activity.id),
                Object::Actor(_) | Object::StatementRef(_) | Object::SubStatement(_) => None,
            };
            // The object comes first, if it has a definition.
            let first = statement.definitions().into_iter().next();
            first.filter(|(activity, _)| Some(*activity) == object).into_iter().collect()
        }
        Defines::Nothing => Vec::new(),
    };
    all.into_iter().filter(|(_, text)| text.len() <= DEFINITION_BYTES_MAX)
}

/// The names of agents that become known by a statement.
pub(crate) fn names_of(
    statement: &Statement,
    defines: Defines,
) -> impl Iterator<Item = (&Ifi, &str)> {
    let all = match defines {
        Defines::All => statement.named_actors(),
        Defines::Object | Defines::Nothing => Vec::new(),
    };
    all.into_iter().filter(|(_, name)| name.len() <= Person::NAME_BYTES_MAX)
}

/// The definition of an activity after merging all of `newer`.
pub fn merge_all<'a>(
    known: Option<&str>,
    newer: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let mut merged = MergedDefinition::new(known);
    for newer in newer {
        merged.add(newer);
    }
    merged.to_text()
}

/// The person that an identifier refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Every name used with the identifier, without duplicates, the most recently used last.
    pub names: Vec<String>,
}

impl Person {
    /// Most names that are kept of a person: those that were used last.
    pub const NAMES_COUNT_MAX: usize = 100;

    /// Longest name that is kept, in bytes of UTF-8.
    pub const NAME_BYTES_MAX: usize = 1_024;

    /// Adds a name, used later than those that are known. The one that was used first goes
    /// when there are too many.
    pub fn add_name(&mut self, name: &str) {
        self.names.retain(|known| known != name);
        self.names.push(name.to_owned());
        let excess = self.names.len().saturating_sub(Self::NAMES_COUNT_MAX);
        self.names.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use acta_xapi::{ParseLimits, Version, parse_statement};

    use super::*;

    fn statement(actor: &str, object: &str) -> Statement {
        let text = format!(
            r#"{{"actor":{actor},"verb":{{"id":"http://example.org/v"}},"object":{object}}}"#
        );
        parse_statement(text.as_bytes(), Version::V2_0_0, &ParseLimits::default()).unwrap()
    }

    #[test]
    fn facts_of_several_statements_are_those_of_each() {
        let named = r#"{"mbox":"mailto:ada@example.org","name":"Ada ä"}"#;
        let nameless = r#"{"mbox":"mailto:bob@example.org"}"#;
        let defined = r#"{"id":"http://example.org/a","definition":{"name":{"en":"A"}}}"#;
        let plain = r#"{"id":"http://example.org/a"}"#;
        let all = [
            statement(named, defined),
            statement(nameless, plain),
            statement(nameless, defined),
            statement(named, plain),
        ];
        let together = EntityFacts::of_all(all.iter().map(|it| (it, Defines::All)));
        let counts: Vec<usize> = together.iter().map(|facts| facts.iter().count()).collect();
        assert_eq!(counts, [2, 0, 1, 1]);
        for (facts, statement) in together.iter().zip(&all) {
            let alone = EntityFacts::of(statement, Defines::All);
            assert!(facts.iter().eq(alone.iter()), "{statement:?}");
        }
        let facts: Vec<_> = together[0].iter().map(|fact| (fact.kind, fact.text)).collect();
        let definition = r#"{"name":{"en":"A"}}"#;
        assert_eq!(facts, [(EntityKind::Activity, definition), (EntityKind::Person, "Ada ä")]);
    }

    #[test]
    fn a_statement_says_only_what_it_defines() {
        let named = r#"{"mbox":"mailto:ada@example.org","name":"Ada"}"#;
        let text = |more: &str| {
            format!(
                r#"{{"actor":{named},"verb":{{"id":"http://example.org/v"}},"object":{{"id":"http://example.org/a"{more}}},"context":{{"contextActivities":{{"parent":[{{"id":"http://example.org/b","definition":{{}}}}]}}}}}}"#
            )
        };
        let parse = |text: String| {
            parse_statement(text.as_bytes(), Version::V2_0_0, &ParseLimits::default()).unwrap()
        };
        let defined = parse(text(r#","definition":{}"#));
        let plain = parse(text(""));
        let table = [
            (&defined, Defines::All, vec!["http://example.org/a", "http://example.org/b", "Ada"]),
            (&defined, Defines::Object, vec!["http://example.org/a"]),
            (&plain, Defines::Object, vec![]),
            (&defined, Defines::Nothing, vec![]),
        ];
        for (statement, defines, expected) in table {
            let facts = EntityFacts::of(statement, defines);
            let about = facts.iter().map(|fact| match fact.kind {
                EntityKind::Activity => fact.subject,
                EntityKind::Person => fact.text,
            });
            assert!(about.eq(expected.iter().copied()), "{defines:?}: {facts:?}");
        }
    }

    #[test]
    fn what_is_too_long_to_be_kept_is_no_fact() {
        let long = "x".repeat(DEFINITION_BYTES_MAX);
        let definition =
            format!(r#"{{"id":"http://example.org/a","definition":{{"name":{{"en":"{long}"}}}}}}"#);
        let actor = format!(r#"{{"mbox":"mailto:ada@example.org","name":"{long}"}}"#);
        let facts = EntityFacts::of(&statement(&actor, &definition), Defines::All);
        assert_eq!(facts.iter().count(), 0);
    }

    #[test]
    fn a_person_keeps_the_names_used_last() {
        let mut person = Person::default();
        for number in 0..=Person::NAMES_COUNT_MAX {
            person.add_name(&number.to_string());
        }
        assert_eq!(person.names.len(), Person::NAMES_COUNT_MAX);
        assert_eq!(person.names.first().map(String::as_str), Some("1"));
        person.add_name("1");
        assert_eq!(person.names.last().map(String::as_str), Some("1"));
        assert_eq!(person.names.len(), Person::NAMES_COUNT_MAX);
    }
}
