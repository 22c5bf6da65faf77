//! Reading activities.

use acta_access::{Act, Principal};
use acta_xapi::ActivityId;
use acta_xapi::json::write_string;

use crate::{Service, ServiceError};

impl Service {
    /// An activity with its definition merged from all statements, as JSON text.
    ///
    /// An activity that occurs in no statement has only its id.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without a scope for reading activities, or if a
    ///   restriction forbids this one.
    /// - [`ServiceError::Failed`]: it cannot be read.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.5; IEEE 9274.1.1, 4.1.6.4.
    pub async fn find_activity(
        &self,
        principal: &Principal,
        id: &ActivityId,
    ) -> Result<String, ServiceError> {
        Self::permit(principal, Act::ReadEntities)?;
        principal.restrictions.permit_activity(id)?;
        let definition = self.storage.find_definition(principal.tenant, id).await?;
        let mut json = String::from(r#"{"objectType":"Activity","id":"#);
        write_string(&mut json, id.as_str());
        if let Some(definition) = definition {
            json.push_str(r#","definition":"#);
            json.push_str(&definition);
        }
        json.push('}');
        Ok(json)
    }
}
