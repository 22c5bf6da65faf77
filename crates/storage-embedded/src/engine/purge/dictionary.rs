//! Dictionaries of the log: which of them may have parts of a tenant's statements, and one
//! without.
//!
//! A dictionary has parts of statements that stand before the first segment with it, and of no
//! others.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::dictionary::{Codec, train};
use acta_statement_log::reader::{next_frame, text_of};
use acta_statement_log::segment::{FrameWalk, Segment};
use acta_storage::StorageError;

/// Statements that a new dictionary is made of, at most.
const SAMPLE_COUNT_MAX: usize = 4000;

/// Bytes of these, at most.
const SAMPLE_BYTES_MAX: usize = 8 << 20;

/// Longest text of these, in bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Fewer statements make no dictionary.
const SAMPLE_COUNT_MIN: usize = 50;

/// The dictionaries that may have parts of the statements of a tenant, which has some in the
/// segments with these numbers.
pub(super) fn tainted(segments: &[Arc<Segment>], numbers: &BTreeSet<u32>) -> Vec<Arc<Codec>> {
    let mut seen: Vec<Arc<Codec>> = Vec::new();
    let mut tainted = Vec::new();
    for segment in segments {
        let header = &segment.header;
        if header.codec.dictionary().is_empty() || is_one_of(&seen, &header.codec) {
            continue;
        }
        seen.push(Arc::clone(&header.codec));
        if numbers.first().is_some_and(|first| *first < header.number) {
            tainted.push(Arc::clone(&header.codec));
        }
    }
    tainted
}

/// Whether one of these has the same dictionary.
pub(super) fn is_one_of(codecs: &[Arc<Codec>], codec: &Codec) -> bool {
    codecs.iter().any(|one| one.dictionary() == codec.dictionary())
}

/// A dictionary made of the statements of other tenants in these segments; an empty one if
/// there are too few.
///
/// # Errors
///
/// [`StorageError::Corrupt`] or [`StorageError::Io`].
pub(super) fn train_without(
    segments: &[Arc<Segment>],
    tenant: TenantId,
) -> Result<Arc<Codec>, StorageError> {
    let mut samples = Samples::default();
    for segment in segments {
        samples.gather(segment, tenant)?;
    }
    let dictionary = if samples.lens.len() < SAMPLE_COUNT_MIN {
        Vec::new()
    } else {
        train(&samples.texts, &samples.lens).unwrap_or_else(|error| {
            let cause: &dyn Error = &error;
            tracing::warn!(error = cause, "statements stay without a dictionary");
            Vec::new()
        })
    };
    Ok(Arc::new(Codec::new(&dictionary)))
}

#[derive(Debug, Default)]
struct Samples {
    texts: Vec<u8>,
    lens: Vec<usize>,
}

impl Samples {
    fn is_full(&self) -> bool {
        SAMPLE_COUNT_MAX <= self.lens.len() || SAMPLE_BYTES_MAX <= self.texts.len()
    }

    fn gather(&mut self, segment: &Segment, tenant: TenantId) -> Result<(), StorageError> {
        let mut walk = FrameWalk::new(segment, segment.frames_from());
        while let Some(frame) = next_frame(&mut walk, segment)? {
            for record in frame.records() {
                let (location, record) = record.map_err(|at| segment.corrupt(u64::from(at)))?;
                let is_wanted = record.tenant != tenant && !self.is_full();
                let statement = record.statement().filter(|_| is_wanted);
                let text = statement.map(|it| text_of(segment, it, location)).transpose()?;
                self.add(text.as_deref().unwrap_or_default());
            }
            if self.is_full() {
                break;
            }
        }
        Ok(())
    }

    fn add(&mut self, text: &str) {
        if !text.is_empty() && text.len() <= TEXT_BYTES_MAX {
            self.texts.extend_from_slice(text.as_bytes());
            self.lens.push(text.len());
        }
    }
}
