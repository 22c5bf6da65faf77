//! Sessions of people who are signed in.

use acta_ambient::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::AccountId;
use super::recorded::{Recorded, corrupt, moment, read_body, write_body};
use crate::{Record, RecordContent, RecordKind, StorageError};

/// A session of a person in one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The hash of its token. Only the browser has the token.
    pub id: String,
    /// The account of the person.
    pub account: AccountId,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last used, to the minute or so.
    pub last_used: Timestamp,
    /// When it ends, even if it is used.
    pub ends: Timestamp,
    /// When it ends if it is not used.
    pub expires: Timestamp,
    /// The address from which it was started.
    pub from: String,
    /// Whether signing in included a second factor or an identity provider.
    pub is_strong: bool,
}

#[derive(Serialize, Deserialize)]
struct Body {
    created: i64,
    last_used: i64,
    ends: i64,
    from: String,
    is_strong: bool,
}

impl Recorded for Session {
    const KIND: RecordKind = RecordKind::Session;

    fn record_id(&self) -> String {
        self.id.clone()
    }

    fn to_content(&self) -> RecordContent {
        let body = Body {
            created: self.created.unix_micros(),
            last_used: self.last_used.unix_micros(),
            ends: self.ends.unix_micros(),
            from: self.from.clone(),
            is_strong: self.is_strong,
        };
        RecordContent {
            tenant: None,
            owner: Some(self.account.to_string()),
            name: None,
            expires: Some(self.expires),
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: Body = read_body(record)?;
        let account = record.content.owner.as_deref().and_then(|owner| owner.parse().ok());
        Ok(Self {
            id: record.id.clone(),
            account: account.ok_or_else(|| corrupt(record))?,
            created: moment(body.created),
            last_used: moment(body.last_used),
            ends: moment(body.ends),
            expires: record.content.expires.ok_or_else(|| corrupt(record))?,
            from: body.from,
            is_strong: body.is_strong,
        })
    }
}
