//! Importing persons: each row is what is known of one.

use std::collections::BTreeMap;

use acta_access::{Permission, TenantId};
use acta_service::ServiceError;
use acta_storage::directory::{JoinedPerson, PersonId};
use acta_storage::spawn_blocking;
use serde_json::json;
use tokio::task::yield_now;

use super::csv::{FAULTS_MAX, ImportRow, row_fault};
use super::draft::Draft;
use super::{PersonAct, absorb, check};
use crate::audit_entry::tenant_target;
use crate::error::AdminFault;
use crate::{Admin, AdminError, Requester};

/// Rows that are written in one change.
pub(super) const TOGETHER_COUNT: usize = 500;

/// Rows that are planned before other requests go first: less than some milliseconds of work.
pub(super) const UNINTERRUPTED_COUNT: u64 = 20;

/// Whether an import is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// It is made.
    Make,
    /// It is only checked.
    Check,
}

/// How rows are imported.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions {
    /// Whether it is made.
    pub mode: ImportMode,
    /// Whether persons are joined whose identifiers are in one row; otherwise that is a fault.
    pub joins: bool,
}

/// What an import did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Rows.
    pub rows: u64,
    /// Persons that were created.
    pub created: u64,
    /// Rows that changed a person.
    pub changed: u64,
    /// Rows that changed nothing.
    pub unchanged: u64,
    /// Persons that were joined into another one.
    pub joined: u64,
}

/// Where a fault is in the column `person`.
pub(super) const PERSON: &str = "/person";

/// What rows come to.
struct Planned {
    draft: Draft,
    counts: ImportCounts,
    /// Of each row that joins persons the one who stays, and then those who are removed.
    joins: Vec<Vec<String>>,
}

impl Admin {
    /// Imports persons. The identifiers of a row belong to one person: the one that already has one
    /// of them, or a new one. What a row does not say stays as it is. A repetition changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Admin::create_person`]. Nothing was changed if it is [`AdminError::Faulty`].
    /// [`AdminError::ImportStopped`] says how many rows were imported before others changed persons
    /// so that a row became faulty; after another error, some may have been imported.
    pub async fn import_persons(
        &self,
        requester: &Requester,
        tenant: TenantId,
        rows: &[ImportRow],
        options: ImportOptions,
    ) -> Result<ImportCounts, AdminError> {
        self.permit(requester, tenant, Permission::WritePersons).await?;
        let checked = self.check_import(tenant, rows, options).await?;
        if options.mode == ImportMode::Check {
            return Ok(checked);
        }
        let mut counts = ImportCounts::default();
        for together in rows.chunks(TOGETHER_COUNT) {
            let made = match self.import_together(requester, tenant, together, options).await {
                Err(AdminError::Faulty(faults)) if 0 < counts.rows => {
                    return Err(AdminError::ImportStopped { rows: counts.rows, faults });
                }
                made => made?,
            };
            counts.rows += made.rows;
            counts.created += made.created;
            counts.changed += made.changed;
            counts.unchanged += made.unchanged;
            counts.joined += made.joined;
        }
        Ok(counts)
    }

    async fn check_import(
        &self,
        tenant: TenantId,
        rows: &[ImportRow],
        options: ImportOptions,
    ) -> Result<ImportCounts, AdminError> {
        for _ in 0..Self::TRIES {
            match self.plan(tenant, rows, options).await {
                Err(AdminError::Stale) => {}
                planned => return planned.map(|Planned { counts, .. }| counts),
            }
        }
        Err(AdminError::Stale)
    }

    async fn import_together(
        &self,
        requester: &Requester,
        tenant: TenantId,
        rows: &[ImportRow],
        options: ImportOptions,
    ) -> Result<ImportCounts, AdminError> {
        for _ in 0..Self::TRIES {
            let Planned { draft, counts, joins } = match self.plan(tenant, rows, options).await {
                // Somebody who was found has just gone.
                Err(AdminError::Stale) => continue,
                planned => planned?,
            };
            if draft.is_empty() {
                return Ok(counts);
            }
            let act = PersonAct {
                act: "persons.imported",
                target: tenant_target(tenant),
                detail: json!({
                    "rows": counts.rows, "created": counts.created, "changed": counts.changed,
                    "joined": counts.joined, "joins": joins,
                }),
            };
            if self.commit_draft(requester, draft, &act).await? {
                return Ok(counts);
            }
        }
        Err(AdminError::Stale)
    }

    async fn plan(
        &self,
        tenant: TenantId,
        rows: &[ImportRow],
        options: ImportOptions,
    ) -> Result<Planned, AdminError> {
        let draft = Draft::begin(self, tenant).await?;
        let mut planned = Planned { draft, counts: ImportCounts::default(), joins: Vec::new() };
        let mut faults = Vec::new();
        for row in rows {
            planned.counts.rows += 1;
            match self.plan_row(&mut planned, row, options).await {
                Ok(()) => {}
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

    async fn plan_row(
        &self,
        Planned { draft, counts, joins }: &mut Planned,
        row: &ImportRow,
        options: ImportOptions,
    ) -> Result<(), AdminError> {
        let owners = owners_of(draft, row)?;
        if 1 < owners.len() && !options.joins {
            let ids: Vec<String> = owners.iter().map(ToString::to_string).collect();
            let text = format!(
                "its identifiers belong to different persons, {}: join them first, or let the \
                 import join them",
                ids.join(" and ")
            );
            return Err(AdminError::fault("", text));
        }
        let Some((first, others)) = owners.split_first() else {
            let mut person = JoinedPerson {
                id: self.new_id(),
                tenant: draft.tenant(),
                name: None,
                identifiers: Vec::new(),
                attributes: BTreeMap::new(),
                memberships: Vec::new(),
                created: self.clock.now(),
            };
            row.apply(&mut person);
            check(&person)?;
            counts.created += 1;
            return draft.put(None, person);
        };
        let before = self.drafted(draft, *first).await?;
        let mut after = before.clone();
        let mut absorbed = Vec::new();
        for other in others {
            let other = self.drafted(draft, *other).await?;
            absorb(&mut after, other.clone());
            absorbed.push(other);
        }
        row.apply(&mut after);
        check(&after)?;
        if after == before {
            counts.unchanged += 1;
            return Ok(());
        }
        counts.changed += 1;
        counts.joined += absorbed.len() as u64;
        if !absorbed.is_empty() {
            joins.push(owners.iter().map(ToString::to_string).collect());
        }
        for other in &absorbed {
            draft.remove(other);
        }
        draft.put(Some(&before), after)
    }

    /// A person as the change stands.
    pub(super) async fn drafted(
        &self,
        draft: &Draft,
        id: PersonId,
    ) -> Result<JoinedPerson, AdminError> {
        if let Some(state) = draft.state(id) {
            return state.clone().ok_or(AdminError::Stale);
        }
        let found = self.find_joined(draft.tenant(), id).await?;
        found.map(|found| found.value).ok_or(AdminError::Stale)
    }
}

/// A fault where the row is.
fn in_row(row: &ImportRow, fault: &AdminFault) -> AdminFault {
    let column = (fault.pointer == PERSON).then_some("person");
    row_fault(row.line, column, &fault.message)
}

/// The persons that a row is about: first the one that it names, then those that have its
/// identifiers, each once.
fn owners_of(draft: &Draft, row: &ImportRow) -> Result<Vec<PersonId>, AdminError> {
    let mut owners = Vec::new();
    if let Some(id) = row.person {
        if !draft.has(id) {
            return Err(AdminError::fault(PERSON, format!("there is no person {id}")));
        }
        owners.push(id);
    }
    for owner in row.identifiers.iter().filter_map(|identifier| draft.owner(identifier)) {
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    Ok(owners)
}
