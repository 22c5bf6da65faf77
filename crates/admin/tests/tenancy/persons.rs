//! Identifiers are joined to persons, split again, imported and exported.

use std::collections::BTreeMap;

use acta_access::TenantId;
use acta_admin::{
    AdminError, ExportColumns, ImportCounts, ImportMode, ImportOptions, NewJoinedPerson,
    PersonEdit, PersonSearch, Requester, parse_rows, write_rows,
};
use acta_storage::directory::{AttributeName, JoinedPerson, PersonRules};
use acta_xapi::Version;
use acta_xapi::{Ifi, parse_actor};
use serde_json::json;

use crate::world::{World, never, now, word};

const OF: TenantId = TenantId::FIRST;
const MAKE: ImportOptions = ImportOptions { mode: ImportMode::Make, joins: false };

fn account(name: &str) -> Ifi {
    Ifi::Account { home_page: "https://lms.example".parse().unwrap(), name: name.into() }
}

pub(crate) fn mbox(name: &str) -> Ifi {
    Ifi::Mbox(format!("mailto:{name}@example.org").parse().unwrap())
}

impl World {
    pub(crate) async fn join(&self, identifiers: &[Ifi]) -> Result<JoinedPerson, AdminError> {
        let new = NewJoinedPerson { identifiers: identifiers.to_vec(), ..Default::default() };
        self.admin.create_person(&Requester::machine(), OF, new, never()).await.map(now)
    }

    async fn import(&self, text: &str, options: ImportOptions) -> Result<ImportCounts, AdminError> {
        let rows = parse_rows(text.as_bytes(), 0).map_err(AdminError::Faulty)?;
        self.admin.import_persons(&Requester::machine(), OF, &rows, options).await
    }

    /// The identifiers of each person, and with the name of each.
    async fn joined(&self) -> BTreeMap<Vec<String>, Option<String>> {
        let machine = Requester::machine();
        let search = PersonSearch { text: String::new(), after: None, count_max: 10_000 };
        let found = self.admin.list_persons(&machine, OF, &search).await.unwrap();
        let person = |person: JoinedPerson| {
            let mut keys: Vec<String> = person.identifiers.iter().map(Ifi::to_key).collect();
            keys.sort();
            (keys, person.name)
        };
        found.into_iter().map(|found| person(found.value)).collect()
    }

    /// The Person object of an identifier.
    async fn person_object(&self, ifi: &Ifi) -> serde_json::Value {
        let principal = acta_access::Principal::new(OF, "reader", "all/read".parse().unwrap());
        let agent = parse_actor(ifi.to_key().as_bytes(), Version::V2_0_0).unwrap();
        let text = self.service.find_person(&principal, &agent).await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The detail of the last act of this name.
    pub(crate) async fn detail(&self, act: &str) -> serde_json::Value {
        let entries = self.audit(Some(OF)).await;
        let entry = entries.iter().rfind(|entry| entry.content.act == act).unwrap();
        serde_json::from_str(&entry.content.detail).unwrap()
    }

    async fn acts(&self) -> Vec<String> {
        let entries = self.audit(Some(OF)).await;
        let acts = entries.iter().map(|entry| entry.content.act.to_string());
        acts.filter(|act| act.starts_with("persons.")).collect()
    }
}

#[tokio::test]
async fn an_identifier_belongs_to_one_person_at_most() {
    let world = World::new().await;
    let ada = world.join(&[account("ada"), mbox("ada"), account("ada")]).await.unwrap();
    assert_eq!(ada.identifiers, [account("ada"), mbox("ada")]);
    let taken = world.join(&[account("bob"), mbox("ada")]).await.unwrap_err();
    let AdminError::IdentifierTaken { identifier, person } = taken else { panic!("{taken}") };
    assert_eq!((identifier, person), (mbox("ada").to_key(), ada.id));
    let bob = world.join(&[account("bob")]).await.unwrap();
    let edit = PersonEdit { identifiers: Some(vec![mbox("ada")]), ..PersonEdit::default() };
    let machine = Requester::machine();
    let taken = world.admin.change_person(&machine, (OF, bob.id), &edit, None).await;
    assert!(matches!(taken, Err(AdminError::IdentifierTaken { .. })), "{taken:?}");
    assert_eq!(word(&world.join(&[]).await), "faulty");
    let many: Vec<Ifi> =
        (0..=JoinedPerson::IDENTIFIERS_MAX).map(|it| account(&it.to_string())).collect();
    assert_eq!(word(&world.join(&many).await), "faulty");
    // In another tenant it is on its own.
    let new = NewJoinedPerson { identifiers: vec![mbox("ada")], ..Default::default() };
    let other = world.admin.create_person(&machine, world.other, new, never()).await;
    assert_eq!(word(&other), "done");
    let elsewhere = world.admin.read_person(&machine, world.other, ada.id).await;
    assert_eq!(word(&elsewhere), "hidden");
}

#[tokio::test]
async fn joining_is_undone_by_splitting_and_removing() {
    let world = World::new().await;
    let machine = Requester::machine();
    let ada = world.join(&[account("ada"), mbox("ada")]).await.unwrap();
    let bob = world.join(&[account("bob"), mbox("bob")]).await.unwrap();
    let before = world.joined().await;
    let alone = world.person_object(&mbox("ada")).await;
    let joined = world.admin.join_persons(&machine, (OF, ada.id), &[bob.id]).await.unwrap();
    assert_eq!(joined.value.identifiers.len(), 4);
    assert_eq!(word(&world.admin.read_person(&machine, OF, bob.id).await), "hidden");
    let object = world.person_object(&mbox("bob")).await;
    assert_eq!(object["mbox"].as_array().unwrap().len(), 2, "{object}");
    assert_eq!(object["account"].as_array().unwrap().len(), 2, "{object}");
    let new = NewJoinedPerson { identifiers: bob.identifiers.clone(), ..Default::default() };
    let split = world.admin.split_person(&machine, (OF, ada.id), &new).await.unwrap();
    assert_eq!(split.value.identifiers, bob.identifiers);
    assert_eq!(world.joined().await, before);
    assert_eq!(world.person_object(&mbox("ada")).await, alone);
    // All of them, or those of somebody else, cannot be split off.
    for identifiers in [split.value.identifiers.clone(), ada.identifiers.clone()] {
        let new = NewJoinedPerson { identifiers, ..Default::default() };
        let refused = world.admin.split_person(&machine, (OF, split.value.id), &new).await;
        assert_eq!(word(&refused), "faulty");
    }
    world.admin.remove_person(&machine, (OF, ada.id), None).await.unwrap();
    let object = world.person_object(&mbox("ada")).await;
    assert_eq!(object["account"], serde_json::Value::Null, "{object}");
    world.join(&[mbox("ada")]).await.unwrap();
    let expected = [
        "persons.created",
        "persons.created",
        "persons.joined",
        "persons.split",
        "persons.removed",
        "persons.created",
    ];
    assert_eq!(world.acts().await, expected);
    let audit = world.whole_audit().await;
    assert!(!audit.contains("example.org") && !audit.contains("lms.example"), "{audit}");
}

#[tokio::test]
async fn a_change_needs_the_version_that_was_read() {
    let world = World::new().await;
    let machine = Requester::machine();
    let ada = world.join(&[account("ada")]).await.unwrap();
    let edit = PersonEdit {
        name: Some(Some("Ada".to_owned())),
        attributes: [("unit".parse().unwrap(), Some("North".to_owned()))].into(),
        ..PersonEdit::default()
    };
    let of = (OF, ada.id);
    let stale = world.admin.change_person(&machine, of, &edit, Some(&[7])).await;
    assert_eq!(word(&stale), "stale");
    let changed = world.admin.change_person(&machine, of, &edit, Some(&[1])).await.unwrap();
    assert_eq!((changed.record.version, changed.value.name.as_deref()), (2, Some("Ada")));
    let edit = PersonEdit {
        attributes: [("unit".parse().unwrap(), None), ("job".parse().unwrap(), Some("x".into()))]
            .into(),
        ..PersonEdit::default()
    };
    let changed = world.admin.change_person(&machine, of, &edit, None).await.unwrap().value;
    let names: Vec<&str> = changed.attributes.keys().map(AttributeName::as_str).collect();
    assert_eq!((names, changed.name.as_deref()), (vec!["job"], Some("Ada")));
}

#[tokio::test]
async fn an_import_can_be_repeated_and_names_what_is_wrong() {
    let world = World::new().await;
    let first = "name,mbox,account.homePage,account.name,unit\n\
                 Ada,ada@example.org,https://lms.example,ada,North\n\
                 Bob,,https://lms.example,bob,\n";
    let check = ImportOptions { mode: ImportMode::Check, ..MAKE };
    let counts = world.import(first, check).await.unwrap();
    assert_eq!((counts.rows, counts.created), (2, 2));
    assert!(world.joined().await.is_empty());
    assert_eq!(world.import(first, MAKE).await.unwrap(), counts);
    let again = world.import(first, MAKE).await.unwrap();
    assert_eq!((again.rows, again.unchanged), (2, 2));
    // One row says more of Ada, and one joins her with Bob.
    let more = "mbox,openid\nada@example.org,https://ada.example\n";
    assert_eq!(world.import(more, MAKE).await.unwrap().changed, 1);
    let both = "mbox,account.homePage,account.name\nada@example.org,https://lms.example,bob\n";
    let Err(AdminError::Faulty(faults)) = world.import(both, MAKE).await else { panic!() };
    assert!(faults[0].message.starts_with("line 2: its identifiers belong to different persons"));
    let joins = ImportOptions { joins: true, ..MAKE };
    let joined = world.import(both, joins).await.unwrap();
    assert_eq!((joined.changed, joined.joined), (1, 1));
    let all = world.joined().await;
    assert_eq!(all.len(), 1);
    assert_eq!(all.first_key_value().unwrap().0.len(), 4);
    // What is exported can be imported and changes nothing.
    let machine = Requester::machine();
    let persons = world.admin.begin_person_export(&machine, OF).await.unwrap();
    let columns = ExportColumns::of(&persons);
    let ids: Vec<_> = persons.ids().collect();
    let read = world.admin.read_persons(&machine, OF, &ids).await.unwrap();
    let text = format!("{}{}", columns.head(), write_rows(&columns, &read));
    let again = world.import(&text, MAKE).await.unwrap();
    assert_eq!((again.rows, again.unchanged), (1, 1), "{text}");
    assert!(world.acts().await.contains(&"persons.exported".to_owned()));
}

#[tokio::test]
async fn an_import_of_many_rows_is_made_in_parts() {
    let world = World::new().await;
    let rows = (0..1_234).map(|number| format!("{number}@example.org,Unit {}\n", number % 7));
    let text = format!("mbox,unit\n{}", rows.collect::<String>());
    let counts = world.import(&text, MAKE).await.unwrap();
    assert_eq!((counts.rows, counts.created), (1_234, 1_234));
    let imports = world.acts().await;
    assert_eq!(imports, ["persons.imported"; 3]);
    let persons = world.admin.persons().load(OF).await.unwrap();
    assert_eq!(persons.len(), 1_234);
    assert_eq!(persons.search("unit 3", None, 10_000).len(), 176);
}

#[tokio::test]
async fn rules_join_what_is_used_and_listed_nowhere_else() {
    let world = World::new().await;
    let machine = Requester::machine();
    world.store("6690e6c9-3ef0-4ed3-8b37-7f3964730bef").await;
    let sum = Ifi::MboxSha1("6f97d3a2cc7a4cbd3ae4ba48c4d9a0de5e3a3a3a".into());
    let rules = PersonRules {
        home_pages: vec![vec![
            "https://lms.example".parse().unwrap(),
            "https://video.example".parse().unwrap(),
        ]],
        mailbox_sha1: true,
    };
    world.admin.set_person_rules(&machine, OF, &rules).await.unwrap();
    assert_eq!(world.admin.read_person_rules(&machine, OF).await.unwrap(), rules);
    let video =
        Ifi::Account { home_page: "https://video.example".parse().unwrap(), name: "ada".into() };
    world.join(&[account("ada"), mbox("ada")]).await.unwrap();
    let object = world.person_object(&video).await;
    assert_eq!(object["mbox"][0], "mailto:ada@example.org", "{object}");
    assert_eq!(object["account"].as_array().unwrap().len(), 2, "{object}");
    let object = world.person_object(&account("ada")).await;
    assert_eq!(object["account"].as_array().unwrap().len(), 1, "not one that nobody has used");
    assert_eq!(world.person_object(&sum).await["mbox"], serde_json::Value::Null);
    let short = PersonRules { home_pages: vec![vec![]], ..PersonRules::default() };
    assert_eq!(word(&world.admin.set_person_rules(&machine, OF, &short).await), "faulty");
}

#[tokio::test]
async fn one_of_two_concurrent_joins_of_an_identifier_succeeds() {
    let world = World::new().await;
    let (one, other) = ([mbox("ada"), account("1")], [mbox("ada"), account("2")]);
    let (one, other) = tokio::join!(world.join(&one), world.join(&other));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(world.joined().await.len(), 1);
}

#[tokio::test]
async fn a_person_who_is_named_twice_is_joined_once() {
    let world = World::new().await;
    let machine = Requester::machine();
    let ada = world.join(&[account("ada")]).await.unwrap();
    let bob = world.join(&[account("bob"), mbox("bob")]).await.unwrap();
    let joined = world.admin.join_persons(&machine, (OF, ada.id), &[bob.id, bob.id]).await.unwrap();
    assert_eq!(joined.value.identifiers, [account("ada"), account("bob"), mbox("bob")]);
    let stored = world.admin.read_person(&machine, OF, ada.id).await.unwrap();
    assert_eq!(stored.value.identifiers.len(), 3);
    assert_eq!(world.detail("persons.joined").await["persons"], json!([bob.id.to_string()]));
}

#[tokio::test]
async fn an_import_says_whom_it_has_joined() {
    let world = World::new().await;
    let ada = world.join(&[mbox("ada")]).await.unwrap();
    let bob = world.join(&[mbox("bob")]).await.unwrap();
    let joins = ImportOptions { joins: true, ..MAKE };
    let text = "mbox,mbox\nada@example.org,bob@example.org\n";
    assert_eq!(world.import(text, joins).await.unwrap().joined, 1);
    let expected = json!([[ada.id.to_string(), bob.id.to_string()]]);
    assert_eq!(world.detail("persons.imported").await["joins"], expected);
}

/// Makes two persons as soon as something has been imported.
async fn disturb(world: &World) -> bool {
    while world.acts().await.is_empty() {
        tokio::task::yield_now().await;
    }
    world.join(&[mbox("ada")]).await.is_ok() && world.join(&[mbox("bob")]).await.is_ok()
}

#[tokio::test]
async fn an_import_that_others_disturb_says_how_far_it_came() {
    let rows: Vec<String> = (0..3_000).map(|number| format!("{number}@example.org,")).collect();
    let text = format!("mbox,mbox\n{}\nada@example.org,bob@example.org\n", rows.join("\n"));
    // It may be done before it is disturbed.
    for _ in 0..20 {
        let world = World::new().await;
        let (imported, is_disturbed) = tokio::join!(world.import(&text, MAKE), disturb(&world));
        let Err(AdminError::ImportStopped { rows, faults }) = imported else { continue };
        assert!(is_disturbed && rows != 0 && rows.is_multiple_of(500), "{rows}");
        assert!(faults[0].message.starts_with("line 3002: its identifiers"), "{faults:?}");
        // Those that were imported change nothing, and joining repairs the rest.
        let joins = ImportOptions { joins: true, ..MAKE };
        let again = world.import(&text, joins).await.unwrap();
        assert_eq!((again.rows, again.created + again.unchanged, again.joined), (3_001, 3_000, 1));
        return;
    }
    panic!("it was never disturbed");
}

#[tokio::test]
async fn persons_have_at_most_so_many_different_attributes() {
    let world = World::new().await;
    let names = |from: usize, to: usize| {
        let names: Vec<String> = (from..to).map(|number| format!("a{number}")).collect();
        let rows = names.chunks(25).enumerate().map(|(row, _)| {
            let is_own = |number: usize| (number - from) / 25 == row;
            let cells = (from..to).map(|number| [",", "x,"][usize::from(is_own(number))]);
            format!("{}{from}.{row}@example.org\n", cells.collect::<String>())
        });
        format!("{},mbox\n{}", names.join(","), rows.collect::<String>())
    };
    assert_eq!(world.import(&names(0, 200), MAKE).await.unwrap().created, 8);
    assert_eq!(word(&world.import(&names(200, 201), MAKE).await), "conflict");
    assert_eq!(world.import(&names(199, 200), MAKE).await.unwrap().created, 1);
}

#[test]
fn a_person_object_is_of_one_moment() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let machine = Requester::machine();
    let ada = runtime.block_on(world.join(&[account("ada"), mbox("ada")])).unwrap();
    let bob = runtime.block_on(world.join(&[account("bob"), mbox("bob")])).unwrap();
    let change = async {
        let mut other = bob.clone();
        for _ in 0..50 {
            world.admin.join_persons(&machine, (OF, ada.id), &[other.id]).await.unwrap();
            let identifiers = bob.identifiers.clone();
            let new = NewJoinedPerson { identifiers, ..Default::default() };
            other = world.admin.split_person(&machine, (OF, ada.id), &new).await.unwrap().value;
        }
    };
    std::thread::scope(|threads| {
        let changing = threads.spawn(|| runtime.block_on(change));
        while !changing.is_finished() {
            let object = runtime.block_on(world.person_object(&mbox("bob")));
            assert!(object["account"].is_array(), "never alone: {object}");
        }
    });
}

#[tokio::test]
async fn an_unlisted_identifier_belongs_to_whom_the_first_listed_one_belongs() {
    let world = World::new().await;
    let machine = Requester::machine();
    let at = |page: &str| Ifi::Account {
        home_page: format!("https://{page}.example").parse().unwrap(),
        name: "x".into(),
    };
    let pages = ["a", "b", "lms"].map(|page| format!("https://{page}.example").parse().unwrap());
    let rules = PersonRules { home_pages: vec![pages.to_vec()], mailbox_sha1: false };
    world.admin.set_person_rules(&machine, OF, &rules).await.unwrap();
    world.store_of(&at("lms")).await;
    world.join(&[at("a"), mbox("first")]).await.unwrap();
    world.join(&[at("b"), mbox("second")]).await.unwrap();
    let object = world.person_object(&at("lms")).await;
    assert_eq!(object["mbox"][0], "mailto:first@example.org", "{object}");
    let count = |object: &serde_json::Value| object["account"].as_array().unwrap().len();
    assert_eq!(count(&world.person_object(&at("a")).await), 2);
    assert_eq!(count(&world.person_object(&at("b")).await), 1, "it belongs to the other one");
}

#[tokio::test]
async fn only_readers_of_all_statements_see_other_identifiers() {
    let world = World::new().await;
    world.join(&[account("ada"), mbox("ada")]).await.unwrap();
    let agent = parse_actor(account("ada").to_key().as_bytes(), Version::V2_0_0).unwrap();
    for (scopes, is_told) in [("state", false), ("define", false), ("statements/read", true)] {
        let principal = acta_access::Principal::new(OF, "reader", scopes.parse().unwrap());
        let text = world.service.find_person(&principal, &agent).await.unwrap();
        assert_eq!(text.contains("ada@example.org"), is_told, "{scopes}: {text}");
    }
}
