//! Tests of the whole index against a list of entries that is searched from end to end.

mod checking;
mod failing_disk;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, RwLock};

use acta_access::TenantId;
use acta_statement_log::disk::SystemDisk;
use acta_statement_log::entry::{IndexEntry, IndexEntryLog, IndexEntrySource, Location};
use acta_storage::{Order, StatementQuery, StorageError, Term};
use proptest::prelude::*;
use tempfile::TempDir;

use self::failing_disk::FailingDisk;
use super::Index;
use crate::options::IndexOptions;
use crate::query::IndexQuery;

/// The log: entries by place.
#[derive(Debug, Default)]
pub(super) struct Log(RwLock<HashMap<Location, IndexEntry>>);

impl IndexEntrySource for Log {
    fn load_entry(&self, location: Location) -> Result<IndexEntry, StorageError> {
        Ok(self.0.read().unwrap()[&location].clone())
    }
}

impl IndexEntryLog for Log {
    fn read_entries(
        &self,
        positions: Range<u64>,
        take: &mut dyn FnMut(IndexEntry) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let mut entries: Vec<IndexEntry> = self.0.read().unwrap().values().cloned().collect();
        entries.retain(|entry| positions.contains(&entry.position));
        entries.sort_unstable_by_key(|entry| entry.position);
        entries.into_iter().try_for_each(take)
    }
}

/// A sequence of numbers that looks random and is the same for the same seed.
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

fn tenant(number: u64) -> TenantId {
    TenantId::new(u32::try_from(number).unwrap()).unwrap()
}

/// All entries, searched from end to end.
#[derive(Debug, Default)]
struct Model {
    entries: Vec<IndexEntry>,
    voided: HashSet<u64>,
    places: HashMap<(TenantId, u128), usize>,
}

impl Model {
    fn insert(&mut self, entry: IndexEntry) {
        if entry.is_voiding
            && let Some(target) = entry.target
            && let Some(place) = self.places.get(&(entry.tenant, target))
            && !self.entries[*place].is_voiding
        {
            self.voided.insert(*place as u64);
        }
        let is_voided = self.entries.iter().any(|other| {
            other.is_voiding && other.tenant == entry.tenant && other.target == entry.id
        });
        if is_voided && !entry.is_voiding {
            self.voided.insert(entry.position);
        }
        if let Some(id) = entry.id {
            self.places.insert((entry.tenant, id), self.entries.len());
        }
        self.entries.push(entry);
    }

    fn terms(&self, entry: &IndexEntry) -> BTreeSet<Term> {
        let mut terms: BTreeSet<Term> = entry.own_terms.iter().copied().collect();
        let mut seen = HashSet::new();
        let mut next = Some(entry);
        while let Some(link) = next.filter(|link| seen.insert(link.position)) {
            terms.extend(&link.shared_terms);
            next = link
                .target
                .and_then(|target| self.places.get(&(entry.tenant, target)))
                .map(|place| &self.entries[*place]);
        }
        terms
    }

    fn matches(&self, entry: &IndexEntry, query: &IndexQuery) -> bool {
        let terms = self.terms(entry);
        entry.tenant == query.tenant
            && entry.id.is_some()
            && !self.voided.contains(&entry.position)
            && query.all_of.iter().all(|any| any.iter().any(|term| terms.contains(term)))
            && query.since_micros_exclusive.is_none_or(|since| since < entry.stored_micros)
            && query.first_sequence.is_none_or(|first| first <= entry.sequence)
            && query.last_sequence.is_none_or(|last| entry.sequence <= last)
            && query.until_micros_inclusive.is_none_or(|until| entry.stored_micros <= until)
            && query.after.is_none_or(|after| match query.order {
                Order::Ascending => after < entry.position,
                Order::Descending => entry.position < after,
            })
    }

    fn query(&self, query: &IndexQuery) -> Vec<u64> {
        let matching = self.entries.iter().filter(|entry| self.matches(entry, query));
        let mut positions: Vec<u64> = matching.map(|entry| entry.position).collect();
        if query.order == Order::Descending {
            positions.reverse();
        }
        positions
    }
}

/// A term that holds for one tenant only, as those of the engine do.
fn term(tenant: TenantId, number: u64) -> Term {
    Term((u64::from(tenant.number()) << 32 | number).wrapping_mul(0x2545_f491_4f6c_dd1d))
}

const ID_COUNT: u64 = 400;
const TERM_COUNT: u64 = 12;

/// An index, its log and the model, kept alike.
struct Bench {
    directory: TempDir,
    options: IndexOptions,
    index: Option<Index>,
    log: Log,
    model: Model,
    dice: Dice,
}

impl Bench {
    fn new(seed: u64, run_entries: u32, merge_fan_in: u32) -> Self {
        let directory = TempDir::new().unwrap();
        let options = IndexOptions { run_entries, merge_fan_in, fingerprint: 7 };
        let index = Some(open(directory.path(), &options));
        let (log, model, dice) = (Log::default(), Model::default(), Dice(seed));
        Self { directory, options, index, log, model, dice }
    }

    fn index(&self) -> &Index {
        self.index.as_ref().unwrap()
    }

    /// An entry that may refer to anything: earlier, later, never there, itself. Some were
    /// erased since.
    fn make_entry(&mut self, stored_micros: i64) -> Option<IndexEntry> {
        let dice = &mut self.dice;
        let tenant = tenant(1 + dice.below(2));
        let id = id_of(dice.below(ID_COUNT));
        if self.model.places.contains_key(&(tenant, id)) {
            return None;
        }
        let target = dice.one_in(2).then(|| id_of(dice.below(ID_COUNT)));
        let is_voiding = target.is_some() && dice.one_in(4);
        let mut terms = |count: u64| -> Vec<Term> {
            (0..dice.below(count)).map(|_| term(tenant, dice.below(TERM_COUNT))).collect()
        };
        let (mut own_terms, mut shared_terms) = (terms(2), terms(4));
        let id = (!dice.one_in(10)).then_some(id);
        if id.is_none() {
            own_terms.clear();
            shared_terms.clear();
        }
        let position = self.model.entries.len() as u64;
        let count = self.model.entries.iter().filter(|entry| entry.tenant == tenant).count();
        let number = u32::try_from(position).unwrap();
        let location = Location { segment: number / 50, offset: number % 50 * 300 };
        let sequence = count as u64 + 1;
        Some(IndexEntry {
            position,
            tenant,
            sequence,
            id,
            stored_micros,
            location,
            own_terms,
            shared_terms,
            target,
            is_voiding,
        })
    }

    fn insert_group(&mut self) {
        let log = std::mem::take(&mut self.log);
        self.try_insert_group(&log).unwrap();
        self.log = log;
    }

    fn try_insert_group(&mut self, log: &Log) -> Result<(), StorageError> {
        let last = self.model.entries.last().map_or(1_000, |entry| entry.stored_micros);
        let stored_micros = last + i64::try_from(self.dice.below(3)).unwrap();
        let before = self.model.entries.len();
        for _ in 0..=self.dice.below(12) {
            if let Some(entry) = self.make_entry(stored_micros) {
                log.0.write().unwrap().insert(entry.location, entry.clone());
                self.model.insert(entry);
            }
        }
        self.index().insert(&self.model.entries[before..], log)
    }

    /// Opens the index again and replays what it does not have.
    fn reopen(&mut self) {
        self.index = None;
        self.index = Some(open(self.directory.path(), &self.options));
        self.replay();
    }

    fn replay(&self) {
        let from = usize::try_from(self.index().next_position()).unwrap();
        for group in self.model.entries[from..].chunks(7) {
            self.index().insert(group, &self.log).unwrap();
        }
    }

    fn make_query(&mut self) -> IndexQuery {
        let dice = &mut self.dice;
        let tenant = tenant(1 + dice.below(3));
        let mut any_of = || -> Vec<Term> {
            (0..=dice.below(3)).map(|_| term(tenant, dice.below(TERM_COUNT + 1))).collect()
        };
        let groups = [any_of(), any_of(), any_of()];
        let all_of = groups[..usize::try_from(dice.below(4)).unwrap()].to_vec();
        let last = self.model.entries.last().map_or(1_000, |entry| entry.stored_micros);
        let span = u64::try_from(last - 998).unwrap() + 2;
        let mut time = || dice.one_in(4).then(|| 998 + i64::try_from(dice.below(span)).unwrap());
        let (since_micros_exclusive, until_micros_inclusive) = (time(), time());
        let order = if dice.one_in(2) { Order::Ascending } else { Order::Descending };
        let count = self.model.entries.len() as u64;
        let after = dice.one_in(3).then(|| dice.below(count + 2));
        let first_sequence = dice.one_in(4).then(|| dice.below(count + 2));
        let last_sequence = dice.one_in(4).then(|| dice.below(count + 2));
        IndexQuery {
            tenant,
            all_of,
            since_micros_exclusive,
            until_micros_inclusive,
            first_sequence,
            last_sequence,
            order,
            after,
        }
    }

    fn check_queries(&mut self, count: usize) {
        for _ in 0..count {
            let query = self.make_query();
            assert_eq!(search(self.index(), &query), self.model.query(&query), "{query:?}");
        }
    }

    fn check_ids(&self) {
        let index = self.index();
        for (number, tenant_number) in (0..ID_COUNT).flat_map(|id| [(id, 1), (id, 2), (id, 3)]) {
            let (id, tenant) = (id_of(number), tenant(tenant_number));
            let found = index.find(tenant, id).unwrap();
            let place = self.model.places.get(&(tenant, id)).copied();
            assert_eq!(found.map(|found| found.position), place.map(|place| place as u64));
            let Some((found, place)) = found.zip(place) else { continue };
            let entry = &self.model.entries[place];
            assert_eq!(found.sequence, entry.sequence);
            assert_eq!(found.location, entry.location);
            assert_eq!(found.stored_micros, entry.stored_micros);
            assert_eq!(found.is_voiding, entry.is_voiding);
            assert_eq!(found.is_voided, self.model.voided.contains(&entry.position));
        }
    }

    fn check_sequences(&mut self) {
        for tenant in [tenant(1), tenant(2), tenant(3)] {
            let of_tenant = self.model.entries.iter().filter(|entry| entry.tenant == tenant);
            let entries: Vec<&IndexEntry> = of_tenant.collect();
            assert_eq!(self.index().last_sequence(tenant), entries.len() as u64);
            let after = self.dice.below(entries.len() as u64 + 2);
            let count = usize::try_from(self.dice.below(90)).unwrap();
            let places = self.index().by_sequence(tenant, after, count).unwrap();
            let skipped = usize::try_from(after).unwrap();
            let expected: Vec<&&IndexEntry> = entries.iter().skip(skipped).take(count).collect();
            assert_eq!(places.len(), expected.len());
            for (place, entry) in places.iter().zip(expected) {
                assert_eq!((place.sequence, place.position), (entry.sequence, entry.position));
                assert_eq!(place.location, entry.location);
                assert_eq!(place.stored_micros, entry.stored_micros);
                assert_eq!(place.is_voided, self.model.voided.contains(&entry.position));
                assert_eq!(place.is_erased, entry.id.is_none());
            }
        }
    }

    fn check_all(&mut self) {
        self.check_queries(30);
        self.check_ids();
        self.check_sequences();
        let last = self.model.entries.last();
        assert_eq!(self.index().last_stored_micros(), last.map(|entry| entry.stored_micros));
        let statistics = self.index().statistics();
        assert_eq!(statistics.entry_count, self.model.entries.len() as u64);
        assert_eq!(statistics.voided_count, self.model.voided.len() as u64);
    }
}

fn id_of(number: u64) -> u128 {
    u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(number)
}

fn open(directory: &Path, options: &IndexOptions) -> Index {
    Index::open(Arc::new(SystemDisk), directory, options.clone()).unwrap()
}

fn search(index: &Index, query: &IndexQuery) -> Vec<u64> {
    index.query(query).unwrap().map(|candidate| candidate.unwrap().position).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn answers_like_a_search_of_all_entries(
        seed in any::<u64>(),
        run_entries in 1_u32..60,
        merge_fan_in in 2_u32..5,
        steps in 1_usize..70,
    ) {
        let mut bench = Bench::new(seed, run_entries, merge_fan_in);
        for _ in 0..steps {
            bench.insert_group();
            match bench.dice.below(12) {
                0 => bench.reopen(),
                1 => bench.index().flush().unwrap(),
                2 => bench.index().wait_for_merges(),
                _ => {}
            }
            bench.check_queries(3);
        }
        bench.check_all();
        bench.index().flush().unwrap();
        bench.index().wait_for_merges();
        bench.check_all();
        bench.reopen();
        bench.check_all();
    }
}

#[test]
fn a_closed_index_needs_no_replay() {
    let mut bench = Bench::new(1, 16, 4);
    (0..20).for_each(|_| bench.insert_group());
    bench.index.take().unwrap().close().unwrap();
    bench.index = Some(open(bench.directory.path(), &bench.options));
    assert_eq!(bench.index().next_position(), bench.model.entries.len() as u64);
    bench.check_all();
}

#[test]
fn a_query_sees_one_state_while_statements_arrive() {
    let mut bench = Bench::new(2, 8, 2);
    (0..15).for_each(|_| bench.insert_group());
    for order in [Order::Ascending, Order::Descending] {
        let query = IndexQuery { order, ..everything(tenant(1)) };
        let expected = bench.model.query(&query);
        let mut candidates = bench.index().query(&query).unwrap();
        let mut positions = Vec::new();
        while let Some(candidate) = candidates.next_candidate().unwrap() {
            positions.push(candidate.position);
            bench.insert_group();
        }
        assert_eq!(positions, expected);
    }
}

#[test]
fn pages_join_without_gaps_while_statements_arrive() {
    let mut bench = Bench::new(3, 8, 2);
    (0..15).for_each(|_| bench.insert_group());
    let mut query = everything(tenant(2));
    let before = bench.model.query(&query);
    let mut pages = Vec::new();
    loop {
        let page = search(bench.index(), &query);
        let Some(last) = page.get(2).or(page.last()) else { break };
        query.after = Some(*last);
        pages.extend(page.iter().take(3));
        bench.insert_group();
    }
    // What was voided in the meantime may be missing, but nothing else, and nothing twice.
    let is_voided = |position: &u64| bench.model.voided.contains(position);
    assert!(pages.is_sorted_by(|a, b| a > b));
    assert!(pages.iter().all(|position| before.contains(position)));
    assert!(before.iter().all(|position| pages.contains(position) || is_voided(position)));
}

fn everything(tenant: TenantId) -> IndexQuery {
    IndexQuery {
        tenant,
        all_of: Vec::new(),
        since_micros_exclusive: None,
        until_micros_inclusive: None,
        first_sequence: None,
        last_sequence: None,
        order: Order::Descending,
        after: None,
    }
}

fn run_names(bench: &Bench) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(bench.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn removes_what_a_crash_left_behind() {
    let mut bench = Bench::new(4, 8, 3);
    (0..8).for_each(|_| bench.insert_group());
    bench.index().flush().unwrap();
    // Else a merge may remove a file between its listing and its copying.
    bench.index().wait_for_merges();
    let kept = TempDir::new().unwrap();
    for name in run_names(&bench).iter().filter(|name| name.ends_with("idx")) {
        std::fs::copy(bench.directory.path().join(name), kept.path().join(name)).unwrap();
    }
    (0..20).for_each(|_| bench.insert_group());
    bench.index().flush().unwrap();
    bench.index().wait_for_merges();
    bench.index = None;
    // Parts of a merge that were not removed yet, and a run half written.
    for entry in std::fs::read_dir(kept.path()).unwrap() {
        let name = entry.unwrap().file_name();
        std::fs::copy(kept.path().join(&name), bench.directory.path().join(&name)).unwrap();
    }
    std::fs::write(bench.directory.path().join("run-0000000900-0000000008.idx.tmp"), b"x").unwrap();
    bench.reopen();
    bench.check_all();
    bench.index().wait_for_merges();
    let mut next = 0;
    for name in run_names(&bench) {
        let (first, count) = crate::run::layout::parse_name(&name).unwrap();
        assert_eq!(first, next, "only runs that follow each other are left: {name}");
        next = first + count;
    }
}

/// Damages a run in one way after another; the index must say so or answer as before.
fn check_damage(damage: impl Fn(&Path, &mut Dice)) {
    for seed in 0..40 {
        let mut bench = Bench::new(seed, 40, 4);
        (0..30).for_each(|_| bench.insert_group());
        bench.index.take().unwrap().close().unwrap();
        let names = run_names(&bench);
        let pick = usize::try_from(bench.dice.below(names.len() as u64)).unwrap();
        damage(&bench.directory.path().join(&names[pick]), &mut bench.dice);
        bench.index = Some(open(bench.directory.path(), &bench.options));
        // Whatever is not noticed at open is noticed when it is read, at the latest.
        let outcome = read_everything(&bench);
        assert!(matches!(outcome, Ok(()) | Err(StorageError::Corrupt { .. })), "{outcome:?}");
        bench.reopen();
        bench.check_all();
    }
}

fn read_everything(bench: &Bench) -> Result<(), StorageError> {
    bench.index().insert(&[], &bench.log)?;
    let from = usize::try_from(bench.index().next_position()).unwrap();
    for entry in &bench.model.entries[..from] {
        let Some(id) = entry.id else { continue };
        let found = bench.index().find(entry.tenant, id)?;
        assert_eq!(found.map(|found| found.position), Some(entry.position));
    }
    for tenant in [tenant(1), tenant(2)] {
        for number in 0..TERM_COUNT {
            let all_of = vec![vec![term(tenant, number)]];
            for candidate in bench.index().query(&IndexQuery { all_of, ..everything(tenant) })? {
                candidate?;
            }
        }
        bench.index().by_sequence(tenant, 0, usize::MAX)?;
    }
    for entry in &bench.model.entries[from..] {
        bench.index().insert(std::slice::from_ref(entry), &bench.log)?;
    }
    Ok(())
}

#[test]
fn rebuilds_a_run_with_a_flipped_bit() {
    check_damage(|path, dice| {
        let mut bytes = std::fs::read(path).unwrap();
        let place = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
        bytes[place] ^= 1 << dice.below(8);
        std::fs::write(path, bytes).unwrap();
    });
}

#[test]
fn rebuilds_a_truncated_run() {
    check_damage(|path, dice| {
        let bytes = std::fs::read(path).unwrap();
        let len = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
        std::fs::write(path, &bytes[..len]).unwrap();
    });
}

#[test]
fn rebuilds_a_run_that_is_damaged_while_in_use() {
    for seed in 0..20 {
        let mut bench = Bench::new(100 + seed, 16, 4);
        (0..60).for_each(|_| bench.insert_group());
        bench.index().flush().unwrap();
        bench.index().wait_for_merges();
        let names = run_names(&bench);
        let pick = usize::try_from(bench.dice.below(names.len() as u64)).unwrap();
        let path = bench.directory.path().join(&names[pick]);
        let mut bytes = std::fs::read(&path).unwrap();
        // Somewhere in the rows or the ids, which every reader of everything meets.
        bytes[20] ^= 0x10;
        // In place, so that the open file changes too.
        std::fs::write(&path, bytes).unwrap();
        let read = read_everything(&bench);
        assert!(matches!(read, Err(StorageError::Corrupt { .. })), "{read:?}");
        let log = std::mem::take(&mut *bench.log.0.write().unwrap());
        let copy = Arc::new(Log(RwLock::new(log.clone())));
        *bench.log.0.write().unwrap() = log;
        assert!(bench.index().is_damaged());
        bench.index().rebuild_from(copy);
        bench.index().wait_for_merges();
        assert!(!bench.index().is_damaged());
        bench.check_all();
        (0..10).for_each(|_| bench.insert_group());
        bench.index().flush().unwrap();
        bench.index().wait_for_merges();
        bench.check_all();
        assert!(run_names(&bench).iter().all(|name| name.ends_with("idx")));
        bench.reopen();
        bench.check_all();
    }
}

#[test]
fn drops_runs_that_were_made_with_other_terms() {
    let mut bench = Bench::new(5, 16, 4);
    (0..20).for_each(|_| bench.insert_group());
    bench.index.take().unwrap().close().unwrap();
    bench.options.fingerprint += 1;
    bench.index = Some(open(bench.directory.path(), &bench.options));
    assert_eq!(bench.index().next_position(), 0);
    bench.replay();
    bench.check_all();
}

/// One tenant's statement with one term of its own to pass on.
fn link(number: u64, target: Option<u64>) -> impl Fn(u64) -> IndexEntry {
    move |position| IndexEntry {
        position,
        tenant: tenant(1),
        sequence: position + 1,
        id: Some(id_of(number)),
        stored_micros: 0,
        location: Location { segment: 0, offset: u32::try_from(position).unwrap() },
        own_terms: Vec::new(),
        shared_terms: vec![term(tenant(1), number)],
        target: target.map(id_of),
        is_voiding: false,
    }
}

/// Inserts statements one by one, and again after each a run is written.
fn insert_links(links: &[(u64, Option<u64>)], run_entries: u32) -> (TempDir, Index) {
    let directory = TempDir::new().unwrap();
    let options = IndexOptions { run_entries, merge_fan_in: 2, fingerprint: 0 };
    let (index, log) = (open(directory.path(), &options), Log::default());
    for (position, (number, target)) in (0..).zip(links) {
        let entry = link(*number, *target)(position);
        log.0.write().unwrap().insert(entry.location, entry.clone());
        index.insert(&[entry], &log).unwrap();
    }
    (directory, index)
}

#[test]
fn follows_references_in_every_order_of_arrival() {
    // What refers to what, and whom a query for each term finds.
    let chain = [(1, Some(2)), (2, Some(3)), (3, None)];
    let cycle = [(1, Some(2)), (2, Some(3)), (3, Some(1))];
    let chain_finds: [&[u64]; 3] = [&[1], &[1, 2], &[1, 2, 3]];
    let all: &[u64] = &[1, 2, 3];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (links, finds) in [(chain, chain_finds), (cycle, [all; 3])] {
        for (order, run_entries) in orders.iter().flat_map(|order| [(order, 1), (order, 9)]) {
            let links = order.map(|index: usize| links[index]);
            let (_directory, index) = insert_links(&links, run_entries);
            for (number, expected) in (1..).zip(finds) {
                let all_of = vec![vec![term(tenant(1), number)]];
                let positions = search(&index, &IndexQuery { all_of, ..everything(tenant(1)) });
                let found = positions.iter().map(|at| links[usize::try_from(*at).unwrap()].0);
                let found: BTreeSet<u64> = found.collect();
                assert_eq!(found, expected.iter().copied().collect(), "{links:?} term {number}");
            }
        }
    }
}

#[test]
fn a_statement_that_refers_to_itself_is_found_once() {
    let (_directory, index) = insert_links(&[(1, Some(1))], 1);
    let all_of = vec![vec![term(tenant(1), 1)]];
    assert_eq!(search(&index, &IndexQuery { all_of, ..everything(tenant(1)) }), [0]);
}

#[test]
fn a_chain_is_followed_as_far_as_its_bound() {
    let count = StatementQuery::CHAIN_MAX as u64 + 100;
    for is_backwards in [true, false] {
        let mut links: Vec<_> = (0..count).map(|number| (number, number.checked_sub(1))).collect();
        if is_backwards {
            links.reverse();
        }
        let (_directory, index) = insert_links(&links, 50);
        let all_of = vec![vec![term(tenant(1), 0)]];
        let found = search(&index, &IndexQuery { all_of, ..everything(tenant(1)) }).len();
        assert_eq!(found, 1 + StatementQuery::CHAIN_MAX, "backwards: {is_backwards}");
    }
}

#[test]
fn many_statements_may_wait_for_one() {
    let mut links: Vec<_> = (1..=70_000).map(|number| (number, Some(0))).collect();
    links.push((0, None));
    let (_directory, index) = insert_links(&links, 20_000);
    let all_of = vec![vec![term(tenant(1), 0)]];
    let found = search(&index, &IndexQuery { all_of, ..everything(tenant(1)) }).len();
    assert_eq!(found, 1 + 65_536, "as many as the bound, and the statement itself");
}

#[test]
fn loses_nothing_wherever_it_is_interrupted() {
    for acts in 0.. {
        let mut bench = Bench::new(6, 12, 2);
        let disk = FailingDisk::new(acts, io::ErrorKind::Other);
        let (path, options) = (bench.directory.path().to_path_buf(), bench.options.clone());
        bench.index = Some(Index::open(Arc::new(disk.clone()), &path, options).unwrap());
        let log = std::mem::take(&mut bench.log);
        for _ in 0..14 {
            // Errors are what is tested; the log has the entries anyway.
            let _ = bench.try_insert_group(&log);
        }
        let _ = bench.index().flush();
        bench.index().wait_for_merges();
        bench.log = log;
        bench.reopen();
        bench.check_all();
        bench.index().flush().unwrap();
        bench.index().wait_for_merges();
        assert!(run_names(&bench).iter().all(|name| name.ends_with("idx")));
        if disk.acts_left() > 0 {
            assert!(acts > 30, "the test must interrupt something");
            break;
        }
    }
}

#[test]
fn refuses_more_while_the_disk_is_full_and_goes_on_afterwards() {
    let mut bench = Bench::new(7, 4, 4);
    let disk = FailingDisk::new(0, io::ErrorKind::StorageFull);
    let (path, options) = (bench.directory.path().to_path_buf(), bench.options.clone());
    bench.index = Some(Index::open(Arc::new(disk.clone()), &path, options).unwrap());
    let is_refused = (0..100).any(|_| match bench.index().wait_for_room() {
        Ok(()) => {
            bench.insert_group();
            false
        }
        Err(error) => {
            assert!(matches!(error, StorageError::Full), "{error:?}");
            true
        }
    });
    assert!(is_refused, "memory must not grow without bound");
    bench.check_all();
    disk.allow(u64::MAX);
    bench.index().wait_for_room().unwrap();
    bench.insert_group();
    bench.check_all();
}

#[test]
fn a_run_with_an_impossible_footer_is_rebuilt() {
    // Where in the footer, and what stands there: count, then sections.
    let section = |number: usize| 40 + 16 * number;
    let table: [(usize, &[u8]); 7] = [
        (16, &0_u32.to_le_bytes()),
        (16, &u32::MAX.to_le_bytes()),
        (20, &21_u32.to_le_bytes()),
        (section(0), &u64::MAX.to_le_bytes()),
        (section(2) + 8, &u64::MAX.to_le_bytes()),
        (section(5) + 8, &(1_u64 << 40).to_le_bytes()),
        (section(9), &(1_u64 << 40).to_le_bytes()),
    ];
    for (place, bytes) in table {
        let mut bench = Bench::new(3, 50, 4);
        (0..30).for_each(|_| bench.insert_group());
        bench.index().flush().unwrap();
        bench.index = None;
        let path = bench.directory.path().join(&run_names(&bench)[0]);
        let mut file = std::fs::read(&path).unwrap();
        let footer = file.len() - 288;
        file[footer + place..footer + place + bytes.len()].copy_from_slice(bytes);
        let sum =
            acta_statement_log::format::crc32c(0, &file[footer..file.len() - 4]).to_le_bytes();
        file.truncate(file.len() - 4);
        file.extend_from_slice(&sum);
        std::fs::write(&path, &file).unwrap();
        let index = open(bench.directory.path(), &bench.options);
        assert_eq!(index.next_position(), 0, "{bytes:?} at {place}");
        bench.index = Some(index);
        bench.replay();
        bench.check_all();
    }
}
