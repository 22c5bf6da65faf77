//! One short history, and everything that can go wrong in it, one thing at a time.

use std::collections::HashMap;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{DocumentList, Order, Precondition, StatementQuery};
use acta_storage_suite::attachments::bytes_of_length;
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::{Draft, activity_id, everything, mailbox, uuid};
use acta_storage_suite::generate::Dice;

use crate::ledger::Sent;
use crate::simulation::{Act, Settings, Shutdown, Simulation};
use crate::tables::TableWrite;
use crate::world::PowerLoss;
use crate::world::faults::{Act as DiskAct, Call, Fault, FaultTrigger, InjectedFault};
use crate::{PrintOnPanic, in_parallel, runtime};

const TENANT: TenantId = TenantId::FIRST;

/// Two or three batches fill a segment, four statements a run, and four runs are merged.
const SETTINGS: Settings =
    Settings { segment_bytes: 1500, run_entries: 4, dictionary_samples: 0, reserve_bytes: 0 };

/// How long a thread in the background may take at most for what it did without the fault.
/// Only so that the calls come in the same order; nothing is wrong when it takes longer.
const WAIT_MAX: Duration = Duration::from_millis(40);

fn append(drafts: &[Draft]) -> Act {
    Act::Append(TENANT, Sent { drafts: drafts.to_vec(), contents: Vec::new() })
}

fn append_with_attachment(drafts: &[Draft], len: usize) -> Act {
    Act::Append(TENANT, Sent { drafts: drafts.to_vec(), contents: vec![bytes_of_length(len)] })
}

fn drafts(numbers: std::ops::Range<u128>) -> Vec<Draft> {
    let named = |number: u128| {
        let actor = format!(r#"{{"mbox":"mailto:ada@example.org","name":"Name {}"}}"#, number % 3);
        Draft::new(number).actor(actor)
    };
    numbers.map(named).collect()
}

fn write(write: TableWrite) -> Act {
    Act::Write(Box::new(write))
}

fn replace(state_id: &str, content: &str) -> Act {
    let (key, new) = (state_key(state_id, Some(uuid(70))), document(content));
    write(TableWrite::Replace(TENANT, key, new, Precondition::default()))
}

/// Everything that a store does: batches, a reference, a void, a repeat, a conflict,
/// attachments, writes to the tables, new segments, runs, a merge and a restart.
fn history() -> Vec<Act> {
    let states = DocumentList::States {
        activity: activity_id("recorded"),
        agent: mailbox("ada"),
        registration: Some(uuid(70)),
    };
    let removal =
        TableWrite::Remove(TENANT, state_key("b", Some(uuid(70))), Precondition::default());
    let query = StatementQuery { order: Order::Ascending, count_max: 5, ..everything() };
    vec![
        append(&drafts(1..2)),
        append_with_attachment(&drafts(2..5), 600),
        replace("a", "one"),
        append(&[Draft::referring(5, 1)]),
        append(&[Draft::voiding(6, 1)]),
        append(&drafts(2..5)),
        append(&[Draft::new(7), Draft::new(2).verb("failed")]),
        append(&drafts(7..12)),
        replace("b", "two"),
        write(TableWrite::SaveCursor(TENANT, "7".into())),
        write(TableWrite::InsertCredential(TENANT, "key".into())),
        append(&[Draft::voiding(12, 30), Draft::new(13)]),
        append(&drafts(14..17)),
        Act::Query(TENANT, Box::new(query)),
        Act::Ask(TENANT, "recorded", "ada"),
        Act::Reopen,
        append_with_attachment(&[Draft::referring(17, 14), Draft::new(30)], 70_000),
        write(removal),
        write(TableWrite::RemoveAll(TENANT, states)),
        append(&drafts(18..22)),
    ]
}

/// Lives through the history. After each act, waits for as many runs as `run_counts` says.
async fn live(simulation: &mut Simulation, run_counts: &[u64]) {
    simulation.open_again().await;
    for (act, run_count) in history().iter().zip(run_counts) {
        simulation.act(act).await;
        simulation.open_again().await;
        simulation.wait_for_runs(*run_count, WAIT_MAX);
    }
}

/// What the history does when nothing goes wrong.
struct RecordedCalls {
    /// How many runs there are after each act.
    run_counts: Vec<u64>,
    /// Every call, with how many of its kind came before.
    calls: Vec<(Call, u64)>,
}

async fn record_calls() -> RecordedCalls {
    let mut simulation = Simulation::new(1, SETTINGS);
    simulation.computer.record();
    simulation.open_again().await;
    let mut run_counts = Vec::new();
    for act in history() {
        simulation.act(&act).await;
        simulation.wait_for_quiet(WAIT_MAX / 4);
        run_counts.push(simulation.run_count());
    }
    assert!(!run_counts.is_sorted(), "no merge: {run_counts:?}");
    simulation.end(Shutdown::Closed);
    let mut counts: HashMap<Call, u64> = HashMap::new();
    let mut numbered = |call: Call| {
        let count = counts.entry(call).or_default();
        *count += 1;
        (call, *count - 1)
    };
    let calls = simulation.computer.recorded().into_iter().map(&mut numbered).collect();
    RecordedCalls { run_counts, calls }
}

/// Calls that change what is on the disk, or make it durable.
pub(crate) const fn is_change(act: DiskAct) -> bool {
    match act {
        DiskAct::List | DiskAct::Open | DiskAct::Read | DiskAct::Length => false,
        DiskAct::CreateDirectory
        | DiskAct::Create
        | DiskAct::Rename
        | DiskAct::Remove
        | DiskAct::SyncDirectory
        | DiskAct::Write
        | DiskAct::Extend
        | DiskAct::Sync
        | DiskAct::Truncate => true,
    }
}

pub(crate) const fn is_sync(act: DiskAct) -> bool {
    matches!(act, DiskAct::Sync | DiskAct::SyncDirectory)
}

/// Tries a fault at each of these calls. Prints how many there were.
#[expect(clippy::print_stdout, reason = "how much was tried is part of the result")]
fn try_each(kind: InjectedFault, losses: &[PowerLoss], is_tried: fn(DiskAct) -> bool) {
    let recorded = runtime().block_on(record_calls());
    let mut attempts = Vec::new();
    for (call, index) in recorded.calls.iter().filter(|(call, _)| is_tried(call.act)) {
        let fault = Fault::new(kind, FaultTrigger::AtOf(*call, *index));
        let attempt = |(round, loss): (u64, &PowerLoss)| (fault, *loss, index * 8 + round);
        attempts.extend((0..).zip(losses).map(attempt));
    }
    let tried_count = attempts.len();
    let has_struck = in_parallel(attempts, |(fault, loss, seed)| {
        let told = format!("{fault:?}, seed {seed}, {loss:?} is lost");
        let _told = PrintOnPanic(told);
        runtime().block_on(try_one(&recorded, fault, loss, seed))
    });
    let struck_count = has_struck.into_iter().filter(|has_struck| *has_struck).count();
    println!("{kind:?}: {tried_count} faults tried, {struck_count} struck");
    // Threads in the background do not always make the same calls.
    assert!(tried_count / 2 < struck_count, "the history changes too much");
    assert!(100 < tried_count, "the history is too short");
}

/// Lives through the history with one fault, starts again, loses power and starts again.
async fn try_one(recorded: &RecordedCalls, fault: Fault, loss: PowerLoss, seed: u64) -> bool {
    let mut dice = Dice::new(seed);
    let mut simulation = Simulation::new(seed, SETTINGS);
    simulation.computer.arm(&[fault]);
    live(&mut simulation, &recorded.run_counts).await;
    let is_off = simulation.computer.is_off();
    simulation.end(if is_off {
        Shutdown::PowerLost(loss)
    } else {
        dice.pick(&[Shutdown::Closed, Shutdown::Killed])
    });
    let has_struck = simulation.has_struck();
    simulation.open_and_check(&mut dice).await;
    simulation.repeat_lost().await;
    simulation.end(Shutdown::PowerLost(PowerLoss::Everything));
    simulation.open_and_check(&mut dice).await;
    has_struck
}

#[test]
fn every_failure_of_the_device_is_survived() {
    try_each(InjectedFault::Fails, &[PowerLoss::Everything], |_| true);
}

#[test]
fn every_failed_sync_is_survived() {
    try_each(InjectedFault::Fails, &[PowerLoss::Everything; 6], is_sync);
}

#[test]
fn every_lack_of_space_is_survived() {
    try_each(InjectedFault::Full, &[PowerLoss::Everything], DiskAct::needs_room);
}

#[test]
fn power_may_go_before_every_change() {
    try_each(
        InjectedFault::CutBefore,
        &[PowerLoss::Everything, PowerLoss::Nothing, PowerLoss::Chance],
        is_change,
    );
}

#[test]
fn power_may_go_after_every_change() {
    try_each(
        InjectedFault::CutAfter,
        &[PowerLoss::Everything, PowerLoss::Nothing, PowerLoss::Chance],
        is_sync,
    );
}
