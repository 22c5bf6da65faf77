//! Statements that point to others match with them.
//!
//! Spec: xAPI 1.0.3, Part Three, 2.1.3 (filter conditions for `StatementRef`s).

use acta_storage::{AgentFilter, Order, StatementQuery};

use crate::EngineUnderTest;
use crate::fixture::{
    Draft, Stage, account, activity, activity_id, agent, everything, mailbox, reference,
    substatement, uuid, verb,
};

fn by_verb(name: &str) -> StatementQuery {
    StatementQuery { verb: Some(verb(name)), ..everything() }
}

fn by_agent(name: &str) -> StatementQuery {
    let agent = Some(AgentFilter { ifi: mailbox(name), is_related: false });
    StatementQuery { agent, ..everything() }
}

/// Every filter that is not about time or authority follows a reference.
pub async fn every_filter_follows_a_reference<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let activities = format!(r#"{{"parent":[{}]}}"#, activity("parent"));
    let context = format!(
        r#"{{"registration":"{}","instructor":{},"contextActivities":{activities}}}"#,
        uuid(77),
        agent("teacher"),
    );
    let target = Draft::new(1).verb("passed").context(&context);
    stage
        .append_each(&[
            target,
            Draft::referring(2, 1),
            Draft::referring(3, 2),
            Draft::new(4).actor(agent("carl")),
        ])
        .await;
    let related = |name: &str| Some(AgentFilter { ifi: mailbox(name), is_related: true });
    let table = [
        by_verb("passed"),
        by_agent("ada"),
        StatementQuery { agent: related("teacher"), ..everything() },
        StatementQuery {
            activity: Some(activity_id("parent")),
            is_activity_related: true,
            ..everything()
        },
        StatementQuery { registration: Some(uuid(77)), ..everything() },
        StatementQuery { registration: Some(uuid(77)), ..by_verb("passed") },
        StatementQuery { activity: Some(activity_id("course")), ..by_agent("ada") },
    ];
    for query in table {
        assert_eq!(stage.numbers(&query).await, [3, 2, 1], "{query:?}");
    }
    let authority = AgentFilter { ifi: account("client"), is_related: true };
    let query = StatementQuery { agent: Some(authority), ..everything() };
    assert_eq!(stage.numbers(&query).await, [4, 3, 2, 1]);
}

/// The authority of a target counts for related agents, as everything else in it.
pub async fn a_related_authority_is_found_through_a_reference<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let target = Draft { authority: "publisher", ..Draft::new(1) };
    stage.append_each(&[target, Draft::referring(2, 1)]).await;
    let publisher = AgentFilter { ifi: account("publisher"), is_related: true };
    let query = StatementQuery { agent: Some(publisher), ..everything() };
    assert_eq!(stage.numbers(&query).await, [2, 1]);
    let query = StatementQuery { authority: Some(account("publisher")), ..everything() };
    assert_eq!(stage.numbers(&query).await, [1], "the reader's own statements are their own");
}

/// All filters must be met by one statement of the chain.
pub async fn one_statement_of_the_chain_meets_all_filters<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    // Ada passed it; Bob confirmed that.
    stage.append_each(&[Draft::new(1).verb("passed"), Draft::referring(2, 1)]).await;
    let query =
        |agent, verb_name| StatementQuery { verb: Some(verb(verb_name)), ..by_agent(agent) };
    assert_eq!(stage.numbers(&query("ada", "passed")).await, [2, 1]);
    assert_eq!(stage.numbers(&query("bob", "confirmed")).await, [2]);
    assert_eq!(stage.numbers(&query("ada", "confirmed")).await, []);
    assert_eq!(stage.numbers(&query("bob", "passed")).await, []);
}

/// A long chain is followed to its end, whatever arrives first.
pub async fn a_long_chain_is_followed<E: EngineUnderTest>() {
    const LENGTH: u128 = StatementQuery::CHAIN_MAX as u128 + 1;
    let stage = Stage::<E>::open().await;
    let mut drafts = vec![Draft::new(1).verb("launched")];
    drafts.extend((2..=LENGTH).map(|number| Draft::referring(number, number - 1)));
    stage.append(&drafts.iter().collect::<Vec<_>>()).await;
    let expected: Vec<u128> = (1..=LENGTH).rev().collect();
    assert_eq!(stage.numbers(&by_verb("launched")).await, expected);
}

/// A chain that arrives from its far end is complete once its last link is there.
pub async fn a_chain_that_arrives_backwards_is_followed<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let longest = StatementQuery::CHAIN_MAX as u128 + 1;
    let links: Vec<Draft> =
        (2..=longest).rev().map(|link| Draft::referring(link, link - 1)).collect();
    stage.append_each(&links).await;
    assert_eq!(stage.numbers(&by_verb("launched")).await, []);
    stage.append(&[&Draft::new(1).verb("launched")]).await;
    let mut expected = vec![1];
    expected.extend(2..=longest);
    assert_eq!(stage.numbers(&by_verb("launched")).await, expected);
    let ascending = StatementQuery { order: Order::Ascending, ..by_verb("launched") };
    expected.reverse();
    assert_eq!(stage.numbers(&ascending).await, expected);
}

/// A gap in the middle of a chain is closed by the statement that fills it.
pub async fn a_late_statement_completes_the_chain<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let drafts = [
        Draft::new(1).verb("launched"),
        Draft::referring(4, 3),
        Draft::referring(3, 2),
        Draft::referring(5, 3),
    ];
    stage.append_each(&drafts).await;
    assert_eq!(stage.numbers(&by_verb("launched")).await, [1]);
    stage.append(&[&Draft::referring(2, 1)]).await;
    assert_eq!(stage.numbers(&by_verb("launched")).await, [2, 5, 3, 4, 1]);
}

/// References that run in a circle end, and every statement of the circle matches.
pub async fn circular_references_end<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let drafts = [
        Draft::referring(1, 2).verb("first"),
        Draft::referring(2, 3).verb("second"),
        Draft::referring(3, 1).verb("third"),
        Draft::referring(4, 4).verb("self"),
        Draft::referring(5, 4).verb("other"),
    ];
    stage.append_each(&drafts).await;
    for name in ["first", "second", "third"] {
        let mut found = stage.numbers(&by_verb(name)).await;
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3], "{name}");
    }
    assert_eq!(stage.numbers(&by_verb("self")).await, [5, 4]);
    assert_eq!(stage.numbers(&by_verb("unknown")).await, []);
}

/// Many statements may point to one, before and after it arrives.
pub async fn many_statements_may_refer_to_one<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let early: Vec<Draft> = (100..150).map(|number| Draft::referring(number, 1)).collect();
    stage.append(&early.iter().collect::<Vec<_>>()).await;
    stage.append(&[&Draft::new(1).verb("launched")]).await;
    let late: Vec<Draft> = (200..250).map(|number| Draft::referring(number, 1)).collect();
    stage.append(&late.iter().collect::<Vec<_>>()).await;
    let mut expected: Vec<u128> = (200..250).rev().collect();
    expected.push(1);
    expected.extend((100..150).rev());
    assert_eq!(stage.numbers(&by_verb("launched")).await, expected);
    let paged = StatementQuery { count_max: 7, ..by_verb("launched") };
    assert_eq!(stage.numbers(&paged).await, expected);
}

/// `since` and `until` look at the referring statement, not at its target.
pub async fn time_is_that_of_the_referring_statement<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let target = Draft::new(1).verb("launched");
    let times = stage.append_each(&[target, Draft::new(2), Draft::referring(3, 1)]).await;
    let between = i128::from(times[1].unix_micros()) * 1000;
    let later = StatementQuery { since_nanos: Some(between), ..by_verb("launched") };
    assert_eq!(stage.numbers(&later).await, [3]);
    let earlier = StatementQuery { until_nanos: Some(between), ..by_verb("launched") };
    assert_eq!(stage.numbers(&earlier).await, [1]);
}

/// Only the object of the statement itself is a reference to follow.
pub async fn references_elsewhere_are_not_followed<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let inner = substatement(&agent("bob"), &reference(1), "{}");
    let drafts = [
        Draft::new(1).verb("launched"),
        Draft::new(2).context(&format!(r#"{{"statement":{}}}"#, reference(1))),
        Draft::new(3).object(inner),
    ];
    stage.append_each(&drafts).await;
    assert_eq!(stage.numbers(&by_verb("launched")).await, [1]);
}
