//! One state of the index, as a reader or the writer sees it.

use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::StorageError;
use roaring::RoaringBitmap;

use crate::reference::{Reference, id_hash};
use crate::run::Run;
use crate::run::bytes::{len32, low32};
use crate::run::rows::Row;
use crate::tail::Part;

/// Runs, the parts in memory behind them, and how far a reader may look.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// By position, without gaps, from 0.
    pub(crate) runs: Arc<Vec<Arc<Run>>>,
    /// By position, from where the runs end; the last one grows.
    pub(crate) parts: Vec<Arc<Part>>,
    /// What stands here or behind is not there yet.
    pub(crate) next: u32,
    /// Voided positions.
    pub(crate) voided: Arc<RoaringBitmap>,
}

/// A run or a part of a view.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'a> {
    /// On disk.
    Run(&'a Arc<Run>),
    /// In memory.
    Part(&'a Arc<Part>),
}

impl View {
    /// The piece with this number.
    pub(crate) fn piece(&self, number: usize) -> Option<Piece<'_>> {
        match self.runs.get(number) {
            Some(run) => Some(Piece::Run(run)),
            None => self.parts.get(number - self.runs.len()).map(Piece::Part),
        }
    }

    /// The first position of the piece with this number.
    pub(crate) fn piece_first(&self, number: usize) -> u32 {
        match self.piece(number) {
            Some(Piece::Run(run)) => run.first,
            Some(Piece::Part(part)) => part.first,
            None => u32::MAX,
        }
    }

    /// The number of the piece that holds `position`.
    pub(crate) fn piece_at(&self, position: u32) -> usize {
        if let Some(part) = self.parts.first()
            && part.first <= position
        {
            let after = self.parts.partition_point(|part| part.first <= position);
            return self.runs.len() + after - 1;
        }
        self.runs.partition_point(|run| run.first <= position).saturating_sub(1)
    }

    /// The position of the tenant's statement with this id.
    pub(crate) fn find(&self, tenant: TenantId, id: u128) -> Result<Option<u32>, StorageError> {
        Ok(self.find_many(tenant, &[id])?.first().copied().flatten())
    }

    /// The positions of the tenant's statements with these ids.
    ///
    /// Goes piece by piece and not id by id, so that the memory of several filter lines is
    /// fetched at once.
    pub(crate) fn find_many(
        &self,
        tenant: TenantId,
        ids: &[u128],
    ) -> Result<Vec<Option<u32>>, StorageError> {
        let mut found = vec![None; ids.len()];
        for part in self.parts.iter().rev() {
            let data = part.read();
            for (id, position) in ids.iter().zip(&mut found) {
                *position = position.or_else(|| data.find(tenant, *id));
            }
        }
        let missing = found.iter().enumerate().filter(|(_, position)| position.is_none());
        let mut missing: Vec<(usize, u64)> =
            missing.map(|(index, _)| (index, id_hash(tenant, ids[index]))).collect();
        let mut likely = Vec::new();
        for run in self.runs.iter().rev() {
            likely.clear();
            likely.extend(missing.iter().copied().filter(|(_, hash)| run.may_contain(*hash)));
            for (index, _) in &likely {
                found[*index] = run.find(tenant, ids[*index])?;
            }
            if !likely.is_empty() {
                missing.retain(|(index, _)| found[*index].is_none());
            }
        }
        for position in &mut found {
            *position = position.filter(|position| *position < self.next);
        }
        Ok(found)
    }

    /// All entries that refer to an id with this hash.
    pub(crate) fn references(&self, target_hash: u64) -> Result<Vec<Reference>, StorageError> {
        let mut found = Vec::new();
        for part in &self.parts {
            found.extend_from_slice(part.read().references(target_hash));
        }
        for run in self.runs.iter() {
            run.find_references(target_hash, &mut found)?;
        }
        Ok(found)
    }

    /// What stands at a position that is there.
    pub(crate) fn row(&self, position: u32) -> Result<Option<Row>, StorageError> {
        match self.piece(self.piece_at(position)) {
            Some(Piece::Run(run)) => {
                let (first, rows) = run.rows_around(position)?;
                Ok(rows.get((position - first) as usize).copied())
            }
            Some(Piece::Part(part)) => {
                let data = part.read();
                Ok(data.rows.get((position - part.first) as usize).map(|row| row.row))
            }
            None => Ok(None),
        }
    }

    /// The sequence of the tenant's entry at `position`.
    pub(crate) fn sequence(&self, tenant: TenantId, position: u32) -> Result<u64, StorageError> {
        match self.piece(self.piece_at(position)) {
            Some(Piece::Run(run)) => {
                let part = run.tenant(tenant).ok_or_else(|| run.file.corrupt(0))?;
                let rank = part.positions.rank(&run.file, position)?;
                Ok(part.first_sequence + u64::from(rank))
            }
            Some(Piece::Part(part)) => {
                let data = part.read();
                Ok(data.tenants.get(&tenant).map_or(0, |tail| tail.sequence(position)))
            }
            None => Ok(0),
        }
    }

    /// The first position that was stored at `micros` or later.
    pub(crate) fn position_since(&self, micros: i64) -> Result<u32, StorageError> {
        // Pieces that begin before the instant come first; the last of them decides.
        for part in self.parts.iter().rev() {
            let data = part.read();
            if data.rows.first().is_some_and(|row| row.row.stored_micros < micros) {
                let count = data.rows.partition_point(|row| row.row.stored_micros < micros);
                return Ok(part.first + len32(count));
            }
        }
        let after = self.runs.partition_point(|run| run.rows.first_stored_micros() < micros);
        match after.checked_sub(1).and_then(|index| self.runs.get(index)) {
            Some(run) => Ok(run.first + run.rows.count_before(&run.file, micros)?),
            None => Ok(0),
        }
    }

    /// Appends up to `count` positions of a tenant, by sequence, from `first_sequence` on.
    pub(crate) fn positions_from(
        &self,
        tenant: TenantId,
        first_sequence: u64,
        count: usize,
    ) -> Result<Vec<u32>, StorageError> {
        let mut positions = Vec::new();
        for run in self.runs.iter() {
            let Some(part) = run.tenant(tenant) else { continue };
            let wanted = first_sequence + positions.len() as u64;
            let end = part.first_sequence + u64::from(part.positions.count());
            if end <= wanted {
                continue;
            }
            if count <= positions.len() {
                break;
            }
            let from = low32(wanted.saturating_sub(part.first_sequence));
            let left = u32::try_from(count - positions.len()).unwrap_or(u32::MAX);
            let to = from.saturating_add(left).min(part.positions.count());
            part.positions.read(&run.file, from..to, &mut positions)?;
            // A group may be on disk in part before all of it is visible.
            while positions.last().is_some_and(|position| self.next <= *position) {
                positions.pop();
            }
        }
        for part in &self.parts {
            let data = part.read();
            let Some(tail) = data.tenants.get(&tenant) else { continue };
            let wanted = first_sequence + positions.len() as u64;
            let skipped = usize::try_from(wanted.saturating_sub(tail.first_sequence));
            let behind = tail.positions.get(skipped.unwrap_or(usize::MAX)..).unwrap_or_default();
            let visible = behind.iter().copied().take_while(|position| *position < self.next);
            positions.extend(visible.take(count - positions.len()));
        }
        Ok(positions)
    }
}

/// The rows read last, for positions that follow each other.
#[derive(Debug, Default)]
pub(crate) struct RowCache {
    first: u32,
    rows: Vec<Row>,
}

impl RowCache {
    /// What stands at a position that is there.
    pub(crate) fn row(&mut self, view: &View, position: u32) -> Result<Option<Row>, StorageError> {
        let known = position.checked_sub(self.first).and_then(|at| self.rows.get(at as usize));
        if let Some(row) = known {
            return Ok(Some(*row));
        }
        let Some(Piece::Run(run)) = view.piece(view.piece_at(position)) else {
            return view.row(position);
        };
        (self.first, self.rows) = run.rows_around(position)?;
        Ok(self.rows.get((position - self.first) as usize).copied())
    }
}
