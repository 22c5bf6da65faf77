//! What becomes known of activities and persons: only what a statement may define, and no
//! more than is kept.

use acta_access::Defines;
use acta_storage::{Batch, FollowerName, NewStatement, PageLimits, Person};
use acta_xapi::DEFINITION_BYTES_MAX;

use crate::EngineUnderTest;
use crate::fixture::{Draft, Stage, activity_id, mailbox};

/// A statement of a named person about a defined activity with a defined parent.
fn statement(number: u128, defines: Defines) -> NewStatement {
    let described = |kind: &str| {
        let id = activity_id(&format!("{kind}-{number}"));
        format!(r#"{{"id":"{}","definition":{{"name":{{"en":"{kind}"}}}}}}"#, id.as_str())
    };
    let parent = described("parent");
    let draft = Draft::new(number)
        .actor(format!(r#"{{"mbox":"mailto:person-{number}@example.org","name":"Person"}}"#))
        .object(described("object"))
        .context(&format!(r#"{{"contextActivities":{{"parent":[{parent}]}}}}"#));
    NewStatement { defines, ..draft.build() }
}

/// Whether object, parent and person of a statement are known.
async fn known<E: EngineUnderTest>(stage: &Stage<E>, number: u128) -> [bool; 3] {
    let storage = stage.storage();
    let mut known = [false; 3];
    for (place, kind) in [(0, "object"), (1, "parent")] {
        let activity = activity_id(&format!("{kind}-{number}"));
        let found = storage.find_definition(stage.tenant, &activity).await.unwrap();
        known[place] = found.is_some();
    }
    let ifi = mailbox(&format!("person-{number}"));
    known[2] = storage.find_person(stage.tenant, &ifi).await.unwrap() != Person::default();
    known
}

const EVERY: [(Defines, [bool; 3]); 3] = [
    (Defines::All, [true, true, true]),
    (Defines::Object, [true, false, false]),
    (Defines::Nothing, [false, false, false]),
];

/// What a statement does not define stays unknown, also when everything is rebuilt.
pub async fn a_statement_defines_only_what_it_may<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let statements =
        EVERY.iter().zip(1..).map(|((defines, _), number)| statement(number, *defines));
    let batch = Batch { statements: statements.collect(), attachments: Vec::new() };
    stage.storage().append(stage.tenant, batch).await.unwrap();
    for (number, (defines, expected)) in (1..).zip(EVERY) {
        assert_eq!(known(&stage, number).await, expected, "{defines:?}");
    }
    stage.storage().reset_follower(FollowerName::ENTITIES).await.unwrap();
    stage = stage.reopen().await;
    let page = PageLimits { count_max: 10, bytes_max: 1 << 20 };
    let records = stage.storage().read_records(stage.tenant, 0, page).await.unwrap();
    for (record, (number, (defines, expected))) in records.iter().zip((1..).zip(EVERY)) {
        let kept = record.statement().unwrap().load().unwrap();
        assert_eq!(kept.defines, defines, "a copy defines what the original does");
        assert_eq!(known(&stage, number).await, expected, "{defines:?}, rebuilt");
    }
    assert_eq!(records.len(), EVERY.len());
}

/// A definition grows no longer than its bound, and a new one is always taken.
pub async fn a_definition_is_bounded<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let activity = activity_id("course");
    for number in 1..=20_u128 {
        let text = "x".repeat(10 << 10);
        let object = format!(
            r#"{{"id":"{}","definition":{{"extensions":{{"http://example.org/{number}":"{text}"}}}}}}"#,
            activity.as_str()
        );
        stage.append(&[&Draft::new(number).object(object)]).await;
        let found = stage.storage().find_definition(stage.tenant, &activity).await.unwrap();
        let found = found.unwrap();
        assert!(found.len() <= DEFINITION_BYTES_MAX, "{} bytes", found.len());
        assert!(found.contains(&format!("http://example.org/{number}\"")), "{number} is missing");
    }
}

/// A person keeps the names that were used last, in the order of their use.
pub async fn the_names_of_a_person_are_bounded<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let draft = |number: u128, name: u128| {
        let actor = format!(r#"{{"mbox":"mailto:ada@example.org","name":"Name {name}"}}"#);
        Draft::new(number).actor(actor)
    };
    let count = 2 * Person::NAMES_COUNT_MAX as u128;
    for numbers in [1..=count / 2 + 30, count / 2 + 31..=count] {
        let drafts: Vec<Draft> = numbers.map(|number| draft(number, number)).collect();
        stage.append(&drafts.iter().collect::<Vec<_>>()).await;
    }
    // Two of the names again: one that is kept, and one that is not any more.
    stage.append(&[&draft(count + 1, count - 1), &draft(count + 2, 1)]).await;
    let names = async || {
        let found = stage.storage().find_person(stage.tenant, &mailbox("ada")).await.unwrap();
        found.names
    };
    let first = count - Person::NAMES_COUNT_MAX as u128 + 2;
    let kept = (first..=count).filter(|name| *name != count - 1).chain([count - 1, 1]);
    let expected: Vec<String> = kept.map(|name| format!("Name {name}")).collect();
    assert_eq!(names().await, expected);
    stage.storage().reset_follower(FollowerName::ENTITIES).await.unwrap();
    assert_eq!(names().await, expected, "rebuilt");
}
