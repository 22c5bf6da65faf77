//! Questions about persons that are joined.

use std::collections::{BTreeMap, BTreeSet};

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::directory::{JoinedPerson, PersonChanges, PersonRules};
use acta_xapi::{Ifi, Uuid};

use super::*;

fn account(page: &str, number: u32) -> Ifi {
    let home_page = page.parse().unwrap();
    Ifi::Account { home_page, name: format!("p{number}").into() }
}

/// Persons that are made of the persons of samples: each group of numbers is one.
fn joined(groups: &[Vec<u32>]) -> Arc<Persons> {
    let changes = PersonChanges::new(TenantId::FIRST);
    let states = (1..).zip(groups).map(|(id, group)| {
        let id = Uuid::from_u128(id);
        let person = JoinedPerson {
            id,
            tenant: TenantId::FIRST,
            name: (group.len() % 2 == 0).then(|| format!("Group {}", group[0])),
            identifiers: group.iter().map(|it| account("http://x.org", *it)).collect(),
            attributes: [("unit".parse().unwrap(), format!("Unit {}", group.len()))].into(),
            memberships: Vec::new(),
            created: Timestamp::from_unix_micros(0),
        };
        (id, Some(person))
    });
    Arc::new(Persons::default().after(&changes, 1, states))
}

/// The numbers from 0 to 11 in groups, without those that are alone.
fn any_groups() -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(0..6_usize, 12).prop_map(|choices| {
        let mut groups: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (number, choice) in (0..).zip(choices) {
            groups.entry(choice).or_default().push(number);
        }
        groups.into_values().filter(|group| 1 < group.len()).collect()
    })
}

/// The person of a sample: the first one of its group.
fn person_of(number: u32, groups: &[Vec<u32>]) -> u32 {
    groups.iter().find(|group| group.contains(&number)).map_or(number, |group| group[0])
}

fn ask(facts: &TenantFacts, persons: &Arc<Persons>, question: Json) -> Answer {
    let question: Question = serde_json::from_value(question).unwrap();
    answer(facts, &question, persons, asked(NOW)).unwrap()
}

fn by_person(facts: &TenantFacts, persons: &Arc<Persons>) -> BTreeMap<String, Vec<Json>> {
    let question = json!({"measures": [{"measure": "count"}, {"measure": "distinct", "of": "actor"}],
        "dimensions": ["person"], "limit": 100_000});
    by_dimensions(&ask(facts, persons, question).rows, 1)
}

/// A count as [`by_dimensions`] gives it.
fn number(count: usize) -> Json {
    json!(f64::from(u32::try_from(count).unwrap()))
}

fn total(facts: &TenantFacts, persons: &Arc<Persons>, filter: &Json) -> Vec<Json> {
    let mut question = json!({"measures": [{"measure": "count"},
        {"measure": "distinct", "of": "person"}, {"measure": "distinct", "of": "actor"}]});
    if !filter.is_null() {
        question["where"] = filter.clone();
    }
    ask(facts, persons, question).rows.remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn joined_identifiers_are_one_person_until_they_are_split(
        samples in prop::collection::vec(Sample::any(), 1..80),
        groups in any_groups(),
        of_whom in 0..12_u32,
    ) {
        let samples = naive::numbered(samples);
        let folder = tempfile::tempdir().unwrap();
        let facts = facts_of(&samples, folder.path());
        let (nobody, persons) = (Arc::default(), joined(&groups));
        let before = by_person(&facts, &nobody);
        let voided: BTreeSet<u64> = samples.iter().filter_map(|it| it.voids).collect();
        let counting: Vec<&Sample> =
            samples.iter().filter(|it| !voided.contains(&it.sequence)).collect();
        let mut expected: BTreeMap<String, (usize, BTreeSet<u32>)> = BTreeMap::new();
        for sample in &counting {
            let person = account("http://x.org", person_of(sample.person, &groups)).to_key();
            let (count, actors) = expected.entry(Json::from(vec![person]).to_string()).or_default();
            *count += 1;
            actors.insert(sample.person);
        }
        let expected: BTreeMap<String, Vec<Json>> = expected
            .into_iter()
            .map(|(key, (count, actors))| (key, vec![number(count), number(actors.len())]))
            .collect();
        prop_assert_eq!(by_person(&facts, &persons), expected);
        // Whichever identifier is named, all statements of the person count.
        let of = counting
            .iter()
            .filter(|it| person_of(it.person, &groups) == person_of(of_whom, &groups))
            .count();
        let filter = json!({"field": "person", "is": account("http://x.org", of_whom).to_key()});
        prop_assert_eq!(&total(&facts, &persons, &filter)[0], &json!(of));
        let others = json!({"not": filter});
        prop_assert_eq!(&total(&facts, &persons, &others)[0], &json!(counting.len() - of));
        // Split again, everything is as before.
        prop_assert_eq!(by_person(&facts, &nobody), before);
    }

    #[test]
    fn the_order_of_arrival_makes_no_difference(
        (samples, shuffled) in prop::collection::vec(Sample::any(), 1..60)
            .prop_flat_map(|samples| (Just(samples.clone()), Just(samples).prop_shuffle())),
        groups in any_groups(),
        asks_before in any::<bool>(),
    ) {
        let without_voids = |samples: Vec<Sample>| {
            naive::numbered(samples.into_iter().map(|it| Sample { voids: None, ..it }).collect())
        };
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let one = facts_of(&without_voids(samples), folders[0].path());
        let persons = joined(&groups);
        let shuffled = without_voids(shuffled);
        let (first, rest) = shuffled.split_at(shuffled.len() / 2);
        let other = facts_of(first, folders[1].path());
        if asks_before {
            // The codes of persons are known before the rest of the actors comes.
            by_person(&other, &persons);
        }
        other.add(&addition_of(rest, &shuffled)).unwrap();
        prop_assert_eq!(by_person(&one, &persons), by_person(&other, &persons));
        let units = |facts| {
            let question = json!({"measures": [{"measure": "count"},
                {"measure": "distinct", "of": "person"}],
                "dimensions": ["person.unit", "person.name"]});
            by_dimensions(&ask(facts, &persons, question).rows, 2)
        };
        prop_assert_eq!(units(&one), units(&other));
    }
}

fn facts_of_persons(numbers: &[u32], folder: &std::path::Path) -> TenantFacts {
    let samples = numbers.iter().map(|person| Sample { person: *person, ..Sample::default() });
    facts_of(&naive::numbered(samples.collect()), folder)
}

#[test]
fn attributes_and_names_are_dimensions_and_conditions() {
    let folder = tempfile::tempdir().unwrap();
    let facts = facts_of_persons(&[0, 1, 2, 3, 4, 4], folder.path());
    let persons = joined(&[vec![0, 1], vec![2, 3, 7]]);
    let rows = |question: Json| ask(&facts, &persons, question).rows;
    let measures = json!([{"measure": "count"}, {"measure": "distinct", "of": "person"}]);
    assert_eq!(
        rows(json!({"measures": measures, "dimensions": ["person.unit"],
            "order": [{"by": "person.unit"}]})),
        [
            vec![json!("Unit 2"), json!(2), json!(1)],
            vec![json!("Unit 3"), json!(2), json!(1)],
            vec![Json::Null, json!(2), json!(1)],
        ]
    );
    let filter = json!({"field": "person.unit", "contains": "IT 3"});
    assert_eq!(rows(json!({"measures": measures, "where": filter})), [[json!(2), json!(1)]]);
    let filter = json!({"field": "person.unit", "exists": false});
    assert_eq!(rows(json!({"measures": measures, "where": filter})), [[json!(2), json!(1)]]);
    let named = rows(json!({"measures": measures, "dimensions": ["person.name"],
        "where": {"field": "person.name", "is": "Group 0"}}));
    assert_eq!(named, [[json!("Group 0"), json!(2), json!(1)]]);
    let id = Uuid::from_u128(2).to_string();
    let answer = ask(
        &facts,
        &persons,
        json!({"measures": measures, "dimensions": ["person"],
            "where": {"field": "person", "in": [id, account("http://x.org", 1).to_key()]}}),
    );
    assert_eq!(answer.rows.len(), 2);
    assert_eq!(answer.labels["person"][&account("http://x.org", 0).to_key()], "Group 0");
    let unknown: Question =
        serde_json::from_value(json!({"measures": [{"measure": "distinct", "of": "person.shoe"}]}))
            .unwrap();
    let error = super::super::answer(&facts, &unknown, &persons, asked(NOW)).unwrap_err();
    assert!(error.to_string().contains("person.unit"), "{error}");
}

#[test]
fn rules_join_identifiers_that_are_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let samples =
        |page: &str, numbers: &[u32], start: u64| -> Vec<acta_storage::TransferredStatement> {
            let mut all = Vec::new();
            for (sequence, person) in (start..).zip(numbers) {
                let sample = Sample { sequence, person: *person, ..Sample::default() };
                let mut stored = sample.stored();
                stored.text.text = stored.text.text.replace(
                    &format!(r#""homePage":"http://x.org","name":"p{person}""#),
                    &format!(r#""homePage":"{page}","name":"p{person}""#),
                );
                all.push(stored);
            }
            all
        };
    let rules = PersonRules {
        home_pages: vec![vec!["http://x.org".parse().unwrap(), "http://y.org".parse().unwrap()]],
        mailbox_sha1: false,
    };
    let changes = PersonChanges { rules, ..PersonChanges::new(TenantId::FIRST) };
    let listed = JoinedPerson {
        id: Uuid::from_u128(1),
        tenant: TenantId::FIRST,
        name: None,
        identifiers: vec![account("http://y.org", 3), account("http://z.org", 9)],
        attributes: BTreeMap::new(),
        memberships: Vec::new(),
        created: Timestamp::from_unix_micros(0),
    };
    let state = [(listed.id, Some(listed))];
    let persons = Arc::new(Persons::default().after(&changes, 1, state));
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    let add = |statements: &[acta_storage::TransferredStatement]| {
        let mut addition = Addition { batch: Batch::default(), ..Addition::default() };
        for statement in statements {
            addition.batch.push(&statement.into());
        }
        facts.add(&addition).unwrap();
    };
    add(&samples("http://y.org", &[1, 2], 1));
    assert_eq!(total(&facts, &persons, &Json::Null), [json!(2), json!(2), json!(2)]);
    add(&samples("http://x.org", &[1, 3], 3));
    add(&samples("http://z.org", &[9, 1], 5));
    // 1 on x and y; 2; 3 and 9 by the list; 1 on z.
    assert_eq!(total(&facts, &persons, &Json::Null), [json!(6), json!(4), json!(6)]);
    let of = |page, number| {
        let filter = json!({"field": "person", "is": account(page, number).to_key()});
        total(&facts, &persons, &filter)[0].clone()
    };
    assert_eq!([of("http://x.org", 1), of("http://y.org", 1), of("http://z.org", 1)], [2, 2, 1]);
    assert_eq!([of("http://x.org", 3), of("http://y.org", 3), of("http://x.org", 2)], [2, 2, 1]);
    let names: Vec<Json> = ask(
        &facts,
        &persons,
        json!({"measures": [{"measure": "count"}], "dimensions": ["person"]}),
    )
    .rows
    .into_iter()
    .map(|mut row| row.remove(0))
    .collect();
    assert!(names.contains(&json!(account("http://x.org", 1).to_key())), "{names:?}");
}
