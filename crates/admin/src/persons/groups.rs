//! Groups of persons: a tree of units, classes and cohorts.
//!
//! Groups are changed as persons are: every change is planned on all persons and groups of the
//! tenant as they were at one moment, and made only if none of them has changed since.

pub(crate) mod csv;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod members;

use acta_access::{Permission, TenantId};
use acta_storage::directory::{self, GroupId, PersonGroup, Versioned};
use serde_json::{Value, json};

use super::PersonAct;
use super::draft::Draft;
use crate::idempotency::Attempt;
use crate::tenants::{check_name, check_version};
use crate::{Admin, AdminError, Idempotency, Idempotent, Requester};

/// A group to be created.
#[derive(Clone, Debug, Default)]
pub struct NewPersonGroup {
    /// The name.
    pub name: String,
    /// What kind of group it is, if that is to be said.
    pub kind: Option<String>,
    /// The group that it is below; none for one at the top.
    pub parent: Option<GroupId>,
}

/// Changes to a group; none leaves a property unchanged.
#[derive(Clone, Debug, Default)]
pub struct PersonGroupEdit {
    /// The name.
    pub name: Option<String>,
    /// The kind; the inner none removes it.
    pub kind: Option<Option<String>>,
    /// The group that it is below; the inner none moves it to the top.
    pub parent: Option<Option<GroupId>>,
}

/// Which groups are listed.
#[derive(Clone, Debug)]
pub struct GroupSearch {
    /// Those with this text in the name or the kind; empty for all.
    pub text: String,
    /// Those after this one.
    pub after: Option<GroupId>,
    /// At most so many.
    pub count_max: usize,
}

fn group_act(act: &'static str, id: GroupId, detail: Value) -> PersonAct {
    PersonAct { act, target: format!("group:{id}"), detail }
}

/// Checks what a group is to be, apart from its place.
fn check_group(group: &PersonGroup) -> Result<(), AdminError> {
    check_name("/name", &group.name)?;
    if group.name.trim() != group.name {
        return Err(AdminError::fault("/name", "expected no blanks at the ends"));
    }
    let Some(kind) = &group.kind else { return Ok(()) };
    let most = PersonGroup::KIND_CHARS_MAX;
    let is_long = kind.chars().nth(most).is_some();
    if kind.is_empty() || kind.trim() != kind || is_long || kind.contains(char::is_control) {
        let text = format!(
            "expected 1 to {most} characters, without control characters and blanks at the ends"
        );
        return Err(AdminError::fault("/kind", text));
    }
    Ok(())
}

impl Admin {
    /// Some groups of a tenant, by their ids.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn list_groups(
        &self,
        requester: &Requester,
        tenant: TenantId,
        search: &GroupSearch,
    ) -> Result<Vec<Versioned<PersonGroup>>, AdminError> {
        self.permit_reading_persons(requester, tenant, &json!({ "groups": true })).await?;
        let persons = self.persons.load(tenant).await?;
        let (wanted, size) = (search.clone(), persons.groups().memory_bytes());
        // All groups are looked at.
        let finding = self.service.run(tenant, size, move || {
            let text = wanted.text.to_lowercase();
            let has = |known: &str| known.to_lowercase().contains(&text);
            let matches = |group: &&PersonGroup| {
                wanted.after.is_none_or(|after| after < group.id)
                    && (has(&group.name) || group.kind.as_deref().is_some_and(has))
            };
            let found = persons.groups().iter().filter(matches).map(|group| group.id);
            found.take(wanted.count_max).collect::<Vec<GroupId>>()
        });
        let mut found = Vec::new();
        for id in finding.await? {
            found.extend(self.find_group(tenant, id).await?);
        }
        Ok(found)
    }

    /// A group of a tenant.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_groups`].
    pub async fn read_group(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: GroupId,
    ) -> Result<Versioned<PersonGroup>, AdminError> {
        self.permit_reading_persons(requester, tenant, &json!({ "group": id.to_string() })).await?;
        self.find_group(tenant, id).await?.ok_or(AdminError::NotFound)
    }

    pub(crate) async fn find_group(
        &self,
        tenant: TenantId,
        id: GroupId,
    ) -> Result<Option<Versioned<PersonGroup>>, AdminError> {
        Ok(directory::find(&*self.storage, &PersonGroup::record_id_of(tenant, id)).await?)
    }

    /// Creates a group.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`], [`AdminError::NotFound`], [`AdminError::Forbidden`],
    /// [`AdminError::Conflict`]: another group in the same place has the name, or there are too
    /// many groups; [`AdminError::KeyReused`], [`AdminError::Service`].
    pub async fn create_group(
        &self,
        requester: &Requester,
        tenant: TenantId,
        new: NewPersonGroup,
        once: Idempotency<'_, PersonGroup>,
    ) -> Result<Idempotent<PersonGroup>, AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        let NewPersonGroup { name, kind, parent } = new;
        let (id, created) = (self.new_id(), self.clock.now());
        let group = PersonGroup { id, tenant, name, kind, parent, created };
        check_group(&group)?;
        let act = group_act("groups.created", id, json!({ "parent": text_of(parent) }));
        for _ in 0..Self::TRIES {
            if let Some(answer) = self.find_answer(once.key).await? {
                return Ok(Idempotent::Replayed(answer));
            }
            let mut draft = Draft::begin(self, tenant).await?;
            draft.put_group(group.clone())?;
            let change = draft.change(vec![(Some(tenant), self.person_entry(requester, &act))])?;
            match self.commit_once(change, once, &group).await? {
                Attempt::Done => {
                    draft.finish(self).await;
                    return Ok(Idempotent::Performed(group));
                }
                Attempt::Replayed(answer) => return Ok(Idempotent::Replayed(answer)),
                Attempt::Stale | Attempt::NameTaken | Attempt::LimitReached => {}
            }
        }
        Err(AdminError::Stale)
    }

    /// Changes a group, which must have one of the versions `expected` if any are given. What is
    /// below it moves along with it.
    ///
    /// # Errors
    ///
    /// As [`Admin::create_group`]; [`AdminError::Stale`].
    pub async fn change_group(
        &self,
        requester: &Requester,
        (tenant, id): (TenantId, GroupId),
        edit: &PersonGroupEdit,
        expected: Option<&[u64]>,
    ) -> Result<Versioned<PersonGroup>, AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        for _ in 0..Self::TRIES {
            let mut draft = Draft::begin(self, tenant).await?;
            let found = self.find_group(tenant, id).await?.ok_or(AdminError::NotFound)?;
            check_version(&found.record, expected)?;
            let mut after = found.value.clone();
            if let Some(name) = &edit.name {
                after.name.clone_from(name);
            }
            if let Some(kind) = &edit.kind {
                after.kind.clone_from(kind);
            }
            if let Some(parent) = edit.parent {
                after.parent = parent;
            }
            check_group(&after)?;
            let detail = json!({
                "name": edit.name.is_some(), "kind": edit.kind.is_some(),
                "parent_before": text_of(found.value.parent), "parent": text_of(after.parent),
            });
            draft.put_group(after)?;
            if self.commit_draft(requester, draft, &group_act("groups.changed", id, detail)).await?
            {
                return self.find_group(tenant, id).await?.ok_or(AdminError::NotFound);
            }
        }
        Err(AdminError::Stale)
    }

    /// Removes a group without groups below it. Nobody is a member of it any more.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_group`]; [`AdminError::Conflict`] if there are groups below it.
    pub async fn remove_group(
        &self,
        requester: &Requester,
        (tenant, id): (TenantId, GroupId),
        expected: Option<&[u64]>,
    ) -> Result<(), AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        for _ in 0..Self::TRIES {
            let mut draft = Draft::begin(self, tenant).await?;
            let found = self.find_group(tenant, id).await?.ok_or(AdminError::NotFound)?;
            check_version(&found.record, expected)?;
            draft.remove_group(id)?;
            let detail = json!({ "parent": text_of(found.value.parent) });
            if self.commit_draft(requester, draft, &group_act("groups.removed", id, detail)).await?
            {
                return Ok(());
            }
        }
        Err(AdminError::Stale)
    }
}

fn text_of(parent: Option<GroupId>) -> Option<String> {
    parent.map(|parent| parent.to_string())
}
