//! Makes one run of several that follow each other, without holding them in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::StorageError;
use roaring::RoaringBitmap;

use super::Run;
use super::bytes::{Sink, usize_of};
use super::dictionary::{
    DictionaryWalk, DictionaryWriter, ListSource, list_window, push_union, read_list,
};
use super::directory::RunDirectory;
use super::layout::{ID_WIDTH_ALONE, ID_WIDTH_SHARED, id_record};
use super::rows::{RowsWalk, RowsWriter};
use super::table::TableWalk;
use super::tenants::{Positions, TenantsWriter};
use super::writer::{FilteredWriter, RunWriter};
use crate::reference::{Reference, id_hash};

/// Most entries that are counted in the smallest tier.
fn tier(count: u32, run_entries: u32, fan_in: u32) -> u32 {
    let mut tier = 0;
    let mut least = u64::from(run_entries) * u64::from(fan_in);
    while least <= u64::from(count) {
        tier += 1;
        least *= u64::from(fan_in);
    }
    tier
}

/// Which runs to merge next: `fan_in` of one tier, with what lies between them.
///
/// Older runs are in higher tiers. Where they are not, after a restart with a short tail,
/// the smaller ones are taken along.
pub(crate) fn choose(counts: &[u32], run_entries: u32, fan_in: u32) -> Option<Range<usize>> {
    let tiers: Vec<u32> = counts.iter().map(|count| tier(*count, run_entries, fan_in)).collect();
    let highest = tiers.iter().copied().max()?;
    (0..=highest).find_map(|wanted| {
        let start = tiers.iter().rposition(|tier| wanted < *tier).map_or(0, |index| index + 1);
        let mut members = (start..tiers.len()).filter(|index| tiers[*index] == wanted);
        let first = members.next()?;
        let last = members.nth(fan_in.max(2) as usize - 2)?;
        Some(first..last + 1)
    })
}

/// Writes one run with everything that `runs`, which follow each other, hold.
///
/// `None` if `is_stopped` said so in between.
pub(crate) fn merge(
    runs: &[Arc<Run>],
    run_directory: &RunDirectory,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Option<Run>, StorageError> {
    let (Some(oldest), Some(newest)) = (runs.first(), runs.last()) else { return Ok(None) };
    let merge = Merge { runs, first: oldest.first, is_stopped };
    let mut writer = RunWriter::create(run_directory, oldest.first, newest.end() - oldest.first)?;
    merge.rows(&mut writer)?;
    merge.ids(&mut writer)?;
    merge.terms(&mut writer)?;
    merge.late(&mut writer)?;
    merge.references(&mut writer)?;
    merge.voids(&mut writer)?;
    merge.tenants(&mut writer)?;
    if is_stopped() {
        return Ok(None);
    }
    writer.finish(newest.last_stored_micros).map(Some)
}

struct Merge<'a> {
    runs: &'a [Arc<Run>],
    first: u32,
    is_stopped: &'a dyn Fn() -> bool,
}

impl Merge<'_> {
    fn rows(&self, writer: &mut RunWriter) -> Result<(), StorageError> {
        writer.write_rows(&mut |rows, sink| {
            self.runs.iter().try_for_each(|run| copy_rows(run, rows, sink))
        })
    }

    fn ids(&self, writer: &mut RunWriter) -> Result<(), StorageError> {
        let mut tenants: Vec<_> = self.runs.iter().map(|run| run.only_tenant()).collect();
        tenants.dedup();
        let only_tenant = match tenants[..] {
            [only] => only,
            _ => None,
        };
        let width = if only_tenant.is_some() { ID_WIDTH_ALONE } else { ID_WIDTH_SHARED };
        writer.write_ids(width, &mut |table, sink| self.fill_ids(only_tenant, table, sink))
    }

    fn fill_ids(
        &self,
        only_tenant: Option<TenantId>,
        table: &mut FilteredWriter,
        sink: &mut Sink,
    ) -> Result<(), StorageError> {
        let mut walks = Vec::new();
        for run in self.runs {
            let walk = TableWalk::new(&run.ids, &run.file)?;
            let tenant = run.only_tenant();
            walks.push((read_id(&walk, tenant), walk, tenant));
        }
        let mut written = 0_u32;
        while let Some((record, walk, tenant)) = walks
            .iter_mut()
            .filter(|(record, ..)| record.is_some())
            .min_by_key(|(record, ..)| *record)
            && let Some((id, number, position)) = *record
        {
            let Some(owner) = TenantId::new(number) else { break };
            let named = only_tenant.is_none().then_some(owner);
            let width = if named.is_some() { ID_WIDTH_SHARED } else { ID_WIDTH_ALONE };
            table.push(sink, &id_record(id, named, position)[..width], id_hash(owner, id))?;
            walk.advance()?;
            *record = read_id(walk, *tenant);
            written = written.wrapping_add(1);
            if written.is_multiple_of(1 << 16) && (self.is_stopped)() {
                break;
            }
        }
        Ok(())
    }

    fn terms(&self, writer: &mut RunWriter) -> Result<(), StorageError> {
        writer.write_terms(&mut |dictionary, sink| self.fill_terms(dictionary, sink))
    }

    fn fill_terms(
        &self,
        dictionary: &mut DictionaryWriter,
        sink: &mut Sink,
    ) -> Result<(), StorageError> {
        let mut mains = Vec::new();
        let mut lates = Vec::new();
        for run in self.runs {
            mains.push(run.walk_terms()?);
            lates.push(run.walk_late()?);
        }
        let mut written = 0_u32;
        while let Some(term) = mains.iter().chain(&lates).filter_map(DictionaryWalk::term).min() {
            let late = union_at(&mut lates, term)?;
            let mut due = late.range(self.first..).peekable();
            if due.peek().is_none() {
                copy_lists(&mut mains, term, dictionary, sink)?;
            } else {
                push_union(dictionary, sink, &collect_lists(&mut mains, term)?, due)?;
            }
            dictionary.finish_term(sink, term)?;
            written = written.wrapping_add(1);
            if written.is_multiple_of(1 << 14) && (self.is_stopped)() {
                break;
            }
        }
        Ok(())
    }

    fn late(&self, writer: &mut RunWriter) -> Result<(), StorageError> {
        writer.write_late(&mut |dictionary, sink| {
            let mut lates = Vec::new();
            for run in self.runs {
                lates.push(run.walk_late()?);
            }
            while let Some(term) = lates.iter().filter_map(DictionaryWalk::term).min() {
                let late = union_at(&mut lates, term)?;
                late.range(..self.first).try_for_each(|at| dictionary.push(sink, at))?;
                dictionary.finish_term(sink, term)?;
            }
            Ok(())
        })
    }

    fn references(&self, writer: &mut RunWriter) -> Result<(), StorageError> {
        let count: u64 = self.runs.iter().map(|run| run.references.record_count).sum();
        writer.write_references(usize_of(count), &mut |table, sink| {
            let mut walks = Vec::new();
            for run in self.runs {
                walks.push(TableWalk::new(&run.references, &run.file)?);
            }
            while let Some(walk) = walks
                .iter_mut()
                .filter(|walk| walk.record().is_some())
                .min_by(|a, b| a.record().cmp(&b.record()))
                && let Some(record) = walk.record()
            {
                let hash = Reference::decode(record).map_or(0, |(hash, _)| hash);
                table.push(sink, record, hash)?;
                walk.advance()?;
            }
            Ok(())
        })
    }

    fn voids(&self, writer: &mut RunWriter) -> Result<(), StorageError> {
        let mut voids = RoaringBitmap::new();
        self.runs.iter().for_each(|run| voids |= &run.voids);
        writer.write_voids(&voids)
    }

    fn tenants(&self, writer: &mut RunWriter) -> Result<(), StorageError> {
        let mut first_sequences = BTreeMap::new();
        for part in self.runs.iter().flat_map(|run| &run.tenants) {
            first_sequences.entry(part.tenant).or_insert(part.first_sequence);
        }
        writer.write_tenants(&mut |tenants, sink| {
            for (tenant, first_sequence) in &first_sequences {
                self.runs.iter().try_for_each(|run| copy_tenant(run, *tenant, tenants, sink))?;
                tenants.finish_tenant(sink, *tenant, *first_sequence)?;
            }
            Ok(())
        })
    }
}

fn copy_rows(run: &Run, rows: &mut RowsWriter, sink: &mut Sink) -> Result<(), StorageError> {
    let mut walk = RowsWalk::new(&run.rows, &run.file);
    while let Some(block) = walk.next_block()? {
        block.into_iter().try_for_each(|row| rows.push(sink, row))?;
    }
    Ok(())
}

fn copy_tenant(
    run: &Run,
    tenant: TenantId,
    tenants: &mut TenantsWriter,
    sink: &mut Sink,
) -> Result<(), StorageError> {
    match run.tenant(tenant).map(|part| &part.positions) {
        None => Ok(()),
        Some(Positions::Stretch { first, count }) => {
            (*first..first + count).try_for_each(|at| tenants.push(sink, at))
        }
        Some(Positions::List(list)) => {
            let source = ListSource { file: &run.file, range: run.positions() };
            read_list(source, list, &mut list_window(), |positions| {
                positions.iter().try_for_each(|at| tenants.push(sink, *at))
            })
        }
    }
}

/// Id, tenant and position of the record a walk stands at.
pub(crate) fn read_id(
    walk: &TableWalk<'_>,
    only_tenant: Option<TenantId>,
) -> Option<(u128, u32, u32)> {
    let (id, rest) = walk.record()?.split_first_chunk::<16>()?;
    let position = u32::from_be_bytes(*rest.last_chunk::<4>()?);
    let tenant = match only_tenant {
        Some(tenant) => tenant.number(),
        None => u32::from_be_bytes(*rest.first_chunk::<4>()?),
    };
    Some((u128::from_be_bytes(*id), tenant, position))
}

/// Reads the lists of a term, one run after the other, and steps over it.
fn read_lists(
    walks: &mut [DictionaryWalk<'_>],
    term: u64,
    mut take: impl FnMut(&[u32]) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    for walk in walks.iter_mut().filter(|walk| walk.term() == Some(term)) {
        walk.read(&mut take)?;
        walk.advance()?;
    }
    Ok(())
}

fn copy_lists(
    walks: &mut [DictionaryWalk<'_>],
    term: u64,
    dictionary: &mut DictionaryWriter,
    sink: &mut Sink,
) -> Result<(), StorageError> {
    read_lists(walks, term, |positions| {
        positions.iter().try_for_each(|position| dictionary.push(sink, *position))
    })
}

/// All positions of a term, one run after the other.
fn collect_lists(walks: &mut [DictionaryWalk<'_>], term: u64) -> Result<Vec<u32>, StorageError> {
    let mut all = Vec::new();
    read_lists(walks, term, |positions| {
        all.extend_from_slice(positions);
        Ok(())
    })?;
    Ok(all)
}

/// The late postings of a term in all runs.
fn union_at(walks: &mut [DictionaryWalk<'_>], term: u64) -> Result<RoaringBitmap, StorageError> {
    let mut union = RoaringBitmap::new();
    read_lists(walks, term, |positions| {
        union.extend(positions.iter().copied());
        Ok(())
    })?;
    Ok(union)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::choose;

    #[track_caller]
    fn check(counts: &[u32], expected: Option<&Range<usize>>) {
        assert_eq!(choose(counts, 10, 4).as_ref(), expected, "counts: {counts:?}");
    }

    #[test]
    fn merges_four_runs_of_one_tier() {
        check(&[], None);
        check(&[10, 10, 10], None);
        check(&[10, 10, 10, 10], Some(&(0..4)));
        check(&[10, 10, 10, 10, 10], Some(&(0..4)));
        check(&[40, 40, 10, 10, 10], None);
        check(&[40, 40, 40, 10, 10, 10, 10], Some(&(3..7)));
        check(&[160, 40, 40, 40, 40, 10], Some(&(1..5)));
    }

    #[test]
    fn takes_shorter_runs_of_earlier_restarts_along() {
        check(&[40, 3, 40, 40, 40], Some(&(0..5)));
        check(&[40, 1, 1, 1, 1], Some(&(1..5)));
        check(&[40, 1, 2, 3], None);
    }
}
