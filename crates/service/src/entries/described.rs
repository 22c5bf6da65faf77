//! The names that statements give to what they are about, for lists of them.

use std::collections::{BTreeSet, HashMap};

use acta_access::TenantId;
use acta_storage::{FeedRecord, PageLimits, StorageError, TransferredStatement};
use acta_xapi::json::{JsonLimits, Value, parse};
use acta_xapi::{ActivityId, IriRule, Languages, StatementId};

use super::sentence::{Names, Reader, choose_name, text_of};
use crate::{Service, ServiceError};

/// What a statement says about itself, with names in the languages of a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its id.
    pub id: StatementId,
    /// Its actor: a name, or a short form of the identifier.
    pub actor: String,
    /// What its verb is displayed as, if it says so.
    pub verb: Option<String>,
    /// The name of its object, if it says so.
    pub object: Option<String>,
    /// The statement that it is about, if its object is one.
    pub target: Option<String>,
}

impl Service {
    /// Statements that are read at once, at most, for [`Service::describe_statements`].
    const DESCRIBED_MAX: usize = 32;

    /// Describes statements of a tenant by their places in the log, for those who may see them.
    /// What was erased is left out. `bytes_max` bounds the texts that are in memory at a time; one
    /// statement always is.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] when one cannot be read.
    pub async fn describe_statements(
        &self,
        tenant: TenantId,
        sequences: &[u64],
        languages: &Languages,
        bytes_max: usize,
    ) -> Result<HashMap<u64, Described>, ServiceError> {
        let mut wanted = sequences.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let mut described = HashMap::with_capacity(wanted.len());
        let mut left = wanted.as_slice();
        while let Some(first) = left.first() {
            let count = run_of(left).min(Self::DESCRIBED_MAX);
            let page = PageLimits { count_max: count, bytes_max };
            let records = self.storage.read_records(tenant, first.saturating_sub(1), page).await?;
            // Nothing comes from behind the end of the log, and a page has one record at least.
            let Some(last) = records.last().map(|record| record.sequence) else { break };
            let bytes = records.iter().map(FeedRecord::len_bytes).sum();
            let languages = languages.clone();
            let work =
                move || records.iter().filter_map(|it| read_record(it, &languages)).collect();
            let found: Result<Vec<(u64, Described)>, StorageError> =
                self.run_on_worker(tenant, bytes, work).await?;
            described.extend(found?);
            left = left.get(left.partition_point(|sequence| *sequence <= last)..).unwrap_or(&[]);
        }
        Ok(described)
    }

    /// The names of activities as the follower has last written them, for those who may see them;
    /// of the first ones, if they are many.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] when one cannot be read.
    pub async fn name_activities(
        &self,
        tenant: TenantId,
        ids: &BTreeSet<String>,
        languages: &Languages,
    ) -> Result<HashMap<String, String>, ServiceError> {
        let activities: Vec<ActivityId> = ids
            .iter()
            .filter_map(|id| ActivityId::parse(id, IriRule::Old).ok())
            .take(Self::ACTIVITIES_MAX)
            .collect();
        if activities.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.storage.read_definitions(tenant, &activities).await?.value;
        let named = activities.iter().zip(found).filter_map(|(activity, found)| {
            let found = found?;
            let json = parse(found.as_bytes(), &JsonLimits::STORED).ok()?;
            let name = choose_name(json.root().member("name")?, languages)?;
            Some((activity.as_str().to_owned(), name))
        });
        Ok(named.collect())
    }
}

/// How many of the first sequences follow one another.
fn run_of(sequences: &[u64]) -> usize {
    let follows = |pair: &&[u64]| matches!(pair, [one, next] if *next == one.saturating_add(1));
    1 + sequences.windows(2).take_while(follows).count()
}

/// What a record says; none if it was erased.
fn read_record(
    record: &FeedRecord,
    languages: &Languages,
) -> Option<Result<(u64, Described), StorageError>> {
    let loaded = record.statement()?.load();
    Some(loaded.map(|statement| (record.sequence, describe(statement, languages))))
}

fn describe(statement: &TransferredStatement, languages: &Languages) -> Described {
    let (names, text) = (Names::default(), &statement.text.text);
    let reader = Reader { names: &names, languages, version: statement.version };
    let mut described = Described {
        id: statement.id,
        actor: String::new(),
        verb: None,
        object: None,
        target: None,
    };
    // What is stored was accepted, so it is JSON.
    let Ok(json) = parse(text.as_bytes(), &JsonLimits::STORED) else { return described };
    described.actor = reader.actor_of(json.root());
    described.verb = reader.display_of(json.root());
    let Some(object) = json.root().member("object") else { return described };
    match object.member("objectType").and_then(Value::as_str).as_deref() {
        None | Some("Activity") => {
            let map = object.member("definition").and_then(|it| it.member("name"));
            described.object = map.and_then(|map| choose_name(map, languages));
        }
        Some("StatementRef") => described.target = text_of(object, "id"),
        Some(_) => described.object = Some(reader.object_of(json.root())),
    }
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_that_follow_one_another_are_read_together() {
        let table: [(&[u64], usize); 4] =
            [(&[7], 1), (&[7, 8, 9, 11], 3), (&[7, 9], 1), (&[u64::MAX], 1)];
        for (sequences, expected) in table {
            assert_eq!(run_of(sequences), expected, "{sequences:?}");
        }
    }
}
