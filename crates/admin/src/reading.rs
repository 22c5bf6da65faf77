//! Reading statements as a person.

use acta_access::{Permission, Principal, Scope, Scopes, TenantId};
use acta_service::{Search, ServiceError, StatementPage, View};
use acta_storage::Change;
use acta_xapi::{ActivityId, StatementId};
use serde_json::json;

use crate::audit_entry::tenant_target;
use crate::{Admin, AdminError, Requester};

/// A query for statements, and the form of the result.
#[derive(Debug)]
pub struct StatementQuestion {
    /// The filters.
    pub search: Search,
    /// The form of the statements.
    pub view: View,
}

impl Admin {
    /// Checks whether the requester may read the server: people with any role, and credentials with
    /// a scope for administration.
    ///
    /// # Errors
    ///
    /// [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn permit_reading_server(&self, requester: &Requester) -> Result<(), AdminError> {
        match requester.confined_to() {
            Some(tenant) => self.permit(requester, tenant, Permission::ReadTenant).await.map(drop),
            None => Ok(()),
        }
    }

    /// Checks whether the requester may read statements of a tenant, and records it in the audit if
    /// the tenant has enabled this: each reading of a person, and the first of a credential in each
    /// hour.
    async fn permit_reading(
        &self,
        requester: &Requester,
        tenant: TenantId,
        what: &serde_json::Value,
    ) -> Result<Principal, AdminError> {
        let found = self.permit(requester, tenant, Permission::ReadStatements).await?;
        let is_person = requester.account().is_some();
        if found.value.audits_reads && is_person {
            let entry = self.entry_with(requester, "statements.read", tenant_target(tenant), what);
            let entries = vec![(Some(tenant), entry)];
            self.commit(&Change { writes: Vec::new(), entries }).await?;
        }
        if requester.confined_to().is_some() {
            let who = requester.who();
            self.authenticator.record_reading(&found.value, who, &requester.from).await?;
        }
        let scopes = Scopes::from_iter([Scope::AllRead]);
        Ok(Principal::new(tenant, requester.who().to_string(), scopes))
    }

    /// Checks whether the requester may ask questions about the statements of a tenant, and records
    /// the question in the audit if the tenant has enabled this.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn permit_question(
        &self,
        requester: &Requester,
        tenant: TenantId,
        question: &serde_json::Value,
    ) -> Result<(), AdminError> {
        self.permit_reading(requester, tenant, &json!({ "question": question })).await.map(drop)
    }

    /// The definitions of activities of a tenant, as JSON, for those who may read its statements;
    /// none for an activity that has none. In the order of `ids`.
    ///
    /// # Errors
    ///
    /// As [`Admin::permit_question`].
    pub async fn find_definitions(
        &self,
        requester: &Requester,
        tenant: TenantId,
        ids: &[ActivityId],
    ) -> Result<Vec<Option<String>>, AdminError> {
        self.permit(requester, tenant, Permission::ReadStatements).await?;
        Ok(self.storage.find_definitions(tenant, ids).await?)
    }

    /// How many statements a tenant has, for those who may read statements or the tenant.
    ///
    /// # Errors
    ///
    /// As [`Admin::permit_question`].
    pub async fn count_statements(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<u64, AdminError> {
        if self.permit(requester, tenant, Permission::ReadStatements).await.is_err() {
            self.permit(requester, tenant, Permission::ReadTenant).await?;
        }
        Ok(self.storage.count_statements(tenant).await?)
    }

    /// A page of the statements of a tenant, as comma-separated JSON texts, and the cursor of the
    /// next page. `question` is what the audit records of the query.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn read_statements(
        &self,
        requester: &Requester,
        tenant: TenantId,
        StatementQuestion { search, view }: StatementQuestion,
        question: &serde_json::Value,
    ) -> Result<(String, StatementPage), AdminError> {
        let what = json!({ "query": question });
        let principal = self.permit_reading(requester, tenant, &what).await?;
        let mut page = self.service.query_statements(&principal, search).await?;
        let statements = std::mem::take(&mut page.statements);
        let text =
            self.service.render_statements(&principal, statements, view, String::new()).await?;
        Ok((text, page))
    }

    /// One statement of a tenant, voided or not, as JSON text.
    ///
    /// # Errors
    ///
    /// As [`Admin::read_statements`].
    pub async fn read_statement(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: StatementId,
    ) -> Result<String, AdminError> {
        let what = json!({ "statement": id.to_string() });
        let principal = self.permit_reading(requester, tenant, &what).await?;
        let found = match self.service.find_statement(&principal, id).await {
            Err(ServiceError::NotFound) => {
                self.service.find_voided_statement(&principal, id).await?
            }
            found => found?,
        };
        Ok(found.text)
    }
}
