//! Batches are stored whole or not at all, once, in one order.

use std::collections::BTreeSet;

use acta_storage::{Appended, StorageError};
use acta_xapi::Version;
use tokio::task::JoinSet;

use super::EngineUnderTest;
use super::fixture::{Draft, Stage, agent, batch, everything, id, numbers};

/// Text, version, sequence and time come back as they went in.
pub async fn gives_back_what_was_appended<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let drafts = [
        Draft::new(1),
        Draft { version: Version::V1_0_3, ..Draft::new(2) },
        Draft::new(3).more(r#""timestamp":"2020-07-15T06:46:41.543562+00:00""#),
    ];
    let appended = stage.append(&[&drafts[0], &drafts[1], &drafts[2]]).await;
    assert_eq!(appended.new_count, 3);
    for (index, draft) in drafts.iter().enumerate() {
        let found = stage.find(draft.number).await;
        assert_eq!(found.id, id(draft.number));
        assert_eq!(found.sequence, index as u64 + 1);
        assert_eq!(found.stored, appended.stored);
        assert_eq!(found.version, draft.version);
        assert!(!found.is_voided);
        assert_eq!(found.text, draft.complete(appended.stored));
        assert!(found.text.contains(&appended.stored.to_string()), "{}", found.text);
    }
}

/// Property order, number text, blanks and every kind of character are the sender's.
pub async fn keeps_the_bytes_of_the_sender<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let long = "Ünïcödé 🚀 漢字 ".repeat(60_000);
    let values = [
        r#"{"z":1.50,"a":1e0,"m":-0.0}"#.to_owned(),
        r#"{"b" :	[1 , 2] ,  "a":null}"#.to_owned(),
        r#""é = \u00e9, 🚀 = \ud83d\ude80, \\ \/ \" \n""#.to_owned(),
        format!(r#""{long}""#),
    ];
    for (value, number) in values.iter().zip(1..) {
        let extension = format!(r#"{{"http://example.org/x":{value}}}"#);
        let draft = Draft::new(number).more(&format!(r#""result":{{"extensions":{extension}}}"#));
        let appended = stage.append(&[&draft]).await;
        let found = stage.find(number).await;
        assert!(found.text.contains(&extension), "the extension of {number} was changed");
        assert_eq!(found.text, draft.complete(appended.stored));
    }
}

/// An empty batch is accepted and changes nothing.
pub async fn an_empty_batch_changes_nothing<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    assert_eq!(stage.append(&[]).await.new_count, 0);
    assert_eq!(stage.storage().count_statements(stage.tenant).await.unwrap(), 0);
    assert_eq!(stage.feed().await, []);
}

/// A batch can be sent again if its response was lost.
pub async fn a_repeated_batch_is_skipped<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let (one, two) = (Draft::new(1), Draft::new(2).verb("passed"));
    stage.append(&[&one, &two]).await;
    let before = stage.feed().await;
    stage.wait_micros(5_000);
    assert_eq!(stage.append(&[&one, &two]).await.new_count, 0);
    assert_eq!(stage.append(&[&two]).await.new_count, 0);
    assert_eq!(stage.feed().await, before);
}

/// The new statements of a batch are stored; the others keep their sequence and time.
pub async fn a_partly_repeated_batch_adds_the_rest<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let drafts: Vec<Draft> = (1..=4).map(Draft::new).collect();
    let first = stage.append(&[&drafts[1]]).await;
    stage.wait_micros(5_000);
    let second = stage.append(&[&drafts[0], &drafts[1], &drafts[2], &drafts[3]]).await;
    assert_eq!(second.new_count, 3);
    let feed = stage.feed().await;
    assert_eq!(numbers(&feed), [2, 1, 3, 4]);
    assert_eq!(feed[0].stored, first.stored);
    assert!(feed[1..].iter().all(|statement| statement.stored == second.stored));
}

/// Equality is the specification's: what an LRS may set does not count.
pub async fn an_equal_statement_in_another_form_is_a_repeat<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let draft = Draft::new(1).more(r#""result":{"success":true,"response":"a"}"#);
    stage.append(&[&draft]).await;
    let timed = Draft::new(2).more(r#""timestamp":"2020-07-15T06:46:41Z""#);
    stage.append(&[&timed]).await;
    let before = stage.feed().await;
    assert_eq!(stage.append(&[&Draft::new(2)]).await.new_count, 0, "a timestamp may be missing");
    let reworded = [
        draft.clone().more(r#""result":{"response":"a","success":true}"#),
        Draft { authority: "somebody-else", ..draft.clone() },
        Draft { version: Version::V1_0_3, ..draft },
    ];
    for again in reworded {
        assert_eq!(stage.append(&[&again]).await.new_count, 0, "{}", again.text());
    }
    assert_eq!(stage.feed().await, before);
}

/// A repeat with another timestamp conflicts if it is sent in 1.0.3, and not in 2.0, whatever the
/// version of the stored statement.
pub async fn a_timestamp_counts_by_the_version_of_the_repeat<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let draft = |number: u128, time: &str, version| Draft {
        version,
        ..Draft::new(number).more(&format!(r#""timestamp":"2020-07-15T{time}Z""#))
    };
    for (number, version) in (1..).zip(Version::EVERY) {
        stage.append(&[&draft(number, "06:46:41", version)]).await;
    }
    let before = stage.feed().await;
    for number in 1..=2 {
        let later = draft(number, "06:46:42", Version::V2_0_0);
        assert_eq!(stage.append(&[&later]).await.new_count, 0);
        let later = draft(number, "06:46:42", Version::V1_0_3);
        let refused = stage.try_append(&[&later]).await;
        let Err(StorageError::Conflict(ids)) = refused else { panic!("got {refused:?}") };
        assert_eq!(ids, [id(number)]);
        let same = draft(number, "06:46:41", Version::V1_0_3);
        assert_eq!(stage.append(&[&same]).await.new_count, 0);
    }
    assert_eq!(stage.feed().await, before);
}

/// A batch with a conflict stores nothing, and the error contains every conflicting id.
pub async fn a_conflict_stores_nothing_and_names_every_id<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let old: Vec<Draft> = (1..=3).map(Draft::new).collect();
    stage.append(&[&old[0], &old[1], &old[2]]).await;
    let before = stage.feed().await;
    let taken_1 = old[0].clone().verb("failed");
    let taken_3 = old[2].clone().actor(agent("bob"));
    let (new_7, new_8) = (Draft::new(7), Draft::voiding(8, 2));
    let refused = stage.try_append(&[&new_7, &taken_3, &old[1], &taken_1, &new_8]).await;
    let Err(StorageError::Conflict(mut ids)) = refused else { panic!("got {refused:?}") };
    ids.sort_unstable();
    assert_eq!(ids, [id(1), id(3)]);
    assert!(!stage.has(7).await && !stage.has(8).await);
    assert!(!stage.find(2).await.is_voided, "a refused batch must not void");
    assert_eq!(stage.feed().await, before);
    assert_eq!(stage.storage().count_statements(stage.tenant).await.unwrap(), 3);
    // The sequence has no gap where the refused batch would have been.
    stage.append(&[&new_7]).await;
    assert_eq!(stage.find(7).await.sequence, 4);
}

/// One batch, one time; the order of the batch is the order of the log.
pub async fn a_batch_keeps_its_order_and_shares_a_time<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let order = [5, 3, 9, 1, 7];
    let drafts = order.map(Draft::new);
    let appended = stage.append(&drafts.each_ref()).await;
    let feed = stage.feed().await;
    assert_eq!(numbers(&feed), order);
    assert!(feed.iter().all(|statement| statement.stored == appended.stored));
    let sequences: Vec<u64> = feed.iter().map(|statement| statement.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
    assert_eq!(stage.numbers(&everything()).await, [7, 1, 9, 3, 5]);
}

/// Many statements in one batch are one batch too.
pub async fn a_large_batch_is_stored_whole<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let drafts: Vec<Draft> = (1..=3_000).map(Draft::new).collect();
    let all: Vec<&Draft> = drafts.iter().collect();
    assert_eq!(stage.append(&all).await.new_count, 3_000);
    assert_eq!(numbers(&stage.feed().await), (1..=3_000).collect::<Vec<u128>>());
    assert_eq!(stage.numbers(&everything()).await, (1..=3_000).rev().collect::<Vec<u128>>());
}

/// Concurrent writers: no gap, no interleaving, no two batches with the same time.
pub async fn batches_of_many_writers_do_not_mix<E: EngineUnderTest>() {
    const WRITER_COUNT: u128 = 12;
    const BATCH_COUNT: u128 = 12;
    let stage = Stage::<E>::open().await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITER_COUNT {
        let (storage, tenant) = (stage.storage(), stage.tenant);
        writers.spawn(async move {
            let mut answers = Vec::new();
            for number in 0..BATCH_COUNT {
                let first = 1 + (writer * BATCH_COUNT + number) * 3;
                let drafts = [first, first + 1, first + 2].map(Draft::new);
                answers.push(storage.append(tenant, batch(&drafts.each_ref())).await.unwrap());
            }
            answers
        });
    }
    let answers: Vec<Appended> = writers.join_all().await.into_iter().flatten().collect();
    let times: BTreeSet<_> = answers.iter().map(|appended| appended.stored).collect();
    assert_eq!(times.len(), answers.len(), "two batches share a stored time");
    let feed = stage.feed().await;
    assert_eq!(feed.len(), answers.len() * 3);
    for (statement, sequence) in feed.iter().zip(1..) {
        assert_eq!(statement.sequence, sequence);
    }
    assert!(feed.is_sorted_by_key(|statement| statement.stored));
    for three in feed.chunks(3) {
        let first = numbers(three)[0];
        assert_eq!(numbers(three), [first, first + 1, first + 2], "a batch was torn apart");
        assert!(three.iter().all(|statement| statement.stored == three[0].stored));
    }
}

/// Of concurrent writers of different content with the same id, one succeeds.
pub async fn one_of_many_writers_of_an_id_wins<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    for round in 1..=6 {
        let mut rivals = JoinSet::new();
        for rival in 0..8 {
            let (storage, tenant) = (stage.storage(), stage.tenant);
            rivals.spawn(async move {
                let contested = Draft::new(round).verb(&format!("verb-{rival}"));
                let own = Draft::new(1_000 + round * 10 + rival);
                (rival, storage.append(tenant, batch(&[&own, &contested])).await)
            });
        }
        let mut winners = Vec::new();
        for (rival, answer) in rivals.join_all().await {
            let is_stored = stage.has(1_000 + round * 10 + rival).await;
            match answer {
                Ok(appended) => {
                    assert_eq!(appended.new_count, 2);
                    assert!(is_stored);
                    winners.push(rival);
                }
                Err(StorageError::Conflict(ids)) => {
                    assert_eq!(ids, [id(round)]);
                    assert!(!is_stored, "half a refused batch was stored");
                }
                Err(error) => panic!("unexpected: {error}"),
            }
        }
        assert_eq!(winners.len(), 1);
        let text = stage.find(round).await.text;
        assert!(text.contains(&format!("verb-{}\"", winners[0])), "{text}");
    }
}

/// Of writers that send the same batch at the same time, one stores it and all succeed.
pub async fn the_same_batch_from_many_writers_is_stored_once<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mut writers = JoinSet::new();
    for _ in 0..8 {
        let (storage, tenant) = (stage.storage(), stage.tenant);
        let drafts = [1, 2, 3].map(Draft::new);
        writers.spawn(async move { storage.append(tenant, batch(&drafts.each_ref())).await });
    }
    let answers = writers.join_all().await;
    let new_count: usize = answers.into_iter().map(|answer| answer.unwrap().new_count).sum();
    assert_eq!(new_count, 3);
    assert_eq!(numbers(&stage.feed().await), [1, 2, 3]);
}

/// After the response, the statements can be read at once by every method.
pub async fn acknowledged_statements_can_be_read<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mut writers = JoinSet::new();
    for writer in 0..8_u128 {
        let (storage, tenant) = (stage.storage(), stage.tenant);
        writers.spawn(async move {
            for number in (1 + writer * 100)..(16 + writer * 100) {
                let draft = Draft::new(number).verb(&format!("verb-{number}"));
                storage.append(tenant, batch(&[&draft])).await.unwrap();
                let found = storage.find_statement(tenant, id(number)).await.unwrap().unwrap();
                let query = acta_storage::StatementQuery {
                    verb: Some(super::fixture::verb(&format!("verb-{number}"))),
                    ..everything()
                };
                let page = storage.query_statements(tenant, &query).await.unwrap();
                assert_eq!(numbers(&page.statements), [number]);
                assert!(found.sequence <= storage.count_statements(tenant).await.unwrap());
                let next = storage.read_feed(tenant, found.sequence - 1, 1).await.unwrap();
                assert_eq!(numbers(&next), [number]);
            }
        });
    }
    writers.join_all().await;
}
