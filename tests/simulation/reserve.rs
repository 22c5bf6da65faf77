//! Changes of administration on a disk without space, and what a loss of power leaves of them.

use acta_access::TenantId;
use acta_storage::{
    Group, Precondition, RecordKind, RecordStore as _, StatementStore as _, StorageError,
};
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::{Draft, batch};
use acta_storage_suite::generate::Dice;

use crate::ledger::Sent;
use crate::runtime;
use crate::simulation::{Act, Settings, Shutdown, Simulation};
use crate::tables::TableWrite;
use crate::world::PowerLoss;

const TENANT: TenantId = TenantId::FIRST;

const SETTINGS: Settings = Settings {
    segment_bytes: 4000,
    run_entries: 8,
    dictionary_samples: 0,
    reserve_bytes: 512 << 10,
};

/// Changes while the disk is full.
const CHANGE_COUNT: usize = 6;

fn append(number: u128) -> Act {
    Act::Append(TENANT, Sent { drafts: vec![Draft::new(number)], contents: Vec::new() })
}

fn insert_credential(number: usize) -> Act {
    Act::Write(Box::new(TableWrite::InsertCredential(TENANT, format!("key-{number}"))))
}

fn replace(content: &str) -> Act {
    let (key, new) = (state_key("a", None), document(content));
    Act::Write(Box::new(TableWrite::Replace(TENANT, key, new, Precondition::default())))
}

async fn count_credentials(simulation: &Simulation) -> usize {
    let store = simulation.store().unwrap();
    let group = Group::OfTenant(TENANT);
    let credentials = store.list_records(RecordKind::Credential, &group, None, 100).await;
    credentials.unwrap().len()
}

/// Whether a statement is refused for want of space.
async fn is_full(simulation: &Simulation, number: u128) -> bool {
    let store = simulation.store().unwrap();
    matches!(store.append(TENANT, batch(&[&Draft::new(number)])).await, Err(StorageError::Full))
}

#[test]
fn a_full_disk_takes_changes_of_administration_and_nothing_else() {
    let ends = [
        Shutdown::Killed,
        Shutdown::PowerLost(PowerLoss::Everything),
        Shutdown::PowerLost(PowerLoss::Chance),
    ];
    for (seed, end) in (0..24).zip(ends.into_iter().cycle()) {
        runtime().block_on(async {
            let mut dice = Dice::new(seed);
            let mut simulation = Simulation::new(seed, SETTINGS);
            simulation.open().await;
            simulation.act(&append(1)).await;
            simulation.act(&replace("before")).await;
            simulation.leave_room(Some(0));
            for number in 0..CHANGE_COUNT {
                simulation.act(&insert_credential(number)).await;
                assert_eq!(count_credentials(&simulation).await, number + 1, "it was accepted");
            }
            assert!(is_full(&simulation, 900).await);
            simulation.act(&replace("while it is full")).await;
            simulation.end(end);
            // All that was acknowledged is there.
            simulation.open_and_check(&mut dice).await;
            simulation.act(&append(2)).await;
            assert!(!is_full(&simulation, 901).await, "there is space again");
        });
    }
}
