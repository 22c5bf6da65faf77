//! A tenant is removed, and everything that can go wrong meanwhile, one thing at a time.

use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::{Batch, Precondition, Storage};
use acta_storage_embedded::{ReadOnlyDisk, SystemDisk, VerifyOptions, verify};
use acta_storage_suite::attachments::{content_of, stage_content};
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::{Draft, activity_id, batch, everything, id};
use acta_storage_suite::generate::Dice;
use acta_xapi::Sha2;
use bytes::Bytes;
use tempfile::TempDir;

use crate::exhaustive::{is_change, is_sync};
use crate::ledger::Sent;
use crate::simulation::{Act, Settings, Shutdown, Simulation};
use crate::world::PowerLoss;
use crate::world::faults::{Act as DiskAct, Call, Fault, FaultTrigger, InjectedFault};
use crate::{PrintOnPanic, in_parallel, runtime};

/// A few batches fill a segment, eight statements a run.
const SETTINGS: Settings =
    Settings { segment_bytes: 1500, run_entries: 8, dictionary_samples: 0, reserve_bytes: 0 };

/// Stands in everything that the tenant owns which is removed.
const MARKER: &str = "zebra-crossing";

fn gone() -> TenantId {
    TenantId::new(3).unwrap()
}

fn content() -> Bytes {
    Bytes::from(format!("content of {MARKER}"))
}

fn append(number: u128) -> Act {
    Act::Append(TenantId::FIRST, Sent { drafts: vec![Draft::new(number)], contents: Vec::new() })
}

fn marked(number: u128) -> Draft {
    let name = format!(r#"{{"en":"{MARKER}"}}"#);
    let recorded = activity_id(MARKER);
    let recorded = recorded.as_str();
    let object = format!(r#"{{"id":"{recorded}","definition":{{"name":{name}}}}}"#);
    Draft::new(1_000_000 + number).object(object)
}

/// Statements of two tenants that take turns, and one of everything else.
async fn fill(simulation: &mut Simulation) {
    for number in 1..20 {
        simulation.act(&append(number)).await;
        if number % 4 != 0 {
            let storage = simulation.store().unwrap();
            let storage: &dyn Storage = &*storage;
            storage.append(gone(), batch(&[&marked(number)])).await.unwrap();
        }
    }
    let storage = simulation.store().unwrap();
    let storage: &dyn Storage = &*storage;
    let staged = stage_content(storage, gone(), &Sha2::sha256(&content()), &content()).await;
    let statements = vec![marked(30).build()];
    storage.append(gone(), Batch { statements, attachments: vec![staged] }).await.unwrap();
    let (key, always) = (state_key("a", None), Precondition::default());
    storage.replace_document(gone(), &key, document(MARKER), &always).await.unwrap();
    storage.save_cursor(gone(), MARKER, MARKER).await.unwrap();
    assert!(storage.find_definition(gone(), &activity_id(MARKER)).await.unwrap().is_some());
}

/// Checks that nothing of the tenant can be read, and that it is in no file.
async fn check_gone(simulation: &Simulation) {
    let storage = simulation.store().unwrap();
    check_statements_gone(&*storage).await;
    check_rest_gone(&*storage).await;
    let mut needles = vec![MARKER.as_bytes().to_vec()];
    for number in [1, 19, 30] {
        needles.push(id(1_000_000 + number).0.as_u128().to_be_bytes().to_vec());
    }
    for needle in needles {
        assert_eq!(simulation.computer.find(&needle), 0, "files have {needle:?}");
    }
}

async fn check_statements_gone(storage: &dyn Storage) {
    assert_eq!(storage.count_statements(gone()).await.unwrap(), 0);
    assert_eq!(storage.read_feed(gone(), 0, 100).await.unwrap(), []);
    assert_eq!(storage.query_statements(gone(), &everything()).await.unwrap().statements, []);
    assert_eq!(storage.find_statement(gone(), id(1_000_001)).await.unwrap(), None);
}

async fn check_rest_gone(storage: &dyn Storage) {
    assert_eq!(content_of(storage, gone(), &Sha2::sha256(&content())).await, None);
    assert_eq!(storage.find_document(gone(), &state_key("a", None)).await.unwrap(), None);
    assert_eq!(storage.find_cursor(gone(), MARKER).await.unwrap(), None);
    let defined = storage.find_definition(gone(), &activity_id(MARKER)).await.unwrap();
    assert_eq!(defined, None);
}

/// Checks that every file of a store that is not open is sound.
fn check_sound(simulation: &Simulation) {
    let scratch = TempDir::new().unwrap();
    let disk = simulation.computer.disk();
    let verified = verify(&VerifyOptions {
        directory: simulation.directory().to_path_buf(),
        disk: Arc::new(ReadOnlyDisk(disk)),
        scratch: scratch.path().to_path_buf(),
        scratch_disk: Arc::new(SystemDisk),
        on_progress: None,
    });
    let verified = verified.unwrap();
    let of_tables = |file: &str| file.starts_with("tables");
    let damaged = verified.findings.iter().filter(|it| !of_tables(&it.file));
    assert_eq!(damaged.collect::<Vec<_>>().len(), 0, "{:?}", verified.findings);
}

/// Removes the tenant with one fault on the way, starts again, removes it once more, loses
/// power and starts again. Returns the calls of the first removal, if they are to be recorded,
/// and whether the fault struck.
async fn try_one(fault: Option<Fault>, loss: PowerLoss, seed: u64) -> (Vec<Call>, bool) {
    let mut dice = Dice::new(seed);
    let mut simulation = Simulation::new(seed, SETTINGS);
    simulation.open().await;
    fill(&mut simulation).await;
    match fault {
        Some(fault) => simulation.computer.arm(&[fault]),
        None => simulation.computer.record(),
    }
    let is_removed = simulation.purge(gone()).await;
    let (calls, has_struck) = (simulation.computer.recorded(), simulation.has_struck());
    simulation.computer.arm(&[]);
    go_on(&mut simulation, is_removed, loss, &mut dice).await;
    assert!(simulation.purge(gone()).await, "it may be repeated");
    check_gone(&simulation).await;
    simulation.act(&append(50)).await;
    simulation.end(Shutdown::PowerLost(PowerLoss::Everything));
    simulation.open_and_check(&mut dice).await;
    check_gone(&simulation).await;
    simulation.end(Shutdown::Closed);
    check_sound(&simulation);
    (calls, has_struck)
}

/// Goes on after a removal, ends in any way, and starts again.
async fn go_on(simulation: &mut Simulation, is_removed: bool, loss: PowerLoss, dice: &mut Dice) {
    if is_removed && !simulation.computer.is_off() {
        check_gone(simulation).await;
    }
    simulation.act(&append(40)).await;
    let is_off = simulation.computer.is_off();
    let ends = [Shutdown::Closed, Shutdown::Killed, Shutdown::PowerLost(loss)];
    simulation.end(if is_off { Shutdown::PowerLost(loss) } else { dice.pick(&ends) });
    simulation.open_and_check(dice).await;
    if is_removed {
        check_gone(simulation).await;
    }
    simulation.repeat_lost().await;
}

/// Tries a fault at each of these calls of a removal. Prints how many there were.
#[expect(clippy::print_stdout, reason = "how much was tried is part of the result")]
fn try_each(kind: InjectedFault, losses: &[PowerLoss], is_tried: fn(DiskAct) -> bool) {
    let (calls, _) = runtime().block_on(try_one(None, PowerLoss::Everything, 0));
    let is_counted = |call: &&Call| kind != InjectedFault::Full || call.act.needs_room();
    let mut attempts = Vec::new();
    for (at, call) in (0..).zip(calls.iter().filter(is_counted)) {
        if is_tried(call.act) {
            let fault = Fault::new(kind, FaultTrigger::At(at));
            attempts.extend((0..).zip(losses).map(|(round, loss)| (fault, *loss, at * 8 + round)));
        }
    }
    let tried_count = attempts.len();
    let has_struck = in_parallel(attempts, |(fault, loss, seed)| {
        let _told = PrintOnPanic(format!("{fault:?}, seed {seed}, {loss:?} is lost"));
        runtime().block_on(try_one(Some(fault), loss, seed)).1
    });
    let struck_count = has_struck.into_iter().filter(|has_struck| *has_struck).count();
    println!("{kind:?}: {tried_count} faults tried, {struck_count} struck");
    assert!(tried_count / 2 < struck_count, "a removal changes too much");
    assert!(100 < tried_count, "{tried_count} calls are too few");
}

#[test]
fn power_may_go_before_every_change_of_a_removal() {
    try_each(
        InjectedFault::CutBefore,
        &[PowerLoss::Everything, PowerLoss::Nothing, PowerLoss::Chance],
        is_change,
    );
}

#[test]
fn power_may_go_after_every_sync_of_a_removal() {
    try_each(
        InjectedFault::CutAfter,
        &[PowerLoss::Everything, PowerLoss::Nothing, PowerLoss::Chance],
        is_sync,
    );
}

#[test]
fn every_call_of_a_removal_may_fail() {
    try_each(InjectedFault::Fails, &[PowerLoss::Everything], |_| true);
}

#[test]
fn a_removal_may_find_no_space() {
    try_each(InjectedFault::Full, &[PowerLoss::Everything], DiskAct::needs_room);
}
