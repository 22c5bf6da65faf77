//! Statements that point to others match with them.
//!
//! Spec: xAPI 1.0.3, Part Three, 2.1.3 (filter conditions for `StatementRef`s).

use std::sync::Arc;

use acta_access::{Binding, Restrictions};
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
    let query = StatementQuery { authorities: Some(vec![account("publisher")]), ..everything() };
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

/// The context of the target of guesses.
fn secret_context() -> String {
    let activities = format!(r#"{{"parent":[{}]}}"#, activity("parent"));
    let registration = uuid(77);
    let teacher = agent("teacher");
    format!(
        r#"{{"registration":"{registration}","instructor":{teacher},"contextActivities":{activities}}}"#
    )
}

/// A query for each property of a statement that somebody could guess.
fn guesses() -> [StatementQuery; 7] {
    let related = |ifi| Some(AgentFilter { ifi, is_related: true });
    let parent = Some(activity_id("parent"));
    [
        by_verb("passed"),
        by_agent("ada"),
        StatementQuery { agent: related(mailbox("teacher")), ..everything() },
        StatementQuery { agent: related(account("client")), ..everything() },
        StatementQuery { activity: Some(activity_id("course")), ..everything() },
        StatementQuery { activity: parent, is_activity_related: true, ..everything() },
        StatementQuery { registration: Some(uuid(77)), ..everything() },
    ]
}

/// Who may read only the statements of an authority, and stores a reference to a statement of
/// another one, learns nothing about that by filters, whichever of the two arrives first.
pub async fn an_own_reference_finds_nothing_of_another_authority<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let guesser = |draft| Draft { authority: "guesser", ..draft };
    stage
        .append_each(&[
            guesser(Draft::referring(2, 1)),
            Draft::new(1).verb("passed").context(&secret_context()),
            guesser(Draft::referring(3, 1)),
            guesser(Draft::new(4).verb("passed").context(&secret_context())),
            guesser(Draft::referring(5, 4)),
        ])
        .await;
    let own = Some(vec![account("guesser")]);
    for guess in guesses() {
        let is_of_client = guess.agent.as_ref().is_some_and(|it| it.ifi == account("client"));
        let own_target: &[u128] = if is_of_client { &[] } else { &[5, 4] };
        let order = Order::Ascending;
        for query in [guess.clone(), StatementQuery { order, ..guess.clone() }] {
            let mut found =
                stage.numbers(&StatementQuery { authorities: own.clone(), ..query }).await;
            found.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
            assert_eq!(found, own_target, "{guess:?}");
        }
        let unrestricted = stage.numbers(&guess).await;
        assert!([1, 2, 3].iter().all(|number| unrestricted.contains(number)), "{guess:?}");
    }
}

/// The same holds for a statement that the restrictions of the reader forbid.
pub async fn a_reference_finds_nothing_that_restrictions_forbid<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let referring = |number, target| {
        let draft = Draft::referring(number, target).actor(agent("bob"));
        Draft { authority: "guesser", ..draft }
    };
    stage
        .append_each(&[
            referring(2, 1),
            Draft::new(1).verb("passed").context(&secret_context()),
            referring(3, 1),
            Draft::new(4).actor(agent("bob")).verb("passed"),
            referring(5, 4),
        ])
        .await;
    let binding = Binding { agent: mailbox("bob"), registration: None, activities: Vec::new() };
    let bound = Restrictions { binding: Some(binding), ..Restrictions::default() };
    let activity_prefixes = vec!["http://example.org/other/".parse().unwrap()];
    let elsewhere = Restrictions { activity_prefixes, ..Restrictions::default() };
    for (restrictions, expected) in [(bound, vec![5, 4, 1]), (elsewhere, vec![4, 1])] {
        let restrictions = Some(Arc::new(restrictions));
        // What the restrictions forbid is removed from the results by the caller.
        let query = StatementQuery { restrictions: restrictions.clone(), ..by_verb("passed") };
        assert_eq!(stage.numbers(&query).await, expected, "{query:?}");
        for guess in guesses() {
            let query = StatementQuery { restrictions: restrictions.clone(), ..guess };
            let found = stage.numbers(&query).await;
            assert!(!found.contains(&2) && !found.contains(&3), "{query:?}: {found:?}");
        }
    }
}

/// What lies behind a statement that may not be read is not reached through it.
pub async fn a_chain_ends_at_what_may_not_be_read<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let guesser = |draft| Draft { authority: "guesser", ..draft };
    stage
        .append_each(&[
            guesser(Draft::new(1).verb("passed")),
            Draft::referring(2, 1),
            guesser(Draft::referring(3, 2)),
            guesser(Draft::referring(4, 1)),
            guesser(Draft::referring(5, 4)),
        ])
        .await;
    let authorities = Some(vec![account("guesser")]);
    let query = StatementQuery { authorities, ..by_verb("passed") };
    assert_eq!(stage.numbers(&query).await, [5, 4, 1]);
}
