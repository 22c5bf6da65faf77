//! Types that are stored as records, and their serialised form.

use acta_ambient::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Group, Record, RecordContent, RecordKind, RecordStore, RecordWrite, StorageError};

/// Records that a list reads at a time.
const PAGE_COUNT: usize = 1000;

/// A type that is stored as a record.
pub trait Recorded: Sized {
    /// The kind of its record.
    const KIND: RecordKind;

    /// The id of its record.
    fn record_id(&self) -> String;

    /// The content of its record.
    fn to_content(&self) -> RecordContent;

    /// Reads it from a record.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`]: it cannot be read.
    fn from_record(record: &Record) -> Result<Self, StorageError>;

    /// The write that creates its record.
    fn create(&self) -> RecordWrite {
        RecordWrite::create(Self::KIND, self.record_id(), self.to_content())
    }

    /// The write that replaces `record` by it, if that has not changed.
    fn replace(&self, record: &Record) -> RecordWrite {
        RecordWrite::replace(record, self.to_content())
    }
}

/// A value and the record that it was read from, whose version shows whether it has changed
/// since.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// The record that it was read from.
    pub record: Record,
}

impl<T: Recorded> Versioned<T> {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// As [`Recorded::from_record`].
    pub fn read(record: Record) -> Result<Self, StorageError> {
        Ok(Self { value: T::from_record(&record)?, record })
    }

    /// The write that replaces it by `changed`.
    pub fn write(&self, changed: &T) -> RecordWrite {
        changed.replace(&self.record)
    }

    /// The write that removes it.
    pub fn remove(&self) -> RecordWrite {
        RecordWrite::remove(&self.record)
    }
}

/// Finds the value whose record has this id.
///
/// # Errors
///
/// As [`RecordStore::find_record`].
pub async fn find<T: Recorded>(
    records: &(impl RecordStore + ?Sized),
    id: &str,
) -> Result<Option<Versioned<T>>, StorageError> {
    records.find_record(T::KIND, id).await?.map(Versioned::read).transpose()
}

/// Finds the value whose record has this name.
///
/// # Errors
///
/// As [`RecordStore::find_record`].
pub async fn find_by_name<T: Recorded>(
    records: &(impl RecordStore + ?Sized),
    name: &str,
) -> Result<Option<Versioned<T>>, StorageError> {
    records.find_record_by_name(T::KIND, name).await?.map(Versioned::read).transpose()
}

/// All values of a group, in the order of their ids.
///
/// # Errors
///
/// As [`RecordStore::list_records`].
pub async fn list<T: Recorded>(
    records: &(impl RecordStore + ?Sized),
    group: &Group,
) -> Result<Vec<Versioned<T>>, StorageError> {
    let mut all: Vec<Versioned<T>> = Vec::new();
    loop {
        let after = all.last().map(|kept| kept.record.id.clone());
        let page = records.list_records(T::KIND, group, after.as_deref(), PAGE_COUNT).await?;
        let is_last = page.len() < PAGE_COUNT;
        for record in page {
            all.push(Versioned::read(record)?);
        }
        if is_last {
            return Ok(all);
        }
    }
}

/// Up to `count_max` values of a group after the id `after`, in the order of their ids.
///
/// # Errors
///
/// As [`RecordStore::list_records`].
pub async fn page<T: Recorded>(
    records: &(impl RecordStore + ?Sized),
    group: &Group,
    after: Option<&str>,
    count_max: usize,
) -> Result<Vec<Versioned<T>>, StorageError> {
    let page = records.list_records(T::KIND, group, after, count_max).await?;
    page.into_iter().map(Versioned::read).collect()
}

/// The content of a record with a text and nothing else.
pub(super) fn content_of(body: &impl Serialize) -> RecordContent {
    RecordContent { tenant: None, owner: None, name: None, expires: None, body: write_body(body) }
}

/// Writes the text of a record.
pub(super) fn write_body(body: &impl Serialize) -> String {
    // Texts, numbers and lists of them cannot fail to be written.
    serde_json::to_string(body).unwrap_or_default()
}

/// Reads the text of a record.
pub(super) fn read_body<T: DeserializeOwned>(record: &Record) -> Result<T, StorageError> {
    serde_json::from_str(&record.content.body).map_err(|_error| corrupt(record))
}

/// A record cannot be read. The error does not contain its text, which may be secret.
pub(super) fn corrupt(record: &Record) -> StorageError {
    let place = format!("records, {} {:?}", record.kind.as_str(), record.id);
    StorageError::Corrupt { place }
}

pub(super) fn moment(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}

/// The bytes of a hexadecimal text.
pub(super) fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
}
