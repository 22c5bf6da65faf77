//! What the simulation has found, each as a test of its own; and that the disk does lose what
//! was not synced, without which all of this would show nothing.

use std::path::Path;

use acta_access::TenantId;
use acta_storage::Precondition;
use acta_storage_suite::attachments::bytes_of_length;
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::Draft;
use acta_storage_suite::generate::Dice;

use crate::disk::Computer;
use crate::ledger::Sent;
use crate::runtime;
use crate::simulation::{Act, Settings, Shutdown, Simulation};
use crate::tables::TableWrite;
use crate::world::PowerLoss;
use crate::world::faults::{Act as DiskAct, Call, Fault, FaultTrigger, InjectedFault};

const TENANT: TenantId = TenantId::FIRST;

const SETTINGS: Settings =
    Settings { segment_bytes: 4000, run_entries: 8, dictionary_samples: 0, reserve_bytes: 0 };

fn append(number: u128) -> Act {
    Act::Append(TENANT, Sent { drafts: vec![Draft::new(number)], contents: Vec::new() })
}

fn append_with_attachment(number: u128) -> Act {
    let contents = vec![bytes_of_length(900)];
    Act::Append(TENANT, Sent { drafts: vec![Draft::new(number)], contents })
}

fn replace(content: &str) -> Act {
    let (key, new) = (state_key("a", None), document(content));
    Act::Write(Box::new(TableWrite::Replace(TENANT, key, new, Precondition::default())))
}

const fn fails_at(act: DiskAct, to: &'static str) -> Fault {
    Fault::new(InjectedFault::Fails, FaultTrigger::AtOf(Call { act, to }, 0))
}

/// Opens a new store, does `before`, lets one call fail during `during`, kills the store, opens
/// it, repeats what a client would repeat, does `after`, and loses all that was not synced. With
/// many seeds, since a failed call may leave more or less behind.
fn check(fault: Fault, before: &[Act], during: &[Act], after: &[Act]) {
    let mut struck_count = 0;
    for seed in 0..12 {
        struck_count += u32::from(runtime().block_on(async {
            let mut dice = Dice::new(seed);
            let mut simulation = Simulation::new(seed, SETTINGS);
            simulation.open().await;
            for act in before {
                simulation.act(act).await;
            }
            simulation.computer.arm(&[fault]);
            for act in during {
                simulation.act(act).await;
            }
            simulation.end(Shutdown::Killed);
            let has_struck = simulation.has_struck();
            simulation.open_and_check(&mut dice).await;
            simulation.repeat_lost().await;
            for act in after {
                simulation.act(act).await;
            }
            simulation.end(Shutdown::PowerLost(PowerLoss::Everything));
            simulation.open_and_check(&mut dice).await;
            has_struck
        }));
    }
    assert_eq!(struck_count, 12, "the fault must strike");
}

#[test]
fn readable_data_of_a_failed_sync_becomes_durable_at_the_next_start() {
    let fault = fails_at(DiskAct::Sync, "segment");
    check(fault, &[append(1)], &[append(2)], &[]);
}

#[test]
fn nothing_depends_on_readable_data_of_a_failed_sync() {
    let fault = fails_at(DiskAct::Sync, "segment");
    let after: Vec<Act> = (3..40).map(append).collect();
    check(fault, &[append(1)], &[append(2)], &after);
}

#[test]
fn documents_behind_a_failed_sync_are_durable() {
    let fault = fails_at(DiskAct::Sync, "write-ahead log of the tables");
    check(fault, &[replace("one")], &[replace("two")], &[replace("three")]);
}

#[test]
fn an_attachment_whose_name_was_not_synced_is_synced_when_it_comes_again() {
    // The directory of the content becomes known; its name is not synced, and the file stays
    // because removing it fails too. Two syncs before are for the directory's own name.
    let faults = [
        Fault::new(
            InjectedFault::Fails,
            FaultTrigger::AtOf(to_attachments(DiskAct::SyncDirectory), 2),
        ),
        Fault::new(InjectedFault::Fails, FaultTrigger::AtOf(to_attachments(DiskAct::Remove), 0)),
    ];
    for seed in 0..12 {
        runtime().block_on(async {
            let mut simulation = Simulation::new(seed, SETTINGS);
            simulation.open().await;
            simulation.computer.arm(&faults);
            simulation.act(&append_with_attachment(1)).await;
            simulation.act(&append_with_attachment(2)).await;
            assert_eq!(simulation.computer.struck_count(), 2);
            simulation.end(Shutdown::PowerLost(PowerLoss::Everything));
            simulation.open_and_check(&mut Dice::new(seed)).await;
        });
    }
}

const fn to_attachments(act: DiskAct) -> Call {
    Call { act, to: "attachments" }
}

#[test]
fn a_write_without_space_does_not_affect_later_writes() {
    // A batch that is written by half, then one that begins a segment: the closed one is clean.
    let settings = Settings { segment_bytes: 2000, run_entries: 1000, ..SETTINGS };
    let call = Call { act: DiskAct::Extend, to: "segment" };
    let large = Sent { drafts: (10..30).map(Draft::new).collect(), contents: Vec::new() };
    for (seed, end) in
        (0..24).zip([Shutdown::Killed, Shutdown::PowerLost(PowerLoss::Chance)].into_iter().cycle())
    {
        runtime().block_on(async {
            let mut simulation = Simulation::new(seed, settings);
            simulation.open().await;
            simulation.act(&append(1)).await;
            simulation
                .computer
                .arm(&[Fault::new(InjectedFault::Full, FaultTrigger::AtOf(call, 0))]);
            simulation.act(&append(2)).await;
            assert_eq!(simulation.computer.struck_count(), 1);
            simulation.act(&Act::Append(TENANT, large.clone())).await;
            simulation.end(end);
            simulation.open_and_check(&mut Dice::new(seed)).await;
        });
    }
}

#[test]
fn a_new_store_does_not_vanish_with_the_name_of_its_directory() {
    // The first start cannot look whether the directory is there, or cannot sync its name.
    for (act, nth) in [(DiskAct::List, 0), (DiskAct::SyncDirectory, 0), (DiskAct::SyncDirectory, 1)]
    {
        let fault =
            Fault::new(InjectedFault::Fails, FaultTrigger::AtOf(Call { act, to: "other" }, nth));
        runtime().block_on(async {
            let mut simulation = Simulation::new(nth, SETTINGS);
            simulation.computer.arm(&[fault]);
            simulation.open_again().await;
            simulation.act(&append(1)).await;
            simulation.end(Shutdown::PowerLost(PowerLoss::Everything));
            simulation.open_and_check(&mut Dice::new(nth)).await;
        });
    }
}

/// Writes a file and its name, with or without syncs, loses power, and reads what is left.
#[track_caller]
fn check_loss(
    is_file_synced: bool,
    is_name_synced: bool,
    loss: PowerLoss,
    expected: Option<&[u8]>,
) {
    let (directory, path) = (Path::new("/d"), Path::new("/d/f"));
    let mut computer = Computer::new(1);
    let disk = computer.disk();
    disk.create_directory(directory).unwrap();
    disk.sync_directory(Path::new("/")).unwrap();
    let file = disk.create(path).unwrap();
    file.write_at(b"some bytes", 0).unwrap();
    if is_file_synced {
        file.sync().unwrap();
    }
    if is_name_synced {
        disk.sync_directory(directory).unwrap();
    }
    computer.lose_power(loss, || {});
    assert!(file.len().is_err(), "nothing answers without power");
    let left = computer.disk().open(path).ok().map(|file| {
        let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        bytes
    });
    assert_eq!(left.as_deref(), expected, "{is_file_synced} {is_name_synced} {loss:?}");
}

#[test]
fn only_a_sync_makes_durable() {
    check_loss(true, true, PowerLoss::Everything, Some(b"some bytes"));
    check_loss(false, true, PowerLoss::Everything, Some(b""));
    check_loss(true, false, PowerLoss::Everything, None);
    check_loss(false, false, PowerLoss::Everything, None);
    check_loss(false, false, PowerLoss::Nothing, Some(b"some bytes"));
}

#[test]
fn a_loss_of_power_leaves_any_part_of_what_was_not_synced() {
    let (mut lengths, mut torn_count) = (std::collections::BTreeSet::new(), 0);
    for seed in 0..300 {
        let mut computer = Computer::new(seed);
        let disk = computer.disk();
        let file = disk.create(Path::new("/f")).unwrap();
        disk.sync_directory(Path::new("/")).unwrap();
        file.write_at(&[7; 2000], 0).unwrap();
        computer.lose_power(PowerLoss::Chance, || {});
        let file = computer.disk().open(Path::new("/f")).unwrap();
        let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        assert!(bytes.iter().all(|byte| [0, 7].contains(byte)));
        torn_count += u32::from(bytes.contains(&0));
        lengths.insert(bytes.len());
    }
    assert!(lengths.contains(&0) && lengths.contains(&2000) && 20 < lengths.len());
    assert!(20 < torn_count, "the length may grow without the data");
}

#[test]
fn a_failed_sync_may_leave_what_no_later_sync_makes_durable() {
    let mut fates = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut computer = Computer::new(seed);
        let disk = computer.disk();
        let file = disk.create(Path::new("/f")).unwrap();
        disk.sync_directory(Path::new("/")).unwrap();
        file.write_at(b"x", 0).unwrap();
        computer.arm(&[fails_at(DiskAct::Sync, "other")]);
        assert!(file.sync().is_err());
        file.sync().unwrap();
        let is_readable = file.len().unwrap() == 1;
        computer.lose_power(PowerLoss::Everything, || {});
        let is_durable = computer.disk().open(Path::new("/f")).unwrap().len().unwrap() == 1;
        fates.insert((is_readable, is_durable));
    }
    assert_eq!(
        fates.into_iter().collect::<Vec<_>>(),
        [(false, false), (true, false), (true, true)]
    );
}

#[test]
fn a_full_disk_takes_a_part_of_a_write() {
    let computer = Computer::new(1);
    let disk = computer.disk();
    let file = disk.create(Path::new("/f")).unwrap();
    computer.leave_room(Some(7));
    let full = file.write_at(b"some bytes", 0).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(file.len().unwrap(), 7);
    file.write_at(b"other", 0).unwrap();
    computer.leave_room(None);
    file.write_at(b"some bytes", 0).unwrap();
}
