//! Activities and persons, gathered anew from all statements at each question.

use acta_access::{Defines, TenantId};
use acta_xapi::{ActivityId, Ifi, Statement};
use async_trait::async_trait;

use super::{Holdings, ModelStorage};
use crate::entities::{definitions_of, names_of};
use crate::{EntityRead, EntityStore, Person, StorageError, merge_all};

impl Holdings {
    /// What every statement says and what it defines, in order.
    fn said(&self) -> impl Iterator<Item = (&Statement, Defines)> {
        self.records.iter().filter_map(|record| {
            record.said.as_ref().map(|said| (&said.statement, record.kept.defines))
        })
    }
}

#[async_trait]
impl EntityStore for ModelStorage {
    async fn read_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<EntityRead<Option<String>>, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| {
            let all =
                holdings.said().flat_map(|(statement, defines)| definitions_of(statement, defines));
            let definitions = all.filter(|(id, _)| *id == activity);
            let value = merge_all(None, definitions.map(|(_, newer)| newer));
            EntityRead { value, sequence: holdings.last_sequence() }
        }))
    }

    async fn read_person(
        &self,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<EntityRead<Person>, StorageError> {
        Ok(self.with_holdings(tenant, |holdings| {
            let mut person = Person::default();
            let all = holdings.said().flat_map(|(statement, defines)| names_of(statement, defines));
            for (_, name) in all.filter(|(named, _)| *named == ifi) {
                person.add_name(name);
            }
            EntityRead { value: person, sequence: holdings.last_sequence() }
        }))
    }
}
