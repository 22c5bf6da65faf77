//! What one statement tells of activities and persons.

use acta_xapi::Statement;

/// What one statement tells of activities and persons, in the statement's order.
///
/// Without facts it holds no memory of its own, and two pieces however many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// About whom and what is said, by turns, without separators.
    text: String,
    facts: Vec<Bounds>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    kind: FactKind,
    about_end: usize,
    said_end: usize,
}

/// Of what kind a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum FactKind {
    /// An activity is defined.
    Definition,
    /// A person is named.
    Name,
}

/// One fact, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fact<'a> {
    /// Of what kind.
    pub(crate) kind: FactKind,
    /// The activity's id, or the key of the person's identifier.
    pub(crate) about: &'a str,
    /// The definition's JSON text, or the name.
    pub(crate) said: &'a str,
}

impl Told {
    /// What `statement` tells.
    pub(crate) fn of(statement: &Statement) -> Self {
        let mut told = Self::default();
        for (activity, definition) in statement.definitions() {
            told.push(Fact {
                kind: FactKind::Definition,
                about: activity.as_str(),
                said: definition,
            });
        }
        for (ifi, name) in statement.named_actors() {
            told.push(Fact { kind: FactKind::Name, about: &ifi.to_key(), said: name });
        }
        told
    }

    /// Adds a fact behind the others.
    pub(crate) fn push(&mut self, fact: Fact<'_>) {
        self.text.push_str(fact.about);
        let about_end = self.text.len();
        self.text.push_str(fact.said);
        self.facts.push(Bounds { kind: fact.kind, about_end, said_end: self.text.len() });
    }

    /// The facts in order.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Fact<'_>> {
        let mut start = 0;
        self.facts.iter().map(move |bounds| {
            let Bounds { kind, about_end, said_end } = *bounds;
            let about = &self.text[start..about_end];
            start = said_end;
            Fact { kind, about, said: &self.text[about_end..said_end] }
        })
    }

    /// The memory that it holds, in bytes.
    pub(crate) fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.text.capacity() + self.facts.capacity() * size_of::<Bounds>()
    }
}
