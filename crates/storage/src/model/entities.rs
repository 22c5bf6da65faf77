//! Activities and persons, computed from all statements at each read.

use acta_access::TenantId;
use acta_xapi::{ActivityId, Ifi, merge_definitions};
use async_trait::async_trait;

use super::statements::ParsedStatement;
use super::{ModelStorage, TenantData};
use crate::{EntityRead, EntityStore, Person, StorageError};

impl TenantData {
    /// All parsed statements, in order.
    fn parsed(&self) -> impl Iterator<Item = &ParsedStatement> {
        self.records.iter().filter_map(|record| record.parsed.as_ref())
    }
}

#[async_trait]
impl EntityStore for ModelStorage {
    async fn read_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<EntityRead<Option<String>>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let all = data.parsed().flat_map(|parsed| parsed.statement.definitions());
            let definitions = all.filter(|(id, _)| *id == activity);
            let value = definitions.fold(None, |known: Option<String>, (_, newer)| {
                Some(merge_definitions(known.as_deref(), newer))
            });
            EntityRead { value, sequence: data.last_sequence() }
        }))
    }

    async fn read_person(
        &self,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<EntityRead<Person>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let mut names: Vec<String> = Vec::new();
            let all = data.parsed().flat_map(|parsed| parsed.statement.named_actors());
            for (_, name) in all.filter(|(named, _)| *named == ifi) {
                names.retain(|known| known != name);
                names.push(name.to_owned());
            }
            EntityRead { value: Person { names }, sequence: data.last_sequence() }
        }))
    }
}
