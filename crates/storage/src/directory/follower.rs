//! Control of followers: pause and resume.

use serde::{Deserialize, Serialize};

use super::recorded::{Recorded, find, read_body, write_body};
use crate::{FollowerName, Record, RecordContent, RecordKind, RecordStore, StorageError};

/// The control of a follower, for all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowerControl {
    /// The name of the follower.
    pub name: String,
    /// Whether it reads no records until it is resumed.
    pub is_paused: bool,
}

impl FollowerControl {
    /// Whether a follower is paused.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`].
    pub async fn is_paused(
        records: &(impl RecordStore + ?Sized),
        follower: FollowerName,
    ) -> Result<bool, StorageError> {
        let control = find::<Self>(records, follower.as_str()).await?;
        Ok(control.is_some_and(|control| control.value.is_paused))
    }
}

#[derive(Serialize, Deserialize)]
struct Body {
    is_paused: bool,
}

impl Recorded for FollowerControl {
    const KIND: RecordKind = RecordKind::Follower;

    fn record_id(&self) -> String {
        self.name.clone()
    }

    fn to_content(&self) -> RecordContent {
        let body = write_body(&Body { is_paused: self.is_paused });
        RecordContent { tenant: None, owner: None, name: None, expires: None, body }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: Body = read_body(record)?;
        Ok(Self { name: record.id.clone(), is_paused: body.is_paused })
    }
}
