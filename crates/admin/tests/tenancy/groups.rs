//! Groups of persons: a tree, members at dates, imported and exported.

use acta_access::TenantId;
use acta_admin::{
    AdminError, GroupImportCounts, GroupSearch, ImportMode, MemberOf, MemberPage, NewJoinedPerson,
    NewPersonGroup, PersonGroupEdit, Requester, parse_group_rows,
};
use acta_storage::directory::{
    GroupId, GroupMembership, JoinedPerson, MembershipPeriod, PersonGroup, PersonId,
};
use acta_xapi::Uuid;
use serde_json::json;

use crate::persons::mbox;
use crate::world::{World, never, now, word};

const OF: TenantId = TenantId::FIRST;

/// Does what the table of permissions names.
pub(crate) async fn perform(
    world: &World,
    requester: &Requester,
    name: &str,
) -> Result<(), AdminError> {
    let admin = &world.admin;
    match name {
        "list-groups" => {
            let search = GroupSearch { text: String::new(), after: None, count_max: 9 };
            admin.list_groups(requester, OF, &search).await.map(drop)
        }
        "export-groups" => admin.begin_group_export(requester, OF).await.map(drop),
        "create-group" => {
            let new = NewPersonGroup { name: "Science".to_owned(), ..Default::default() };
            admin.create_group(requester, OF, new, never()).await.map(drop)
        }
        "import-groups" => {
            let rows = parse_group_rows(b"group\nScience\n", 0).unwrap();
            admin.import_groups(requester, OF, &rows, ImportMode::Make).await.map(drop)
        }
        "add-member" => {
            let persons = admin.persons().load(OF).await.unwrap();
            let group = persons.groups().find_below(None, "Science").unwrap();
            let ada = MemberOf::Identifier(mbox("ada"));
            admin.put_member(requester, (OF, group), &ada, &[period(None, None)]).await.map(drop)
        }
        other => panic!("nobody can {other}"),
    }
}

fn period(from: Option<&str>, until: Option<&str>) -> MembershipPeriod {
    let date = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    MembershipPeriod { from: date(from), until: date(until) }
}

impl World {
    pub(crate) async fn group(
        &self,
        name: &str,
        parent: Option<GroupId>,
    ) -> Result<PersonGroup, AdminError> {
        let new = NewPersonGroup { name: name.to_owned(), kind: None, parent };
        self.admin.create_group(&Requester::machine(), OF, new, never()).await.map(now)
    }

    async fn move_group(
        &self,
        id: GroupId,
        parent: Option<GroupId>,
    ) -> Result<PersonGroup, AdminError> {
        let edit = PersonGroupEdit { parent: Some(parent), ..PersonGroupEdit::default() };
        let moved = self.admin.change_group(&Requester::machine(), (OF, id), &edit, None).await;
        moved.map(|moved| moved.value)
    }

    async fn put(
        &self,
        group: GroupId,
        who: MemberOf,
        periods: &[MembershipPeriod],
    ) -> Result<JoinedPerson, AdminError> {
        self.admin.put_member(&Requester::machine(), (OF, group), &who, periods).await
    }

    async fn members(&self, group: GroupId) -> Vec<PersonId> {
        let page = MemberPage { after: None, count_max: 100 };
        let found =
            self.admin.list_members_of_group(&Requester::machine(), (OF, group), page).await;
        found.unwrap().into_iter().map(|person| person.id).collect()
    }

    async fn memberships(&self, person: PersonId) -> Vec<GroupMembership> {
        let found = self.admin.read_person(&Requester::machine(), OF, person).await.unwrap();
        found.value.memberships
    }

    async fn import_groups(
        &self,
        text: &str,
        mode: ImportMode,
    ) -> Result<GroupImportCounts, AdminError> {
        let rows = parse_group_rows(text.as_bytes(), 0).map_err(AdminError::Faulty)?;
        self.admin.import_groups(&Requester::machine(), OF, &rows, mode).await
    }

    async fn export_groups(&self) -> String {
        let export = self.admin.begin_group_export(&Requester::machine(), OF).await.unwrap();
        // In parts, as they are sent.
        (0..export.len()).map(|line| export.rows(line, 1)).collect()
    }
}

#[tokio::test]
async fn groups_are_a_tree_without_circles() {
    let world = World::new().await;
    let science = world.group("Science", None).await.unwrap();
    let physics = world.group("Physics", Some(science.id)).await.unwrap();
    let lab = world.group("Lab", Some(physics.id)).await.unwrap();
    // A name is there once in a place.
    assert_eq!(word(&world.group("Physics", Some(science.id)).await), "conflict");
    assert_eq!(word(&world.group("Physics", None).await), "done");
    for (name, parent) in [(" x", None), ("", None), ("x", Some(Uuid::from_u128(9)))] {
        assert_eq!(word(&world.group(name, parent).await), "faulty", "{name:?} {parent:?}");
    }
    for parent in [science.id, physics.id, lab.id] {
        assert_eq!(word(&world.move_group(science.id, Some(parent)).await), "faulty");
    }
    assert_eq!(word(&world.move_group(physics.id, None).await), "conflict");
    let machine = Requester::machine();
    let removed = world.admin.remove_group(&machine, (OF, physics.id), None).await;
    assert_eq!(word(&removed), "conflict");
    assert_eq!(world.move_group(lab.id, None).await.unwrap().parent, None);
    world.admin.remove_group(&machine, (OF, physics.id), None).await.unwrap();
    let gone = world.admin.read_group(&machine, OF, physics.id).await;
    assert_eq!(word(&gone), "hidden");
    assert_eq!(world.detail("groups.removed").await, json!({"parent": science.id.to_string()}));
    // Another tenant has other groups.
    let new = NewPersonGroup { parent: Some(science.id), name: "x".into(), kind: None };
    let other = world.admin.create_group(&machine, world.other, new, never()).await;
    assert_eq!(word(&other), "faulty");
    assert_eq!(word(&world.admin.read_group(&machine, world.other, science.id).await), "hidden");
    let search = |text: &str| GroupSearch { text: text.into(), after: None, count_max: 9 };
    let found = world.admin.list_groups(&machine, OF, &search("SCI")).await.unwrap();
    assert_eq!(found.iter().map(|found| found.value.id).collect::<Vec<_>>(), [science.id]);
    assert_eq!(world.admin.list_groups(&machine, OF, &search("")).await.unwrap().len(), 3);
}

#[tokio::test]
async fn groups_have_at_most_so_many_levels() {
    let world = World::new().await;
    let mut parent = None;
    for level in 1..=PersonGroup::LEVELS_MAX {
        parent = Some(world.group(&level.to_string(), parent).await.unwrap().id);
    }
    assert_eq!(word(&world.group("too deep", parent).await), "faulty");
    // What is below a group moves with it.
    let top = world.group("top", None).await.unwrap();
    let pair = world.group("pair", None).await.unwrap();
    world.group("below", Some(pair.id)).await.unwrap();
    let machine = Requester::machine();
    let last_but_one = world.admin.read_group(&machine, OF, parent.unwrap()).await.unwrap();
    assert_eq!(word(&world.move_group(pair.id, last_but_one.value.parent).await), "faulty");
    assert_eq!(word(&world.move_group(pair.id, Some(top.id)).await), "done");
}

#[tokio::test]
async fn one_of_two_concurrent_moves_that_make_a_circle_succeeds() {
    let world = World::new().await;
    let one = world.group("one", None).await.unwrap().id;
    let other = world.group("other", None).await.unwrap().id;
    let (first, second) =
        tokio::join!(world.move_group(one, Some(other)), world.move_group(other, Some(one)));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}

#[tokio::test]
async fn members_are_in_a_group_at_times() {
    let world = World::new().await;
    let ada = world.join(&[mbox("ada")]).await.unwrap();
    let group = world.group("Science", None).await.unwrap().id;
    let periods = [period(Some("2025-09-01"), None), period(None, Some("2024-07-01"))];
    let put = world.put(group, MemberOf::Person(ada.id), &periods).await.unwrap();
    let expected = [periods[1], periods[0]].map(|period| GroupMembership { group, period });
    assert_eq!((put.id, put.memberships), (ada.id, expected.to_vec()));
    assert_eq!(world.memberships(ada.id).await, expected);
    // Who has the identifier is the member; an identifier of nobody becomes a person.
    let same = world.put(group, MemberOf::Identifier(mbox("ada")), &periods).await.unwrap();
    let bob = world.put(group, MemberOf::Identifier(mbox("bob")), &periods[..1]).await.unwrap();
    assert_eq!((same.id, bob.identifiers.clone()), (ada.id, vec![mbox("bob")]));
    assert_eq!(world.detail("groups.member-set").await["is_new_person"], true);
    let mut members = vec![ada.id, bob.id];
    members.sort_unstable();
    assert_eq!(world.members(group).await, members);
    for faulty in [
        vec![],
        vec![period(Some("2025-01-01"), Some("2025-01-01"))],
        vec![period(None, None), period(Some("2025-01-01"), None)],
        vec![period(None, None); 2],
    ] {
        let put = world.put(group, MemberOf::Person(ada.id), &faulty).await;
        assert_eq!(word(&put), "faulty", "{faulty:?}");
    }
    let nobody = MemberOf::Person(Uuid::from_u128(9));
    assert_eq!(word(&world.put(group, nobody, &periods).await), "hidden");
    let nowhere = world.put(Uuid::from_u128(9), MemberOf::Person(ada.id), &periods).await;
    assert_eq!(word(&nowhere), "hidden");
    let machine = Requester::machine();
    for expected in ["done", "hidden"] {
        let removed = world.admin.remove_member_of_group(&machine, (OF, group), bob.id).await;
        assert_eq!(word(&removed), expected);
    }
    assert_eq!(world.members(group).await, [ada.id]);
}

#[tokio::test]
async fn who_is_joined_is_in_the_groups_of_both() {
    let world = World::new().await;
    let ada = world.join(&[mbox("ada")]).await.unwrap().id;
    let bob = world.join(&[mbox("bob")]).await.unwrap().id;
    let science = world.group("Science", None).await.unwrap().id;
    let arts = world.group("Arts", None).await.unwrap().id;
    let (first, second) = (
        period(Some("2025-01-01"), Some("2025-07-01")),
        period(Some("2025-03-01"), Some("2026-01-01")),
    );
    world.put(science, MemberOf::Person(ada), &[first]).await.unwrap();
    world.put(science, MemberOf::Person(bob), &[second]).await.unwrap();
    world.put(arts, MemberOf::Person(bob), &[second]).await.unwrap();
    let machine = Requester::machine();
    world.admin.join_persons(&machine, (OF, ada), &[bob]).await.unwrap();
    let both = period(Some("2025-01-01"), Some("2026-01-01"));
    let mut expected = vec![
        GroupMembership { group: science, period: both },
        GroupMembership { group: arts, period: second },
    ];
    expected.sort_unstable();
    assert_eq!(world.memberships(ada).await, expected);
    // They stay with the first one when identifiers are split off.
    let new = NewJoinedPerson { identifiers: vec![mbox("bob")], ..Default::default() };
    let split = world.admin.split_person(&machine, (OF, ada), &new).await.unwrap().value;
    assert_eq!((split.memberships.len(), world.memberships(ada).await.len()), (0, 2));
    // A group that is removed has no members, and the next change of one forgets it.
    world.admin.remove_group(&machine, (OF, arts), None).await.unwrap();
    let page = MemberPage { after: None, count_max: 9 };
    let gone = world.admin.list_members_of_group(&machine, (OF, arts), page).await;
    assert_eq!(word(&gone), "hidden");
    world.put(science, MemberOf::Person(ada), &[first]).await.unwrap();
    assert_eq!(world.memberships(ada).await, [GroupMembership { group: science, period: first }]);
}

#[tokio::test]
async fn an_import_makes_groups_and_members_and_repeats_without_changes() {
    let world = World::new().await;
    let ada = world.join(&[mbox("ada")]).await.unwrap();
    let text = "group,kind,mbox,from,until\n\
                Science,unit,,,\n\
                Science/Physics,class,ada@example.org,2025-09-01,2026-07-01\n\
                Science/Physics,,ada@example.org,2026-09-01,\n\
                Science/Physics,,bob@example.org,,\n\
                =Arts \\/ Music,,ada@example.org,,\n";
    let expected = GroupImportCounts {
        rows: 5,
        groups_created: 3,
        persons_created: 1,
        changed: 5,
        unchanged: 0,
    };
    let checked = world.import_groups(text, ImportMode::Check).await.unwrap();
    assert_eq!((checked, world.export_groups().await), (expected, String::new()));
    assert_eq!(world.import_groups(text, ImportMode::Make).await.unwrap(), expected);
    assert_eq!(world.detail("groups.imported").await["groups_created"], 3);
    let again = world.import_groups(text, ImportMode::Make).await.unwrap();
    assert_eq!((again.changed, again.unchanged, again.groups_created), (0, 5, 0));
    assert_eq!(world.memberships(ada.id).await.len(), 3);
    let exported = world.export_groups().await;
    let head = "group,kind,mbox,mbox_sha1sum,openid,account.homePage,account.name,from,until";
    assert_eq!(acta_admin::GroupExport::head().trim_end(), head);
    let mut lines: Vec<&str> = exported.lines().collect();
    lines[4..].sort_unstable();
    assert_eq!(
        lines,
        [
            "\"'=Arts \\/ Music\",,,,,,,,",
            "\"'=Arts \\/ Music\",,mailto:ada@example.org,,,,,,",
            "Science,unit,,,,,,,",
            "Science/Physics,class,,,,,,,",
            "Science/Physics,,mailto:ada@example.org,,,,,2025-09-01,2026-07-01",
            "Science/Physics,,mailto:ada@example.org,,,,,2026-09-01,",
            "Science/Physics,,mailto:bob@example.org,,,,,,",
        ]
    );
    let file = format!("{head}\r\n{exported}");
    let again = world.import_groups(&file, ImportMode::Make).await.unwrap();
    assert_eq!((again.changed, again.unchanged), (0, 7));
    // The end of a time that begins on the same day is replaced.
    let ends = "group,mbox,from,until\nScience/Physics,ada@example.org,2026-09-01,2027-01-01\n";
    assert_eq!(world.import_groups(ends, ImportMode::Make).await.unwrap().changed, 1);
    assert!(world.export_groups().await.contains("2026-09-01,2027-01-01"));
}

#[tokio::test]
async fn a_faulty_import_changes_nothing_and_says_where_the_faults_are() {
    let world = World::new().await;
    let deep = (0..17).map(|level| level.to_string()).collect::<Vec<_>>().join("/");
    let faults = |error: AdminError| {
        let AdminError::Faulty(faults) = error else { panic!("{error}") };
        faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>()
    };
    let text = "group,person,mbox,from,until\n\
                A,,ada@example.org,2025-01-01,\n\
                A,,ada@example.org,2025-03-01,2025-04-01\n\
                A,00000000-0000-4000-8000-000000000001,,,\n";
    let found = faults(world.import_groups(text, ImportMode::Make).await.unwrap_err());
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("line 3, column from: the person is a member from 2025-01-01"));
    assert!(found[1].starts_with("line 4, column person: there is no person"), "{found:?}");
    let found = faults(
        world.import_groups(&format!("group\n{deep}\n"), ImportMode::Make).await.unwrap_err(),
    );
    assert!(found[0].starts_with("line 2, column group: expected the names of 1 to 16"));
    assert_eq!(world.export_groups().await, "");
    assert!(world.audit(Some(OF)).await.iter().all(|it| it.content.act != "groups.imported"));
}

#[tokio::test]
async fn many_rows_are_imported_in_steps() {
    let world = World::new().await;
    let rows: Vec<String> = (0..1_200)
        .map(|number| {
            format!("Cohort {}/Class {number},{number}@example.org,2026-09-01\n", number % 7)
        })
        .collect();
    let text = format!("group,mbox,from\n{}", rows.concat());
    let counts = world.import_groups(&text, ImportMode::Make).await.unwrap();
    assert_eq!((counts.rows, counts.groups_created, counts.persons_created), (1_200, 1_207, 1_200));
    assert_eq!(world.export_groups().await.lines().count(), 2_407);
    let again = world.import_groups(&text, ImportMode::Make).await.unwrap();
    assert_eq!(again.unchanged, 1_200);
}
