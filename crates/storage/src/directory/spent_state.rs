//! Sign-ins at an identity provider that have come back.

use acta_ambient::Timestamp;
use serde::{Deserialize, Serialize};

use super::recorded::{Recorded, corrupt, read_body, write_body};
use crate::{Record, RecordContent, RecordKind, StorageError};

/// The `state` of a sign-in at an identity provider with which a browser has come back. As it can
/// be created only once, a second return with the same state is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentState {
    /// A hash of the state.
    pub id: String,
    /// When the sign-in would have expired anyway.
    pub expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Body {}

impl Recorded for SpentState {
    const KIND: RecordKind = RecordKind::SpentState;

    fn record_id(&self) -> String {
        self.id.clone()
    }

    fn to_content(&self) -> RecordContent {
        let expires = Some(self.expires);
        RecordContent { tenant: None, owner: None, name: None, expires, body: write_body(&Body {}) }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let Body {} = read_body(record)?;
        let expires = record.content.expires.ok_or_else(|| corrupt(record))?;
        Ok(Self { id: record.id.clone(), expires })
    }
}
