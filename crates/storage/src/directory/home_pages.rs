//! The home pages in the authority of statements.

use acta_xapi::Iri;
use serde::{Deserialize, Serialize};

use super::recorded::{Recorded, Versioned, corrupt, find, read_body, write_body};
use crate::{
    Change, Committed, Expected, Record, RecordContent, RecordKind, RecordStore, RecordWrite,
    StorageError,
};

/// The id of the only record.
const ID: &str = "authority";

/// How often a change is retried after a lost race.
const TRIES_MAX: usize = 64;

/// The home pages that the accounts in the authority of statements of this store have had, the
/// present one last. With them, the statements of a credential are found whatever the home page was
/// when they were stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorityHomePages {
    /// In the order in which their use began last.
    pub pages: Vec<Iri>,
}

impl AuthorityHomePages {
    /// Most home pages. Beyond it, the one whose use began first is forgotten.
    pub const COUNT_MAX: usize = 32;

    /// The home pages of a store.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`].
    pub async fn find(records: &(impl RecordStore + ?Sized)) -> Result<Self, StorageError> {
        Ok(find::<Self>(records, ID).await?.map(|found| found.value).unwrap_or_default())
    }

    /// Records that the use of a home page begins. Returns the one that was used before, if it is
    /// another one.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::commit`].
    pub async fn begin(
        records: &(impl RecordStore + ?Sized),
        page: &Iri,
    ) -> Result<Option<Iri>, StorageError> {
        for _ in 0..TRIES_MAX {
            let found: Option<Versioned<Self>> = find(records, ID).await?;
            let known = found.as_ref().map(|found| found.value.clone()).unwrap_or_default();
            let before = known.pages.last().cloned();
            if before.as_ref() == Some(page) {
                return Ok(None);
            }
            let expected = match &found {
                Some(found) => Expected::Version(found.record.version),
                None => Expected::Absent,
            };
            let write = RecordWrite { expected, ..known.with_last(page).create() };
            let change = Change { writes: vec![write], entries: Vec::new() };
            if records.commit(&change).await? == Committed::Done {
                return Ok(before);
            }
        }
        Err(StorageError::Busy { retry_after: std::time::Duration::from_secs(1) })
    }

    fn with_last(mut self, page: &Iri) -> Self {
        self.pages.retain(|known| known != page);
        self.pages.push(page.clone());
        let excess = self.pages.len().saturating_sub(Self::COUNT_MAX);
        self.pages.drain(..excess);
        self
    }
}

#[derive(Serialize, Deserialize)]
struct Body {
    pages: Vec<String>,
}

impl Recorded for AuthorityHomePages {
    const KIND: RecordKind = RecordKind::HomePages;

    fn record_id(&self) -> String {
        ID.to_owned()
    }

    fn to_content(&self) -> RecordContent {
        let pages = self.pages.iter().map(|page| page.as_str().to_owned()).collect();
        let body = write_body(&Body { pages });
        RecordContent { tenant: None, owner: None, name: None, expires: None, body }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: Body = read_body(record)?;
        let pages: Option<Vec<Iri>> = body.pages.iter().map(|page| page.parse().ok()).collect();
        Ok(Self { pages: pages.ok_or_else(|| corrupt(record))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: usize) -> Iri {
        format!("https://{number}.example").parse().unwrap()
    }

    #[test]
    fn the_present_home_page_is_the_last_of_a_bounded_number() {
        let mut known = AuthorityHomePages::default();
        for number in 0..AuthorityHomePages::COUNT_MAX + 2 {
            known = known.with_last(&page(number));
        }
        assert_eq!(known.pages.len(), AuthorityHomePages::COUNT_MAX);
        assert_eq!(known.pages[0], page(2));
        let known = known.with_last(&page(5));
        assert_eq!(known.pages.len(), AuthorityHomePages::COUNT_MAX);
        assert_eq!(known.pages.last(), Some(&page(5)));
        assert_eq!(known.pages.iter().filter(|known| **known == page(5)).count(), 1);
    }
}
