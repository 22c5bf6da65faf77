//! Many documents that are removed by one request: in short parts, between which others write.

use std::pin::pin;

use super::*;

/// So many are removed in several parts.
const COUNT: usize = 64;

/// The list of a place with many large documents, and when the last of them was written.
async fn fill_much(bench: &Bench) -> Timestamp {
    let content = "x".repeat(200 << 10);
    for number in 0..COUNT {
        write(bench, &state(&format!("s{number}"), Some(1)), &content).await;
    }
    bench.clock.now()
}

async fn count(bench: &Bench) -> usize {
    bench.tables.list_documents(tenant(1), &states(None), None).await.unwrap().names.len()
}

async fn write_elsewhere(bench: &Bench, number: usize) {
    let (key, none) = (state(&format!("s{number}"), None), Precondition::default());
    bench.tables.replace_document(tenant(2), &key, document("x"), &none).await.unwrap();
}

#[tokio::test]
async fn a_write_does_not_wait_for_the_removal_of_many_documents() {
    let bench = Bench::new();
    fill_much(&bench).await;
    let list = states(None);
    let mut removing = pin!(bench.tables.remove_documents(tenant(1), &list));
    tokio::select! {
        biased;
        removed = &mut removing => panic!("it came after {removed:?}"),
        () = write_elsewhere(&bench, 0) => {}
    }
    assert_eq!(removing.await.unwrap(), COUNT as u64);
    assert_eq!(count(&bench).await, 0);
}

/// Begins to remove all documents, and stops when some of them are gone.
async fn cut_off_removal(bench: &Bench) {
    let list = states(None);
    let mut removing = pin!(bench.tables.remove_documents(tenant(1), &list));
    let first_part = async {
        let mut number = 0;
        while count(bench).await == COUNT {
            write_elsewhere(bench, number).await;
            number += 1;
        }
    };
    tokio::select! {
        biased;
        removed = &mut removing => panic!("all at once: {removed:?}"),
        () = first_part => {}
    }
}

#[tokio::test]
async fn a_removal_that_was_cut_off_is_finished_by_the_next_one() {
    let mut bench = Bench::new();
    let written = fill_much(&bench).await;
    bench.clock.advance(Duration::from_secs(1));
    cut_off_removal(&bench).await;
    // What is left is whole, and the time of the list tells of what is gone.
    bench = bench.reopen();
    let left = bench.tables.list_documents(tenant(1), &states(None), None).await.unwrap();
    assert!((1..COUNT).contains(&left.names.len()), "{}", left.names.len());
    assert_eq!(left.updated, Some(written.saturating_add(Duration::from_secs(1))));
    for name in &left.names {
        let found = text(&bench, tenant(1), &state(name, Some(1))).await.unwrap();
        assert_eq!(found.len(), 200 << 10, "{name}");
    }
    bench.clock.advance(Duration::from_secs(1));
    let removed = bench.tables.remove_documents(tenant(1), &states(None)).await.unwrap();
    assert_eq!(removed, left.names.len() as u64);
    let after = bench.tables.list_documents(tenant(1), &states(None), None).await.unwrap();
    assert_eq!(after.names, [""; 0]);
    assert_eq!(after.updated, Some(written.saturating_add(Duration::from_secs(2))));
    assert_eq!(bench.tables.remove_documents(tenant(1), &states(None)).await.unwrap(), 0);
}

#[tokio::test]
async fn a_document_that_is_written_during_a_removal_is_whole_or_gone() {
    let bench = Bench::new();
    fill_much(&bench).await;
    let list = states(None);
    let removing = bench.tables.remove_documents(tenant(1), &list);
    let writing = async {
        for number in 0..COUNT {
            write(&bench, &state(&format!("new{number}"), Some(1)), "new").await;
        }
    };
    let (removed, ()) = tokio::join!(removing, writing);
    assert!(COUNT as u64 <= removed.unwrap(), "what was there is gone");
    let left = bench.tables.list_documents(tenant(1), &states(None), None).await.unwrap();
    for name in &left.names {
        assert!(name.starts_with("new"), "{name}");
        assert_eq!(text(&bench, tenant(1), &state(name, Some(1))).await.as_deref(), Some("new"));
    }
}
