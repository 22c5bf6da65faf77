//! Who is a member of a group, and when.

use std::collections::BTreeMap;

use acta_access::{Permission, TenantId};
use acta_storage::directory::{GroupId, GroupMembership, JoinedPerson, MembershipPeriod, PersonId};
use acta_xapi::Ifi;
use serde_json::json;

use super::group_act;
use crate::persons::check;
use crate::persons::draft::Draft;
use crate::{Admin, AdminError, Requester};

/// Who is to be a member of a group.
#[derive(Clone, Debug)]
pub enum MemberOf {
    /// A person.
    Person(PersonId),
    /// The person with this identifier. An identifier that belongs to nobody becomes a person of
    /// its own.
    Identifier(Ifi),
}

/// Which members are listed.
#[derive(Clone, Copy, Debug)]
pub struct MemberPage {
    /// Those after this one.
    pub after: Option<PersonId>,
    /// At most so many.
    pub count_max: usize,
}

/// When a person is a member of a group.
pub(super) fn periods_of(
    person: &JoinedPerson,
    group: GroupId,
) -> impl Iterator<Item = MembershipPeriod> {
    let memberships = person.memberships.iter().filter(move |it| it.group == group);
    memberships.map(|it| it.period)
}

/// Sets when a person is a member of a group.
fn set_periods(person: &mut JoinedPerson, group: GroupId, periods: &[MembershipPeriod]) {
    person.memberships.retain(|it| it.group != group);
    person
        .memberships
        .extend(periods.iter().map(|period| GroupMembership { group, period: *period }));
    person.memberships.sort_unstable();
}

fn check_periods(periods: &[MembershipPeriod]) -> Result<(), AdminError> {
    let fault = |text: &str| Err(AdminError::fault("/periods", text));
    if periods.is_empty() || JoinedPerson::MEMBERSHIPS_MAX < periods.len() {
        let most = JoinedPerson::MEMBERSHIPS_MAX;
        return fault(&format!("expected 1 to {most} periods"));
    }
    if !periods.iter().all(|period| period.has_days()) {
        return fault("expected periods that begin before they end");
    }
    let mut sorted = periods.to_vec();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0].overlaps(pair[1])) {
        return fault("expected periods that do not overlap");
    }
    Ok(())
}

impl Admin {
    /// Some members of a group, by their ids: those who are, were or will be members.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn list_members_of_group(
        &self,
        requester: &Requester,
        (tenant, group): (TenantId, GroupId),
        page: MemberPage,
    ) -> Result<Vec<JoinedPerson>, AdminError> {
        let what = json!({ "group": group.to_string() });
        self.permit_reading_persons(requester, tenant, &what).await?;
        let persons = self.persons.load(tenant).await?;
        if persons.groups().find(group).is_none() {
            return Err(AdminError::NotFound);
        }
        let size = persons.memory_bytes();
        // All persons are looked at.
        let finding = self
            .service
            .run(tenant, size, move || persons.members(group, page.after, page.count_max));
        let mut found = Vec::new();
        for id in finding.await? {
            found.extend(self.find_joined(tenant, id).await?.map(|found| found.value));
        }
        Ok(found)
    }

    /// Sets when somebody is a member of a group. Returns the person.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`], [`AdminError::NotFound`] if there is no such group or person,
    /// [`AdminError::Forbidden`], [`AdminError::Conflict`]: there are too many persons, or what is
    /// known of them is too much; [`AdminError::Stale`], [`AdminError::Service`].
    pub async fn put_member(
        &self,
        requester: &Requester,
        (tenant, group): (TenantId, GroupId),
        member: &MemberOf,
        periods: &[MembershipPeriod],
    ) -> Result<JoinedPerson, AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        check_periods(periods)?;
        for _ in 0..Self::TRIES {
            let mut draft = Draft::begin(self, tenant).await?;
            if draft.groups().find(group).is_none() {
                return Err(AdminError::NotFound);
            }
            let before = match member {
                MemberOf::Person(id) => {
                    Some(self.find_joined(tenant, *id).await?.ok_or(AdminError::NotFound)?.value)
                }
                MemberOf::Identifier(identifier) => {
                    self.person_of_identifier(&draft, identifier).await?
                }
            };
            let mut after = match (&before, member) {
                (None, MemberOf::Identifier(identifier)) => self.person_with(tenant, identifier),
                (Some(before), _) => before.clone(),
                (None, MemberOf::Person(_)) => return Err(AdminError::NotFound),
            };
            set_periods(&mut after, group, periods);
            check(&after)?;
            let detail = json!({
                "person": after.id.to_string(), "periods": periods.len(),
                "is_new_person": before.is_none(),
            });
            draft.put(before.as_ref(), after.clone())?;
            let act = group_act("groups.member-set", group, detail);
            if self.commit_draft(requester, draft, &act).await? {
                return Ok(after);
            }
        }
        Err(AdminError::Stale)
    }

    /// Removes somebody from a group, with every time at which the person was a member.
    ///
    /// # Errors
    ///
    /// As [`Admin::put_member`]; [`AdminError::NotFound`] if the person is never a member.
    pub async fn remove_member_of_group(
        &self,
        requester: &Requester,
        (tenant, group): (TenantId, GroupId),
        person: PersonId,
    ) -> Result<(), AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        for _ in 0..Self::TRIES {
            let mut draft = Draft::begin(self, tenant).await?;
            let before = self.find_joined(tenant, person).await?.ok_or(AdminError::NotFound)?.value;
            let is_there = draft.groups().find(group).is_some();
            if !is_there || periods_of(&before, group).next().is_none() {
                return Err(AdminError::NotFound);
            }
            let mut after = before.clone();
            set_periods(&mut after, group, &[]);
            draft.put(Some(&before), after)?;
            let detail = json!({ "person": person.to_string() });
            let act = group_act("groups.member-removed", group, detail);
            if self.commit_draft(requester, draft, &act).await? {
                return Ok(());
            }
        }
        Err(AdminError::Stale)
    }

    /// The person that an identifier belongs to, by being listed or by a rule.
    pub(super) async fn person_of_identifier(
        &self,
        draft: &Draft,
        identifier: &Ifi,
    ) -> Result<Option<JoinedPerson>, AdminError> {
        let owner = draft.owner(identifier).or_else(|| draft.owner_by_rule(identifier));
        let Some(owner) = owner else { return Ok(None) };
        self.drafted(draft, owner).await.map(Some)
    }

    /// A new person with one identifier.
    pub(super) fn person_with(&self, tenant: TenantId, identifier: &Ifi) -> JoinedPerson {
        JoinedPerson {
            id: self.new_id(),
            tenant,
            name: None,
            identifiers: vec![identifier.clone()],
            attributes: BTreeMap::new(),
            memberships: Vec::new(),
            created: self.clock.now(),
        }
    }
}
