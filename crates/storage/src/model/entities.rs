//! Activities and persons, gathered anew from all statements at each question.

use acta_access::TenantId;
use acta_xapi::{ActivityId, Ifi, merge_definitions};
use async_trait::async_trait;

use super::statements::Said;
use super::{Holdings, ModelStorage};
use crate::{EntityStore, Person, StorageError};

impl Holdings {
    /// What every statement says, in order.
    fn said(&self) -> impl Iterator<Item = &Said> {
        self.records.iter().filter_map(|record| record.said.as_ref())
    }
}

#[async_trait]
impl EntityStore for ModelStorage {
    async fn find_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<Option<String>, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| {
            let all = holdings.said().flat_map(|said| said.statement.definitions());
            let told = all.filter(|(id, _)| *id == activity);
            told.fold(None, |known: Option<String>, (_, newer)| {
                Some(merge_definitions(known.as_deref(), newer))
            })
        }))
    }

    async fn find_person(&self, tenant: TenantId, ifi: &Ifi) -> Result<Person, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| {
            let mut names: Vec<String> = Vec::new();
            let all = holdings.said().flat_map(|said| said.statement.named_actors());
            for (_, name) in all.filter(|(named, _)| *named == ifi) {
                names.retain(|known| known != name);
                names.push(name.to_owned());
            }
            Person { names }
        }))
    }
}
