//! Questions about groups, compared with a slow and simple computation.

use std::collections::{BTreeMap, BTreeSet};

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::directory::{
    GroupMembership, JoinedPerson, MembershipPeriod, PersonChanges, PersonGroup,
};
use acta_storage::persons::PersonGroups;
use acta_xapi::{Ifi, Uuid};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::*;

const KINDS: [&str; 2] = ["unit", "class"];

/// A group: the one that it is below, and its kind.
type GroupSample = (Option<usize>, Option<usize>);

/// A membership: the person, the group, and days since the first of March 2026.
#[derive(Clone, Debug)]
struct MemberSample {
    person: u32,
    group: usize,
    from: Option<u8>,
    until: Option<u8>,
}

/// Groups, each below one before it or at the top.
fn any_groups() -> impl Strategy<Value = Vec<GroupSample>> {
    let group = (any::<prop::sample::Index>(), any::<bool>(), prop::option::of(0..2_usize));
    prop::collection::vec(group, 1..7).prop_map(|groups| {
        let groups = groups.into_iter().enumerate();
        groups
            .map(|(number, (parent, is_top, kind))| {
                let parent = (number != 0 && !is_top).then(|| parent.index(number.max(1)));
                (parent, kind)
            })
            .collect()
    })
}

fn any_members() -> impl Strategy<Value = Vec<MemberSample>> {
    let day = || prop::option::of(0..60_u8);
    let member = (0..9_u32, any::<prop::sample::Index>(), day(), day());
    prop::collection::vec(member, 0..25).prop_map(|members| {
        let members = members.into_iter().map(|(person, group, from, until)| MemberSample {
            person,
            group: group.index(usize::MAX),
            from,
            until,
        });
        members.collect()
    })
}

fn date(day: u8) -> Date {
    jiff::civil::date(2026, 3, 1) + jiff::Span::new().days(i64::from(day))
}

fn group_id(number: usize) -> Uuid {
    Uuid::from_u128(1_000 + number as u128)
}

fn identifier(person: u32) -> Ifi {
    let home_page = "http://x.org".parse().unwrap();
    Ifi::Account { home_page, name: format!("p{person}").into() }
}

/// Leaves out what cannot be: times without days, and those that overlap others in the group.
fn possible(members: &[MemberSample], groups: &[GroupSample]) -> Vec<MemberSample> {
    let mut kept: Vec<MemberSample> = Vec::new();
    for member in members {
        let member = MemberSample { group: member.group % groups.len(), ..member.clone() };
        let overlaps = |other: &MemberSample| {
            (other.person, other.group) == (member.person, member.group)
                && period(other).overlaps(period(&member))
        };
        if period(&member).has_days() && !kept.iter().any(overlaps) {
            kept.push(member);
        }
    }
    kept
}

fn period(member: &MemberSample) -> MembershipPeriod {
    let day = |day: Option<u8>| day.and_then(|day| date(day).to_string().parse().ok());
    MembershipPeriod { from: day(member.from), until: day(member.until) }
}

/// The persons and groups, as they are in memory.
fn persons_of(members: &[MemberSample], groups: &[GroupSample]) -> Arc<Persons> {
    let mut known = PersonGroups::default();
    for (number, (parent, kind)) in groups.iter().enumerate() {
        known.put(PersonGroup {
            id: group_id(number),
            tenant: TenantId::FIRST,
            name: format!("Group {number}"),
            kind: kind.map(|kind| KINDS[kind].to_owned()),
            parent: parent.map(group_id),
            created: Timestamp::from_unix_micros(0),
        });
    }
    let numbers: BTreeSet<u32> = members.iter().map(|member| member.person).collect();
    let states = numbers.into_iter().map(|number| {
        let own = members.iter().filter(|member| member.person == number);
        let mut memberships: Vec<GroupMembership> = own
            .map(|it| GroupMembership { group: group_id(it.group), period: period(it) })
            .collect();
        memberships.sort_unstable();
        let person = JoinedPerson {
            id: Uuid::from_u128(u128::from(number) + 1),
            tenant: TenantId::FIRST,
            name: None,
            identifiers: vec![identifier(number)],
            attributes: BTreeMap::new(),
            memberships,
            created: Timestamp::from_unix_micros(0),
        };
        (person.id, Some(person))
    });
    let changes = PersonChanges::new(TenantId::FIRST);
    Arc::new(Persons::default().after(&changes, 1, states).with_groups(Arc::new(known), 1))
}

/// The slow and simple computation.
struct Naive<'a> {
    members: &'a [MemberSample],
    groups: &'a [GroupSample],
    zone: TimeZone,
}

impl Naive<'_> {
    /// The groups of which the person of a sample was a member itself.
    fn direct(&self, sample: &Sample) -> BTreeSet<usize> {
        let day = sample.time().to_zoned(self.zone.clone()).date();
        let is_member = |it: &&MemberSample| {
            it.person == sample.person
                && it.from.is_none_or(|from| date(from) <= day)
                && it.until.is_none_or(|until| day < date(until))
        };
        self.members.iter().filter(is_member).map(|it| it.group).collect()
    }

    /// A group and those above it.
    fn lineage(&self, group: usize) -> Vec<usize> {
        std::iter::successors(Some(group), |group| self.groups[*group].0).collect()
    }

    fn values(&self, sample: &Sample, dimension: &Json) -> BTreeSet<usize> {
        let direct = self.direct(sample);
        let (kind, level) = (dimension["kind"].as_str(), dimension["level"].as_u64());
        if kind.is_none() && level.is_none() {
            return direct;
        }
        let all = direct.into_iter().flat_map(|group| self.lineage(group));
        all.filter(|group| {
            let own = self.groups[*group].1.map(|kind| KINDS[kind]);
            kind.is_none_or(|kind| own == Some(kind))
                && level.is_none_or(|level| self.lineage(*group).len() as u64 == level)
        })
        .collect()
    }

    fn satisfies(&self, sample: &Sample, condition: &Json) -> bool {
        if !condition["not"].is_null() {
            return !self.satisfies(sample, &condition["not"]);
        }
        let direct = self.direct(sample);
        if let Some(exists) = condition["exists"].as_bool() {
            return direct.is_empty() != exists;
        }
        let mut all = direct.into_iter().flat_map(|group| self.lineage(group));
        all.any(|group| match condition["contains"].as_str() {
            Some(text) => format!("group {group}").contains(&text.to_lowercase()),
            None => {
                condition["in"].as_array().unwrap().contains(&json!(group_id(group).to_string()))
            }
        })
    }

    /// The rows in which a sample counts: every combination of its values of the dimensions.
    fn keys(&self, sample: &Sample, dimensions: &[Json]) -> Vec<Vec<Option<usize>>> {
        let mut keys: Vec<Vec<Option<usize>>> = vec![Vec::new()];
        for dimension in dimensions {
            let values = self.values(sample, dimension).into_iter().map(Some);
            let mut values: Vec<Option<usize>> = values.collect();
            if values.is_empty() {
                values.push(None);
            }
            let with = |key: &[Option<usize>], value| [key, &[value]].concat();
            keys = keys.iter().flat_map(|key| values.iter().map(|it| with(key, *it))).collect();
        }
        keys
    }

    /// How many facts and which learners there are of each group.
    fn answer(&self, samples: &[Sample], dimensions: &[Json], condition: &Json) -> Vec<Vec<Json>> {
        let voided: BTreeSet<u64> = samples.iter().filter_map(|sample| sample.voids).collect();
        let mut rows: BTreeMap<Vec<Option<usize>>, (u64, BTreeSet<u32>)> = BTreeMap::new();
        for sample in samples {
            if voided.contains(&sample.sequence)
                || !condition.is_null() && !self.satisfies(sample, condition)
            {
                continue;
            }
            for key in self.keys(sample, dimensions) {
                let (count, learners) = rows.entry(key).or_default();
                *count += 1;
                learners.insert(sample.person);
            }
        }
        let id = |group: Option<usize>| json!(group.map(|group| group_id(group).to_string()));
        let row = |(key, (count, learners)): (Vec<Option<usize>>, (u64, BTreeSet<u32>))| {
            let values = key.into_iter().map(id);
            values.chain([json!(count), json!(learners.len())]).collect()
        };
        rows.into_iter().map(row).collect()
    }
}

fn any_group_condition() -> impl Strategy<Value = Json> {
    let ids = prop::collection::vec(0..8_usize, 0..3);
    let leaf = prop_oneof![
        ids.prop_map(|ids| {
            let ids: Vec<String> = ids.into_iter().map(|it| group_id(it).to_string()).collect();
            json!({"field": "group", "in": ids})
        }),
        any::<bool>().prop_map(|exists| json!({"field": "group", "exists": exists})),
        (0..8_u8).prop_map(|it| json!({"field": "group", "contains": format!("OUP {it}")})),
    ];
    leaf.prop_recursive(1, 2, 1, |inner| inner.prop_map(|it| json!({"not": it})))
}

fn any_group_dimensions() -> impl Strategy<Value = Vec<Json>> {
    let all = vec![
        json!({"field": "group"}),
        json!({"field": "group", "kind": "unit", "name": "unit"}),
        json!({"field": "group", "kind": "class", "name": "class"}),
        json!({"field": "group", "level": 1, "name": "top"}),
        json!({"field": "group", "level": 2, "name": "second"}),
        json!({"field": "group", "kind": "unit", "level": 2, "name": "second unit"}),
        json!({"field": "group", "kind": "none", "name": "none"}),
    ];
    prop::sample::subsequence(all, 0..3).prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn groups_are_answered_as_a_slow_computation_does(
        samples in prop::collection::vec(Sample::any(), 1..100),
        groups in any_groups(),
        members in any_members(),
        condition in prop::option::of(any_group_condition()),
        dimensions in any_group_dimensions(),
        zone in prop_oneof![Just("UTC"), Just("Europe/Zurich"), Just("America/New_York")],
    ) {
        let samples = naive::numbered(samples);
        let members = possible(&members, &groups);
        let folder = tempfile::tempdir().unwrap();
        let facts = facts_of(&samples, folder.path());
        let mut question = json!({"measures": [{"measure": "count"},
            {"measure": "distinct", "of": "actor"}], "dimensions": dimensions, "zone": zone,
            "limit": 100_000});
        let condition = condition.unwrap_or_default();
        if !condition.is_null() {
            question["where"] = condition.clone();
        }
        let persons = persons_of(&members, &groups);
        let asked_for: Question = serde_json::from_value(question.clone()).unwrap();
        let found = super::super::answer(&facts, &asked_for, &persons, asked(NOW)).unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let naive = Naive { members: &members, groups: &groups, zone };
        let mut expected = naive.answer(&samples, &dimensions, &condition);
        if dimensions.is_empty() && expected.is_empty() {
            expected.push(vec![json!(0), json!(0)]);
        }
        let count = dimensions.len();
        prop_assert_eq!(
            by_dimensions(&found.rows, count), by_dimensions(&expected, count), "{}", question
        );
    }
}

#[test]
fn groups_have_names_and_are_found_only_by_their_ids() {
    let folder = tempfile::tempdir().unwrap();
    let samples: Vec<Sample> =
        [0, 1, 2].map(|person| Sample { person, ..Sample::default() }).to_vec();
    let facts = facts_of(&naive::numbered(samples), folder.path());
    let member =
        |person: u32, group: usize| MemberSample { person, group, from: None, until: None };
    let persons = persons_of(&[member(0, 1), member(1, 0)], &[(None, Some(0)), (Some(0), None)]);
    let ask = |question: &Json| {
        let question: Question = serde_json::from_value(question.clone()).unwrap();
        super::super::answer(&facts, &question, &persons, asked(NOW))
    };
    let counts = json!([{"measure": "count"}]);
    let by_group = ask(&json!({"measures": counts, "dimensions": ["group"],
        "order": [{"by": "group"}]}));
    let by_group = by_group.unwrap();
    let ids = [0, 1].map(|group| group_id(group).to_string());
    assert_eq!(
        by_group.rows,
        [vec![json!(ids[0]), json!(1)], vec![json!(ids[1]), json!(1)], vec![Json::Null, json!(1)]]
    );
    assert_eq!(by_group.labels["group"][&ids[1]], "Group 1");
    let fault = |question: &Json| ask(question).unwrap_err().to_string();
    for (question, expected) in [
        (json!({"measures": counts, "where": {"field": "group", "is": "Group 1"}}), "a UUID"),
        (json!({"measures": counts, "where": {"field": "group", "from": 1}}), "times and numbers"),
        (json!({"measures": [{"measure": "distinct", "of": "group"}]}), "single texts"),
        (
            json!({"measures": counts, "dimensions": ["group",
            {"field": "group", "name": "again"}]}),
            "a dimension before",
        ),
        (
            json!({"measures": counts, "dimensions": [{"field": "verb", "kind": "unit"}]}),
            "only a group has a kind",
        ),
        (
            json!({"measures": counts, "dimensions": [{"field": "group", "level": 0}]}),
            "a level from 1 to 16",
        ),
        (
            json!({"measures": counts, "dimensions": [{"field": "group", "by": "day"}]}),
            "only a time has periods",
        ),
    ] {
        assert!(fault(&question).contains(expected), "{question} {}", fault(&question));
    }
}

#[test]
fn without_groups_every_fact_is_in_none() {
    let folder = tempfile::tempdir().unwrap();
    let facts = facts_of(&naive::numbered(vec![Sample::default()]), folder.path());
    let id = group_id(0).to_string();
    let count = |filter: Json| {
        let question = json!({"measures": [{"measure": "count"}], "where": filter});
        answered(&facts, question).rows[0][0].clone()
    };
    assert_eq!(count(json!({"field": "group", "exists": false})), 1);
    assert_eq!(count(json!({"field": "group", "is": id})), 0);
    assert_eq!(count(json!({"not": {"field": "group", "is": id}})), 1);
    let by_group = json!({"measures": [{"measure": "count"}],
        "dimensions": [{"field": "group", "kind": "unit"}]});
    assert_eq!(answered(&facts, by_group).rows, [[Json::Null, json!(1)]]);
}

#[test]
fn lists_of_groups_are_part_of_the_memory_of_a_question() {
    let folder = tempfile::tempdir().unwrap();
    let facts = facts_of(&naive::numbered(vec![Sample::default()]), folder.path());
    // Each has groups of its own, so that there are as many sets as persons.
    let members: Vec<MemberSample> = (0..200)
        .map(|person| MemberSample { person, group: person as usize, from: None, until: None })
        .collect();
    let chain: Vec<GroupSample> =
        (0..200).map(|it: usize| ((!it.is_multiple_of(10)).then(|| it - 1), Some(0))).collect();
    let persons = persons_of(&members, &chain);
    let question = json!({"measures": [{"measure": "count"}],
        "dimensions": [{"field": "group", "kind": "unit"}]});
    let question: Question = serde_json::from_value(question).unwrap();
    let answer_within = |memory_bytes: usize| {
        let limits = QueryLimits { memory_bytes, ..LIMITS };
        super::super::answer(&facts, &question, &persons, Asked { limits, ..asked(NOW) })
    };
    let error = answer_within(4_000).unwrap_err().to_string();
    assert!(error.contains("the fields so far"), "{error}");
    assert!(answer_within(64 << 20).is_ok());
}

#[test]
fn the_zone_of_a_question_does_not_move_the_days_of_a_reach() {
    let folder = tempfile::tempdir().unwrap();
    // An hour before the membership begins in the zone of the tenant, UTC.
    let sample = Sample { day: 4, minute: 23 * 60, ..Sample::default() };
    let facts = facts_of(&naive::numbered(vec![sample]), folder.path());
    let member = MemberSample { person: 0, group: 0, from: Some(5), until: None };
    let persons = persons_of(&[member], &[(None, None)]);
    let condition = json!({"field": "group", "is": group_id(0).to_string()});
    let reach: ConditionRequest = serde_json::from_value(condition.clone()).unwrap();
    let ask = |filter: &Json, reach: Option<&ConditionRequest>| {
        let mut question =
            json!({"measures": [{"measure": "count"}], "zone": "Pacific/Kiritimati"});
        if !filter.is_null() {
            question["where"] = filter.clone();
        }
        let question: Question = serde_json::from_value(question).unwrap();
        let asked = Asked { reach, ..asked(NOW) };
        super::super::answer(&facts, &question, &persons, asked).unwrap().rows
    };
    assert_eq!(ask(&condition, None), [vec![json!(1)]], "it is the next day there");
    assert_eq!(ask(&Json::Null, Some(&reach)), [vec![json!(0)]]);
    assert_eq!(ask(&condition, Some(&reach)), [vec![json!(0)]]);
}
