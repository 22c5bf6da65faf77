//! What the writer does between two groups for those who change what stands before the end.

use std::error::Error;
use std::sync::{Arc, PoisonError};

use acta_statement_log::dictionary::Codec;
use acta_storage::StorageError;

use super::queue::{ExclusiveAct, ExclusiveLog, Sealed};
use super::{Failure, Writer};
#[cfg(test)]
use acta_statement_log::record::EncodedRecord;

impl Writer {
    /// Does an act while nothing is written.
    pub(super) fn run_exclusive(&mut self, exclusive: ExclusiveAct) {
        let ExclusiveAct { act, span, answer } = exclusive;
        let _entered = span.enter();
        let done = act(self);
        if let Err(error) = &done {
            tracing::error!(error = error as &dyn Error, "the log could not be changed");
            self.fail(&Failure::Unknown);
        }
        // The caller may have gone.
        let _ = answer.send(done);
    }
}

impl ExclusiveLog for Writer {
    fn seal(&mut self, codec: Option<Arc<Codec>>) -> Result<Sealed, StorageError> {
        self.shared.sampler.discard();
        let is_empty = self.end == self.segment.frames_from();
        if !is_empty || codec.is_some() {
            let codec = codec.unwrap_or_else(|| Arc::clone(&self.segment.header.codec));
            // An empty one may begin later than the last statement.
            let base_micros = self.segment.header.base_micros;
            let last = self.last_stored.unwrap_or(base_micros).max(base_micros);
            self.roll(Arc::clone(&codec), last).map_err(|failure| failure.error())?;
            *self.shared.codec.write().unwrap_or_else(PoisonError::into_inner) = codec;
        }
        self.shared.index.freeze()?;
        Ok(Sealed { next: self.segment.header.number, end: self.next_position })
    }

    #[cfg(test)]
    fn append_records(&mut self, mut records: Vec<EncodedRecord>) -> Result<(), StorageError> {
        let stored_micros = self.shared.timeline.begin(1);
        for (ordinal, record) in (0..).zip(&mut records) {
            let entry = &mut record.entry;
            entry.position = self.next_position + ordinal;
            entry.sequence = self.shared.sequence(entry.tenant) + 1 + ordinal;
            entry.stored_micros = stored_micros;
        }
        self.store_records(records, stored_micros).map_err(|failure| failure.error())?;
        self.shared.timeline.finish();
        Ok(())
    }
}
