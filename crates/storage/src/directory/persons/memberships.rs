//! Who is a member of which groups, by dates, in a form in which it is looked up for each of many
//! rows.

use std::collections::HashMap;

use super::groups::PersonGroups;
use crate::directory::{Date, GroupMembership};

/// From a date on somebody is a member of the groups of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MembershipSpan {
    /// The number of the date in [`Memberships::dates`], from 1; 0 for always before.
    pub from: u32,
    /// The set of groups; 0 is the one without groups.
    pub set: u32,
}

/// The groups of all persons of a tenant. Each person has spans, in the order of time: what holds
/// at a time is the last one that has begun. Before the first one, the person is in no group.
#[derive(Debug)]
pub struct Memberships {
    dates: Vec<Date>,
    /// Where the spans of each person end.
    ends: Vec<u32>,
    spans: Vec<MembershipSpan>,
    sets: Sets,
}

/// Sets of groups by their indices, each set once.
#[derive(Debug)]
struct Sets {
    ends: Vec<u32>,
    groups: Vec<u32>,
}

/// A membership with the numbers of its dates.
struct Numbered {
    group: u32,
    from: u32,
    until: Option<u32>,
}

impl Memberships {
    /// The memberships of persons in their order, as far as there are such groups.
    pub(super) fn of<'p>(
        groups: &PersonGroups,
        persons: impl Iterator<Item = &'p [GroupMembership]> + Clone,
    ) -> Self {
        let bounds = persons.clone().flatten().flat_map(|it| [it.period.from, it.period.until]);
        let mut dates: Vec<Date> = bounds.flatten().collect();
        dates.sort_unstable();
        dates.dedup();
        let mut all = Self {
            dates,
            ends: Vec::new(),
            spans: Vec::new(),
            sets: Sets { ends: vec![0], groups: Vec::new() },
        };
        let mut known = HashMap::from([(Vec::new(), 0)]);
        for memberships in persons {
            let numbered: Vec<Numbered> =
                memberships.iter().filter_map(|it| all.numbered(groups, it)).collect();
            all.add(&numbered, &mut known);
        }
        all
    }

    fn numbered(&self, groups: &PersonGroups, membership: &GroupMembership) -> Option<Numbered> {
        let number = |date: Date| {
            let place = self.dates.binary_search(&date).ok()?;
            u32::try_from(place + 1).ok()
        };
        Some(Numbered {
            group: groups.index_of(membership.group)?,
            from: membership.period.from.map_or(Some(0), number)?,
            until: membership.period.until.and_then(number),
        })
    }

    fn add(&mut self, memberships: &[Numbered], known: &mut HashMap<Vec<u32>, u32>) {
        let bounds = memberships.iter().flat_map(|it| [Some(it.from), it.until]);
        let mut bounds: Vec<u32> = bounds.flatten().collect();
        bounds.sort_unstable();
        bounds.dedup();
        let mut last = 0;
        for from in bounds {
            let holds = |it: &&Numbered| it.from <= from && it.until.is_none_or(|end| from < end);
            let mut groups: Vec<u32> =
                memberships.iter().filter(holds).map(|it| it.group).collect();
            groups.sort_unstable();
            groups.dedup();
            let next = self.sets.len();
            let set = *known.entry(groups).or_insert_with_key(|groups| {
                self.sets.add(groups);
                next
            });
            if set != last {
                self.spans.push(MembershipSpan { from, set });
                last = set;
            }
        }
        self.ends.push(u32::try_from(self.spans.len()).unwrap_or(u32::MAX));
    }

    /// The dates on which something begins or ends, in order.
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// The spans of the person with an index, in the order of time.
    pub fn spans(&self, person: u32) -> &[MembershipSpan] {
        part_of(&self.ends, &self.spans, person)
    }

    /// How many sets there are, with the one without groups.
    pub fn set_count(&self) -> u32 {
        self.sets.len()
    }

    /// The indices of the groups of a set, in order.
    pub fn set(&self, set: u32) -> &[u32] {
        part_of(&self.sets.ends, &self.sets.groups, set)
    }
}

impl Sets {
    fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    fn add(&mut self, groups: &[u32]) {
        self.groups.extend_from_slice(groups);
        self.ends.push(u32::try_from(self.groups.len()).unwrap_or(u32::MAX));
    }
}

/// What lies between two of `ends`.
fn part_of<'p, T>(ends: &[u32], parts: &'p [T], index: u32) -> &'p [T] {
    let end = |index: u32| ends.get(index as usize).copied();
    let start = index.checked_sub(1).and_then(end).unwrap_or_default();
    let end = end(index).unwrap_or_default();
    parts.get(start as usize..end as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use acta_access::TenantId;
    use acta_ambient::Timestamp;
    use acta_xapi::Uuid;

    use super::*;
    use crate::directory::{MembershipPeriod, PersonGroup};

    fn groups(ids: &[u128]) -> PersonGroups {
        let mut groups = PersonGroups::default();
        for id in ids {
            groups.put(PersonGroup {
                id: Uuid::from_u128(*id),
                tenant: TenantId::FIRST,
                name: id.to_string(),
                kind: None,
                parent: None,
                created: Timestamp::from_unix_micros(0),
            });
        }
        groups
    }

    fn membership(group: u128, from: u8, until: u8) -> GroupMembership {
        let date = |day: u8| format!("2026-01-{day:02}").parse().ok();
        let period = MembershipPeriod { from: date(from), until: date(until) };
        GroupMembership { group: Uuid::from_u128(group), period }
    }

    #[test]
    fn each_person_has_the_groups_of_a_time() {
        // No day of January is the 0th: nothing is said then.
        let persons: [Vec<GroupMembership>; 5] = [
            vec![membership(1, 0, 0)],
            vec![membership(1, 3, 9), membership(2, 5, 0)],
            vec![],
            vec![membership(1, 0, 3), membership(1, 9, 0), membership(7, 1, 2)],
            vec![membership(1, 3, 5), membership(1, 5, 9)],
        ];
        let all = Memberships::of(&groups(&[1, 2]), persons.iter().map(Vec::as_slice));
        let dates: Vec<u8> = all.dates().iter().map(|date| date.day()).collect();
        assert_eq!(dates, [1, 2, 3, 5, 9]);
        let spans = |person: u32| -> Vec<(u32, &[u32])> {
            all.spans(person).iter().map(|it| (it.from, all.set(it.set))).collect()
        };
        assert_eq!(spans(0), [(0, &[0][..])]);
        assert_eq!(spans(1), [(3, &[0][..]), (4, &[0, 1]), (5, &[1])]);
        assert_eq!(spans(2), []);
        assert_eq!(spans(3), [(0, &[0][..]), (3, &[]), (5, &[0])]);
        assert_eq!(spans(4), [(3, &[0][..]), (5, &[])]);
        assert_eq!((spans(5), all.set_count(), all.set(0)), (vec![], 4, &[][..]));
    }
}
