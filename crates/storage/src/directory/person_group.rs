//! Groups of persons, which are a tree, and the times at which persons are members of them.
//!
//! A group is a record of its own. The memberships of a person are part of the record of the
//! person, so they are joined, removed and counted with it. Every change of groups also changes the
//! record of [`PersonChanges`](super::PersonChanges) of the tenant, as changes of persons do.

mod date;

use std::fmt;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::Uuid;
use serde::{Deserialize, Serialize};

pub use date::{Date, NotADate};

use super::recorded::{Recorded, corrupt, moment, read_body, write_body};
use super::tenant::Tenant;
use crate::{Record, RecordContent, RecordKind, StorageError};

/// The id of a group of persons.
pub type GroupId = Uuid;

/// A group of persons: a unit, a class, a cohort.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonGroup {
    /// The id of the group.
    pub id: GroupId,
    /// The tenant that the group belongs to.
    pub tenant: TenantId,
    /// The name: different from those of the other groups below the same one.
    pub name: String,
    /// What kind of group it is, such as `unit` or `class`, if that was said.
    pub kind: Option<String>,
    /// The group that it is below; none for one at the top.
    pub parent: Option<GroupId>,
    /// When the group was created.
    pub created: Timestamp,
}

impl fmt::Debug for PersonGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonGroup")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("parent", &self.parent)
            .finish_non_exhaustive()
    }
}

impl PersonGroup {
    /// Most groups of a tenant.
    pub const COUNT_MAX: usize = 20_000;

    /// Most levels of groups, that at the top included.
    pub const LEVELS_MAX: usize = 16;

    /// Longest name, in characters.
    pub const NAME_CHARS_MAX: usize = 200;

    /// Longest kind, in characters.
    pub const KIND_CHARS_MAX: usize = 40;

    /// The id of the record of a group.
    pub fn record_id_of(tenant: TenantId, id: GroupId) -> String {
        format!("{}.{id}", Tenant::record_id_of(tenant))
    }
}

#[derive(Serialize, Deserialize)]
struct GroupBody {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    created: i64,
}

impl Recorded for PersonGroup {
    const KIND: RecordKind = RecordKind::PersonGroup;

    fn record_id(&self) -> String {
        Self::record_id_of(self.tenant, self.id)
    }

    fn to_content(&self) -> RecordContent {
        let body = GroupBody {
            name: self.name.clone(),
            kind: self.kind.clone(),
            parent: self.parent.map(|parent| parent.to_string()),
            created: self.created.unix_micros(),
        };
        let (owner, name, expires) = (None, None, None);
        RecordContent { tenant: Some(self.tenant), owner, name, expires, body: write_body(&body) }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: GroupBody = read_body(record)?;
        let corrupt = || corrupt(record);
        let (_, id) = record.id.split_once('.').ok_or_else(corrupt)?;
        let parent = body.parent.map(|parent| parent.parse()).transpose();
        Ok(Self {
            id: id.parse().map_err(|_not_an_id| corrupt())?,
            tenant: record.content.tenant.ok_or_else(corrupt)?,
            name: body.name,
            kind: body.kind,
            parent: parent.map_err(|_not_an_id| corrupt())?,
            created: moment(body.created),
        })
    }
}

/// When somebody is a member of a group: from the beginning of one day to before that of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MembershipPeriod {
    /// The first day; none for always before.
    pub from: Option<Date>,
    /// The first day that is not part of it; none for an open end.
    pub until: Option<Date>,
}

impl MembershipPeriod {
    /// Whether there is a day in it.
    pub fn has_days(self) -> bool {
        begins_before(self.from, self.until)
    }

    /// Whether there is a day in both.
    pub fn overlaps(self, other: Self) -> bool {
        begins_before(self.from, other.until) && begins_before(other.from, self.until)
    }

    /// Whether one begins when the other ends, or before that.
    fn meets(self, other: Self) -> bool {
        let reaches = |end: Option<Date>, start: Option<Date>| match (end, start) {
            (Some(end), Some(start)) => start <= end,
            (None, _) | (_, None) => true,
        };
        reaches(self.until, other.from) && reaches(other.until, self.from)
    }
}

fn begins_before(from: Option<Date>, until: Option<Date>) -> bool {
    match (from, until) {
        (Some(from), Some(until)) => from < until,
        (None, _) | (_, None) => true,
    }
}

/// A time at which a person is a member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupMembership {
    /// The group. If there is no such group any more, the membership counts for nothing.
    pub group: GroupId,
    /// When.
    pub period: MembershipPeriod,
}

impl GroupMembership {
    /// All of several memberships of one person, in order: those of a group that overlap or follow
    /// each other are one.
    pub fn merged(mut memberships: Vec<Self>) -> Vec<Self> {
        memberships.sort_unstable();
        let mut merged: Vec<Self> = Vec::with_capacity(memberships.len());
        for next in memberships {
            match merged.last_mut() {
                Some(last) if last.group == next.group && last.period.meets(next.period) => {
                    let (one, other) = (last.period.until, next.period.until);
                    last.period.until = one.zip(other).map(|(one, other)| one.max(other));
                }
                Some(_) | None => merged.push(next),
            }
        }
        merged
    }
}

/// A membership in the record of a person.
#[derive(Serialize, Deserialize)]
pub(super) struct MembershipBody {
    group: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

impl MembershipBody {
    pub(super) fn of(membership: &GroupMembership) -> Self {
        let text = |date: Option<Date>| date.map(|date| date.to_string());
        let MembershipPeriod { from, until } = membership.period;
        Self { group: membership.group.to_string(), from: text(from), until: text(until) }
    }

    /// The membership; none if something of it cannot be read.
    pub(super) fn read(&self) -> Option<GroupMembership> {
        let date = |text: &Option<String>| text.as_deref().map(str::parse).transpose().ok();
        let period = MembershipPeriod { from: date(&self.from)?, until: date(&self.until)? };
        Some(GroupMembership { group: self.group.parse().ok()?, period })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn membership(group: u128, from: Option<&str>, until: Option<&str>) -> GroupMembership {
        let date = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let period = MembershipPeriod { from: date(from), until: date(until) };
        GroupMembership { group: Uuid::from_u128(group), period }
    }

    #[test]
    fn groups_and_memberships_are_read_as_they_were_written() {
        for (kind, parent) in [(None, None), (Some("unit"), Some(Uuid::from_u128(1)))] {
            let group = PersonGroup {
                id: Uuid::from_u128(7),
                tenant: TenantId::FIRST,
                name: "Nörd".to_owned(),
                kind: kind.map(str::to_owned),
                parent,
                created: Timestamp::from_unix_micros(5),
            };
            let (kind, id, content) =
                (RecordKind::PersonGroup, group.record_id(), group.to_content());
            let record = Record { kind, id, version: 1, content };
            assert_eq!(PersonGroup::from_record(&record).unwrap(), group);
        }
        for membership in [
            membership(1, None, None),
            membership(1, Some("2024-02-29"), None),
            membership(2, Some("2024-02-29"), Some("2025-01-01")),
        ] {
            assert_eq!(MembershipBody::of(&membership).read(), Some(membership));
        }
    }

    #[test]
    fn memberships_of_one_group_that_meet_are_one() {
        let (a, b, c, d) =
            (Some("2024-01-01"), Some("2024-02-01"), Some("2024-03-01"), Some("2024-04-01"));
        let table = [
            (vec![(1, a, b), (1, b, c)], vec![(1, a, c)]),
            (vec![(1, b, c), (1, a, c)], vec![(1, a, c)]),
            (vec![(1, a, b), (1, c, d)], vec![(1, a, b), (1, c, d)]),
            (vec![(1, a, None), (1, b, c)], vec![(1, a, None)]),
            (vec![(1, None, b), (1, a, None)], vec![(1, None, None)]),
            (vec![(2, a, b), (1, a, b)], vec![(1, a, b), (2, a, b)]),
            (vec![(1, None, b), (1, None, d)], vec![(1, None, d)]),
        ];
        for (given, expected) in table {
            let all = |list: &[(u128, Option<&str>, Option<&str>)]| {
                list.iter().map(|(group, from, until)| membership(*group, *from, *until)).collect()
            };
            let expected: Vec<GroupMembership> = all(&expected);
            assert_eq!(GroupMembership::merged(all(&given)), expected, "{given:?}");
        }
    }

    #[test]
    fn periods_have_days_and_overlap_or_not() {
        let period = |from, until| membership(1, from, until).period;
        let (a, b, c) = (Some("2024-01-01"), Some("2024-02-01"), Some("2024-03-01"));
        assert!(period(a, b).has_days() && period(None, None).has_days());
        assert!(!period(a, a).has_days() && !period(b, a).has_days());
        for (one, other, expected) in [
            (period(a, b), period(b, c), false),
            (period(a, c), period(b, c), true),
            (period(None, b), period(a, None), true),
            (period(None, a), period(a, None), false),
            (period(None, None), period(b, c), true),
        ] {
            assert_eq!(one.overlaps(other), expected, "{one:?} {other:?}");
            assert_eq!(other.overlaps(one), expected, "{other:?} {one:?}");
        }
    }
}
