//! Dashboards: saved as questions are, apart from them, and within the same limits.

use acta_access::Role;
use acta_admin::{AdminError, Options, QuestionDraft};
use acta_storage::directory::QuestionKind;

use super::{TENANT, all, draft, names, save};
use crate::engine::{Engine, on_every_engine};
use crate::house::{House, refused};

on_every_engine! {
    a_dashboard_is_no_question_and_a_question_no_dashboard
    a_dashboard_is_seen_and_changed_by_those_who_see_and_change_questions
    dashboards_and_questions_have_one_maximum
    shared_dashboards_stay_when_their_owner_leaves
}

fn dashboard(name: &str, is_shared: bool) -> QuestionDraft {
    let question = r#"{"tiles":[]}"#.to_owned();
    QuestionDraft { kind: QuestionKind::Dashboard, question, ..draft(name, is_shared) }
}

async fn a_dashboard_is_no_question_and_a_question_no_dashboard(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, admin) = (house.ada().await, &house.admin);
    // The same name does not conflict.
    let question = save(&house, &ada, draft("days", true)).await.unwrap();
    let shown = save(&house, &ada, dashboard("days", true)).await.unwrap();
    let taken = save(&house, &ada, dashboard("days", true)).await.unwrap_err();
    assert_eq!(taken.to_string(), "another dashboard has this name");
    let listed = admin.list_dashboards(&ada, TENANT, None, 9).await.unwrap();
    assert_eq!(listed.iter().map(|found| found.id).collect::<Vec<_>>(), [shown.id]);
    assert_eq!(names(&house, &ada).await, ["days"]);
    assert_eq!(admin.read_dashboard(&ada, TENANT, shown.id).await.unwrap().value, shown);
    refused!(admin.read_question(&ada, TENANT, shown.id).await, AdminError::NotFound);
    refused!(admin.read_dashboard(&ada, TENANT, question.id).await, AdminError::NotFound);
    refused!(admin.remove_question(&ada, TENANT, shown.id).await, AdminError::NotFound);
    refused!(admin.remove_dashboard(&ada, TENANT, question.id).await, AdminError::NotFound);
    let (question, shown) = ((TENANT, question.id), (TENANT, shown.id));
    refused!(
        admin.change_question(&ada, shown, draft("x", true), None).await,
        AdminError::NotFound
    );
    let changed = admin.change_question(&ada, question, dashboard("x", true), None).await;
    refused!(changed, AdminError::NotFound);
    refused!(admin.permit_changing_question(&ada, shown, None).await, AdminError::NotFound);
    refused!(admin.permit_changing_dashboard(&ada, question, None).await, AdminError::NotFound);
}

async fn a_dashboard_is_seen_and_changed_by_those_who_see_and_change_questions(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, admin) = (house.ada().await, &house.admin);
    let bob = house.comes(&ada, ("bob@example.org", Role::Analyst)).await;
    let cy = house.comes(&ada, ("cy@example.org", Role::Advisor)).await;
    let learner = house.comes(&ada, ("eve@example.org", Role::Learner)).await;
    let own = save(&house, &bob, dashboard("own", false)).await.unwrap();
    let shared = save(&house, &bob, dashboard("shared", true)).await.unwrap();
    for other in [&ada, &cy, &learner] {
        let seen = admin.list_dashboards(other, TENANT, None, 9).await.unwrap();
        assert_eq!(seen.iter().map(|found| found.id).collect::<Vec<_>>(), [shared.id]);
        refused!(admin.read_dashboard(other, TENANT, own.id).await, AdminError::NotFound);
        refused!(admin.remove_dashboard(other, TENANT, own.id).await, AdminError::NotFound);
    }
    refused!(save(&house, &learner, dashboard("x", true)).await, AdminError::Forbidden { .. });
    let of = (TENANT, shared.id);
    let changed = admin.change_question(&cy, of, dashboard("x", true), None).await;
    refused!(changed, AdminError::Forbidden { .. });
    refused!(admin.remove_dashboard(&cy, TENANT, shared.id).await, AdminError::Forbidden { .. });
    let stale = admin.permit_changing_dashboard(&bob, of, Some(&[7])).await;
    refused!(stale, AdminError::Stale);
    let now = admin.change_question(&bob, of, dashboard("new", true), Some(&[1])).await.unwrap();
    assert_eq!((&*now.value.name, now.record.version), ("new", 2));
    admin.remove_dashboard(&ada, TENANT, shared.id).await.unwrap();
    admin.remove_dashboard(&bob, TENANT, own.id).await.unwrap();
    assert!(all(&house).await.is_empty());
    let entries = house.entries(Some(TENANT)).await;
    let of_dashboards = entries.iter().filter(|entry| entry.content.act.starts_with("dashboard."));
    let acts: Vec<&str> = of_dashboards.clone().map(|entry| &*entry.content.act).collect();
    let (saved, removed) = ("dashboard.saved", "dashboard.removed");
    assert_eq!(acts, [saved, saved, "dashboard.changed", removed, removed]);
    let shown = format!("dashboard:{}", shared.id);
    assert_eq!(of_dashboards.filter(|entry| entry.content.target == shown).count(), 3);
}

async fn dashboards_and_questions_have_one_maximum(engine: Engine) {
    let options = Options { questions_max: 2, ..Options::usual() };
    let house = House::with_options(engine, options).await;
    let ada = house.ada().await;
    save(&house, &ada, draft("one", true)).await.unwrap();
    let shown = save(&house, &ada, dashboard("two", true)).await.unwrap();
    for wanted in [draft("three", true), dashboard("three", true)] {
        refused!(save(&house, &ada, wanted).await, AdminError::LimitReached(_));
    }
    house.admin.remove_dashboard(&ada, TENANT, shown.id).await.unwrap();
    save(&house, &ada, draft("three", true)).await.unwrap();
}

async fn shared_dashboards_stay_when_their_owner_leaves(engine: Engine) {
    let house = House::new(engine).await;
    let (ada, admin) = (house.ada().await, &house.admin);
    let bob = house.comes(&ada, ("bob@example.org", Role::Analyst)).await;
    save(&house, &bob, dashboard("own", false)).await.unwrap();
    let shared = save(&house, &bob, dashboard("shared", true)).await.unwrap();
    admin.remove_member(&ada, TENANT, bob.account().unwrap().id).await.unwrap();
    let left = all(&house).await;
    assert_eq!(left.iter().map(|found| found.value.id).collect::<Vec<_>>(), [shared.id]);
    assert_eq!(left[0].value.owner, None);
    let entries = house.entries(Some(TENANT)).await;
    let count = |act: &str| entries.iter().filter(|entry| entry.content.act == act).count();
    assert_eq!((count("dashboard.removed"), count("dashboard.changed")), (1, 1));
}
