//! Single statements and the log; voided statements, which are hidden and never removed.
//!
//! Spec: xAPI 1.0.3, Part Two, 2.3.2; Part Three, 2.1.4.

use acta_storage::{AgentFilter, StatementQuery};

use super::EngineUnderTest;
use super::fixture::{Draft, Stage, everything, id, mailbox, numbers, verb};

pub mod filters;
pub mod references;

/// An unused id finds nothing.
pub async fn an_unknown_id_finds_nothing<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    assert!(!stage.has(1).await);
    stage.append(&[&Draft::new(1), &Draft::referring(2, 3)]).await;
    assert!(stage.has(1).await);
    assert!(!stage.has(3).await, "a target is not there because something points to it");
    let uppercase = id(1).to_string().to_uppercase().parse().unwrap();
    let found = stage.storage().find_statement(stage.tenant, uppercase).await.unwrap();
    assert_eq!(found.unwrap().id, id(1), "the case of the digits does not matter");
}

/// Every read of an empty store succeeds.
pub async fn an_empty_store_answers<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    assert_eq!(stage.storage().count_statements(stage.tenant).await.unwrap(), 0);
    assert_eq!(stage.feed().await, []);
    for order in [acta_storage::Order::Ascending, acta_storage::Order::Descending] {
        let page = stage.page(&StatementQuery { order, ..everything() }).await;
        assert_eq!((page.statements.len(), page.next), (0, None));
    }
}

/// The log is read piece by piece, voided statements included.
pub async fn the_feed_continues_after_any_sequence<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mut drafts: Vec<Draft> = (1..=6).map(Draft::new).collect();
    drafts.push(Draft::voiding(7, 3));
    stage.append_each(&drafts).await;
    let read = async |after: u64, count_max: usize| {
        let entries = stage.storage().read_feed(stage.tenant, after, count_max).await.unwrap();
        numbers(&entries)
    };
    assert_eq!(read(0, 3).await, [1, 2, 3]);
    assert_eq!(read(3, 3).await, [4, 5, 6]);
    assert_eq!(read(6, 3).await, [7]);
    assert_eq!(read(2, 1).await, [3]);
    assert_eq!(read(0, 0).await, []);
    assert_eq!(read(7, 3).await, []);
    assert_eq!(read(u64::MAX, 3).await, []);
    let feed = stage.feed().await;
    let voided: Vec<bool> = feed.iter().map(|entry| entry.is_voided).collect();
    assert_eq!(voided, [false, false, true, false, false, false, false]);
    assert_eq!(stage.storage().count_statements(stage.tenant).await.unwrap(), 7);
}

/// Find, query and feed return the same statement.
pub async fn find_query_and_feed_return_the_same_statement<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let drafts: Vec<Draft> = (1..=4).map(Draft::new).collect();
    stage.append_each(&drafts).await;
    let feed = stage.feed().await;
    let mut page = stage.page(&everything()).await.statements;
    page.reverse();
    assert_eq!(page, feed);
    for (entry, number) in feed.iter().zip(1..) {
        assert_eq!(*entry, stage.find(number).await);
    }
}

/// Which numbers are voided by `find_statement`.
async fn voided<E: EngineUnderTest>(stage: &Stage<E>, all: &[u128]) -> Vec<u128> {
    let mut voided = Vec::new();
    for number in all {
        if stage.find(*number).await.is_voided {
            voided.push(*number);
        }
    }
    voided
}

/// A voided statement is found by its id only; the voiding one by queries too.
pub async fn a_voided_statement_is_hidden_from_queries<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append_each(&[Draft::new(1), Draft::new(2)]).await;
    assert_eq!(voided(&stage, &[1, 2]).await, []);
    assert_eq!(stage.numbers(&everything()).await, [2, 1]);
    stage.append(&[&Draft::voiding(3, 1)]).await;
    assert_eq!(voided(&stage, &[1, 2, 3]).await, [1]);
    assert_eq!(stage.numbers(&everything()).await, [3, 2]);
    assert_eq!(numbers(&stage.feed().await), [1, 2, 3]);
}

/// A voiding statement may arrive before its target.
pub async fn a_target_that_arrives_late_is_voided<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append(&[&Draft::voiding(2, 1)]).await;
    assert_eq!(stage.numbers(&everything()).await, [2]);
    stage.append(&[&Draft::new(1)]).await;
    assert_eq!(voided(&stage, &[1, 2]).await, [1]);
    assert_eq!(stage.numbers(&everything()).await, [2]);
    // Its content still lets the voiding statement match.
    let ada = AgentFilter { ifi: mailbox("ada"), is_related: false };
    assert_eq!(stage.numbers(&StatementQuery { agent: Some(ada), ..everything() }).await, [2]);
}

/// Within one batch both orders void.
pub async fn voiding_works_within_one_batch<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let drafts = [Draft::new(1), Draft::voiding(2, 1), Draft::voiding(3, 4), Draft::new(4)];
    stage.append(&drafts.each_ref()).await;
    assert_eq!(voided(&stage, &[1, 2, 3, 4]).await, [1, 4]);
    assert_eq!(stage.numbers(&everything()).await, [3, 2]);
}

/// A voiding statement cannot be voided, whichever of the two is first.
pub async fn a_voiding_statement_cannot_be_voided<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append_each(&[Draft::new(1), Draft::voiding(2, 1), Draft::voiding(3, 2)]).await;
    assert_eq!(voided(&stage, &[1, 2, 3]).await, [1], "the first voiding still counts");
    assert_eq!(stage.numbers(&everything()).await, [3, 2]);
    stage.append_each(&[Draft::voiding(6, 5), Draft::voiding(5, 4), Draft::new(4)]).await;
    assert_eq!(voided(&stage, &[4, 5, 6]).await, [4]);
    assert_eq!(stage.numbers(&everything()).await, [5, 6, 3, 2]);
}

/// Voiding twice, or what is not there, or oneself, is allowed and does no harm.
pub async fn voiding_has_no_other_effect<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let drafts = [Draft::new(1), Draft::voiding(2, 1), Draft::voiding(3, 1)];
    stage.append_each(&drafts).await;
    stage.append_each(&[Draft::voiding(4, 99), Draft::voiding(5, 5)]).await;
    assert_eq!(voided(&stage, &[1, 2, 3, 4, 5]).await, [1]);
    assert_eq!(stage.numbers(&everything()).await, [5, 4, 3, 2]);
    // The voided statement can still be repeated, and conflicts are still reported.
    assert_eq!(stage.append(&[&Draft::new(1)]).await.new_count, 0);
    assert!(stage.try_append(&[&Draft::new(1).verb("failed")]).await.is_err());
    assert_eq!(voided(&stage, &[1]).await, [1]);
}

/// Only the verb of voiding voids.
pub async fn a_reference_with_another_verb_does_not_void<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append_each(&[Draft::new(1), Draft::referring(2, 1)]).await;
    assert_eq!(voided(&stage, &[1, 2]).await, []);
    assert_eq!(stage.numbers(&everything()).await, [2, 1]);
}

/// Statements that point to a voided one are still found through it.
pub async fn statements_about_a_voided_one_are_found<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let target = Draft::new(1).verb("attempted");
    stage.append_each(&[target, Draft::referring(2, 1), Draft::voiding(3, 1)]).await;
    let attempted = StatementQuery { verb: Some(verb("attempted")), ..everything() };
    assert_eq!(stage.numbers(&attempted).await, [3, 2]);
    // A chain leads through a voided statement in the middle.
    stage.append_each(&[Draft::referring(4, 2), Draft::voiding(5, 2)]).await;
    assert_eq!(stage.numbers(&attempted).await, [5, 4, 3]);
}
