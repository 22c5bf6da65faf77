//! The positions of each tenant, which are its sequence.

use std::ops::Range;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::format::{Bytes, push_varint};
use acta_storage::StorageError;

use super::bytes::{Ahead, RunFile, Sink, len32};
use super::postings::{List, ListWriter, StoredList};

const KIND_STRETCH: u8 = 0;
const KIND_LIST: u8 = 1;

/// What a run holds of one tenant.
#[derive(Clone, Debug)]
pub(crate) struct TenantPart {
    /// The tenant that owns the entries.
    pub(crate) tenant: TenantId,
    /// The sequence of the first of them.
    pub(crate) first_sequence: u64,
    /// Where they are.
    pub(crate) positions: Positions,
}

/// Ascending positions: those of a tenant in a run.
#[derive(Clone, Debug)]
pub(crate) enum Positions {
    /// All from `first` on, without gaps.
    Stretch {
        /// The first position.
        first: u32,
        /// How many.
        count: u32,
    },
    /// Some.
    List(List),
}

impl Positions {
    pub(crate) fn count(&self) -> u32 {
        match self {
            Self::Stretch { count, .. } => *count,
            Self::List(list) => list.count(),
        }
    }

    /// Whether there are some, and all of them lie in a run with these positions, as far as
    /// that is known without reading a list.
    fn is_within(&self, run: &Range<u32>) -> bool {
        match self {
            Self::Stretch { first, count } => {
                0 < *count
                    && run.start <= *first
                    && first.checked_add(*count).is_some_and(|end| end <= run.end)
            }
            Self::List(List::Inline(positions)) => {
                !positions.is_empty() && positions.iter().all(|position| run.contains(position))
            }
            Self::List(List::Stored(_)) => true,
        }
    }

    /// How many are less than `bound`.
    pub(crate) fn rank(&self, file: &Arc<RunFile>, bound: u32) -> Result<u32, StorageError> {
        match self {
            Self::Stretch { first, count } => Ok(bound.saturating_sub(*first).min(*count)),
            Self::List(List::Inline(positions)) => {
                Ok(len32(positions.partition_point(|position| *position < bound)))
            }
            Self::List(List::Stored(place)) => {
                StoredList::new(Arc::clone(file), *place, Ahead::Up).rank(bound)
            }
        }
    }

    /// Appends the positions with these ranks to `out`.
    pub(crate) fn read(
        &self,
        file: &Arc<RunFile>,
        ranks: Range<u32>,
        out: &mut Vec<u32>,
    ) -> Result<(), StorageError> {
        match self {
            Self::Stretch { first, .. } => out.extend(ranks.map(|rank| first + rank)),
            Self::List(List::Inline(positions)) => {
                let (from, to) = (ranks.start as usize, ranks.end as usize);
                out.extend(positions.get(from..to).unwrap_or_default());
            }
            Self::List(List::Stored(place)) => {
                let mut list = StoredList::new(Arc::clone(file), *place, Ahead::Up);
                for rank in ranks {
                    out.extend(list.at(rank)?);
                }
            }
        }
        Ok(())
    }
}

/// Writes the positions of tenants, and then the section that names them.
#[derive(Debug, Default)]
pub(crate) struct TenantsWriter {
    lists: ListWriter,
    stretch: Option<(u32, u32)>,
    is_list: bool,
    encoded: Vec<u8>,
    count: u32,
}

impl TenantsWriter {
    /// Adds a position of the tenant that comes next.
    pub(crate) fn push(&mut self, sink: &mut Sink, position: u32) -> Result<(), StorageError> {
        if self.is_list {
            return self.lists.push(sink, position);
        }
        match &mut self.stretch {
            None => self.stretch = Some((position, 1)),
            Some((first, count)) if *first + *count == position => *count += 1,
            Some((first, count)) => {
                for before in *first..*first + *count {
                    self.lists.push(sink, before)?;
                }
                self.is_list = true;
                self.lists.push(sink, position)?;
            }
        }
        Ok(())
    }

    /// Ends a tenant's positions; tenants come in ascending order.
    pub(crate) fn finish_tenant(
        &mut self,
        sink: &mut Sink,
        tenant: TenantId,
        first_sequence: u64,
    ) -> Result<(), StorageError> {
        let Some((first, count)) = self.stretch.take() else { return Ok(()) };
        self.encoded.extend_from_slice(&tenant.number().to_le_bytes());
        self.encoded.extend_from_slice(&first_sequence.to_le_bytes());
        if std::mem::take(&mut self.is_list) {
            self.encoded.push(KIND_LIST);
            self.lists.finish(sink)?.encode(&mut self.encoded);
        } else {
            self.encoded.push(KIND_STRETCH);
            push_varint(&mut self.encoded, first.into());
            push_varint(&mut self.encoded, count.into());
        }
        self.count += 1;
        Ok(())
    }

    /// The section.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut section = self.count.to_le_bytes().to_vec();
        section.extend_from_slice(&self.encoded);
        section
    }
}

/// Reads the section of a run with these positions; none if it cannot be that.
pub(crate) fn decode(bytes: &[u8], run: &Range<u32>) -> Option<Vec<TenantPart>> {
    let mut reader = Bytes(bytes);
    let mut tenants = Vec::new();
    let mut left = run.len();
    for _ in 0..reader.u32()? {
        let tenant = TenantId::new(reader.u32()?)?;
        let first_sequence = reader.u64()?;
        let positions = match reader.byte()? {
            KIND_STRETCH => {
                Positions::Stretch { first: reader.varint_u32()?, count: reader.varint_u32()? }
            }
            KIND_LIST => Positions::List(List::decode(&mut reader)?),
            _ => return None,
        };
        left = left.checked_sub(positions.count() as usize)?;
        first_sequence.checked_add(positions.count().into())?;
        if !positions.is_within(run) {
            return None;
        }
        tenants.push(TenantPart { tenant, first_sequence, positions });
    }
    let is_ascending = tenants.is_sorted_by(|a, b| a.tenant < b.tenant);
    (left == 0 && is_ascending).then_some(tenants)
}

#[cfg(test)]
mod tests {
    use super::{KIND_LIST, KIND_STRETCH, decode};

    /// A tenant with its first sequence, the kind of its positions, and these as varints.
    type Part = (u32, u64, u8, &'static [u8]);

    /// Checks the section of a run with the positions from 10 to 19.
    #[track_caller]
    fn check(parts: &[Part], is_sound: bool) {
        let mut section = u32::try_from(parts.len()).unwrap().to_le_bytes().to_vec();
        for (tenant, first_sequence, kind, positions) in parts {
            section.extend_from_slice(&tenant.to_le_bytes());
            section.extend_from_slice(&first_sequence.to_le_bytes());
            section.push(*kind);
            section.extend_from_slice(positions);
        }
        let decoded = decode(&section, &(10..20));
        assert_eq!(decoded.is_some(), is_sound, "{parts:?} became {decoded:?}");
    }

    #[test]
    fn every_position_of_a_run_is_that_of_one_tenant() {
        const WHOLE: &[u8] = &[10, 10];
        check(&[(1, 1, KIND_STRETCH, WHOLE)], true);
        check(&[(1, 5, KIND_STRETCH, &[10, 7]), (2, 1, KIND_LIST, &[3, 17, 1, 1])], true);
        // A list of ten that stands elsewhere.
        check(&[(1, 5, KIND_LIST, &[10, 100, 50])], true);
        let table: [&[Part]; 12] = [
            // Too few, too many, none.
            &[(1, 1, KIND_STRETCH, &[10, 9])],
            &[(1, 1, KIND_STRETCH, &[9, 11])],
            &[(1, 1, KIND_STRETCH, WHOLE), (2, 1, KIND_STRETCH, &[12, 0])],
            &[(1, 1, KIND_STRETCH, WHOLE), (2, 1, KIND_LIST, &[0])],
            // Outside of the run, or beyond all numbers.
            &[(1, 1, KIND_STRETCH, &[9, 10])],
            &[(1, 1, KIND_STRETCH, &[11, 10])],
            &[(1, 1, KIND_STRETCH, &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 10])],
            &[(1, 1, KIND_STRETCH, &[10, 9]), (2, 1, KIND_LIST, &[1, 20])],
            &[(1, u64::MAX, KIND_STRETCH, WHOLE)],
            // Out of order, or a kind that is none.
            &[(2, 1, KIND_STRETCH, &[10, 5]), (1, 1, KIND_STRETCH, &[15, 5])],
            &[(1, 1, KIND_STRETCH, &[10, 8]), (2, 1, KIND_LIST, &[2, 18, 0])],
            &[(1, 1, 2, WHOLE)],
        ];
        for parts in table {
            check(parts, false);
        }
    }
}
