//! Runs of the index: opened, asked and merged.

use std::path::Path;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_index::fuzzing::{OpenIndex, Question};
use acta_storage::{Order, StorageError};

use crate::input::split_choice;
use crate::memory::bounded;
use crate::store::MemoryDisk;

/// Bytes of a run's footer, and where its count and its fingerprint stand in it.
const FOOTER_BYTES: usize = 288;
const COUNT_AT: usize = 16;
const FINGERPRINT_AT: usize = 32;

/// Most terms that are asked for.
const TERMS_MAX: usize = 16;

/// Most positions that are looked at.
const POSITIONS_MAX: usize = 2000;

/// Bytes that make up the questions, and a run.
pub fn index(input: &[u8]) {
    let (choice, run) = split_choice(input);
    bounded(4 * run.len(), || {
        let Some(index) = open(run) else { return };
        // What is damaged is said to be, and everything else is answered.
        match ask(&index, choice).and_then(|()| index.merge()) {
            Ok(merged) => assert!(ask(&merged, choice).is_ok(), "a merged run is damaged"),
            Err(StorageError::Corrupt { .. } | StorageError::Full) => {}
            Err(error) => panic!("{error}"),
        }
    });
}

/// Opens the run under the name that its footer asks for.
fn open(run: &[u8]) -> Option<OpenIndex> {
    let footer = &run[run.len().checked_sub(FOOTER_BYTES)?..];
    let count = u32::from_le_bytes(*footer[COUNT_AT..].first_chunk()?);
    let fingerprint = u64::from_le_bytes(*footer[FINGERPRINT_AT..].first_chunk()?);
    let disk = MemoryDisk::with(&format!("run-0000000000-{count:010}.idx"), run);
    let index = OpenIndex::open(Arc::new(disk), Path::new(""), fingerprint);
    let index = index.expect("what cannot be used is left out");
    (0 < index.count()).then_some(index)
}

fn ask(index: &OpenIndex, choice: u8) -> Result<(), StorageError> {
    let mut tenants = index.tenants();
    tenants.push(TenantId::FIRST);
    let terms = index.terms(TERMS_MAX)?;
    for tenant in tenants.into_iter().take(3) {
        for order in [Order::Ascending, Order::Descending] {
            let every = Question {
                tenant,
                all_of: Vec::new(),
                since: None,
                until: None,
                order,
                after: None,
            };
            check_answer(index, &every)?;
            for pair in terms.chunks(2) {
                let any = Question { all_of: vec![pair.to_vec()], ..every.clone() };
                check_answer(index, &any)?;
                let all_of = pair.iter().map(|term| vec![*term]).collect();
                let after = Some(u64::from(choice));
                check_answer(index, &Question { all_of, after, ..every.clone() })?;
            }
            let micros = i64::from(choice) << 45;
            let times = Question { since: Some(micros), until: Some(2 * micros), ..every };
            check_answer(index, &times)?;
        }
        check_sequence(index, tenant, choice)?;
    }
    Ok(())
}

/// Positions come in order, and are there.
fn check_answer(index: &OpenIndex, question: &Question) -> Result<(), StorageError> {
    let found = index.query(question, POSITIONS_MAX)?;
    assert!(found.iter().all(|position| *position < index.count().into()));
    match question.order {
        Order::Ascending => assert!(found.is_sorted_by(|a, b| a < b)),
        Order::Descending => assert!(found.is_sorted_by(|a, b| b < a)),
    }
    Ok(())
}

fn check_sequence(index: &OpenIndex, tenant: TenantId, choice: u8) -> Result<(), StorageError> {
    for first in [1, u64::from(choice), u64::MAX] {
        // What is not there ends what a follower is given, but is not looked for in advance.
        let positions = index.follow(tenant, first, POSITIONS_MAX)?;
        assert!(positions.len() <= POSITIONS_MAX);
    }
    for id in [0, u128::from(choice), u128::MAX] {
        if let Some((position, _)) = index.find(tenant, id)? {
            assert!(position < index.count());
        }
    }
    index.count_references(u64::from(choice))?;
    Ok(())
}
