//! Responses to requests with an idempotency key.

use acta_ambient::Timestamp;
use serde::{Deserialize, Serialize};

use super::recorded::{Recorded, corrupt, read_body, read_hex, write_body};
use crate::{Record, RecordContent, RecordKind, StorageError};

/// The response to a request with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// A hash of the requester and the key.
    pub id: String,
    /// The hash of the request.
    pub request: [u8; 32],
    /// The response, without secrets.
    pub answer: String,
    /// When the key can be used again.
    pub expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Body {
    request: String,
    answer: String,
}

impl Recorded for Answer {
    const KIND: RecordKind = RecordKind::Answer;

    fn record_id(&self) -> String {
        self.id.clone()
    }

    fn to_content(&self) -> RecordContent {
        let body = Body { request: hex::encode(self.request), answer: self.answer.clone() };
        RecordContent {
            tenant: None,
            owner: None,
            name: None,
            expires: Some(self.expires),
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: Body = read_body(record)?;
        Ok(Self {
            id: record.id.clone(),
            request: read_hex(&body.request).ok_or_else(|| corrupt(record))?,
            answer: body.answer,
            expires: record.content.expires.ok_or_else(|| corrupt(record))?,
        })
    }
}
