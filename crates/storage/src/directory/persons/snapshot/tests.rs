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
