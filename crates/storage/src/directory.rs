//! What is in the records: tenants, credentials, people.
//!
//! Each file has a type of the domain and, beside it, the form in which its text is written.
//! A field that a later release adds has a default, so that older texts are still read; a
//! release that does not know it keeps away from what it cannot judge.

mod account;
mod answer;
mod credential;
mod follower;
mod session;
mod tenant;
mod ticket;

use acta_access::TenantId;
use acta_ambient::Moment;
use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{
    Change, Committed, Expected, Group, Record, RecordContent, RecordKind, RecordStore,
    RecordWrite, StorageError,
};

pub use account::{
    Account, AccountId, EmailAddress, Failures, Identity, Membership, NotAnEmailAddress,
    SecondFactor,
};
pub use answer::Answer;
pub use credential::{Credential, CredentialSecret, CredentialUse};
pub use follower::FollowerControl;
pub use session::Session;
pub use tenant::{Tenant, TenantLimits, TenantState};
pub use ticket::{Ticket, TicketPurpose};

/// Records that a list reads at a time.
const PAGE_COUNT: usize = 1000;

/// The record that counts the numbers of tenants.
const TENANT_COUNTER: &str = "tenants";

/// How often making a tenant is tried again that lost a race.
const TENANT_TRIES: usize = 64;

/// A type that is kept as a record.
pub trait Recorded: Sized {
    /// Its kind.
    const KIND: RecordKind;

    /// The id of its record.
    fn record_id(&self) -> String;

    /// What its record holds.
    fn to_content(&self) -> RecordContent;

    /// What a record says.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`]: it cannot be read.
    fn from_record(record: &Record) -> Result<Self, StorageError>;

    /// Writes it where there is none.
    fn create(&self) -> RecordWrite {
        RecordWrite::create(Self::KIND, self.record_id(), self.to_content())
    }

    /// Writes it in place of `record`, if nobody else changed that.
    fn replace(&self, record: &Record) -> RecordWrite {
        RecordWrite::replace(record, self.to_content())
    }
}

/// A value and the record that it was read from, whose version tells whether it is still so.
#[derive(Clone, Debug)]
pub struct Kept<T> {
    /// What it says.
    pub value: T,
    /// As it is stored.
    pub record: Record,
}

impl<T: Recorded> Kept<T> {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// As [`Recorded::from_record`].
    pub fn read(record: Record) -> Result<Self, StorageError> {
        Ok(Self { value: T::from_record(&record)?, record })
    }

    /// Writes `changed` in its place.
    pub fn write(&self, changed: &T) -> RecordWrite {
        changed.replace(&self.record)
    }

    /// Removes it.
    pub fn remove(&self) -> RecordWrite {
        RecordWrite::remove(&self.record)
    }
}

/// Finds the value that the record `id` holds.
///
/// # Errors
///
/// As [`RecordStore::find_record`].
pub async fn find<T: Recorded>(
    records: &(impl RecordStore + ?Sized),
    id: &str,
) -> Result<Option<Kept<T>>, StorageError> {
    records.find_record(T::KIND, id).await?.map(Kept::read).transpose()
}

/// Finds the value whose record has this name.
///
/// # Errors
///
/// As [`RecordStore::find_record`].
pub async fn find_by_name<T: Recorded>(
    records: &(impl RecordStore + ?Sized),
    name: &str,
) -> Result<Option<Kept<T>>, StorageError> {
    records.find_record_by_name(T::KIND, name).await?.map(Kept::read).transpose()
}

/// All values of a group, in the order of their ids.
///
/// # Errors
///
/// As [`RecordStore::list_records`].
pub async fn list<T: Recorded>(
    records: &(impl RecordStore + ?Sized),
    group: &Group,
) -> Result<Vec<Kept<T>>, StorageError> {
    let mut all: Vec<Kept<T>> = Vec::new();
    loop {
        let after = all.last().map(|kept| kept.record.id.clone());
        let page = records.list_records(T::KIND, group, after.as_deref(), PAGE_COUNT).await?;
        let is_last = page.len() < PAGE_COUNT;
        for record in page {
            all.push(Kept::read(record)?);
        }
        if is_last {
            return Ok(all);
        }
    }
}

/// Up to `count_max` values of a group behind the record `after`, in the order of their ids.
///
/// # Errors
///
/// As [`RecordStore::list_records`].
pub async fn page<T: Recorded>(
    records: &(impl RecordStore + ?Sized),
    group: &Group,
    after: Option<&str>,
    count_max: usize,
) -> Result<Vec<Kept<T>>, StorageError> {
    let page = records.list_records(T::KIND, group, after, count_max).await?;
    page.into_iter().map(Kept::read).collect()
}

/// Tenants and credentials by what they are.
#[async_trait]
pub trait Directory: RecordStore {
    /// All tenants, by number, also those that were removed.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::list_records`].
    async fn list_tenants(&self) -> Result<Vec<Tenant>, StorageError> {
        let tenants = list::<Tenant>(self, &Group::Every).await?;
        Ok(tenants.into_iter().map(|kept| kept.value).collect())
    }

    /// What makes a tenant under the next number. It is stale when another one was made
    /// meanwhile: then it is to be asked for again.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`]; [`StorageError::Full`] when there are no more numbers.
    async fn next_tenant(
        &self,
        name: &str,
        created: Moment,
    ) -> Result<(Tenant, Vec<RecordWrite>), StorageError> {
        let counter = self.find_record(RecordKind::Counter, TENANT_COUNTER).await?;
        let last = match &counter {
            Some(counter) => read_body::<u32>(counter)?,
            None => self.list_tenants().await?.last().map_or(0, |tenant| tenant.id.number()),
        };
        let id = last.checked_add(1).and_then(TenantId::new).ok_or(StorageError::Full)?;
        let tenant = Tenant::new(id, name, created);
        let count = RecordWrite {
            kind: RecordKind::Counter,
            id: TENANT_COUNTER.to_owned(),
            expected: counter.map_or(Expected::Absent, |found| Expected::Version(found.version)),
            content: Some(content_of(&id.number())),
        };
        let writes = vec![count, tenant.create()];
        Ok((tenant, writes))
    }

    /// Makes a tenant, of which no audit tells. Returns its number.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::commit`].
    async fn create_tenant(&self, name: &str, created: Moment) -> Result<TenantId, StorageError> {
        for _ in 0..TENANT_TRIES {
            let (tenant, writes) = self.next_tenant(name, created).await?;
            if self.commit(&Change { writes, entries: Vec::new() }).await? == Committed::Done {
                return Ok(tenant.id);
            }
        }
        Err(StorageError::Busy { retry_after: std::time::Duration::from_secs(1) })
    }

    /// Finds a credential by its key. The tenant of a request comes from here.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`].
    async fn find_credential(&self, key: &str) -> Result<Option<Credential>, StorageError> {
        Ok(find::<Credential>(self, key).await?.map(|kept| kept.value))
    }

    /// Adds a credential, of which no audit tells. Returns `false`, and changes nothing, if the
    /// key is taken.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::commit`].
    async fn insert_credential(&self, credential: &Credential) -> Result<bool, StorageError> {
        let change = Change { writes: vec![credential.create()], entries: Vec::new() };
        Ok(self.commit(&change).await? == Committed::Done)
    }

    /// The credentials of a tenant, oldest first.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::list_records`].
    async fn list_credentials(&self, tenant: TenantId) -> Result<Vec<Credential>, StorageError> {
        let found = list::<Credential>(self, &Group::OfTenant(tenant)).await?;
        let mut credentials: Vec<Credential> = found.into_iter().map(|kept| kept.value).collect();
        credentials.sort_by_key(|credential| credential.created);
        Ok(credentials)
    }
}

impl<T: RecordStore + ?Sized> Directory for T {}

/// What a record holds that belongs to nothing and is only text.
fn content_of(body: &impl Serialize) -> RecordContent {
    RecordContent { tenant: None, owner: None, name: None, expires: None, body: write_body(body) }
}

/// Writes the text of a record.
fn write_body(body: &impl Serialize) -> String {
    // Texts, numbers and lists of them cannot fail to be written.
    serde_json::to_string(body).unwrap_or_default()
}

/// Reads the text of a record.
fn read_body<T: DeserializeOwned>(record: &Record) -> Result<T, StorageError> {
    serde_json::from_str(&record.content.body).map_err(|_error| corrupt(record))
}

/// A record cannot be read. What is in it is not told: it may be a secret.
fn corrupt(record: &Record) -> StorageError {
    let place = format!("records, {} {:?}", record.kind.as_str(), record.id);
    StorageError::Corrupt { place }
}

fn moment(micros: i64) -> Moment {
    Moment::from_unix_micros(micros)
}

/// The bytes of a hexadecimal text.
fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn write_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
