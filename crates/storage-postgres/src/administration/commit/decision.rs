//! Deciding whether a change happens, given what was locked.

use std::collections::{BTreeMap, HashMap, HashSet};

use acta_storage::{ChainHead, Committed, Expected, Record, RecordWrite};

use super::keys::{ChangeKeys, may_make};
use super::limits::column_of;

/// The locked rows.
#[derive(Debug, Default)]
pub(super) struct Locked {
    /// By kind and id; with version 0 if they exist only to be locked.
    pub(super) records: HashMap<(&'static str, String), Record>,
    /// The ids of the records that have names, by kind and name.
    pub(super) holders: HashMap<(String, String), String>,
    /// How many records the limits of writes count, by the index of the write.
    pub(super) counts: HashMap<usize, i64>,
    /// The ends of the chains.
    pub(super) heads: BTreeMap<i32, ChainHead>,
    /// Whether the first entry of the change is already in its chain.
    pub(super) is_recorded: bool,
}

impl Locked {
    /// The record of a write, if there is one.
    pub(super) fn find(&self, write: &RecordWrite) -> Option<&Record> {
        let found = self.records.get(&(write.kind.as_str(), write.id.clone()));
        found.filter(|record| 0 < record.version)
    }

    /// Whether everything that must be locked is, and was not removed meanwhile.
    fn is_whole(&self, asked: &ChangeKeys<'_>) -> bool {
        let is_locked = |write: &RecordWrite| {
            self.records.contains_key(&(write.kind.as_str(), write.id.clone()))
        };
        asked.change.writes.iter().filter(|write| may_make(write)).all(is_locked)
            && asked.chains.iter().all(|chain| self.heads.contains_key(chain))
    }
}

/// The decision on a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Everything is written.
    Write,
    /// Nothing is written.
    Answer(Committed),
    /// A record was removed while it was being locked: try again.
    Repeat,
    /// It cannot be determined any more whether an earlier attempt made the change.
    Unclear,
}

/// Decides on a change. `is_unknown`: an earlier attempt may have made it.
pub(super) fn decide(asked: &ChangeKeys<'_>, locked: &Locked, is_unknown: bool) -> Decision {
    if locked.is_recorded {
        return Decision::Answer(Committed::Done);
    }
    if !locked.is_whole(asked) {
        return Decision::Repeat;
    }
    let Some(first_rejection) = first_rejection(&asked.change.writes, locked) else {
        return Decision::Write;
    };
    if !is_unknown || !asked.change.entries.is_empty() {
        // If the change had been made, its entry would exist.
        return Decision::Answer(first_rejection);
    }
    let traces = || asked.change.writes.iter().map(|write| trace(write, locked.find(write)));
    if traces().all(|trace| trace == Trace::Made) {
        return Decision::Answer(Committed::Done);
    }
    if traces().any(|trace| trace == Trace::NotMade) {
        return Decision::Answer(first_rejection);
    }
    Decision::Unclear
}

/// The first write that is rejected; `None` if all are accepted.
fn first_rejection(writes: &[RecordWrite], locked: &Locked) -> Option<Committed> {
    let mut given = HashSet::new();
    for (index, write) in writes.iter().enumerate() {
        let found = locked.find(write);
        let is_expected = match write.expected {
            Expected::Absent | Expected::AbsentWithin(_) => found.is_none(),
            Expected::Version(version) => found.is_some_and(|found| found.version == version),
            Expected::Anything => true,
        };
        if !is_expected {
            return Some(Committed::Stale(index));
        }
        if let Expected::AbsentWithin(limit) = write.expected
            && locked.counts.get(&index).is_some_and(|count| column_of(limit) <= *count)
        {
            return Some(Committed::LimitReached(index));
        }
        let Some(name) = write.content.as_ref().and_then(|content| content.name.as_ref()) else {
            continue;
        };
        let holder = locked.holders.get(&(write.kind.as_str().to_owned(), name.clone()));
        let is_taken = holder.is_some_and(|holder| *holder != write.id);
        if is_taken || !given.insert((write.kind, name)) {
            return Some(Committed::NameTaken(index));
        }
    }
    None
}

/// What a record shows about an attempt with an unknown result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trace {
    /// It is as the attempt would have made it.
    Made,
    /// The attempt cannot have made it.
    NotMade,
    /// Others may have changed what the attempt made.
    Unclear,
}

fn trace(write: &RecordWrite, found: Option<&Record>) -> Trace {
    let version_before = match write.expected {
        Expected::Absent | Expected::AbsentWithin(_) => Some(0),
        Expected::Version(version) => Some(version),
        Expected::Anything => None,
    };
    let version_found = found.map_or(0, |found| found.version);
    let is_same = found.map(|found| &found.content) == write.content.as_ref();
    let version_after = match &write.content {
        Some(_) => version_before.map(|version| version + 1),
        None => Some(0),
    };
    if is_same && version_after.is_none_or(|version| version == version_found) {
        return Trace::Made;
    }
    if version_before == Some(version_found)
        || (write.content.is_some() && version_after == Some(version_found))
    {
        return Trace::NotMade;
    }
    Trace::Unclear
}

#[cfg(test)]
mod tests {
    use acta_access::TenantId;
    use acta_storage::{Change, CountLimit, RecordContent, RecordHolder, RecordKind};

    use super::*;

    fn content(body: &str) -> RecordContent {
        RecordContent { tenant: None, owner: None, name: None, expires: None, body: body.into() }
    }

    fn locked(version: u64, body: &str) -> Locked {
        let (kind, id) = (RecordKind::Ticket, "a".to_owned());
        let record = Record { kind, id: id.clone(), version, content: content(body) };
        Locked { records: [((kind.as_str(), id), record)].into(), ..Locked::default() }
    }

    #[test]
    fn a_change_that_may_have_happened_is_recognised_by_its_trace() {
        let (stale, done) =
            (Decision::Answer(Committed::Stale(0)), Decision::Answer(Committed::Done));
        let table = [
            (Expected::Absent, Some("1"), locked(0, ""), Decision::Write),
            (Expected::Absent, Some("1"), locked(1, "1"), done),
            (Expected::Absent, Some("1"), locked(1, "2"), stale),
            (Expected::Absent, Some("1"), locked(2, "1"), Decision::Unclear),
            (Expected::Version(3), Some("1"), locked(3, "0"), Decision::Write),
            (Expected::Version(3), Some("1"), locked(4, "1"), done),
            (Expected::Version(3), Some("1"), locked(4, "2"), stale),
            (Expected::Version(3), Some("1"), locked(5, "1"), Decision::Unclear),
            (Expected::Version(3), Some("1"), Locked::default(), Decision::Unclear),
            (Expected::Version(3), None, Locked::default(), done),
            (Expected::Version(3), None, locked(4, "1"), Decision::Unclear),
            (Expected::Anything, Some("1"), locked(7, "0"), Decision::Write),
        ];
        for (expected, body, locked, expected_decision) in table {
            let (kind, id) = (RecordKind::Ticket, "a".to_owned());
            let write = RecordWrite { kind, id, expected, content: body.map(content) };
            let change = Change { writes: vec![write], entries: Vec::new() };
            let decision = decide(&ChangeKeys::of(&change), &locked, true);
            assert_eq!(decision, expected_decision, "{change:?} {locked:?}");
        }
    }

    #[test]
    fn a_write_over_its_limit_is_refused_unless_it_was_made_before() {
        let limit =
            |count_max| CountLimit { of: RecordHolder::Tenant, count_max, unexpired_at: None };
        let table = [
            (3, locked(0, ""), false, Decision::Write),
            (2, locked(0, ""), false, Decision::Answer(Committed::LimitReached(0))),
            (2, locked(0, ""), true, Decision::Answer(Committed::LimitReached(0))),
            (2, locked(1, "1"), true, Decision::Answer(Committed::Done)),
            (2, locked(1, "1"), false, Decision::Answer(Committed::Stale(0))),
        ];
        for (count_max, mut locked, is_unknown, expected) in table {
            locked.counts.insert(0, 2);
            let content = RecordContent { tenant: Some(TenantId::FIRST), ..content("1") };
            locked.records.values_mut().for_each(|found| found.content.tenant = content.tenant);
            let write = RecordWrite::create(RecordKind::Ticket, "a", content);
            let writes = vec![write.within(limit(count_max))];
            let change = Change { writes, entries: Vec::new() };
            let decision = decide(&ChangeKeys::of(&change), &locked, is_unknown);
            assert_eq!(decision, expected, "{count_max} {locked:?}");
        }
    }

    #[test]
    fn a_record_removed_while_it_was_locked_is_locked_again() {
        let write = RecordWrite::create(RecordKind::Ticket, "a", content("{}"));
        let change = Change { writes: vec![write], entries: Vec::new() };
        let decision = decide(&ChangeKeys::of(&change), &Locked::default(), false);
        assert_eq!(decision, Decision::Repeat);
    }
}
