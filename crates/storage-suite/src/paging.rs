//! Pages: their size, their order, and that they fit together while statements arrive.

use std::collections::BTreeSet;

use acta_storage::{AgentFilter, Cursor, Order, StatementQuery};

use super::EngineUnderTest;
use super::fixture::{Draft, Stage, agent, everything, mailbox, numbers, verb};

const BOTH: [Order; 2] = [Order::Ascending, Order::Descending];

fn drafts(range: std::ops::RangeInclusive<u128>) -> Vec<Draft> {
    range.map(Draft::new).collect()
}

/// Whatever the size of the pages, together they are the whole answer, each once.
pub async fn pages_of_any_size_return_every_statement_once<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mut all = drafts(1..=23);
    for draft in all.iter_mut().filter(|draft| draft.number % 3 == 0) {
        draft.actor = agent("bob");
    }
    all.push(Draft::voiding(24, 5));
    stage.append_each(&all).await;
    let bob = AgentFilter { ifi: mailbox("bob"), is_related: false };
    for order in BOTH {
        let all = StatementQuery { order, ..everything() };
        let filtered = StatementQuery { agent: Some(bob.clone()), ..all.clone() };
        for query in [all, filtered] {
            let whole = stage.numbers(&query).await;
            for count_max in [1, 2, 3, 7, 22, 23, 24, 100] {
                let paged = StatementQuery { count_max, ..query.clone() };
                assert_eq!(stage.numbers(&paged).await, whole, "{paged:?}");
            }
        }
    }
}

/// A page holds as many as asked for, and says that more follow only if they do.
pub async fn a_page_says_whether_more_follow<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append_each(&drafts(1..=4)).await;
    stage.append_each(&[Draft::new(5).verb("passed"), Draft::new(6)]).await;
    for order in BOTH {
        for (count_max, has_more) in [(1, true), (5, true), (6, false), (7, false)] {
            let page = stage.page(&StatementQuery { order, count_max, ..everything() }).await;
            assert_eq!(page.statements.len(), count_max.min(6));
            assert_eq!(page.next.is_some(), has_more, "{order:?} {count_max}");
        }
        // The statements that do not match do not count as more.
        let passed = StatementQuery { order, verb: Some(verb("passed")), ..everything() };
        let page = stage.page(&StatementQuery { count_max: 1, ..passed }).await;
        assert_eq!((numbers(&page.statements), page.next), (vec![5], None));
    }
}

/// A voided statement behind the page is no reason for a further page.
pub async fn voided_statements_do_not_extend_the_result<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let all = [Draft::new(1), Draft::new(2), Draft::new(3).verb("passed"), Draft::voiding(4, 1)];
    stage.append_each(&all).await;
    let completed = StatementQuery { verb: Some(verb("completed")), ..everything() };
    // Two and, through its reference to one, four.
    let page = stage.page(&StatementQuery { count_max: 2, ..completed }).await;
    assert_eq!((numbers(&page.statements), page.next), (vec![4, 2], None));
}

/// Newest first, later arrivals do not show up on later pages.
pub async fn descending_pages_are_stable_while_statements_arrive<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append_each(&drafts(1..=9)).await;
    let mut query = StatementQuery { count_max: 2, ..everything() };
    let mut seen = Vec::new();
    let mut next_number = 10;
    loop {
        let page = stage.page(&query).await;
        seen.extend(numbers(&page.statements));
        stage.append(&[&Draft::new(next_number), &Draft::new(next_number + 1)]).await;
        next_number += 2;
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    assert_eq!(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
}

/// Oldest first, later arrivals show up at the end.
pub async fn ascending_pages_reach_what_arrives_later<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append_each(&drafts(1..=5)).await;
    let mut query = StatementQuery { count_max: 2, order: Order::Ascending, ..everything() };
    let first = stage.page(&query).await;
    stage.append_each(&drafts(6..=8)).await;
    query.after = first.next;
    assert_eq!(stage.numbers(&query).await, [3, 4, 5, 6, 7, 8]);
}

/// A statement voided between two pages is missing from the second and nothing else is.
pub async fn voiding_between_pages_does_not_shift_them<E: EngineUnderTest>() {
    let table = [(Order::Descending, [6, 5, 4, 2, 1]), (Order::Ascending, [1, 2, 3, 5, 6])];
    for (order, expected) in table {
        let stage = Stage::<E>::open().await;
        stage.append_each(&drafts(1..=6)).await;
        let mut query = StatementQuery { count_max: 3, order, ..everything() };
        let first = stage.page(&query).await;
        // One that was seen, and one that was not.
        let (seen, unseen) = if order == Order::Descending { (4, 3) } else { (3, 4) };
        stage.append(&[&Draft::voiding(7, seen), &Draft::voiding(8, unseen)]).await;
        query.after = first.next;
        let mut all = numbers(&first.statements);
        all.extend(stage.numbers(&query).await.into_iter().filter(|number| *number < 7));
        assert_eq!(all, expected, "{order:?}");
    }
}

/// A cursor goes through its text unharmed, and can be used again and again.
pub async fn a_cursor_survives_formatting_and_parsing<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append_each(&drafts(1..=6)).await;
    for (order, expected) in [(Order::Descending, [4, 3]), (Order::Ascending, [3, 4])] {
        let query = StatementQuery { count_max: 2, order, ..everything() };
        let next = stage.page(&query).await.next.unwrap();
        let copy: Cursor = next.to_string().parse().unwrap();
        for _ in 0..2 {
            let page = stage.page(&StatementQuery { after: Some(copy), ..query.clone() }).await;
            assert_eq!(numbers(&page.statements), expected);
        }
    }
}

/// A cursor that no page gave, as a client may invent, does no harm.
pub async fn a_forged_cursor_does_no_harm<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append_each(&drafts(1..=3)).await;
    for order in BOTH {
        for place in [0, 1, 2, 3, 4, 1_000, u64::MAX / 2, u64::MAX] {
            let after = Some(Cursor(place));
            let found = stage.numbers(&StatementQuery { order, after, ..everything() }).await;
            let each_once: BTreeSet<&u128> = found.iter().collect();
            assert_eq!(each_once.len(), found.len(), "{order:?} {place}: {found:?}");
        }
    }
}

/// A page ends once it holds the bytes allowed, and always holds one statement.
pub async fn a_page_ends_at_its_byte_limit<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append_each(&drafts(1..=6)).await;
    let len = stage.find(1).await.text.len();
    let table = [
        (0, 1),
        (1, 1),
        (len, 1),
        (len + 1, 2),
        (2 * len, 2),
        (2 * len + 1, 3),
        (6 * len, 6),
        (usize::MAX, 6),
    ];
    for order in BOTH {
        for (bytes_max, count) in table {
            let query = StatementQuery { order, bytes_max, ..everything() };
            let page = stage.page(&query).await;
            assert_eq!(page.statements.len(), count, "{order:?} {bytes_max} of {len} each");
            assert_eq!(page.next.is_some(), count < 6);
            assert_eq!(stage.numbers(&query).await.len(), 6);
        }
    }
}

/// Pages fit together although writers append without pause.
pub async fn pages_join_up_while_writers_append<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let before = drafts(1..=200);
    stage.append(&before.iter().collect::<Vec<_>>()).await;
    let (storage, tenant) = (stage.storage(), stage.tenant);
    let mut writer = tokio::task::JoinSet::new();
    writer.spawn(async move {
        for number in 1_000..1_100 {
            let batch = super::fixture::batch(&[&Draft::new(number)]);
            storage.append(tenant, batch).await.unwrap();
        }
    });
    let query = StatementQuery { count_max: 9, ..everything() };
    for _ in 0..5 {
        let found = stage.numbers(&query).await;
        let new: Vec<u128> = found.iter().copied().filter(|number| 1_000 <= *number).collect();
        let old: Vec<u128> = found.into_iter().filter(|number| *number < 1_000).collect();
        assert_eq!(old, (1..=200).rev().collect::<Vec<u128>>());
        assert!(new.is_sorted_by(|a, b| b < a), "{new:?}");
    }
    writer.join_all().await;
    assert_eq!(stage.numbers(&query).await.len(), 300);
}
