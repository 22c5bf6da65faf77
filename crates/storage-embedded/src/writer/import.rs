//! Statements of another store, written with the sequences and times that they have.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_statement_log::dictionary::Codec;
use acta_statement_log::record::EncodedRecord;
use acta_statement_log::segment::{Segment, SegmentHeader};
use acta_storage::StorageError;
use acta_xapi::{StatementId, Uuid};

use super::{Failure, Writer};
use crate::writer::queue::ImportBatch;

/// What is done here, for errors.
const IMPORTING: &str = "importing statements";

impl Writer {
    /// Writes the statements as one group, if they follow what is here.
    pub(super) fn import(&mut self, import: ImportBatch) {
        let ImportBatch { statements, codec, answer } = import;
        let imported = self.write_imported(statements, &codec);
        if let Err(failure) = &imported {
            self.fail(failure);
        }
        // The caller may have gone.
        let _ = answer.send(imported.map_err(|failure| failure.error()));
    }

    fn write_imported(
        &mut self,
        mut statements: Vec<EncodedRecord>,
        codec: &Arc<Codec>,
    ) -> Result<(), Failure> {
        self.check_follows(&statements).map_err(Failure::Nothing)?;
        let mut times = statements.iter().map(|one| one.entry.stored_micros);
        let Some(first) = times.next() else { return Ok(()) };
        let last = times.next_back().unwrap_or(first);
        // Before a segment with the dictionary follows the empty ones.
        self.begin_early(first)?;
        self.begin_dictionary()?;
        self.repack(codec, &mut statements).map_err(Failure::Nothing)?;
        for (position, statement) in (self.next_position..).zip(&mut statements) {
            statement.entry.position = position;
        }
        self.store_records(statements, first)?;
        self.shared.timeline.advance_past(last);
        Ok(())
    }

    /// Recreates segments in which nothing stands, if they begin later than the statement
    /// that is to be written: the log of a new store begins when it was made.
    fn begin_early(&mut self, first_stored: i64) -> Result<(), Failure> {
        // In order, so that base times ascend whenever power fails.
        for segment in self.shared.reader.segments() {
            if segment.header.base_micros <= first_stored {
                continue;
            }
            assert!(segment.len() == segment.frames_from(), "what is written follows what is here");
            let header = SegmentHeader { base_micros: first_stored, ..segment.header.clone() };
            let directory = self.shared.reader.directory();
            // Renamed over the other one.
            let created = Segment::create(self.shared.disk.as_ref(), directory, header);
            let segment = created.map_err(|error| {
                let cause: &dyn Error = &error;
                tracing::error!(error = cause, "could not begin the log again");
                Failure::Unknown
            })?;
            self.segment = Arc::new(segment);
            self.end = self.segment.len();
            self.shared.reader.replace(&self.segment);
        }
        Ok(())
    }

    fn check_follows(&self, statements: &[EncodedRecord]) -> Result<(), StorageError> {
        let mut sequences: HashMap<TenantId, u64> = HashMap::new();
        let mut ids: HashMap<TenantId, Vec<u128>> = HashMap::new();
        let mut last_stored = self.last_stored.unwrap_or(i64::MIN);
        for statement in statements {
            let entry = &statement.entry;
            let sequence =
                sequences.entry(entry.tenant).or_insert_with(|| self.shared.sequence(entry.tenant));
            if entry.sequence != *sequence + 1 {
                let found = entry.sequence;
                return Err(refused(format!("sequence {found} does not follow {sequence}")));
            }
            *sequence += 1;
            if entry.stored_micros < last_stored {
                let stored = Timestamp::from_unix_micros(entry.stored_micros);
                return Err(refused(format!("{stored} lies before the statement before it")));
            }
            last_stored = entry.stored_micros;
            ids.entry(entry.tenant).or_default().extend(entry.id);
        }
        ids.into_iter().try_for_each(|(tenant, ids)| self.check_new(tenant, ids))
    }

    fn check_new(&self, tenant: TenantId, mut ids: Vec<u128>) -> Result<(), StorageError> {
        ids.sort_unstable();
        let twice = ids.array_windows().find(|[one, next]| one == next).map(|[one, _]| *one);
        let found = self.shared.index.find_many(tenant, &ids)?;
        let known = ids.iter().zip(found).find(|(_, found)| found.is_some()).map(|(id, _)| *id);
        match twice.or(known) {
            Some(id) => {
                Err(refused(format!("the id {} is taken", StatementId(Uuid::from_u128(id)))))
            }
            None => Ok(()),
        }
    }
}

fn refused(why: String) -> StorageError {
    let source = io::Error::new(io::ErrorKind::InvalidInput, why);
    StorageError::Io { act: IMPORTING, source }
}
