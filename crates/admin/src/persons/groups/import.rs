//! Importing groups: each row is a group, or a time at which somebody is a member of it.

use acta_access::{Permission, TenantId};
use acta_service::ServiceError;
use acta_storage::directory::{
    GroupId, GroupMembership, JoinedPerson, MembershipPeriod, PersonGroup,
};
use acta_storage::spawn_blocking;
use serde_json::json;
use tokio::task::yield_now;

use super::check_group;
use super::csv::GroupRow;
use crate::audit_entry::tenant_target;
use crate::error::AdminFault;
use crate::persons::csv::{FAULTS_MAX, row_fault};
use crate::persons::draft::Draft;
use crate::persons::import::{ImportMode, PERSON, TOGETHER_COUNT, UNINTERRUPTED_COUNT};
use crate::persons::{PersonAct, check};
use crate::{Admin, AdminError, Requester};

/// What an import of groups did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupImportCounts {
    /// Rows.
    pub rows: u64,
    /// Groups that were created.
    pub groups_created: u64,
    /// Persons that were created, of identifiers that belonged to nobody.
    pub persons_created: u64,
    /// Rows that changed a group or when somebody is a member.
    pub changed: u64,
    /// Rows that changed nothing.
    pub unchanged: u64,
}

/// Where a fault is in the column `group`, and in the column `from`.
const GROUP: &str = "/group";
const FROM: &str = "/from";

struct Planned {
    draft: Draft,
    counts: GroupImportCounts,
}

impl Admin {
    /// Imports groups and their members. Groups that are not there are created, and identifiers
    /// that belong to nobody become persons. A row sets when the time ends that begins at its date;
    /// what the rows do not say stays as it is. A repetition changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Admin::create_group`]. Nothing was changed if it is [`AdminError::Faulty`].
    /// [`AdminError::ImportStopped`] says how many rows were imported before others changed persons
    /// or groups so that a row became faulty; after another error, some may have been imported.
    pub async fn import_groups(
        &self,
        requester: &Requester,
        tenant: TenantId,
        rows: &[GroupRow],
        mode: ImportMode,
    ) -> Result<GroupImportCounts, AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        let checked = self.plan_groups(tenant, rows).await?.counts;
        if mode == ImportMode::Check {
            return Ok(checked);
        }
        let mut counts = GroupImportCounts::default();
        for together in rows.chunks(TOGETHER_COUNT) {
            let part = match self.import_groups_together(requester, tenant, together).await {
                Err(AdminError::Faulty(faults)) if 0 < counts.rows => {
                    return Err(AdminError::ImportStopped { rows: counts.rows, faults });
                }
                part => part?,
            };
            counts.rows += part.rows;
            counts.groups_created += part.groups_created;
            counts.persons_created += part.persons_created;
            counts.changed += part.changed;
            counts.unchanged += part.unchanged;
        }
        Ok(counts)
    }

    async fn import_groups_together(
        &self,
        requester: &Requester,
        tenant: TenantId,
        rows: &[GroupRow],
    ) -> Result<GroupImportCounts, AdminError> {
        for _ in 0..Self::TRIES {
            let Planned { draft, counts } = self.plan_groups(tenant, rows).await?;
            if draft.is_empty() {
                return Ok(counts);
            }
            let act = PersonAct {
                act: "groups.imported",
                target: tenant_target(tenant),
                detail: json!({
                    "rows": counts.rows, "groups_created": counts.groups_created,
                    "persons_created": counts.persons_created, "changed": counts.changed,
                }),
            };
            if self.commit_draft(requester, draft, &act).await? {
                return Ok(counts);
            }
        }
        Err(AdminError::Stale)
    }

    /// Plans rows; again, if somebody who was found has just gone.
    async fn plan_groups(
        &self,
        tenant: TenantId,
        rows: &[GroupRow],
    ) -> Result<Planned, AdminError> {
        for _ in 0..Self::TRIES {
            match self.try_plan_groups(tenant, rows).await {
                Err(AdminError::Stale) => {}
                planned => return planned,
            }
        }
        Err(AdminError::Stale)
    }

    async fn try_plan_groups(
        &self,
        tenant: TenantId,
        rows: &[GroupRow],
    ) -> Result<Planned, AdminError> {
        let draft = Draft::begin(self, tenant).await?;
        let mut planned = Planned { draft, counts: GroupImportCounts::default() };
        let mut faults = Vec::new();
        for row in rows {
            planned.counts.rows += 1;
            match self.plan_group_row(&mut planned, row).await {
                Ok(true) => planned.counts.changed += 1,
                Ok(false) => planned.counts.unchanged += 1,
                Err(AdminError::Faulty(of_row)) => {
                    faults.extend(of_row.iter().map(|fault| in_row(row, fault)));
                }
                Err(error) => return Err(error),
            }
            if FAULTS_MAX <= faults.len() {
                break;
            }
            if planned.counts.rows.is_multiple_of(UNINTERRUPTED_COUNT) {
                yield_now().await;
            }
        }
        if !faults.is_empty() {
            return Err(AdminError::Faulty(faults));
        }
        // All that changes is looked at, which no thread of the runtime does.
        let checking = spawn_blocking(move || planned.draft.check_limits().map(|()| planned));
        checking.await.map_err(ServiceError::from)?
    }

    /// Plans a row. Returns whether it changes something.
    async fn plan_group_row(
        &self,
        Planned { draft, counts }: &mut Planned,
        row: &GroupRow,
    ) -> Result<bool, AdminError> {
        let created_before = counts.groups_created;
        let group = self.plan_path(draft, counts, &row.path)?;
        let mut is_changed = created_before < counts.groups_created;
        if let (Some(kind), Some(known)) = (&row.kind, draft.groups().find(group))
            && known.kind.as_ref() != Some(kind)
        {
            let changed = PersonGroup { kind: Some(kind.clone()), ..known.clone() };
            check_group(&changed)?;
            draft.put_group(changed)?;
            is_changed = true;
        }
        let before = match (row.member.person, row.member.identifiers.first()) {
            (Some(id), _) if draft.has(id) => Some(self.drafted(draft, id).await?),
            (Some(id), _) => {
                return Err(AdminError::fault(PERSON, format!("there is no person {id}")));
            }
            (None, Some(identifier)) => self.person_of_identifier(draft, identifier).await?,
            (None, None) => return Ok(is_changed),
        };
        let mut after = match (&before, row.member.identifiers.first()) {
            (None, Some(identifier)) => self.person_with(draft.tenant(), identifier),
            (Some(before), _) => before.clone(),
            (None, None) => return Ok(is_changed),
        };
        set_period(&mut after, group, row.period)?;
        if before.as_ref() == Some(&after) {
            return Ok(is_changed);
        }
        check(&after)?;
        counts.persons_created += u64::from(before.is_none());
        draft.put(before.as_ref(), after)?;
        Ok(true)
    }

    /// The group with a path, which is created with those above it as far as they are not there.
    fn plan_path(
        &self,
        draft: &mut Draft,
        counts: &mut GroupImportCounts,
        path: &[String],
    ) -> Result<GroupId, AdminError> {
        let mut parent = None;
        for name in path {
            if let Some(known) = draft.groups().find_below(parent, name) {
                parent = Some(known);
                continue;
            }
            let (id, tenant, created) = (self.new_id(), draft.tenant(), self.clock.now());
            let (name, kind) = (name.clone(), None);
            let group = PersonGroup { id, tenant, name, kind, parent, created };
            check_group(&group)?;
            draft.put_group(group)?;
            counts.groups_created += 1;
            parent = Some(id);
        }
        parent.ok_or_else(|| AdminError::fault(GROUP, "expected the name of a group"))
    }
}

/// Sets when the time ends that begins at a date.
fn set_period(
    person: &mut JoinedPerson,
    group: GroupId,
    period: MembershipPeriod,
) -> Result<(), AdminError> {
    let is_other = |it: &GroupMembership| it.group != group || it.period.from != period.from;
    person.memberships.retain(is_other);
    let of_group = person.memberships.iter().filter(|it| it.group == group);
    if let Some(other) = of_group.map(|it| it.period).find(|it| it.overlaps(period)) {
        let when = match (other.from, other.until) {
            (Some(from), Some(until)) => format!("from {from} until {until}"),
            (Some(from), None) => format!("from {from} on"),
            (None, Some(until)) => format!("until {until}"),
            (None, None) => "always".to_owned(),
        };
        let text = format!(
            "the person is a member {when} already: expected a time that does not overlap with it"
        );
        return Err(AdminError::fault(FROM, text));
    }
    person.memberships.push(GroupMembership { group, period });
    person.memberships.sort_unstable();
    Ok(())
}

/// A fault where the row is.
fn in_row(row: &GroupRow, fault: &AdminFault) -> AdminFault {
    let column = match fault.pointer {
        PERSON => Some("person"),
        FROM => Some("from"),
        "/kind" => Some("kind"),
        GROUP | "/name" | "/parent" => Some("group"),
        _ => None,
    };
    row_fault(row.member.line, column, &fault.message)
}
