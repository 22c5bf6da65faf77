//! Saved questions: who sees, changes and removes which, how many there may be, and what becomes of
//! them when their owner leaves.

mod dashboards;

use acta_access::{Role, TenantId};
use acta_admin::{AdminError, Idempotency, Idempotent, Options, QuestionDraft, Requester};
use acta_storage::directory::{self, QuestionKind, SavedQuestion, Versioned};
use acta_storage::{AuditEntry, Group};

use crate::engine::{Engine, on_every_engine};
use crate::house::{House, at_once, refused};

const TENANT: TenantId = TenantId::FIRST;

on_every_engine! {
    a_question_that_is_not_shared_exists_for_its_owner_alone
    a_shared_question_is_changed_by_its_owner_and_by_who_runs_the_tenant
    names_are_taken_once_among_the_shared_and_once_of_each_owner
    a_tenant_has_a_maximum_number_of_saved_questions
    a_person_has_a_part_of_the_questions_of_its_tenant_for_itself
    shared_questions_stay_when_their_owner_leaves
    saved_questions_are_removed_with_their_tenant
    a_saved_question_needs_a_name_and_somebody_to_see_it
}

fn draft(name: &str, is_shared: bool) -> QuestionDraft {
    QuestionDraft {
        name: name.to_owned(),
        description: String::new(),
        is_shared,
        kind: QuestionKind::Query,
        question: r#"{"measures":[{"measure":"count"}]}"#.to_owned(),
    }
}

async fn save(
    house: &House,
    who: &Requester,
    draft: QuestionDraft,
) -> Result<SavedQuestion, AdminError> {
    let once = Idempotency { key: None, encode: &|_| String::new() };
    match house.admin.save_question(who, TENANT, draft, once).await? {
        Idempotent::Performed(saved) => Ok(saved),
        Idempotent::Replayed(_) => panic!("it is the first time"),
    }
}

/// The names of what somebody sees, a page of one at a time.
async fn names(house: &House, who: &Requester) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = house.admin.list_questions(who, TENANT, after, 1).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        names.extend(page.into_iter().map(|found| found.name));
    }
    names.sort();
    names
}

async fn all(house: &House) -> Vec<Versioned<SavedQuestion>> {
    directory::list(&*house.storage, &Group::OfTenant(TENANT)).await.unwrap()
}

fn acts(entries: &[AuditEntry]) -> Vec<&str> {
    let acts = entries.iter().map(|entry| &*entry.content.act);
    acts.filter(|act| act.starts_with("question.")).collect()
}

async fn a_question_that_is_not_shared_exists_for_its_owner_alone(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, admin) = (house.ada().await, &house.admin);
    let bob = house.comes(&ada, ("bob@example.org", Role::Analyst)).await;
    let learner = house.comes(&ada, ("eve@example.org", Role::Learner)).await;
    let viewer = house.comes(&ada, ("viewer@example.org", Role::Viewer)).await;
    let own = save(&house, &bob, draft("own", false)).await.unwrap();
    let shared = save(&house, &bob, draft("shared", true)).await.unwrap();
    assert_eq!(own.owner, bob.account().map(|account| account.id));
    assert_eq!(names(&house, &bob).await, ["own", "shared"]);
    let machine = Requester::machine();
    for other in [&ada, &learner, &machine] {
        assert_eq!(names(&house, other).await, ["shared"]);
        assert_eq!(admin.read_question(other, TENANT, shared.id).await.unwrap().value, shared);
        // As one that there is not.
        refused!(admin.read_question(other, TENANT, own.id).await, AdminError::NotFound);
    }
    for other in [&ada, &machine] {
        let changed = admin.change_question(other, (TENANT, own.id), draft("x", true), None).await;
        refused!(changed, AdminError::NotFound);
        refused!(admin.remove_question(other, TENANT, own.id).await, AdminError::NotFound);
    }
    let listed = admin.list_questions(&viewer, TENANT, None, 9).await;
    refused!(listed, AdminError::Forbidden { .. });
    for other in [&learner, &viewer] {
        refused!(save(&house, other, draft("x", false)).await, AdminError::Forbidden { .. });
        let permitted = admin.permit_saving_questions(other, TENANT, None).await;
        refused!(permitted, AdminError::Forbidden { .. });
    }
    // The audit names neither the question nor what it asks.
    let entries = house.entries(Some(TENANT)).await;
    assert_eq!(acts(&entries), ["question.saved"; 2]);
    let saved = entries.iter().find(|entry| entry.content.act == "question.saved").unwrap();
    assert_eq!(saved.content.detail, r#"{"kind":"query","shared":false}"#);
    assert_eq!(saved.content.target, format!("question:{}", own.id));
}

async fn a_shared_question_is_changed_by_its_owner_and_by_who_runs_the_tenant(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, admin) = (house.ada().await, &house.admin);
    let bob = house.comes(&ada, ("bob@example.org", Role::Advisor)).await;
    let other = house.comes(&ada, ("cy@example.org", Role::Analyst)).await;
    let saved = save(&house, &bob, draft("shared", true)).await.unwrap();
    let of = (TENANT, saved.id);
    let changed = admin.change_question(&other, of, draft("taken over", true), None).await;
    refused!(changed, AdminError::Forbidden { .. });
    let removed = admin.remove_question(&other, TENANT, saved.id).await;
    refused!(removed, AdminError::Forbidden { .. });
    // By the owner, in the version that was read.
    let stale = admin.change_question(&bob, of, draft("new", true), Some(&[7])).await;
    refused!(stale, AdminError::Stale);
    refused!(admin.permit_changing_question(&bob, of, Some(&[7])).await, AdminError::Stale);
    house.clock.advance(std::time::Duration::from_secs(1));
    let now = admin.change_question(&bob, of, draft("new", true), Some(&[1])).await.unwrap();
    assert_eq!((now.value.name.as_str(), now.record.version), ("new", 2));
    assert!(now.value.created < now.value.changed);
    let same = admin.change_question(&bob, of, draft("new", true), None).await.unwrap();
    assert_eq!(same.record.version, 2, "nothing was changed");
    // By who runs the tenant, who does not become the owner, and cannot hide it.
    let now = admin.change_question(&ada, of, draft("newer", true), None).await.unwrap();
    assert_eq!(now.value.owner, saved.owner);
    let hidden = admin.change_question(&ada, of, draft("newer", false), None).await;
    refused!(hidden, AdminError::Faulty(_));
    let own = admin.change_question(&bob, of, draft("newer", false), None).await.unwrap();
    assert!(!own.value.is_shared);
    refused!(admin.read_question(&ada, TENANT, saved.id).await, AdminError::NotFound);
    admin.change_question(&bob, of, draft("newer", true), None).await.unwrap();
    admin.remove_question(&ada, TENANT, saved.id).await.unwrap();
    assert!(all(&house).await.is_empty());
    let entries = house.entries(Some(TENANT)).await;
    let mut expected = vec!["question.saved"];
    expected.extend(["question.changed"; 4]);
    expected.push("question.removed");
    assert_eq!(acts(&entries), expected);
}

async fn names_are_taken_once_among_the_shared_and_once_of_each_owner(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Analyst)).await;
    for who in [&ada, &bob] {
        save(&house, who, draft("days", false)).await.unwrap();
        refused!(save(&house, who, draft("days", false)).await, AdminError::Conflict(_));
    }
    let shared = save(&house, &ada, draft("days", true)).await.unwrap();
    for who in [&ada, &bob, &Requester::machine()] {
        refused!(save(&house, who, draft("days", true)).await, AdminError::Conflict(_));
    }
    let of = (TENANT, shared.id);
    let hidden = house.admin.change_question(&ada, of, draft("days", false), None).await;
    refused!(hidden, AdminError::Conflict(_));
    house.admin.change_question(&ada, of, draft("weeks", true), None).await.unwrap();
    save(&house, &bob, draft("days", true)).await.unwrap();
}

async fn a_tenant_has_a_maximum_number_of_saved_questions(engine: Engine) {
    let options = Options { questions_max: 3, ..Options::usual() };
    let house = std::sync::Arc::new(House::with_options(engine, options).await);
    let ada = house.ada().await;
    let acts = (0..5).map(|number| {
        let (house, ada) = (std::sync::Arc::clone(&house), ada.clone());
        let wanted = draft(&format!("{number}"), true);
        Box::pin(async move { save(&house, &ada, wanted).await })
    });
    let texts = at_once(acts).await.into_iter().filter_map(Result::err);
    let text = "the tenant already has the maximum of 3 saved questions and dashboards; remove one \
                first (tenants.questions_max)";
    assert_eq!(texts.map(|error| error.to_string()).collect::<Vec<_>>(), [text; 2]);
    let saved = all(&house).await;
    assert_eq!(saved.len(), 3);
    // One that is changed is no new one; one that is removed makes room.
    let one = &saved[0].value;
    let wanted = draft("another", one.is_shared);
    house.admin.change_question(&ada, (TENANT, one.id), wanted, None).await.unwrap();
    house.admin.remove_question(&ada, TENANT, one.id).await.unwrap();
    save(&house, &ada, draft("room", true)).await.unwrap();
    refused!(save(&house, &ada, draft("full", true)).await, AdminError::LimitReached(_));
}

async fn a_person_has_a_part_of_the_questions_of_its_tenant_for_itself(engine: Engine) {
    let options = Options { questions_max: 20, ..Options::usual() };
    let house = House::with_options(engine, options).await;
    let ada = house.ada().await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Analyst)).await;
    let own = save(&house, &bob, draft("first", false)).await.unwrap();
    save(&house, &bob, draft("second", false)).await.unwrap();
    let refusal = save(&house, &bob, draft("third", false)).await.unwrap_err();
    let text = "the person already has the maximum of 2 saved questions and dashboards, where some \
                are not shared; remove one first (tenants.questions_max)";
    assert_eq!(refusal.to_string(), text);
    // For all, or for somebody else alone, there is room.
    let shared = save(&house, &bob, draft("third", true)).await.unwrap();
    save(&house, &ada, draft("first", false)).await.unwrap();
    let taken_back =
        house.admin.change_question(&bob, (TENANT, shared.id), draft("third", false), None).await;
    refused!(taken_back, AdminError::LimitReached(_));
    // Who may only ask removes its own.
    let account = bob.account().unwrap().id;
    house.admin.change_role(&ada, TENANT, account, Role::Learner).await.unwrap();
    house.admin.remove_question(&bob, TENANT, own.id).await.unwrap();
    let removed = house.admin.remove_question(&bob, TENANT, shared.id).await;
    removed.unwrap();
    assert_eq!(names(&house, &bob).await, ["second"]);
}

async fn shared_questions_stay_when_their_owner_leaves(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, admin) = (house.ada().await, &house.admin);
    let bob = house.comes(&ada, ("bob@example.org", Role::Analyst)).await;
    let cy = house.comes(&ada, ("cy@example.org", Role::Analyst)).await;
    for (who, name) in [(&bob, "bob"), (&cy, "cy"), (&ada, "ada")] {
        save(&house, who, draft(&format!("of {name}"), false)).await.unwrap();
        save(&house, who, draft(&format!("shared by {name}"), true)).await.unwrap();
    }
    // Bob loses the role in the tenant, Cy the account.
    admin.remove_member(&ada, TENANT, bob.account().unwrap().id).await.unwrap();
    let machine = Requester::machine();
    admin.remove_account(&machine, cy.account().unwrap().id).await.unwrap();
    let shared = ["shared by ada", "shared by bob", "shared by cy"];
    assert_eq!(names(&house, &machine).await, shared);
    let left = all(&house).await;
    assert_eq!(left.len(), 4, "those of Ada, and the shared ones");
    let ownerless = left.iter().filter(|found| found.value.owner.is_none());
    let mut ownerless: Vec<_> = ownerless.map(|found| found.value.name.as_str()).collect();
    ownerless.sort_unstable();
    assert_eq!(ownerless, shared[1..]);
    let entries = house.entries(Some(TENANT)).await;
    let count = |act: &str| acts(&entries).iter().filter(|found| **found == act).count();
    assert_eq!((count("question.removed"), count("question.changed")), (2, 2));
    // What belongs to the tenant is changed and removed by who runs it.
    let one = left.iter().find(|found| found.value.owner.is_none()).unwrap();
    let of = (TENANT, one.value.id);
    let hidden = admin.change_question(&ada, of, draft("own", false), None).await;
    refused!(hidden, AdminError::Faulty(_));
    admin.change_question(&ada, of, draft("renamed", true), None).await.unwrap();
    admin.remove_question(&ada, TENANT, one.value.id).await.unwrap();
}

async fn saved_questions_are_removed_with_their_tenant(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Analyst)).await;
    save(&house, &bob, draft("own", false)).await.unwrap();
    save(&house, &bob, draft("shared", true)).await.unwrap();
    let machine = Requester::machine();
    house.admin.delete_tenant(&machine, TENANT).await.unwrap();
    refused!(save(&house, &bob, draft("late", true)).await, AdminError::Conflict(_));
    house.clock.advance(Options::usual().deletion_wait);
    house.admin.run_maintenance().await.unwrap();
    assert!(all(&house).await.is_empty());
}

async fn a_saved_question_needs_a_name_and_somebody_to_see_it(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let long = "ä".repeat(SavedQuestion::DESCRIPTION_CHARS_MAX + 1);
    let text = "x".repeat(SavedQuestion::QUESTION_BYTES_MAX + 1);
    let faulty = [
        draft("", true),
        draft(" days", true),
        draft("a\nb", true),
        QuestionDraft { description: long, ..draft("days", true) },
        QuestionDraft { description: "\u{7}".into(), ..draft("days", true) },
        QuestionDraft { question: text, ..draft("days", true) },
    ];
    for wanted in faulty {
        refused!(save(&house, &ada, wanted).await, AdminError::Faulty(_));
    }
    // The command line is no person.
    let machine = Requester::machine();
    refused!(save(&house, &machine, draft("days", false)).await, AdminError::Faulty(_));
    let saved = save(&house, &machine, draft("days", true)).await.unwrap();
    assert_eq!(saved.owner, None);
    let lines = QuestionDraft { description: "one\ntwo".into(), ..draft("lines", false) };
    save(&house, &ada, lines).await.unwrap();
}
