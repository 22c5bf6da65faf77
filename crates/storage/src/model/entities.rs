//! Activities and persons, computed from all statements at each read.

use acta_access::{Defines, TenantId};
use acta_xapi::{ActivityId, Ifi, Statement};
use async_trait::async_trait;

use super::{ModelStorage, TenantData};
use crate::entities::facts::{definitions_of, names_of};
use crate::{EntityRead, EntityStore, Person, StorageError, merge_all};

impl TenantData {
    /// All parsed statements and what each defines, in order.
    fn parsed(&self) -> impl Iterator<Item = (&Statement, Defines)> {
        self.records.iter().filter_map(|record| {
            record.parsed.as_ref().map(|parsed| (&parsed.statement, record.statement.defines))
        })
    }
}

#[async_trait]
impl EntityStore for ModelStorage {
    async fn read_definitions(
        &self,
        tenant: TenantId,
        activities: &[ActivityId],
    ) -> Result<EntityRead<Vec<Option<String>>>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let definition_of = |activity: &ActivityId| {
                let all = data
                    .parsed()
                    .flat_map(|(statement, defines)| definitions_of(statement, defines));
                let definitions = all.filter(|(id, _)| *id == activity);
                merge_all(None, definitions.map(|(_, newer)| newer))
            };
            let value = activities.iter().map(definition_of).collect();
            EntityRead { value, sequence: data.last_sequence() }
        }))
    }

    async fn read_person(
        &self,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<EntityRead<Person>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let mut person = Person::default();
            let all = data.parsed().flat_map(|(statement, defines)| names_of(statement, defines));
            for (_, name) in all.filter(|(named, _)| *named == ifi) {
                person.add_name(name);
            }
            EntityRead { value: person, sequence: data.last_sequence() }
        }))
    }
}
