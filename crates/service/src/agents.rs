//! Reading persons.

use std::collections::HashSet;

use acta_access::{Act, Principal, TenantId, reads_every_statement};
use acta_storage::directory::{
    self, JoinedPerson, PersonChanges, PersonIdentifier, PersonRules, Tenant, Versioned,
};
use acta_storage::persons::class_members;
use acta_storage::{AgentFilter, Person, StatementQuery};
use acta_xapi::json::write_string;
use acta_xapi::{Actor, Ifi, Rule};

use crate::{Service, ServiceError};

/// Most identifiers that are looked up because of a rule.
const RULED_MAX: usize = 100;

/// How often identifiers are read again because persons have changed meanwhile.
const TRIES_MAX: usize = 8;

impl Service {
    /// The person that an agent identifies, as the JSON text of a Person object: all identifiers
    /// that are joined with this one, and every name that was used with them.
    ///
    /// A credential that may not read all statements of the tenant, or that is bound to an agent,
    /// is told of this identifier only.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without a scope for reading persons, or if a restriction
    ///   forbids this one.
    /// - [`ServiceError::Faulty`]: the agent has no identifier.
    /// - [`ServiceError::Failed`]: it cannot be read.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.4.
    pub async fn find_person(
        &self,
        principal: &Principal,
        agent: &Actor,
    ) -> Result<String, ServiceError> {
        Self::permit(principal, Act::ReadEntities)?;
        let Some(ifi) = &agent.ifi else {
            return Err(ServiceError::fault(
                "/agent",
                Rule::AgentIfi,
                "a group without identifier",
            ));
        };
        principal.restrictions.permit_agent(ifi)?;
        let tenant = principal.tenant;
        let (mut identifiers, mut names) = (vec![ifi.clone()], Vec::new());
        if reads_every_statement(principal) {
            let joined = self.joined(tenant, ifi).await?;
            identifiers = joined.identifiers;
            names.extend(joined.name);
        }
        for identifier in &identifiers {
            names.extend(self.storage.find_person(tenant, identifier).await?.names);
        }
        let mut known = HashSet::new();
        names.retain(|name| known.insert(name.clone()));
        names.truncate(Person::NAMES_COUNT_MAX);
        if names.is_empty() {
            names.extend(agent.name.as_deref().map(str::to_owned));
        }
        Ok(person_json(&identifiers, &names))
    }

    /// The identifiers that are one with `ifi`, which is among them, and the name of the person.
    async fn joined(&self, tenant: TenantId, ifi: &Ifi) -> Result<Joined, ServiceError> {
        let mut joined = Joined { identifiers: vec![ifi.clone()], name: None };
        let mut before = self.person_changes(tenant).await?;
        for _ in 0..TRIES_MAX {
            let Some(head) = before else { break };
            joined = self.joined_by(&head.value.rules, tenant, ifi).await?;
            // If persons were joined or split in between, some of it was read before and some
            // after.
            let after = self.person_changes(tenant).await?;
            let version = after.as_ref().map(|after| after.record.version);
            if version == Some(head.record.version) {
                break;
            }
            before = after;
        }
        Ok(joined)
    }

    async fn person_changes(
        &self,
        tenant: TenantId,
    ) -> Result<Option<Versioned<PersonChanges>>, ServiceError> {
        Ok(directory::find(&*self.storage, &Tenant::record_id_of(tenant)).await?)
    }

    async fn joined_by(
        &self,
        rules: &PersonRules,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<Joined, ServiceError> {
        let mut person = self.person_of(tenant, ifi).await?;
        if person.is_none() {
            for member in class_members(rules, ifi) {
                person = person.or(self.person_of(tenant, &member).await?);
            }
        }
        if let (None, true, Ifi::MboxSha1(sum)) = (&person, rules.mailbox_sha1, ifi) {
            person = self.person_of_mailbox(tenant, sum).await?;
        }
        let mut joined = Joined { identifiers: vec![ifi.clone()], name: None };
        if let Some(person) = person {
            joined.name = person.name;
            joined.identifiers = person.identifiers;
            if !joined.identifiers.contains(ifi) {
                joined.identifiers.push(ifi.clone());
            }
        }
        let own = joined.identifiers.clone();
        let mut looked = 0;
        for identifier in &own {
            let members = class_members(rules, identifier);
            looked += members.len();
            if RULED_MAX < looked {
                break;
            }
            let mut unlisted = self.ruled(tenant, members, &own).await?;
            unlisted.retain(|member| !joined.identifiers.contains(member));
            joined.identifiers.append(&mut unlisted);
        }
        Ok(joined)
    }

    /// The identifiers out of those that are one by a rule that belong to a person, who has `own`,
    /// without being listed. They belong to whom the first listed one of them belongs to.
    async fn ruled(
        &self,
        tenant: TenantId,
        members: Vec<Ifi>,
        own: &[Ifi],
    ) -> Result<Vec<Ifi>, ServiceError> {
        let mut unlisted = Vec::new();
        let mut is_owner = false;
        for member in members {
            if own.contains(&member) {
                is_owner = true;
            } else if !self.is_listed(tenant, &member).await? {
                unlisted.push(member);
            } else if !is_owner {
                return Ok(Vec::new());
            }
        }
        let mut used = Vec::new();
        for member in unlisted {
            if self.is_used(tenant, &member).await? {
                used.push(member);
            }
        }
        Ok(used)
    }

    async fn person_of(
        &self,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<Option<JoinedPerson>, ServiceError> {
        let id = PersonIdentifier::record_id_of(tenant, ifi);
        let found = directory::find::<PersonIdentifier>(&*self.storage, &id).await?;
        self.owner(found.map(|found| found.value)).await
    }

    async fn person_of_mailbox(
        &self,
        tenant: TenantId,
        sha1: &str,
    ) -> Result<Option<JoinedPerson>, ServiceError> {
        let name = PersonIdentifier::record_name_of(tenant, sha1);
        let found = directory::find_by_name::<PersonIdentifier>(&*self.storage, &name).await?;
        self.owner(found.map(|found| found.value)).await
    }

    async fn owner(
        &self,
        identifier: Option<PersonIdentifier>,
    ) -> Result<Option<JoinedPerson>, ServiceError> {
        let Some(identifier) = identifier else { return Ok(None) };
        let id = JoinedPerson::record_id_of(identifier.tenant, identifier.person);
        let found = directory::find::<JoinedPerson>(&*self.storage, &id).await?;
        Ok(found.map(|found| found.value))
    }

    /// Whether an identifier belongs to a person by being listed.
    async fn is_listed(&self, tenant: TenantId, ifi: &Ifi) -> Result<bool, ServiceError> {
        let id = PersonIdentifier::record_id_of(tenant, ifi);
        Ok(directory::find::<PersonIdentifier>(&*self.storage, &id).await?.is_some())
    }

    /// Whether a statement has an identifier.
    async fn is_used(&self, tenant: TenantId, ifi: &Ifi) -> Result<bool, ServiceError> {
        let agent = AgentFilter { ifi: ifi.clone(), is_related: true };
        let query =
            StatementQuery { agent: Some(agent), count_max: 1, ..StatementQuery::default() };
        Ok(!self.storage.query_statements(tenant, &query).await?.statements.is_empty())
    }
}

/// The identifiers of a person.
struct Joined {
    identifiers: Vec<Ifi>,
    name: Option<String>,
}

fn person_json(identifiers: &[Ifi], names: &[String]) -> String {
    let mut json = String::from(r#"{"objectType":"Person""#);
    let text = |text: &str| {
        let mut written = String::new();
        write_string(&mut written, text);
        written
    };
    let names: Vec<String> = names.iter().map(|name| text(name)).collect();
    let [mut mboxes, mut sums, mut open_ids, mut accounts] = [const { Vec::new() }; 4];
    for identifier in identifiers {
        match identifier {
            Ifi::Mbox(mbox) => mboxes.push(text(mbox.as_str())),
            Ifi::MboxSha1(sum) => sums.push(text(sum)),
            Ifi::OpenId(iri) => open_ids.push(text(iri.as_str())),
            Ifi::Account { home_page, name } => accounts.push(format!(
                r#"{{"homePage":{},"name":{}}}"#,
                text(home_page.as_str()),
                text(name)
            )),
        }
    }
    let properties = [
        ("name", names),
        ("mbox", mboxes),
        ("mbox_sha1sum", sums),
        ("openid", open_ids),
        ("account", accounts),
    ];
    for (name, values) in properties.iter().filter(|(_, values)| !values.is_empty()) {
        json.push_str(",\"");
        json.push_str(name);
        json.push_str("\":[");
        json.push_str(&values.join(","));
        json.push(']');
    }
    json.push('}');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(identifiers: &[&Ifi], names: &[&str], expected: &str) {
        let identifiers: Vec<Ifi> = identifiers.iter().copied().cloned().collect();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(person_json(&identifiers, &names), expected);
    }

    #[test]
    fn a_person_has_every_property_as_an_array() {
        let mbox = Ifi::Mbox("mailto:ada@example.org".parse().unwrap());
        let account = Ifi::Account {
            home_page: "https://lms.example".parse().unwrap(),
            name: "\"7\"".into(),
        };
        check(
            &[&mbox],
            &["Ada", "A. L."],
            r#"{"objectType":"Person","name":["Ada","A. L."],"mbox":["mailto:ada@example.org"]}"#,
        );
        check(
            &[&account, &mbox],
            &[],
            r#"{"objectType":"Person","mbox":["mailto:ada@example.org"],"account":[{"homePage":"https://lms.example","name":"\"7\""}]}"#,
        );
        check(
            &[&account],
            &[],
            r#"{"objectType":"Person","account":[{"homePage":"https://lms.example","name":"\"7\""}]}"#,
        );
    }
}
