//! Persons: the identifiers of one learner are joined, and split again.
//!
//! Every change is planned on all persons of the tenant as they were at one moment, and made
//! only if none of them has changed since: see [`draft::Draft`].

pub(crate) mod csv;
mod draft;
pub(crate) mod groups;
pub(crate) mod import;

use std::collections::{BTreeMap, HashSet};

use acta_access::{Permission, TenantId};
use acta_storage::directory::{
    self, AttributeName, GroupMembership, JoinedPerson, PersonId, PersonRules, Versioned,
};
use acta_storage::{Change, NewAuditEntry};
use acta_xapi::Ifi;
use serde_json::{Value, json};

use crate::audit_entry::tenant_target;
use crate::idempotency::Attempt;
use crate::tenants::{check_name, check_version};
use crate::{Admin, AdminError, Idempotency, Idempotent, Requester};
use draft::Draft;

/// A person to be created.
#[derive(Clone, Debug, Default)]
pub struct NewJoinedPerson {
    /// The name, if there is one.
    pub name: Option<String>,
    /// The identifiers that are one.
    pub identifiers: Vec<Ifi>,
    /// What else is known.
    pub attributes: BTreeMap<AttributeName, String>,
}

/// Changes to a person; none leaves a property unchanged.
#[derive(Clone, Debug, Default)]
pub struct PersonEdit {
    /// The name; the inner none removes it.
    pub name: Option<Option<String>>,
    /// The identifiers, instead of those that there are.
    pub identifiers: Option<Vec<Ifi>>,
    /// Attributes to set; none removes one.
    pub attributes: BTreeMap<AttributeName, Option<String>>,
}

/// Which persons are listed.
#[derive(Clone, Debug)]
pub struct PersonSearch {
    /// Those with this text in the name, an attribute or an identifier; empty for all.
    pub text: String,
    /// Those after this one.
    pub after: Option<PersonId>,
    /// At most so many.
    pub count_max: usize,
}

pub(crate) fn person_target(id: PersonId) -> String {
    format!("person:{id}")
}

/// Checks what a person is to be.
fn check(person: &JoinedPerson) -> Result<(), AdminError> {
    if let Some(name) = &person.name {
        check_name("/name", name)?;
    }
    let count = person.identifiers.len();
    if !(1..=JoinedPerson::IDENTIFIERS_MAX).contains(&count) {
        let text = format!("expected 1 to {} identifiers", JoinedPerson::IDENTIFIERS_MAX);
        return Err(AdminError::fault("/identifiers", text));
    }
    let is_long = |it: &Ifi| JoinedPerson::IDENTIFIER_BYTES_MAX < it.to_key().len();
    if person.identifiers.iter().any(is_long) {
        let text =
            format!("an identifier has at most {} bytes", JoinedPerson::IDENTIFIER_BYTES_MAX);
        return Err(AdminError::fault("/identifiers", text));
    }
    if JoinedPerson::ATTRIBUTES_MAX < person.attributes.len() {
        let text = format!("expected at most {} attributes", JoinedPerson::ATTRIBUTES_MAX);
        return Err(AdminError::fault("/attributes", text));
    }
    if JoinedPerson::MEMBERSHIPS_MAX < person.memberships.len() {
        let most = JoinedPerson::MEMBERSHIPS_MAX;
        let text = format!("a person is a member of groups at most {most} times");
        return Err(AdminError::fault("", text));
    }
    person.attributes.values().try_for_each(|text| check_name("/attributes", text))
}

/// The identifiers, each once.
fn distinct(identifiers: Vec<Ifi>) -> Vec<Ifi> {
    let mut distinct: Vec<Ifi> = Vec::with_capacity(identifiers.len());
    for identifier in identifiers {
        if !distinct.contains(&identifier) {
            distinct.push(identifier);
        }
    }
    distinct
}

/// An act on persons, for the audit. The identifiers of people are in no entry: it stays when a
/// person is removed.
struct PersonAct {
    act: &'static str,
    target: String,
    detail: Value,
}

impl PersonAct {
    fn on(act: &'static str, person: PersonId, detail: Value) -> Self {
        Self { act, target: person_target(person), detail }
    }
}

impl Admin {
    /// Checks whether the requester may read persons, and records it in the audit if the tenant has
    /// enabled this.
    async fn permit_reading_persons(
        &self,
        requester: &Requester,
        tenant: TenantId,
        what: &Value,
    ) -> Result<(), AdminError> {
        let found = self.permit(requester, tenant, Permission::ReadPersons).await?;
        if found.value.audits_reads && requester.account().is_some() {
            let entry = self.entry_with(requester, "persons.read", tenant_target(tenant), what);
            let entries = vec![(Some(tenant), entry)];
            self.commit(&Change { writes: Vec::new(), entries }).await?;
        }
        self.record_credential(requester, &found.value).await
    }

    /// Checks whether the requester may change persons, before much is read for it.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn permit_changing_persons(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<(), AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await.map(drop)
    }

    /// Some persons of a tenant, by their ids.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn list_persons(
        &self,
        requester: &Requester,
        tenant: TenantId,
        search: &PersonSearch,
    ) -> Result<Vec<Versioned<JoinedPerson>>, AdminError> {
        let what = json!({ "is_search": !search.text.is_empty() });
        self.permit_reading_persons(requester, tenant, &what).await?;
        let persons = self.persons.load(tenant).await?;
        let wanted = search.clone();
        // Without a text, those of the page are the first that are looked at, and with one all.
        let size = if wanted.text.is_empty() { 0 } else { persons.memory_bytes() };
        let searching = self.service.run(tenant, size, move || {
            persons.search(&wanted.text, wanted.after, wanted.count_max)
        });
        let mut found = Vec::new();
        for id in searching.await? {
            found.extend(self.find_joined(tenant, id).await?);
        }
        Ok(found)
    }

    /// A person of a tenant.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_persons`].
    pub async fn read_person(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: PersonId,
    ) -> Result<Versioned<JoinedPerson>, AdminError> {
        self.permit_reading_persons(requester, tenant, &json!({ "person": id.to_string() }))
            .await?;
        self.find_joined(tenant, id).await?.ok_or(AdminError::NotFound)
    }

    pub(crate) async fn find_joined(
        &self,
        tenant: TenantId,
        id: PersonId,
    ) -> Result<Option<Versioned<JoinedPerson>>, AdminError> {
        Ok(directory::find(&*self.storage, &JoinedPerson::record_id_of(tenant, id)).await?)
    }

    /// Creates a person.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`], [`AdminError::NotFound`], [`AdminError::Forbidden`],
    /// [`AdminError::IdentifierTaken`], [`AdminError::Conflict`]: there are too many persons;
    /// [`AdminError::KeyReused`], [`AdminError::Service`].
    pub async fn create_person(
        &self,
        requester: &Requester,
        tenant: TenantId,
        new: NewJoinedPerson,
        once: Idempotency<'_, JoinedPerson>,
    ) -> Result<Idempotent<JoinedPerson>, AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        let person = JoinedPerson {
            id: self.new_id(),
            tenant,
            name: new.name,
            identifiers: distinct(new.identifiers),
            attributes: new.attributes,
            memberships: Vec::new(),
            created: self.clock.now(),
        };
        check(&person)?;
        let detail = json!({ "identifiers": person.identifiers.len() });
        let act = PersonAct::on("persons.created", person.id, detail);
        for _ in 0..Self::TRIES {
            if let Some(answer) = self.find_answer(once.key).await? {
                return Ok(Idempotent::Replayed(answer));
            }
            let mut draft = Draft::begin(self, tenant).await?;
            draft.put(None, person.clone())?;
            let change = draft.change(vec![(Some(tenant), self.person_entry(requester, &act))])?;
            match self.commit_once(change, once, &person).await? {
                Attempt::Done => {
                    draft.finish(self).await;
                    return Ok(Idempotent::Performed(person));
                }
                Attempt::Replayed(answer) => return Ok(Idempotent::Replayed(answer)),
                Attempt::Stale | Attempt::NameTaken | Attempt::LimitReached => {}
            }
        }
        Err(AdminError::Stale)
    }

    fn person_entry(&self, requester: &Requester, act: &PersonAct) -> NewAuditEntry {
        self.entry_with(requester, act.act, act.target.clone(), &act.detail)
    }

    /// Makes a planned change. Returns whether it was made; if not, other persons have changed.
    async fn commit_draft(
        &self,
        requester: &Requester,
        mut draft: Draft,
        act: &PersonAct,
    ) -> Result<bool, AdminError> {
        let entries = vec![(Some(draft.tenant()), self.person_entry(requester, act))];
        let change = draft.change(entries)?;
        let is_done = self.storage.commit(&change).await? == acta_storage::Committed::Done;
        if is_done {
            draft.finish(self).await;
        }
        Ok(is_done)
    }

    /// Changes a person, who must have one of the versions `expected` if any are given.
    ///
    /// # Errors
    ///
    /// As [`Admin::create_person`]; [`AdminError::Stale`].
    pub async fn change_person(
        &self,
        requester: &Requester,
        (tenant, id): (TenantId, PersonId),
        edit: &PersonEdit,
        expected: Option<&[u64]>,
    ) -> Result<Versioned<JoinedPerson>, AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        for _ in 0..Self::TRIES {
            let mut draft = Draft::begin(self, tenant).await?;
            let found = self.find_joined(tenant, id).await?.ok_or(AdminError::NotFound)?;
            check_version(&found.record, expected)?;
            let mut after = found.value.clone();
            if let Some(name) = &edit.name {
                after.name.clone_from(name);
            }
            if let Some(identifiers) = &edit.identifiers {
                after.identifiers = distinct(identifiers.clone());
            }
            for (name, text) in &edit.attributes {
                match text {
                    Some(text) => drop(after.attributes.insert(name.clone(), text.clone())),
                    None => drop(after.attributes.remove(name)),
                }
            }
            check(&after)?;
            let added = after.identifiers.iter().filter(|it| !found.value.identifiers.contains(it));
            let removed =
                found.value.identifiers.iter().filter(|it| !after.identifiers.contains(it));
            let names: Vec<&str> = edit.attributes.keys().map(AttributeName::as_str).collect();
            let detail = json!({
                "name": edit.name.is_some(), "attributes": names,
                "identifiers_added": added.count(), "identifiers_removed": removed.count(),
            });
            draft.put(Some(&found.value), after)?;
            if self
                .commit_draft(requester, draft, &PersonAct::on("persons.changed", id, detail))
                .await?
            {
                return self.find_joined(tenant, id).await?.ok_or(AdminError::NotFound);
            }
        }
        Err(AdminError::Stale)
    }

    /// Removes a person: each of the identifiers is on its own again. Statements are not changed.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_person`].
    pub async fn remove_person(
        &self,
        requester: &Requester,
        (tenant, id): (TenantId, PersonId),
        expected: Option<&[u64]>,
    ) -> Result<(), AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        for _ in 0..Self::TRIES {
            let mut draft = Draft::begin(self, tenant).await?;
            let found = self.find_joined(tenant, id).await?.ok_or(AdminError::NotFound)?;
            check_version(&found.record, expected)?;
            draft.remove(&found.value);
            let detail = json!({ "identifiers": found.value.identifiers.len() });
            if self
                .commit_draft(requester, draft, &PersonAct::on("persons.removed", id, detail))
                .await?
            {
                return Ok(());
            }
        }
        Err(AdminError::Stale)
    }

    /// Joins persons into one, who has the identifiers of all of them, and is a member of all their
    /// groups. A name or an attribute that this one has not is taken from the others, in their
    /// order. The others are removed.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_person`]; [`AdminError::Faulty`] if one of them is not there.
    pub async fn join_persons(
        &self,
        requester: &Requester,
        (tenant, id): (TenantId, PersonId),
        others: &[PersonId],
    ) -> Result<Versioned<JoinedPerson>, AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        // What is wrong with the others is told only of a person who is there.
        self.find_joined(tenant, id).await?.ok_or(AdminError::NotFound)?;
        if others.is_empty() || JoinedPerson::IDENTIFIERS_MAX < others.len() || others.contains(&id)
        {
            let most = JoinedPerson::IDENTIFIERS_MAX;
            let text = format!("expected 1 to {most} other persons");
            return Err(AdminError::fault("/persons", text));
        }
        // Somebody who is named twice is joined once.
        let mut known = HashSet::new();
        let others: Vec<PersonId> = others.iter().copied().filter(|it| known.insert(*it)).collect();
        for _ in 0..Self::TRIES {
            let mut draft = Draft::begin(self, tenant).await?;
            let found = self.find_joined(tenant, id).await?.ok_or(AdminError::NotFound)?.value;
            let mut after = found.clone();
            for other in &others {
                let missing =
                    || AdminError::fault("/persons", format!("there is no person {other}"));
                let other = self.find_joined(tenant, *other).await?.ok_or_else(missing)?;
                draft.remove(&other.value);
                absorb(&mut after, other.value);
            }
            check(&after)?;
            draft.put(Some(&found), after)?;
            let ids: Vec<String> = others.iter().map(ToString::to_string).collect();
            let act = PersonAct::on("persons.joined", id, json!({ "persons": ids }));
            if self.commit_draft(requester, draft, &act).await? {
                return self.find_joined(tenant, id).await?.ok_or(AdminError::NotFound);
            }
        }
        Err(AdminError::Stale)
    }

    /// Splits identifiers off a person, into a new person, who is returned. The name, the
    /// attributes and the memberships in groups stay with the first one.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_person`]; [`AdminError::Faulty`] if one of them is not an identifier of
    /// the person, or none would be left.
    pub async fn split_person(
        &self,
        requester: &Requester,
        (tenant, id): (TenantId, PersonId),
        new: &NewJoinedPerson,
    ) -> Result<Versioned<JoinedPerson>, AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        let new_id = self.new_id();
        for _ in 0..Self::TRIES {
            let mut draft = Draft::begin(self, tenant).await?;
            let found = self.find_joined(tenant, id).await?.ok_or(AdminError::NotFound)?.value;
            let split = JoinedPerson {
                id: new_id,
                tenant,
                name: new.name.clone(),
                identifiers: distinct(new.identifiers.clone()),
                attributes: new.attributes.clone(),
                memberships: Vec::new(),
                created: self.clock.now(),
            };
            check(&split)?;
            if split.identifiers.iter().any(|it| !found.identifiers.contains(it)) {
                let text = "expected identifiers of the person";
                return Err(AdminError::fault("/identifiers", text));
            }
            let mut rest = found.clone();
            rest.identifiers.retain(|it| !split.identifiers.contains(it));
            if rest.identifiers.is_empty() {
                let text = "expected fewer than all identifiers of the person";
                return Err(AdminError::fault("/identifiers", text));
            }
            let detail =
                json!({ "into": new_id.to_string(), "identifiers": split.identifiers.len() });
            draft.put(Some(&found), rest)?;
            draft.put(None, split)?;
            if self
                .commit_draft(requester, draft, &PersonAct::on("persons.split", id, detail))
                .await?
            {
                return self.find_joined(tenant, new_id).await?.ok_or(AdminError::NotFound);
            }
        }
        Err(AdminError::Stale)
    }

    /// The rules by which identifiers of a tenant are one without being listed.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_persons`].
    pub async fn read_person_rules(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<PersonRules, AdminError> {
        self.permit(requester, tenant, Permission::ReadPersons).await?;
        Ok(self.persons.load(tenant).await?.rules().clone())
    }

    /// Sets the rules of a tenant.
    ///
    /// # Errors
    ///
    /// As [`Admin::create_person`].
    pub async fn set_person_rules(
        &self,
        requester: &Requester,
        tenant: TenantId,
        rules: &PersonRules,
    ) -> Result<(), AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        check_rules(rules)?;
        let lists: Vec<usize> = rules.home_pages.iter().map(Vec::len).collect();
        let act = PersonAct {
            act: "persons.rules-changed",
            target: tenant_target(tenant),
            detail: json!({ "home_pages": lists, "mailbox_sha1": rules.mailbox_sha1 }),
        };
        for _ in 0..Self::TRIES {
            let mut draft = Draft::begin(self, tenant).await?;
            draft.set_rules(rules.clone());
            if self.commit_draft(requester, draft, &act).await? {
                return Ok(());
            }
        }
        Err(AdminError::Stale)
    }

    /// Begins an export of the persons of a tenant: records it in the audit, and returns the ids.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_persons`].
    pub async fn begin_person_export(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<std::sync::Arc<acta_storage::persons::Persons>, AdminError> {
        let found = self.permit(requester, tenant, Permission::ReadPersons).await?;
        self.record_credential(requester, &found.value).await?;
        let persons = self.persons.load(tenant).await?;
        let detail = json!({ "persons": persons.len() });
        let entry = self.entry_with(requester, "persons.exported", tenant_target(tenant), &detail);
        let entries = vec![(Some(tenant), entry)];
        self.commit(&Change { writes: Vec::new(), entries }).await?;
        Ok(persons)
    }

    /// The persons with these ids that are still there.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_persons`].
    pub async fn read_persons(
        &self,
        requester: &Requester,
        tenant: TenantId,
        ids: &[PersonId],
    ) -> Result<Vec<JoinedPerson>, AdminError> {
        self.permit(requester, tenant, Permission::ReadPersons).await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.find_joined(tenant, *id).await?.map(|found| found.value));
        }
        Ok(found)
    }
}

/// Adds to a person what another one has.
fn absorb(person: &mut JoinedPerson, other: JoinedPerson) {
    person.name = person.name.take().or(other.name);
    person.identifiers.extend(other.identifiers);
    for (name, text) in other.attributes {
        person.attributes.entry(name).or_insert(text);
    }
    let mut memberships = std::mem::take(&mut person.memberships);
    memberships.extend(other.memberships);
    person.memberships = GroupMembership::merged(memberships);
}

fn check_rules(rules: &PersonRules) -> Result<(), AdminError> {
    let (lists, most) = (PersonRules::LISTS_MAX, PersonRules::HOME_PAGES_MAX);
    let is_short = |pages: &Vec<acta_xapi::Iri>| !(2..=most).contains(&pages.len());
    if lists < rules.home_pages.len() || rules.home_pages.iter().any(is_short) {
        let text = format!("expected at most {lists} lists of 2 to {most} home pages");
        return Err(AdminError::fault("/home_pages", text));
    }
    let mut all: Vec<&str> =
        rules.home_pages.iter().flatten().map(acta_xapi::Iri::as_str).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    if all.len() != count {
        return Err(AdminError::fault("/home_pages", "expected each home page only once"));
    }
    Ok(())
}
