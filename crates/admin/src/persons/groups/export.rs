//! Exporting groups with their members as rows that an import takes.

use std::sync::Arc;

use acta_access::{Permission, TenantId};
use acta_storage::directory::{GroupId, PersonGroup};
use acta_storage::persons::Persons;
use acta_xapi::{Ifi, Version, parse_actor};
use serde_json::json;

use super::csv::write_path;
use crate::audit_entry::tenant_target;
use crate::persons::csv::{cells_of, kind_of, write_cell};
use crate::{Admin, AdminError, Requester};
use acta_storage::{Change, spawn_blocking};

/// The line with the names of the columns.
const HEAD: &str =
    "group,kind,mbox,mbox_sha1sum,openid,account.homePage,account.name,from,until\r\n";

/// The groups of a tenant with their members at one moment, to be written in parts.
#[derive(Debug)]
pub struct GroupExport {
    persons: Arc<Persons>,
    /// The groups by their paths.
    groups: Vec<(GroupId, String)>,
    /// For each line the place of the group, and the index of the member; none for the group
    /// alone.
    lines: Vec<(u32, Option<u32>)>,
}

impl GroupExport {
    fn of(persons: Arc<Persons>) -> Self {
        let all = persons.groups();
        let path = |group: &PersonGroup| {
            let mut names: Vec<&str> =
                all.lineage(group.id).map(|above| above.name.as_str()).collect();
            names.reverse();
            write_path(names.into_iter())
        };
        let mut groups: Vec<(GroupId, String)> =
            all.iter().map(|group| (group.id, path(group))).collect();
        groups.sort_by(|one, other| one.1.cmp(&other.1));
        let mut places = vec![0; groups.len()];
        for (place, (id, _)) in (0..).zip(&groups) {
            if let Some(index) = all.index_of(*id) {
                places[index as usize] = place;
            }
        }
        let mut lines: Vec<(u32, Option<u32>)> = (0..all.len()).map(|it| (it, None)).collect();
        for person in 0..persons.len() {
            let memberships = persons.memberships_of(person).iter();
            let known = memberships.filter_map(|it| all.index_of(it.group));
            let mut of_person: Vec<u32> = known.map(|index| places[index as usize]).collect();
            of_person.sort_unstable();
            of_person.dedup();
            lines.extend(of_person.into_iter().map(|place| (place, Some(person))));
        }
        lines.sort_unstable();
        Self { persons, groups, lines }
    }

    /// The line with the names of the columns.
    pub const fn head() -> &'static str {
        HEAD
    }

    /// How many groups there are, and how many members of each.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are no groups.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The rows of some groups and members. A value that a spreadsheet could take for a formula
    /// gets an apostrophe before it, which makes it a text.
    ///
    /// Spec: RFC 4180, 2; OWASP ASVS 5.0, 1.2.10.
    pub fn rows(&self, start: usize, count: usize) -> String {
        let mut out = String::new();
        for (group, person) in self.lines.iter().skip(start).take(count) {
            let Some((id, path)) = self.groups.get(*group as usize) else { continue };
            if let Some(person) = person {
                self.write_member(&mut out, (*id, path), *person);
            } else {
                let kind = self.persons.groups().find(*id).and_then(|it| it.kind.as_deref());
                write_line(&mut out, &[path, kind.unwrap_or_default(), "", "", "", "", ""]);
            }
        }
        out
    }

    fn write_member(&self, out: &mut String, (group, path): (GroupId, &str), person: u32) {
        // A person is named by the first identifier, as in answers.
        let key = self.persons.keys(person).first();
        let actor = key.and_then(|key| parse_actor(key.as_bytes(), Version::V2_0_0).ok());
        let Some(identifier) = actor.and_then(|actor| actor.ifi) else { return };
        let who = who_of(&identifier);
        for membership in self.persons.memberships_of(person).iter().filter(|it| it.group == group)
        {
            let period = membership.period;
            let [from, until] = [period.from, period.until]
                .map(|date| date.map(|date| date.to_string()).unwrap_or_default());
            let [mbox, sum, openid, page, name] = &who;
            write_line(out, &[path, "", mbox, sum, openid, page, name, &from, &until]);
        }
    }
}

/// The cells of the columns for an identifier.
fn who_of(identifier: &Ifi) -> [String; 5] {
    let mut cells: [String; 5] = Default::default();
    let first = kind_of(identifier);
    for (place, cell) in (first..).zip(cells_of(identifier)) {
        if let Some(known) = cells.get_mut(place) {
            *known = cell;
        }
    }
    cells
}

fn write_line(out: &mut String, cells: &[&str]) {
    let columns = HEAD.split(',').count();
    for (index, cell) in
        cells.iter().copied().chain(std::iter::repeat("")).take(columns).enumerate()
    {
        if index != 0 {
            out.push(',');
        }
        write_cell(out, cell);
    }
    out.push_str("\r\n");
}

impl Admin {
    /// Begins an export of the groups of a tenant with their members, and records it in the audit.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_groups`].
    pub async fn begin_group_export(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<GroupExport, AdminError> {
        let found = self.permit(requester, tenant, Permission::ReadPersons).await?;
        self.record_credential(requester, &found.value).await?;
        let persons = self.persons.load(tenant).await?;
        let detail = json!({ "groups": persons.groups().len() });
        let entry = self.entry_with(requester, "groups.exported", tenant_target(tenant), &detail);
        let entries = vec![(Some(tenant), entry)];
        self.commit(&Change { writes: Vec::new(), entries }).await?;
        let sorting = spawn_blocking(move || GroupExport::of(persons));
        Ok(sorting.await.map_err(acta_service::ServiceError::from)?)
    }

    /// Checks whether the requester may still read persons, before more of an export is written.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_groups`].
    pub async fn permit_group_export(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<(), AdminError> {
        self.permit(requester, tenant, Permission::ReadPersons).await.map(drop)
    }
}
