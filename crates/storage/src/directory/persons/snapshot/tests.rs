use std::collections::BTreeMap;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::Uuid;

use acta_xapi::Ifi;

use super::*;
use crate::directory::persons::class_members;

fn account(page: &str, name: u128) -> Ifi {
    let home_page = format!("https://{page}.example").parse().unwrap();
    Ifi::Account { home_page, name: format!("p{name}").into() }
}

fn person(id: u128, identifiers: &[Ifi]) -> JoinedPerson {
    JoinedPerson {
        id: Uuid::from_u128(id),
        tenant: TenantId::FIRST,
        name: Some(format!("Name {id}")),
        identifiers: identifiers.to_vec(),
        attributes: [("unit".parse().unwrap(), format!("Unit {}", id % 2))].into(),
        memberships: Vec::new(),
        created: Timestamp::from_unix_micros(0),
    }
}

#[test]
fn a_change_is_seen_and_the_persons_before_are_as_they_were() {
    let changes = PersonChanges::new(TenantId::FIRST);
    let state = |person: JoinedPerson| (person.id, Some(person));
    let first = Persons::default().after(
        &changes,
        1,
        [5, 1, 3].map(|id| state(person(id, &[account("a", id)]))),
    );
    let second = first.after(
        &changes,
        2,
        [
            state(person(2, &[account("a", 2)])),
            state(person(3, &[account("b", 3), account("a", 1)])),
            (Uuid::from_u128(1), None),
        ],
    );
    let ids = |persons: &Persons| persons.ids().map(Uuid::as_u128).collect::<Vec<_>>();
    assert_eq!((ids(&first), ids(&second)), (vec![1, 3, 5], vec![2, 3, 5]));
    let of = |persons: &Persons, identifier: &Ifi| {
        persons.index_of(&identifier.to_key()).and_then(|index| persons.id(index))
    };
    assert_eq!(of(&first, &account("a", 1)), Some(Uuid::from_u128(1)));
    assert_eq!(of(&second, &account("a", 1)), Some(Uuid::from_u128(3)));
    assert_eq!(of(&first, &account("a", 3)), Some(Uuid::from_u128(3)));
    assert_eq!(of(&second, &account("a", 3)), None);
    let units: Vec<&str> = second
        .attribute("unit")
        .map(|text| text.map_or("", |text| &*second.attribute_texts()[text as usize]))
        .collect();
    assert_eq!(units, ["Unit 0", "Unit 1", "Unit 1"]);
    let found = |text: &str| second.search(text, None, 9).len();
    assert_eq!(
        [found(""), found("NAME 2"), found("unit 1"), found("b.example"), found("zz")],
        [3, 1, 2, 1, 0]
    );
    assert_eq!(second.search("", Some(Uuid::from_u128(2)), 1), [Uuid::from_u128(3)]);
}

#[test]
fn a_rule_joins_accounts_and_mailboxes() {
    let rules = PersonRules {
        home_pages: vec![vec![
            "https://a.example".parse().unwrap(),
            "https://b.example".parse().unwrap(),
        ]],
        mailbox_sha1: true,
    };
    let changes = PersonChanges { rules: rules.clone(), ..PersonChanges::new(TenantId::FIRST) };
    let mbox = Ifi::Mbox("mailto:ada@example.org".parse().unwrap());
    let members = class_members(&rules, &mbox);
    let persons = Persons::default().after(
        &changes,
        1,
        [person(1, &[account("b", 7)]), person(2, std::slice::from_ref(&mbox))]
            .map(|person| (person.id, Some(person))),
    );
    let of = |identifier: &Ifi| {
        let class = persons.rules().class_of(&identifier.to_key())?;
        persons.index_of_class(&class)
    };
    assert_eq!(of(&account("a", 7)), Some(0));
    assert_eq!(of(&account("a", 8)), None);
    assert_eq!(rules.class_of(&account("c", 7).to_key()), None);
    assert_eq!(of(&members[1]), Some(1));
    assert_eq!(class_members(&rules, &account("b", 7)), [account("a", 7), account("b", 7)]);
    let classes: BTreeMap<usize, String> = members
        .iter()
        .filter_map(|it| rules.class_of(&it.to_key()))
        .map(|class| (class.place, class.text))
        .collect();
    assert_eq!((classes.len(), classes[&0] == classes[&1]), (2, true));
}

#[test]
fn a_change_forgets_attributes_that_nobody_has_any_more() {
    let changes = PersonChanges::new(TenantId::FIRST);
    let with = |id: u128, name: &str, text: &str| {
        let attributes = [(name.parse().unwrap(), text.to_owned())].into();
        let person = JoinedPerson { attributes, ..person(id, &[account("a", id)]) };
        (person.id, Some(person))
    };
    let names =
        |persons: &Persons| persons.attribute_names().map(str::to_owned).collect::<Vec<_>>();
    let first = Persons::default().after(&changes, 1, [with(1, "unit", "x"), with(2, "unit", "y")]);
    let second = first.after(&changes, 2, [with(1, "job", "z")]);
    assert_eq!(names(&second), ["job", "unit"]);
    let third = second.after(&changes, 3, [(Uuid::from_u128(2), None)]);
    assert_eq!((names(&third), third.attribute_texts().len()), (vec!["job".to_owned()], 1));
    let fourth = third.after(&changes, 4, [(Uuid::from_u128(1), None)]);
    assert_eq!((fourth.memory_bytes(), fourth.attribute_names().count()), (0, 0));
    assert!(second.memory_bytes() > third.memory_bytes());
    assert_eq!(names(&first), ["unit"], "the persons before are as they were");
}

#[test]
fn a_change_beyond_a_limit_is_refused_and_one_that_removes_is_not() {
    let changes = PersonChanges::new(TenantId::FIRST);
    let states = |persons: Vec<JoinedPerson>| -> BTreeMap<_, _> {
        persons.into_iter().map(|person| (person.id, Some(person))).collect()
    };
    let two = [1, 2].map(|id| person(id, &[account("a", id)]));
    let persons = Persons::default().after(&changes, 1, states(two.to_vec()));
    let more = states(vec![JoinedPerson {
        attributes: [("job".parse().unwrap(), "x".to_owned())].into(),
        ..person(3, &[account("a", 3)])
    }]);
    let all = PersonLimits { count_max: 9, bytes_max: 1 << 20, attribute_names_max: 9 };
    assert_eq!(persons.check_change(&more, all), Ok(()));
    for limits in [
        PersonLimits { count_max: 2, ..all },
        PersonLimits { bytes_max: persons.memory_bytes() + 99, ..all },
        PersonLimits { attribute_names_max: 1, ..all },
    ] {
        assert!(persons.check_change(&more, limits).is_err(), "{limits:?}");
    }
    // Somebody who has more than is allowed can still remove some.
    let none = PersonLimits { count_max: 0, bytes_max: 0, attribute_names_max: 0 };
    let fewer = BTreeMap::from([(Uuid::from_u128(1), None)]);
    assert_eq!(persons.check_change(&fewer, none), Ok(()));
}
