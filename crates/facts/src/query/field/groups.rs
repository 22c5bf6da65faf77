//! The field `group`: the groups that the person of a fact was a member of at its timestamp.
//!
//! Which groups these are is a set of groups for each fact. It is looked up by the person and the
//! time, so that a change of groups holds for the next question, whenever the facts were made.

use std::collections::HashSet;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use acta_storage::directory::{GroupId, PersonGroup};
use acta_storage::persons::{MembershipSpan, Memberships};
use serde_json::Value as Json;

use super::memo::Lists;
use crate::query::reader::BlockReader;
use crate::query::rows::CodeBits;
use crate::query::time::Zone;
use crate::rows::fields::{CodeColumn, ColumnId, IntColumn};
use crate::tenant::PersonIndex;

/// For each fact the set of groups of its person at its timestamp, by the codes of
/// [`Memberships::set`].
#[derive(Debug)]
pub(crate) struct GroupSets {
    index: Arc<PersonIndex>,
    memberships: Arc<Memberships>,
    /// When each of the dates of memberships begins, in microseconds since 1970.
    starts: Vec<i64>,
}

/// Which groups of a set are the values of a dimension: without a kind and a level, those of which
/// the person was a member itself; with one of them, those that are it out of these and all above
/// them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupChoice {
    pub(crate) kind: Option<String>,
    /// 1 at the top.
    pub(crate) level: Option<usize>,
}

impl GroupChoice {
    const fn is_direct(&self) -> bool {
        self.kind.is_none() && self.level.is_none()
    }

    fn takes(&self, group: &PersonGroup, level: usize) -> bool {
        self.level.is_none_or(|wanted| wanted == level)
            && self.kind.as_ref().is_none_or(|kind| group.kind.as_ref() == Some(kind))
    }
}

/// For which persons and sets of groups a condition holds.
#[derive(Debug)]
pub(crate) struct FoundSets {
    /// The sets.
    pub(crate) sets: CodeBits,
    /// The actors of the persons who have one of these sets at any time.
    pub(crate) actors: CodeBits,
    /// Whether one of these persons has another set, or none, at another time.
    pub(crate) depends_on_time: bool,
}

impl GroupSets {
    /// The sets of all persons, with dates that begin in a time zone.
    pub(crate) fn of(index: &Arc<PersonIndex>, zone: &Zone) -> Self {
        let memberships = Arc::clone(index.persons.memberships());
        let starts = memberships.dates().iter().map(|date| zone.start_of(*date)).collect();
        Self { index: Arc::clone(index), memberships, starts }
    }

    /// The persons and their groups.
    pub(crate) const fn index(&self) -> &Arc<PersonIndex> {
        &self.index
    }

    /// Bytes of memory that are this question's alone.
    pub(crate) fn memory_bytes(&self) -> usize {
        8 * self.starts.len()
    }

    fn spans(&self, actor: u32) -> &[MembershipSpan] {
        let person = self.index.table.get(actor as usize).copied().unwrap_or_default();
        // Those who are no joined person have codes beyond the end, and are in no group.
        person.checked_sub(1).map(|person| self.memberships.spans(person)).unwrap_or_default()
    }

    /// The sets of the rows of a block.
    pub(crate) fn read(&self, reader: &mut BlockReader<'_>) -> io::Result<Rc<Vec<u32>>> {
        let actors = reader.codes(ColumnId::code(CodeColumn::Actor))?;
        if self.starts.is_empty() {
            let set = |actor: &u32| self.spans(*actor).first().map_or(0, |span| span.set);
            return Ok(Rc::new(actors.iter().map(set).collect()));
        }
        let times = reader.ints(IntColumn::Timestamp)?;
        let rows = actors.iter().zip(times.iter());
        Ok(Rc::new(rows.map(|(actor, time)| self.set_at(self.spans(*actor), *time)).collect()))
    }

    fn set_at(&self, spans: &[MembershipSpan], time: i64) -> u32 {
        let start = |span: &MembershipSpan| match span.from.checked_sub(1) {
            Some(date) => self.starts.get(date as usize).copied().unwrap_or(i64::MAX),
            None => i64::MIN,
        };
        let begun = spans.iter().rev().find(|span| start(span) <= time);
        begun.map_or(0, |span| span.set)
    }

    /// The group that a value in a question names; none if there is no such group.
    pub(crate) fn find(&self, value: &Json) -> Result<Option<GroupId>, &'static str> {
        let id = value.as_str().and_then(|text| text.parse().ok());
        let id: GroupId = id.ok_or("expected the id of a group, a UUID")?;
        Ok(self.index.persons.groups().find(id).map(|group| group.id))
    }

    /// The groups with a text in their name, in any case of letters.
    pub(crate) fn named(&self, text: &str) -> HashSet<GroupId> {
        let wanted = text.to_lowercase();
        let groups = self.index.persons.groups().iter();
        groups.filter(|it| it.name.to_lowercase().contains(&wanted)).map(|it| it.id).collect()
    }

    /// Who is when in one of these groups, or in one below it.
    pub(crate) fn within(&self, wanted: &HashSet<GroupId>) -> FoundSets {
        let groups = self.index.persons.groups();
        let is_within =
            |group: &PersonGroup| groups.lineage(group.id).any(|above| wanted.contains(&above.id));
        let groups: CodeBits = if wanted.is_empty() {
            CodeBits::default()
        } else {
            let within = (0..).zip(groups.iter()).filter(|(_, group)| is_within(group));
            within.map(|(index, _)| index).collect()
        };
        let has_one = |set: &u32| self.memberships.set(*set).iter().any(|it| groups.has(*it));
        self.found((0..self.memberships.set_count()).filter(has_one).collect())
    }

    fn found(&self, sets: CodeBits) -> FoundSets {
        let mut depends_on_time = false;
        let mut has_set = |person: &u32| {
            let spans = self.memberships.spans(*person);
            let count = spans.iter().filter(|span| sets.has(span.set)).count();
            let begins_later = spans.first().is_some_and(|span| span.from != 0);
            depends_on_time |= 0 < count && (count < spans.len() || begins_later);
            0 < count
        };
        let persons = 0..self.index.persons.len();
        let codes: CodeBits = persons.filter(|it| has_set(it)).map(|person| person + 1).collect();
        let actors = (0..).zip(&*self.index.table).filter(|(_, person)| codes.has(**person));
        let actors = actors.map(|(actor, _)| actor).collect();
        FoundSets { sets, actors, depends_on_time }
    }

    /// For each set the codes of the groups that are chosen; none if they take more than so many
    /// bytes of memory.
    pub(crate) fn lists(&self, choice: &GroupChoice, bytes_max: usize) -> Option<Lists> {
        let groups = self.index.persons.groups();
        let chosen = |(index, group): (u32, &PersonGroup)| -> Vec<u32> {
            if choice.is_direct() {
                return vec![index + 1];
            }
            let lineage: Vec<&PersonGroup> = groups.lineage(group.id).collect();
            let levels = (1..=lineage.len()).rev();
            let taken = lineage.iter().zip(levels).filter(|(it, level)| choice.takes(it, *level));
            taken.filter_map(|(it, _)| groups.index_of(it.id)).map(|above| above + 1).collect()
        };
        let of_group: Vec<Vec<u32>> = (0..).zip(groups.iter()).map(chosen).collect();
        let mut lists = Lists::default();
        for set in 0..self.memberships.set_count() {
            let members = self.memberships.set(set).iter();
            let of_members = members.filter_map(|group| of_group.get(*group as usize));
            lists.push(of_members.flatten().copied().collect());
            if bytes_max < lists.memory_bytes() {
                return None;
            }
        }
        Some(lists)
    }
}
