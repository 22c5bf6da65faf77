//! Running a plan over the rows of a view, on several processors.

pub(super) mod listing;
pub(super) mod page;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use acta_storage::directory::TenantSettings;
use acta_storage::lower_priority;

use super::condition::{Condition, Selected};
use super::dimension::{Dimension, DimensionCodes};
use super::fault::QueryError;
use super::group::Grouper;
use super::measure::State;
use super::plan::{Measure, Plan};
use super::reader::{BlockReader, BlockSource};
use super::request::ConditionRequest;
use super::rows::{CodeBits, Grouped, Groups, Mask, Rows};
use crate::rows::fields::IntColumn;
use crate::tenant::{Texts, View};

/// How much lower the priority of the threads is than that of requests for statements.
const NICE: i32 = 5;

/// Most groups of an answer before it is sorted and cut.
const GROUPS_MAX: usize = 2_000_000;

/// Bytes of memory of a row that is repeated for each of its activities: its place and its group,
/// and the same before it is repeated for those of another dimension.
const REPEATED_BYTES: usize = 16;

/// What a question may use.
#[derive(Clone, Copy, Debug)]
pub struct QueryLimits {
    /// Bytes of memory for groups and their measures.
    pub memory_bytes: usize,
    /// Processors that work on it at a time.
    pub threads: usize,
}

/// What goes along with a question.
#[derive(Clone, Copy)]
pub struct Asked<'s> {
    /// What it may use.
    pub limits: QueryLimits,
    /// The present, in microseconds since 1970.
    pub now: i64,
    /// What the tenant has set for questions.
    pub settings: &'s TenantSettings,
    /// Which facts are within reach of who asks; all if absent. Others do not exist for the
    /// question, whatever it says.
    pub reach: Option<&'s ConditionRequest>,
    /// Is asked between blocks of rows whether to give up.
    pub stop: &'s (dyn Fn() -> bool + Sync),
}

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What was found: the groups, and the measures of each.
pub(crate) struct Found {
    pub(crate) groups: Grouper,
    pub(crate) states: Vec<State>,
    pub(crate) totals: Vec<State>,
    /// How many rows counted.
    pub(crate) row_count: u64,
}

/// What the workers share.
struct Work<'v> {
    plan: &'v Plan,
    view: &'v View,
    blocks: Vec<BlockSource<'v>>,
    next: AtomicUsize,
    /// Bytes of memory of all workers together.
    used_bytes: AtomicUsize,
    has_failed: AtomicBool,
    limits: QueryLimits,
    stop: &'v (dyn Fn() -> bool + Sync),
}

/// All blocks of a view.
pub(crate) fn blocks_of(view: &View) -> Vec<BlockSource<'_>> {
    let segments = view
        .segments
        .iter()
        .flat_map(|segment| segment.blocks().iter().map(|block| BlockSource::Disk(segment, block)));
    segments.chain(view.tail.iter().map(|block| BlockSource::Memory(block))).collect()
}

/// The rows of the reader's block for which a condition holds, without those that are voided.
pub(crate) fn rows_that_count(
    view: &View,
    condition: Option<&Condition>,
    reader: &mut BlockReader<'_>,
) -> std::io::Result<Rows> {
    let selected = without_voided(view, select(condition, reader)?, reader)?;
    Ok(rows_of(selected, reader))
}

/// As [`rows_that_count`], with those that are voided.
fn rows_with_voided(
    condition: Option<&Condition>,
    reader: &mut BlockReader<'_>,
) -> std::io::Result<Rows> {
    let selected = select(condition, reader)?;
    Ok(rows_of(selected, reader))
}

fn select(
    condition: Option<&Condition>,
    reader: &mut BlockReader<'_>,
) -> std::io::Result<Selected> {
    condition.map_or(Ok(Selected::All), |condition| condition.select(reader))
}

fn rows_of(selected: Selected, reader: &BlockReader<'_>) -> Rows {
    match selected {
        Selected::None => Rows::Some(Vec::new()),
        Selected::All => Rows::All(reader.len()),
        Selected::Some(mask) => Rows::Some(mask.rows()),
    }
}

/// What each worker has found before it begins.
pub(crate) fn start(plan: &Plan, texts: &Texts, limits: QueryLimits) -> Vec<Found> {
    (0..limits.threads.max(1)).map(|_| Found::empty(plan, texts)).collect()
}

/// Runs a plan, on as many threads as there are `empty` results.
pub(crate) fn run(
    plan: &Plan,
    view: &View,
    empty: Vec<Found>,
    asked: Asked<'_>,
) -> Result<Found, QueryError> {
    let (next, used_bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let has_failed = AtomicBool::new(false);
    let blocks = blocks_of(view);
    let Asked { limits, stop, .. } = asked;
    let work = Work { plan, view, blocks, next, used_bytes, has_failed, limits, stop };
    let workers = empty.into_iter().take(work.blocks.len().max(1));
    thread::scope(|scope| {
        let work = &work;
        let start = |found| {
            scope.spawn(move || {
                lower_priority(NICE);
                work.run(found)
            })
        };
        let workers: Vec<_> = workers.map(start).collect();
        let found = workers.into_iter().map(|worker| {
            let panicked = |_panic| QueryError::Io(std::io::Error::other("a worker panicked"));
            worker.join().map_err(panicked).flatten()
        });
        let found = found.reduce(|found, other| merge(found, other, work));
        found.unwrap_or(Err(QueryError::Stopped))
    })
}

/// Both results in one, or the error that says most.
fn merge(
    found: Result<Found, QueryError>,
    other: Result<Found, QueryError>,
    work: &Work<'_>,
) -> Result<Found, QueryError> {
    match (found, other) {
        (Ok(mut found), Ok(other)) => found.merge(other, work).map(|()| found),
        // The others stop because one has failed.
        (Err(QueryError::Stopped) | Ok(_), Err(error)) | (Err(error), _) => Err(error),
    }
}

impl Found {
    fn empty(plan: &Plan, texts: &Texts) -> Self {
        let domains: Vec<_> = plan.dimensions.iter().map(|it| it.domain_len(texts)).collect();
        let states =
            || plan.measures.iter().map(|measure| State::new(&measure.kind, texts)).collect();
        let totals = if plan.has_totals { states() } else { Vec::new() };
        Self { groups: Grouper::new(&domains), states: states(), totals, row_count: 0 }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let states = self.states.iter().chain(&self.totals).map(State::memory_bytes);
        self.groups.memory_bytes() + states.sum::<usize>()
    }

    fn merge(&mut self, other: Self, work: &Work<'_>) -> Result<(), QueryError> {
        self.row_count += other.row_count;
        let count = u32::try_from(other.groups.len()).unwrap_or(u32::MAX);
        let groups: Vec<u32> =
            (0..count).map(|group| self.groups.group(&other.groups.codes(group))).collect();
        let count = self.groups.len();
        for (state, other) in self.states.iter_mut().zip(other.states) {
            state.merge(other, &groups, count);
        }
        for (state, other) in self.totals.iter_mut().zip(other.totals) {
            state.merge(other, &[0], 1);
        }
        let is_too_large = work.limits.memory_bytes < self.memory_bytes() || GROUPS_MAX < count;
        if is_too_large { Err(QueryError::TooLarge(work.limits.memory_bytes)) } else { Ok(()) }
    }
}

impl<'v> Work<'v> {
    /// Works on one block after the other until there is none left.
    fn run(&self, mut found: Found) -> Result<Found, QueryError> {
        let mut reader = None;
        let mut reported = 0;
        while let Some(block) = self.blocks.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.has_failed.load(Ordering::Relaxed) || (self.stop)() {
                return Err(QueryError::Stopped);
            }
            let reader = reader.get_or_insert_with(|| BlockReader::new(*block));
            reader.turn_to(*block);
            let added = self.add(reader, &mut found);
            let checked = added.and_then(|()| self.check_memory(&found, &mut reported));
            if checked.is_err() {
                self.has_failed.store(true, Ordering::Relaxed);
            }
            checked?;
        }
        Ok(found)
    }

    /// Checks what all workers use together. `reported` is what this one has used before.
    fn check_memory(&self, found: &Found, reported: &mut usize) -> Result<(), QueryError> {
        let bytes = found.memory_bytes();
        let more = bytes.saturating_sub(*reported);
        let used = self.used_bytes.fetch_add(more, Ordering::Relaxed) + more;
        *reported = bytes.max(*reported);
        let is_too_large = self.limits.memory_bytes < used || GROUPS_MAX < found.groups.len();
        if is_too_large { Err(QueryError::TooLarge(self.limits.memory_bytes)) } else { Ok(()) }
    }

    fn add(&self, reader: &mut BlockReader<'v>, found: &mut Found) -> Result<(), QueryError> {
        let rows = rows_that_count(self.view, self.plan.condition.as_ref(), reader)?;
        if rows.len() == 0 {
            return Ok(());
        }
        found.row_count += rows.len() as u64;
        let grouped = Grouped { rows, groups: Groups::One, group_count: 1 };
        if self.plan.has_totals {
            add_measures(&self.plan.measures, &mut found.totals, reader, &grouped)?;
        }
        let repeated_max = self.limits.memory_bytes / REPEATED_BYTES;
        let groups = (&mut found.groups, repeated_max);
        let grouped = group(&self.plan.dimensions, groups, reader, grouped)?;
        let grouped = grouped.ok_or(QueryError::TooLarge(self.limits.memory_bytes))?;
        Ok(add_measures(&self.plan.measures, &mut found.states, reader, &grouped)?)
    }
}

fn without_voided(
    view: &View,
    selected: Selected,
    reader: &mut BlockReader<'_>,
) -> std::io::Result<Selected> {
    let voided = &view.voided;
    if voided.is_empty() || selected == Selected::None {
        return Ok(selected);
    }
    let (min, max) = reader.source().int_range(IntColumn::Sequence);
    let (min, max) = (min.cast_unsigned(), max.cast_unsigned());
    let before = min.checked_sub(1).map_or(0, |before| voided.rank(before));
    let end = voided.rank(max);
    if before == end {
        return Ok(selected);
    }
    let offset = |sequence: u64| u32::try_from(sequence - min).ok();
    let those = (before..end).filter_map(|place| voided.select(place));
    let those: CodeBits = those.filter_map(offset).collect();
    let mut mask = match selected {
        Selected::Some(mask) => mask,
        Selected::All | Selected::None => Mask::of(reader.len(), true),
    };
    for (row, sequence) in reader.ints(IntColumn::Sequence)?.iter().enumerate() {
        if offset(sequence.cast_unsigned()).is_some_and(|offset| those.has(offset)) {
            mask.remove(row);
        }
    }
    Ok(if mask.is_empty() { Selected::None } else { Selected::Some(mask) })
}

/// Puts rows into the groups of the dimensions. A row comes once for each of several activities in
/// a dimension; there is nothing if that makes more than `repeated_max`.
fn group(
    dimensions: &[Dimension],
    (groups, repeated_max): (&mut Grouper, usize),
    reader: &mut BlockReader<'_>,
    mut grouped: Grouped,
) -> std::io::Result<Option<Grouped>> {
    for (index, dimension) in dimensions.iter().enumerate() {
        match dimension.codes(reader, &grouped.rows)? {
            DimensionCodes::Single(mut codes) => {
                match &grouped.groups {
                    Groups::One => groups.number_all(index, &mut codes),
                    Groups::Each(before) => groups.number_each(index, before, &mut codes),
                }
                grouped.groups = Groups::Each(codes);
            }
            DimensionCodes::Several(lists) => {
                let list = |row: usize| dimension.list_or_nothing(lists[row]);
                let repeated = repeat(list, &grouped, repeated_max, |before, code| {
                    groups.number(index, before, code)
                });
                match repeated {
                    Some((rows, numbers)) => {
                        grouped.rows = Rows::Some(rows);
                        grouped.groups = Groups::Each(numbers);
                    }
                    None => return Ok(None),
                }
            }
        }
    }
    grouped.group_count = groups.len();
    Ok(Some(grouped))
}

/// Repeats each row for each activity of its list, with the number of its group; nothing if that
/// makes more than `repeated_max`.
fn repeat<'l>(
    list: impl Fn(usize) -> &'l [u32],
    grouped: &Grouped,
    repeated_max: usize,
    mut number: impl FnMut(u32, u32) -> u32,
) -> Option<(Vec<u32>, Vec<u32>)> {
    let (mut rows, mut numbers) = (Vec::new(), Vec::new());
    let mut place = 0;
    grouped.within(None).each(|row, before| {
        if rows.len() <= repeated_max {
            let before = u32::try_from(before).unwrap_or(u32::MAX);
            numbers.extend(list(place).iter().map(|code| number(before, *code)));
            rows.resize(numbers.len(), u32::try_from(row).unwrap_or(u32::MAX));
        }
        place += 1;
    });
    (rows.len() <= repeated_max).then_some((rows, numbers))
}

fn add_measures(
    measures: &[Measure],
    states: &mut [State],
    reader: &mut BlockReader<'_>,
    grouped: &Grouped,
) -> std::io::Result<()> {
    for (measure, state) in measures.iter().zip(states) {
        let selected = match &measure.condition {
            Some(condition) => condition.select(reader)?,
            None => Selected::All,
        };
        match selected {
            Selected::All => state.add(&measure.kind, reader, &grouped.within(None))?,
            Selected::None => {}
            Selected::Some(mask) => {
                state.add(&measure.kind, reader, &grouped.within(Some(&mask)))?;
            }
        }
    }
    Ok(())
}
