//! Definitions of activities and names of persons.

use acta_xapi::merge_definitions;

use crate::EngineUnderTest;
use crate::fixture::{Draft, Stage, activity, activity_id, agent, mailbox, substatement};

/// An activity in JSON, with a definition.
fn defined(name: &str, definition: &str) -> String {
    format!(r#"{{"id":"{}","definition":{definition}}}"#, activity_id(name).as_str())
}

/// An agent in JSON, with a name.
fn named(mailbox: &str, name: &str) -> String {
    agent(mailbox).replace('}', &format!(r#","name":"{name}"}}"#))
}

impl<E: EngineUnderTest> Stage<E> {
    async fn definition(&self, name: &str) -> Option<String> {
        self.storage().find_definition(self.tenant, &activity_id(name)).await.unwrap()
    }

    async fn names(&self, name: &str) -> Vec<String> {
        self.storage().find_person(self.tenant, &mailbox(name)).await.unwrap().names
    }
}

/// Definitions are merged in the order of the log.
pub async fn definitions_are_merged_in_order<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let told = [
        r#"{"name":{"en":"One","de":"Eins"},"type":"http://example.org/t"}"#,
        r#"{"name":{"en":"Two"},"description":{"fr":"deux"}}"#,
        r#"{"extensions":{"http://example.org/x":1.50}}"#,
        r#"{"extensions":{"http://example.org/y":[null]},"name":{"en":"Four"}}"#,
    ];
    let mut expected: Option<String> = None;
    for (definition, number) in told.into_iter().zip(1..) {
        stage.append(&[&Draft::new(number).object(defined("course", definition))]).await;
        expected = Some(merge_definitions(expected.as_deref(), definition));
        assert_eq!(stage.definition("course").await, expected, "after {number}");
        // One without a definition, between them, changes nothing.
        stage.append(&[&Draft::new(number + 100)]).await;
        assert_eq!(stage.definition("course").await, expected);
    }
}

/// An activity without a definition in any statement has none.
pub async fn an_undefined_activity_has_no_definition<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    assert_eq!(stage.definition("course").await, None);
    stage.append(&[&Draft::new(1)]).await;
    assert_eq!(stage.definition("course").await, None);
    assert_eq!(stage.definition("never-named").await, None);
}

/// Within one batch the order of the batch decides, a batch of many included.
pub async fn a_batch_defines_in_its_order<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let name = |number| format!(r#"{{"name":{{"en":"Name {number}"}}}}"#);
    let drafts: Vec<Draft> = (1..=50)
        .map(|number| Draft::new(number).object(defined("course", &name(number))))
        .collect();
    stage.append(&drafts.iter().collect::<Vec<_>>()).await;
    let expected = (1..=50).fold(None, |known: Option<String>, number| {
        Some(merge_definitions(known.as_deref(), &name(number)))
    });
    assert_eq!(stage.definition("course").await, expected);
}

/// Context activities and those of a substatement are defined too.
pub async fn every_activity_of_a_statement_is_defined<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let definition = |name: &str| format!(r#"{{"name":{{"en":"{name}"}}}}"#);
    let [a, b, c, d] =
        ["object", "parent", "inner", "inner-other"].map(|name| defined(name, &definition(name)));
    let context = |kind: &str, activity: &str| {
        format!(r#"{{"contextActivities":{{"{kind}":[{activity}]}}}}"#)
    };
    let inner = substatement(&agent("bob"), &c, &context("other", &d));
    stage.append(&[&Draft::new(1).object(a).context(&context("parent", &b))]).await;
    stage.append(&[&Draft::new(2).object(inner)]).await;
    for name in ["object", "parent", "inner", "inner-other"] {
        let expected = merge_definitions(None, &definition(name));
        assert_eq!(stage.definition(name).await, Some(expected));
    }
}

/// Refused and skipped statements add no facts.
pub async fn refused_and_repeated_statements_add_no_facts<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let one = r#"{"name":{"en":"One"}}"#;
    let first = Draft::new(1).object(defined("course", one)).actor(named("ada", "Ada"));
    stage.append(&[&first]).await;
    let rival = Draft::new(2)
        .object(defined("course", r#"{"name":{"en":"Two"}}"#))
        .actor(named("ada", "Ada Lovelace"));
    let taken = Draft::new(1).verb("failed");
    assert!(stage.try_append(&[&rival, &taken]).await.is_err());
    let known = merge_definitions(None, one);
    assert_eq!(stage.definition("course").await.as_ref(), Some(&known));
    assert_eq!(stage.names("ada").await, ["Ada"]);
    let second = Draft::new(3).object(defined("course", r#"{"name":{"en":"Three"}}"#));
    stage.append(&[&second]).await;
    stage.append(&[&first]).await;
    let expected = merge_definitions(Some(&known), r#"{"name":{"en":"Three"}}"#);
    assert_eq!(stage.definition("course").await, Some(expected), "a repeat is not told again");
}

/// A person's names, each once, the latest use last.
pub async fn a_person_has_every_name_once<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    assert_eq!(stage.names("ada").await, Vec::<String>::new());
    stage.append(&[&Draft::new(1)]).await;
    assert_eq!(stage.names("ada").await, Vec::<String>::new(), "a mailbox is not a name");
    for (name, number) in ["Ada", "Ada Lovelace", "Ada", "ada", "Ünïcödé 🚀"].into_iter().zip(2..)
    {
        stage.append(&[&Draft::new(number).actor(named("ada", name))]).await;
    }
    assert_eq!(stage.names("ada").await, ["Ada Lovelace", "Ada", "ada", "Ünïcödé 🚀"]);
    assert_eq!(stage.names("bob").await, Vec::<String>::new());
}

/// Wherever a statement names an agent, it names a person.
pub async fn names_come_from_every_place<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let members = format!(
        r#"{{"objectType":"Group","mbox":"mailto:team@example.org","name":"Team","member":[{}]}}"#,
        named("member", "Member")
    );
    let context = format!(r#"{{"instructor":{},"team":{members}}}"#, named("teacher", "Teacher"));
    let inner = substatement(&named("inner", "Inner"), &activity("x"), "{}");
    let drafts = [
        Draft::new(1).actor(named("ada", "Ada")).object(named("bob", "Bob")).context(&context),
        Draft::new(2).object(inner),
    ];
    stage.append(&drafts.each_ref()).await;
    for (mailbox, name) in [
        ("ada", "Ada"),
        ("bob", "Bob"),
        ("teacher", "Teacher"),
        ("team", "Team"),
        ("member", "Member"),
        ("inner", "Inner"),
    ] {
        assert_eq!(stage.names(mailbox).await, [name], "{mailbox}");
    }
}

/// A read includes everything acknowledged before it.
pub async fn acknowledged_facts_can_be_read<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mut expected: Option<String> = None;
    for number in 1..=40 {
        let definition = format!(r#"{{"name":{{"en":"Name {number}"}}}}"#);
        let draft = Draft::new(number)
            .object(defined("course", &definition))
            .actor(named("ada", &format!("Ada {number}")));
        stage.append(&[&draft]).await;
        expected = Some(merge_definitions(expected.as_deref(), &definition));
        assert_eq!(stage.definition("course").await, expected);
        let last = stage.names("ada").await.pop();
        assert_eq!(last, Some(format!("Ada {number}")));
    }
    assert_eq!(stage.names("ada").await.len(), 40);
}
