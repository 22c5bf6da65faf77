//! Reading statements as a person.

use std::collections::{BTreeSet, HashMap};

use acta_access::{Permission, Principal, Role, Scope, Scopes, ServerPermission, TenantId};
use acta_service::{Described, Search, Service, ServiceError, StatementPage, View};
use acta_storage::directory::{EmailAddress, GroupId, Tenant, TenantSettings};
use acta_storage::{Change, StoredStatement};
use acta_xapi::{ActivityId, Languages, StatementId};
use serde_json::json;

use crate::audit_entry::tenant_target;
use crate::requester::Capabilities;
use crate::{Admin, AdminError, Requester};

/// A query for statements, and the form of the result.
#[derive(Debug)]
pub struct StatementQuestion {
    /// The filters.
    pub search: Search,
    /// The form of the statements.
    pub view: View,
}

/// The learners about whom somebody may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of the tenant.
    Everybody,
    /// The members of these groups, and of those below them, while they are members.
    Groups(Vec<GroupId>),
    /// The person with this e-mail address alone.
    Person(EmailAddress),
}

/// The permission to answer questions about the statements of a tenant.
#[derive(Clone, Debug)]
pub struct AnswerPermit {
    /// The tenant.
    pub tenant: TenantId,
    /// What it has set for questions.
    pub settings: TenantSettings,
    /// About whom.
    pub reach: Reach,
}

/// Somebody who may read all statements of a tenant.
struct Reading {
    /// Who reads.
    principal: Principal,
    /// The settings of the tenant.
    settings: TenantSettings,
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
    ) -> Result<Reading, AdminError> {
        let found = self.permit(requester, tenant, Permission::ReadStatements).await?;
        self.record_reading(requester, &found.value, what).await?;
        Ok(Reading { principal: reader(requester, tenant), settings: found.value.settings })
    }

    /// Records a reading in the audit if the tenant has enabled this.
    async fn record_reading(
        &self,
        requester: &Requester,
        tenant: &Tenant,
        what: &serde_json::Value,
    ) -> Result<(), AdminError> {
        let is_person = requester.account().is_some();
        if tenant.audits_reads && is_person {
            let target = tenant_target(tenant.id);
            let entry = self.entry_with(requester, "statements.read", target, what);
            let entries = vec![(Some(tenant.id), entry)];
            self.commit(&Change { writes: Vec::new(), entries }).await?;
        }
        self.record_credential(requester, tenant).await
    }

    /// About whom the requester, who may ask questions about a tenant, may ask.
    async fn reach(&self, requester: &Requester, tenant: TenantId) -> Result<Reach, AdminError> {
        if self.may(requester, tenant, Permission::ReadStatements).await? {
            return Ok(Reach::Everybody);
        }
        let nobody = Reach::Groups(Vec::new());
        let Some(account) = requester.account() else { return Ok(nobody) };
        let membership = self.membership(tenant, account.id).await?.map(|found| found.value);
        Ok(match membership.map(|it| (it.role, it.groups)) {
            Some((Role::Advisor, groups)) => Reach::Groups(groups),
            Some((Role::Learner, _)) => Reach::Person(account.email.clone()),
            // The role was changed in this moment.
            Some(_) | None => nobody,
        })
    }

    /// Records in the audit that a credential reads, if the tenant has enabled this: the first time
    /// in each hour.
    pub(crate) async fn record_credential(
        &self,
        requester: &Requester,
        tenant: &Tenant,
    ) -> Result<(), AdminError> {
        if requester.confined_to().is_some() {
            let who = requester.who();
            self.authenticator.record_reading(tenant, who, &requester.from).await?;
        }
        Ok(())
    }

    /// Checks whether the requester may follow the statements of a tenant as they are stored, and
    /// records it in the audit as a reading. A credential follows what it may read over xAPI.
    ///
    /// The principal is the one that reads: what it does not find is not for the requester.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Conflict`],
    /// [`AdminError::Service`].
    pub async fn begin_following(
        &self,
        requester: &Requester,
        tenant: TenantId,
        what: &serde_json::Value,
    ) -> Result<Principal, AdminError> {
        if own_principal(requester, tenant).is_some() {
            return self.continue_following(requester, tenant).await;
        }
        let what = json!({ "stream": what });
        Ok(self.permit_reading(requester, tenant, &what).await?.principal)
    }

    /// As [`Admin::begin_following`], for a stream that is open already.
    ///
    /// # Errors
    ///
    /// As [`Admin::begin_following`].
    pub async fn continue_following(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<Principal, AdminError> {
        let Some(principal) = own_principal(requester, tenant) else {
            self.permit(requester, tenant, Permission::ReadStatements).await?;
            return Ok(reader(requester, tenant));
        };
        let found = self.find_tenant(tenant).await?.ok_or(AdminError::NotFound)?;
        tracing::Span::current().record("tenant.id", tenant.number());
        if Service::permit_reading(principal).is_err() {
            let permission = Permission::ReadStatements.as_str();
            return Err(self.refuse(requester, Some(tenant), permission).await);
        }
        let who = requester.who();
        self.authenticator.record_reading(&found.value, who, &requester.from).await?;
        Ok(principal.clone())
    }

    /// Checks whether the requester may still read all statements of a tenant, for work that was
    /// permitted and recorded when it began.
    ///
    /// # Errors
    ///
    /// As [`Admin::permit_question`].
    pub async fn confirm_reading(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<(), AdminError> {
        self.permit(requester, tenant, Permission::ReadStatements).await.map(drop)
    }

    /// Checks whether the requester may follow how many statements a tenant has: those who may read
    /// its statements or its usage. Returns the tenant.
    ///
    /// # Errors
    ///
    /// As [`Admin::permit_question`].
    pub async fn permit_counting(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<Tenant, AdminError> {
        let is_reader = self.may(requester, tenant, Permission::ReadStatements).await?;
        let permission = if is_reader { Permission::ReadStatements } else { Permission::ReadUsage };
        Ok(self.permit(requester, tenant, permission).await?.value)
    }

    /// Checks whether the requester may ask questions about the statements of a tenant, and about
    /// whom, and records the question in the audit if the tenant has enabled this.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn permit_question(
        &self,
        requester: &Requester,
        tenant: TenantId,
        question: &serde_json::Value,
    ) -> Result<AnswerPermit, AdminError> {
        let found = self.permit(requester, tenant, Permission::AskQuestions).await?.value;
        let reach = self.reach(requester, tenant).await?;
        self.record_reading(requester, &found, &json!({ "question": question })).await?;
        let mut settings = found.settings;
        if matches!(reach, Reach::Person(_)) {
            // It protects learners from others, not from their own record.
            settings.smallest_group = None;
        }
        Ok(AnswerPermit { tenant, settings, reach })
    }

    /// Checks whether the requester may ask about the facts of a tenant in SQL, which reaches all
    /// of them, and records the statement in the audit if the tenant has enabled this.
    ///
    /// # Errors
    ///
    /// As [`Admin::permit_question`].
    pub async fn permit_sql(
        &self,
        requester: &Requester,
        tenant: TenantId,
        statement: &str,
    ) -> Result<AnswerPermit, AdminError> {
        let found = self.permit(requester, tenant, Permission::RunSql).await?.value;
        self.record_reading(requester, &found, &json!({ "sql": statement })).await?;
        Ok(AnswerPermit { tenant, settings: found.settings, reach: Reach::Everybody })
    }

    /// Checks whether the requester may export the facts of a tenant, and records what is exported
    /// in the audit if the tenant has enabled this.
    ///
    /// # Errors
    ///
    /// As [`Admin::permit_question`].
    pub async fn permit_export_of_facts(
        &self,
        requester: &Requester,
        tenant: TenantId,
        what: &str,
    ) -> Result<AnswerPermit, AdminError> {
        let settings =
            self.permit_reading(requester, tenant, &json!({ "facts": what })).await?.settings;
        Ok(AnswerPermit { tenant, settings, reach: Reach::Everybody })
    }

    /// The definitions of activities of a tenant, as JSON, for those who may ask questions. In the
    /// order of `ids`; none for an activity without one.
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
        self.permit(requester, tenant, Permission::AskQuestions).await?;
        Ok(self.storage.find_definitions(tenant, ids).await?)
    }

    /// The places in the log of statements of a tenant, for a question that was permitted. In the
    /// order of `ids`; none for one that is not stored.
    ///
    /// # Errors
    ///
    /// [`AdminError::Service`].
    pub async fn locate_statements(
        &self,
        permit: &AnswerPermit,
        ids: &[StatementId],
    ) -> Result<Vec<Option<u64>>, AdminError> {
        let mut places = Vec::with_capacity(ids.len());
        for id in ids {
            let found = self.storage.find_statement(permit.tenant, *id).await?;
            places.push(found.map(|statement| statement.sequence));
        }
        Ok(places)
    }

    /// What statements say of themselves, by their places in the log, for those that an answer that
    /// was permitted has found. `bytes_max` bounds the texts that are in memory at a time.
    ///
    /// # Errors
    ///
    /// [`AdminError::Service`].
    pub async fn describe_statements(
        &self,
        permit: &AnswerPermit,
        sequences: &[u64],
        languages: &Languages,
        bytes_max: usize,
    ) -> Result<HashMap<u64, Described>, AdminError> {
        let service = &self.service;
        let described = service.describe_statements(permit.tenant, sequences, languages, bytes_max);
        Ok(described.await?)
    }

    /// The names of activities in an answer that was permitted.
    ///
    /// # Errors
    ///
    /// [`AdminError::Service`].
    pub async fn name_activities(
        &self,
        permit: &AnswerPermit,
        ids: &BTreeSet<String>,
        languages: &Languages,
    ) -> Result<HashMap<String, String>, AdminError> {
        Ok(self.service.name_activities(permit.tenant, ids, languages).await?)
    }

    /// Whether the tenant of an answer that was permitted has any statements.
    ///
    /// # Errors
    ///
    /// [`AdminError::Service`].
    pub async fn has_statements(&self, permit: &AnswerPermit) -> Result<bool, AdminError> {
        Ok(0 < self.storage.count_statements(permit.tenant).await?)
    }

    /// How many statements a tenant has, for those who may ask questions, since answers say how far
    /// they go, or read its usage.
    ///
    /// # Errors
    ///
    /// As [`Admin::permit_question`].
    pub async fn count_statements(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<u64, AdminError> {
        let may_ask = self.may(requester, tenant, Permission::AskQuestions).await?;
        let permission = if may_ask { Permission::AskQuestions } else { Permission::ReadUsage };
        self.permit(requester, tenant, permission).await?;
        Ok(self.storage.count_statements(tenant).await?)
    }

    /// Tenants and how many statements each has, for operators of the server: at most `count_max`,
    /// by number, after `after`.
    ///
    /// # Errors
    ///
    /// [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn count_all_statements(
        &self,
        requester: &Requester,
        after: Option<TenantId>,
        count_max: usize,
    ) -> Result<Vec<(TenantId, u64)>, AdminError> {
        self.permit_on_server(requester, ServerPermission::ReadFollowers).await?;
        let mut counted = Vec::new();
        for tenant in self.tenants_after(after, count_max).await? {
            let tenant = tenant.value.id;
            counted.push((tenant, self.storage.count_statements(tenant).await?));
        }
        Ok(counted)
    }

    /// Checks whether the requester may have the facts of a tenant made again, and records it in
    /// the audit. Operators of the server may. Returns how many statements the tenant has.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn permit_rebuilding_facts(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<u64, AdminError> {
        self.permit_on_server(requester, ServerPermission::ControlFollowers).await?;
        self.find_tenant(tenant).await?.ok_or(AdminError::NotFound)?;
        self.record_rebuilding(requester, tenant_target(tenant)).await?;
        Ok(self.storage.count_statements(tenant).await?)
    }

    /// The same for the facts of all tenants.
    ///
    /// # Errors
    ///
    /// [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn permit_rebuilding_all_facts(
        &self,
        requester: &Requester,
    ) -> Result<(), AdminError> {
        self.permit_on_server(requester, ServerPermission::ControlFollowers).await?;
        self.record_rebuilding(requester, "facts".to_owned()).await
    }

    async fn record_rebuilding(
        &self,
        requester: &Requester,
        target: String,
    ) -> Result<(), AdminError> {
        let entries = vec![(None, self.entry(requester, "facts.rebuilt", target))];
        self.commit(&Change { writes: Vec::new(), entries }).await
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
        let principal = self.permit_reading(requester, tenant, &what).await?.principal;
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
        Ok(self.find_statement(requester, tenant, id, &what).await?.text)
    }

    /// The place in the log of one statement of a tenant, voided or not, whose text and proof are
    /// then read by the requester.
    ///
    /// # Errors
    ///
    /// As [`Admin::read_statements`].
    pub async fn locate_proof(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: StatementId,
    ) -> Result<u64, AdminError> {
        let what = json!({ "proof": id.to_string() });
        Ok(self.find_statement(requester, tenant, id, &what).await?.sequence)
    }

    /// One statement that a requester reads. `what` is what the audit records of it.
    pub(super) async fn find_statement(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: StatementId,
        what: &serde_json::Value,
    ) -> Result<StoredStatement, AdminError> {
        let principal = self.permit_reading(requester, tenant, what).await?.principal;
        Ok(match self.service.find_statement(&principal, id).await {
            Err(ServiceError::NotFound) => {
                self.service.find_voided_statement(&principal, id).await?
            }
            found => found?,
        })
    }
}

/// The principal with which a requester who may read all statements of a tenant reads them.
pub(super) fn reader(requester: &Requester, tenant: TenantId) -> Principal {
    let scopes = Scopes::from_iter([Scope::AllRead]);
    Principal::new(tenant, requester.who().to_string(), scopes)
}

/// The principal of a credential of the tenant.
pub(crate) fn own_principal(requester: &Requester, tenant: TenantId) -> Option<&Principal> {
    match &requester.capabilities {
        Capabilities::Credential(principal) if principal.tenant == tenant => Some(principal),
        Capabilities::Credential(_)
        | Capabilities::Machine
        | Capabilities::Person { .. }
        | Capabilities::Server
        | Capabilities::Anonymous => None,
    }
}
