//! A planned change of persons and groups.
//!
//! It is planned on the persons and groups of one version. Its writes say nothing about the
//! versions of single records: the record of changes, which every change writes, must have that
//! version.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::directory::{
    GroupId, JoinedPerson, PersonChanges, PersonGroup, PersonId, PersonIdentifier, PersonRules,
    Recorded, Versioned,
};
use acta_storage::persons::{PersonGroups, PersonLimits, Persons};
use acta_storage::{Change, Expected, NewAuditEntry, RecordKind, RecordWrite, spawn_blocking};
use acta_xapi::Ifi;

use crate::{Admin, AdminError};

/// How often persons are read again because they have changed meanwhile.
const TRIES_MAX: usize = 8;

/// A planned change of persons.
pub(super) struct Draft {
    before: Arc<Persons>,
    changes: PersonChanges,
    /// The version that the record of changes must have; 0 for none.
    version: u64,
    states: BTreeMap<PersonId, Option<JoinedPerson>>,
    /// Who has each identifier afterwards whose person changes.
    owners: HashMap<String, (Ifi, Option<PersonId>)>,
    /// The groups as the change stands, and those that it creates, changes or removes.
    groups: Arc<PersonGroups>,
    changed_groups: BTreeSet<GroupId>,
    is_complete: bool,
}

impl Draft {
    /// A change of the persons of a tenant as they are now.
    pub(super) async fn begin(admin: &Admin, tenant: TenantId) -> Result<Self, AdminError> {
        for _ in 0..TRIES_MAX {
            let before = admin.persons.load(tenant).await?;
            let head: Option<Versioned<PersonChanges>> = admin.persons.head(tenant).await?;
            let version = head.as_ref().map_or(0, |head| head.record.version);
            if version == before.version() {
                let changes = head.map_or_else(|| PersonChanges::new(tenant), |head| head.value);
                return Ok(Self {
                    groups: Arc::clone(before.groups()),
                    before,
                    changes,
                    version,
                    states: BTreeMap::new(),
                    owners: HashMap::new(),
                    changed_groups: BTreeSet::new(),
                    is_complete: false,
                });
            }
        }
        Err(AdminError::Stale)
    }

    pub(super) fn tenant(&self) -> TenantId {
        self.changes.tenant
    }

    /// The person that an identifier belongs to, as the change stands.
    pub(super) fn owner(&self, identifier: &Ifi) -> Option<PersonId> {
        let key = identifier.to_key();
        match self.owners.get(&key) {
            Some((_, owner)) => *owner,
            None => self.before.find(&key),
        }
    }

    /// The person as the change stands, if it touches the person; none in it if it removes the
    /// person.
    pub(super) fn state(&self, id: PersonId) -> Option<&Option<JoinedPerson>> {
        self.states.get(&id)
    }

    /// Whether there is such a person, as the change stands.
    pub(super) fn has(&self, id: PersonId) -> bool {
        match self.states.get(&id) {
            Some(state) => state.is_some(),
            None => self.before.index_of_id(id).is_some(),
        }
    }

    /// The person to whom an identifier belongs by a rule, among those that there were before the
    /// change.
    pub(super) fn owner_by_rule(&self, identifier: &Ifi) -> Option<PersonId> {
        let class = self.before.rules().class_of(&identifier.to_key())?;
        self.before.index_of_class(&class).and_then(|index| self.before.id(index))
    }

    /// The groups, as the change stands.
    pub(super) fn groups(&self) -> &PersonGroups {
        &self.groups
    }

    /// Creates a group, or replaces the one with its id.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`] if it cannot be where it is to be, [`AdminError::Conflict`] if
    /// another group has its name there, or there are too many.
    pub(super) fn put_group(&mut self, group: PersonGroup) -> Result<(), AdminError> {
        check_place(&self.groups, &group)?;
        self.changed_groups.insert(group.id);
        Arc::make_mut(&mut self.groups).put(group);
        Ok(())
    }

    /// Removes a group. Memberships in it count for nothing any more.
    ///
    /// # Errors
    ///
    /// [`AdminError::Conflict`] if there are groups below it.
    pub(super) fn remove_group(&mut self, id: GroupId) -> Result<(), AdminError> {
        if self.groups.has_below(id) {
            return Err(AdminError::Conflict(
                "there are groups below it: remove or move them first",
            ));
        }
        self.changed_groups.insert(id);
        Arc::make_mut(&mut self.groups).remove(id);
        Ok(())
    }

    /// Creates a person, or replaces the one `before`. Remove persons whose identifiers it takes
    /// over before this. Memberships in groups that are not there any more are left out.
    ///
    /// # Errors
    ///
    /// [`AdminError::IdentifierTaken`].
    pub(super) fn put(
        &mut self,
        before: Option<&JoinedPerson>,
        mut after: JoinedPerson,
    ) -> Result<(), AdminError> {
        after.memberships.retain(|it| self.groups.find(it.group).is_some());
        let mut known = HashSet::new();
        let is_distinct = after.identifiers.iter().all(|it| known.insert(it.to_key()));
        assert!(is_distinct, "no person has an identifier twice");
        for identifier in &after.identifiers {
            if let Some(person) = self.owner(identifier).filter(|owner| *owner != after.id) {
                let identifier = identifier.to_key();
                return Err(AdminError::IdentifierTaken { identifier, person });
            }
        }
        let old = before.map(|before| before.identifiers.as_slice()).unwrap_or_default();
        for identifier in old.iter().filter(|it| !after.identifiers.contains(it)) {
            self.release(identifier, after.id);
        }
        for identifier in after.identifiers.iter().filter(|it| !old.contains(it)) {
            self.owners.insert(identifier.to_key(), (identifier.clone(), Some(after.id)));
        }
        self.states.insert(after.id, Some(after));
        Ok(())
    }

    /// Removes a person.
    pub(super) fn remove(&mut self, person: &JoinedPerson) {
        person.identifiers.iter().for_each(|identifier| self.release(identifier, person.id));
        self.states.insert(person.id, None);
    }

    fn release(&mut self, identifier: &Ifi, person: PersonId) {
        if self.owner(identifier) == Some(person) {
            self.owners.insert(identifier.to_key(), (identifier.clone(), None));
        }
    }

    /// Sets the rules.
    pub(super) fn set_rules(&mut self, rules: PersonRules) {
        self.changes.rules = rules;
    }

    /// Whether nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        self.states.is_empty() && self.changed_groups.is_empty()
    }

    /// Checks whether the tenant may have so many persons, of whom so much is known.
    ///
    /// # Errors
    ///
    /// [`AdminError::Conflict`].
    pub(super) fn check_limits(&self) -> Result<(), AdminError> {
        let checked = self.before.check_change(&self.states, PersonLimits::OF_TENANT);
        checked.map_err(AdminError::Conflict)
    }

    /// The whole change, with its audit entries. It is the same if it is asked for again.
    ///
    /// # Errors
    ///
    /// [`AdminError::Conflict`], as [`Draft::check_limits`].
    pub(super) fn change(
        &mut self,
        entries: Vec<(Option<TenantId>, NewAuditEntry)>,
    ) -> Result<Change, AdminError> {
        if !self.is_complete {
            self.count();
            self.is_complete = true;
        }
        self.check_limits()?;
        let tenant = self.tenant();
        let anyway = |write: RecordWrite| RecordWrite { expected: Expected::Anything, ..write };
        let persons = self.states.iter().map(|(id, state)| match state {
            Some(person) => anyway(person.create()),
            None => RecordWrite {
                kind: RecordKind::Person,
                id: JoinedPerson::record_id_of(tenant, *id),
                expected: Expected::Anything,
                content: None,
            },
        });
        let identifiers = self.owners.values().map(|(identifier, owner)| match owner {
            Some(person) => {
                let (identifier, person) = (identifier.clone(), *person);
                anyway(PersonIdentifier { tenant, identifier, person }.create())
            }
            None => PersonIdentifier::removal(tenant, identifier),
        });
        let groups = self.changed_groups.iter().map(|id| match self.groups.find(*id) {
            Some(group) => anyway(group.create()),
            None => RecordWrite {
                kind: RecordKind::PersonGroup,
                id: PersonGroup::record_id_of(tenant, *id),
                expected: Expected::Anything,
                content: None,
            },
        });
        let head = self.changes.create();
        let expected = match self.version {
            0 => Expected::Absent,
            version => Expected::Version(version),
        };
        let mut writes = vec![RecordWrite { expected, ..head }];
        writes.extend(persons);
        writes.extend(identifiers);
        writes.extend(groups);
        Ok(Change { writes, entries })
    }

    fn count(&mut self) {
        for (id, state) in &self.states {
            let was_there = self.before.index_of_id(*id).is_some();
            match (was_there, state.is_some()) {
                (false, true) => self.changes.count += 1,
                (true, false) => self.changes.count = self.changes.count.saturating_sub(1),
                (true, true) | (false, false) => {}
            }
        }
        self.changes.add(self.states.keys().copied());
        self.changes.add_groups(self.changed_groups.iter().copied());
    }

    /// After the change was made: the persons and groups are known here without being read again.
    pub(super) async fn finish(self, admin: &Admin) {
        let tenant = self.tenant();
        let Self { before, changes, version, states, groups, .. } = self;
        let known = Arc::clone(&before);
        // There may be many persons, so no thread of the runtime does this.
        let after = spawn_blocking(move || {
            let after = known.after(&changes, version + 1, states);
            after.with_groups(groups, changes.group_changes)
        });
        if let Ok(after) = after.await {
            admin.persons.replace(tenant, &before, after).await;
        }
    }
}

/// Checks whether a group can be where it is to be.
fn check_place(groups: &PersonGroups, group: &PersonGroup) -> Result<(), AdminError> {
    let known = groups.find(group.id);
    if known.is_none() && PersonGroup::COUNT_MAX <= groups.len() as usize {
        return Err(AdminError::Conflict("a tenant has at most 20000 groups"));
    }
    let namesake = groups.find_below(group.parent, &group.name);
    if namesake.is_some_and(|namesake| namesake != group.id) {
        return Err(AdminError::Conflict("another group in the same place has this name"));
    }
    let Some(parent) = group.parent else { return Ok(()) };
    // To look at all that is below a group costs as much as there are groups, so that an import
    // that changes many may do it only for those that move.
    if known.is_some_and(|known| known.parent == group.parent) {
        return Ok(());
    }
    let fault = |text: String| Err(AdminError::fault("/parent", text));
    if groups.find(parent).is_none() {
        return fault(format!("there is no group {parent}"));
    }
    if groups.lineage(parent).any(|above| above.id == group.id) {
        return fault("a group cannot be below itself".to_owned());
    }
    // What is below a group moves along with it.
    let height = if known.is_some() { groups.height(group.id) } else { 1 };
    if PersonGroup::LEVELS_MAX < groups.level(parent) + height {
        let most = PersonGroup::LEVELS_MAX;
        return fault(format!("expected at most {most} levels of groups"));
    }
    Ok(())
}
