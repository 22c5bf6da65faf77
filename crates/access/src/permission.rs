//! The table of the permissions of each role.

use std::fmt;

use crate::{Role, Scope, Scopes};

/// A permission in a tenant: to administer it, or to read its data as a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Read the tenant: its name, state and limits.
    ReadTenant,
    /// Read how many statements the tenant has, and what it stores.
    ReadUsage,
    /// Rename the tenant.
    RenameTenant,
    /// Change the settings for questions: the time zone, the language, and what courses are.
    ChangeSettings,
    /// Set whether anybody may read the log for proofs.
    PublishProofLog,
    /// Set whether the audit records which statements people read.
    SetTenantAudit,
    /// Set the smallest group of learners that answers show.
    SetSmallestGroup,
    /// Delete the tenant, and restore it during the waiting period.
    DeleteTenant,
    /// List credentials, without their secrets.
    ReadCredentials,
    /// Create, change, rotate and remove credentials.
    WriteCredentials,
    /// Exchange a credential of the tenant for browser tokens.
    IssueTokens,
    /// List the people of the tenant and their roles.
    ReadPeople,
    /// Invite people, and revoke invitations.
    InvitePeople,
    /// Change the roles of people, and remove them from the tenant.
    ChangeRoles,
    /// Read statements, activities and persons.
    ReadStatements,
    /// Void statements.
    VoidStatements,
    /// Ask questions about learners, as far as the role reaches.
    AskQuestions,
    /// Ask about facts in SQL, which reaches all of the tenant.
    RunSql,
    /// Save questions and dashboards: for oneself, or for all who may ask.
    SaveQuestions,
    /// Read the joined identifiers of persons, what is known of them, and groups with their
    /// members.
    ReadPersons,
    /// Join and split identifiers of persons, change what is known of them, and create, change and
    /// remove groups with their members.
    WritePersons,
    /// Read the audit of the tenant.
    ReadAudit,
    /// Export the audit of the tenant.
    ExportAudit,
}

/// A row of the table.
struct Row {
    permission: Permission,
    name: &'static str,
    meaning: &'static str,
    is_write: bool,
    roles: &'static [Role],
    scopes: &'static [Scope],
}

const OWNERS: &[Role] = &[Role::Owner];
const RUNNERS: &[Role] = &[Role::Owner, Role::Administrator];
const WATCHERS: &[Role] = &[Role::Owner, Role::Administrator, Role::Auditor];
const READERS: &[Role] = &[Role::Owner, Role::Administrator, Role::Analyst];
const OVERSEERS: &[Role] =
    &[Role::Owner, Role::Administrator, Role::Analyst, Role::Auditor, Role::Viewer];
const QUESTIONERS: &[Role] =
    &[Role::Owner, Role::Administrator, Role::Analyst, Role::Advisor, Role::Learner];

const SAVERS: &[Role] = &[Role::Owner, Role::Administrator, Role::Analyst, Role::Advisor];

const ADMIN: &[Scope] = &[Scope::Admin];
const ADMIN_READ: &[Scope] = &[Scope::AdminRead, Scope::Admin];
const AUDIT: &[Scope] = &[Scope::AuditRead, Scope::AdminRead, Scope::Admin];
const STATEMENTS: &[Scope] = &[Scope::StatementsRead, Scope::AllRead, Scope::All];
const PERSONS: &[Scope] =
    &[Scope::StatementsRead, Scope::AllRead, Scope::All, Scope::AdminRead, Scope::Admin];

/// Who may do what, in the order of the enumeration.
const TABLE: [Row; 23] = [
    Row {
        permission: Permission::ReadTenant,
        name: "read-tenant",
        meaning: "read the tenant: its name, state and limits",
        is_write: false,
        roles: &Role::EVERY,
        scopes: ADMIN_READ,
    },
    Row {
        permission: Permission::ReadUsage,
        name: "read-usage",
        meaning: "read how many statements the tenant has, and what it stores",
        is_write: false,
        // Those who see a part of the learners do not see how much there is of the others.
        roles: OVERSEERS,
        scopes: ADMIN_READ,
    },
    Row {
        permission: Permission::RenameTenant,
        name: "rename-tenant",
        meaning: "rename the tenant",
        is_write: true,
        roles: RUNNERS,
        scopes: ADMIN,
    },
    Row {
        permission: Permission::ChangeSettings,
        name: "change-settings",
        meaning: "change the settings for questions: the time zone, the language, and what courses are",
        is_write: true,
        roles: RUNNERS,
        scopes: ADMIN,
    },
    Row {
        permission: Permission::PublishProofLog,
        name: "publish-proof-log",
        meaning: "set whether anybody may read the log for proofs",
        is_write: true,
        roles: RUNNERS,
        scopes: ADMIN,
    },
    Row {
        permission: Permission::SetTenantAudit,
        name: "set-tenant-audit",
        meaning: "set whether the audit records which statements people read",
        is_write: true,
        // Administrators read statements, so they must not switch off the record of it.
        roles: OWNERS,
        scopes: &[],
    },
    Row {
        permission: Permission::SetSmallestGroup,
        name: "set-smallest-group",
        meaning: "set the smallest group of learners that answers show",
        is_write: true,
        // It protects learners from those who ask, administrators among them.
        roles: OWNERS,
        scopes: &[],
    },
    Row {
        permission: Permission::DeleteTenant,
        name: "delete-tenant",
        meaning: "delete the tenant, and restore it during the waiting period",
        is_write: true,
        roles: OWNERS,
        scopes: &[],
    },
    Row {
        permission: Permission::ReadCredentials,
        name: "read-credentials",
        meaning: "list credentials, without their secrets",
        is_write: false,
        roles: WATCHERS,
        scopes: ADMIN_READ,
    },
    Row {
        permission: Permission::WriteCredentials,
        name: "write-credentials",
        meaning: "create, change, rotate and remove credentials",
        is_write: true,
        roles: RUNNERS,
        scopes: ADMIN,
    },
    Row {
        permission: Permission::IssueTokens,
        name: "issue-tokens",
        meaning: "exchange a credential of the tenant for browser tokens",
        is_write: true,
        roles: RUNNERS,
        scopes: ADMIN,
    },
    Row {
        permission: Permission::ReadPeople,
        name: "read-people",
        meaning: "list the people of the tenant and their roles",
        is_write: false,
        roles: WATCHERS,
        scopes: ADMIN_READ,
    },
    Row {
        permission: Permission::InvitePeople,
        name: "invite-people",
        meaning: "invite people, and revoke invitations",
        is_write: true,
        roles: RUNNERS,
        scopes: ADMIN,
    },
    Row {
        permission: Permission::ChangeRoles,
        name: "change-roles",
        meaning: "change the roles of people, and remove them from the tenant",
        is_write: true,
        roles: RUNNERS,
        scopes: ADMIN,
    },
    Row {
        permission: Permission::ReadStatements,
        name: "read-statements",
        meaning: "read statements, activities and persons",
        is_write: false,
        roles: READERS,
        scopes: STATEMENTS,
    },
    Row {
        permission: Permission::VoidStatements,
        name: "void-statements",
        meaning: "void statements",
        is_write: true,
        roles: RUNNERS,
        // Somebody who may create credentials could create one that stores voiding statements.
        scopes: ADMIN,
    },
    Row {
        permission: Permission::AskQuestions,
        name: "ask-questions",
        meaning: "ask questions about learners: all of the tenant, an advisor the members of its groups, a learner itself",
        is_write: false,
        roles: QUESTIONERS,
        scopes: STATEMENTS,
    },
    Row {
        permission: Permission::RunSql,
        name: "run-sql",
        meaning: "ask about facts in SQL, which reaches all of the tenant",
        is_write: false,
        roles: READERS,
        scopes: STATEMENTS,
    },
    Row {
        permission: Permission::SaveQuestions,
        name: "save-questions",
        meaning: "save questions and dashboards, for oneself or for all who may ask",
        is_write: true,
        // Learners are many, and the saved questions of a tenant are limited.
        roles: SAVERS,
        scopes: ADMIN,
    },
    Row {
        permission: Permission::ReadPersons,
        name: "read-persons",
        meaning: "read the joined identifiers of persons, what is known of them, and groups with \
                  their members",
        is_write: false,
        roles: READERS,
        scopes: PERSONS,
    },
    Row {
        permission: Permission::WritePersons,
        name: "write-persons",
        meaning: "join and split identifiers of persons, change what is known of them, and create, \
                  change and remove groups with their members",
        is_write: true,
        roles: RUNNERS,
        scopes: ADMIN,
    },
    Row {
        permission: Permission::ReadAudit,
        name: "read-audit",
        meaning: "read the audit of the tenant",
        is_write: false,
        roles: WATCHERS,
        scopes: AUDIT,
    },
    Row {
        permission: Permission::ExportAudit,
        name: "export-audit",
        meaning: "export the audit of the tenant",
        is_write: false,
        roles: WATCHERS,
        scopes: AUDIT,
    },
];

// A row is found by the discriminant of its permission.
const _: () = {
    let mut index = 0;
    while index < TABLE.len() {
        assert!(
            TABLE[index].permission as usize == index,
            "rows are in the order of the enumeration"
        );
        index += 1;
    }
};

impl Permission {
    /// Every permission, in the order of the table.
    pub const EVERY: [Self; TABLE.len()] = {
        let mut every = [Self::ReadTenant; TABLE.len()];
        let mut index = 0;
        while index < TABLE.len() {
            every[index] = TABLE[index].permission;
            index += 1;
        }
        every
    };

    const fn row(self) -> &'static Row {
        const ROWS: &[Row] = &TABLE;
        &ROWS[self as usize]
    }

    /// The name, such as `read-audit`.
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// A description, as a verb phrase.
    pub const fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// Whether it changes anything.
    pub const fn is_write(self) -> bool {
        self.row().is_write
    }

    /// The roles that have it.
    pub const fn roles(self) -> &'static [Role] {
        self.row().roles
    }

    /// The scopes; each of them gives it to a credential. Empty if only people may have it.
    pub const fn scopes(self) -> &'static [Scope] {
        self.row().scopes
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Decides whether an account with `role` in a tenant has `permission` there.
pub fn permits(role: Role, permission: Permission) -> bool {
    permission.roles().contains(&role)
}

impl Role {
    /// The scopes with which a person of this role reads on `/xapi`.
    pub fn scopes(self) -> Scopes {
        let is_reader = permits(self, Permission::ReadStatements);
        is_reader.then_some(Scope::StatementsRead).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers to questions name persons, and what is known of them.
    #[test]
    fn those_who_may_read_statements_may_read_persons() {
        let (statements, persons) = (Permission::ReadStatements, Permission::ReadPersons);
        for role in Role::EVERY {
            assert!(!permits(role, statements) || permits(role, persons), "{role:?}");
        }
        for scope in statements.scopes() {
            assert!(persons.scopes().contains(scope), "{scope:?}");
        }
    }

    /// The expected permissions of each role, independent of the table.
    fn expected(role: Role) -> Vec<&'static str> {
        let names = match role {
            Role::Owner => {
                "read-tenant read-usage rename-tenant change-settings publish-proof-log \
                 set-tenant-audit set-smallest-group delete-tenant read-credentials \
                 write-credentials issue-tokens read-people invite-people change-roles \
                 read-statements void-statements ask-questions run-sql save-questions \
                 read-persons write-persons read-audit export-audit"
            }
            Role::Administrator => {
                "read-tenant read-usage rename-tenant change-settings publish-proof-log \
                 read-credentials write-credentials issue-tokens read-people invite-people \
                 change-roles read-statements void-statements ask-questions run-sql \
                 save-questions read-persons write-persons read-audit export-audit"
            }
            Role::Analyst => {
                "read-tenant read-usage read-statements ask-questions run-sql save-questions \
                 read-persons"
            }
            Role::Advisor => "read-tenant ask-questions save-questions",
            Role::Learner => "read-tenant ask-questions",
            Role::Auditor => {
                "read-tenant read-usage read-credentials read-people read-audit export-audit"
            }
            Role::Viewer => "read-tenant read-usage",
        };
        names.split_whitespace().collect()
    }

    #[test]
    fn each_role_has_exactly_its_permissions() {
        for role in Role::EVERY {
            let permitted =
                Permission::EVERY.into_iter().filter(|permission| permits(role, *permission));
            let names: Vec<&str> = permitted.map(Permission::as_str).collect();
            assert_eq!(names, expected(role), "{role}");
        }
    }

    #[test]
    fn only_owners_and_administrators_change_anything_but_questions_of_their_own() {
        let is_checked = |it: &Permission| it.is_write() && *it != Permission::SaveQuestions;
        for permission in Permission::EVERY.into_iter().filter(is_checked) {
            let roles = permission.roles();
            assert!(roles.iter().all(|role| RUNNERS.contains(role)), "{permission}");
        }
    }

    #[test]
    fn a_credential_administers_no_more_than_an_administrator() {
        for permission in Permission::EVERY {
            let scopes = permission.scopes();
            let is_administrators = permits(Role::Administrator, permission);
            assert_eq!(!scopes.is_empty(), is_administrators, "{permission}");
            let is_read_enough = scopes.contains(&Scope::AdminRead);
            assert!(!(is_read_enough && permission.is_write()), "{permission}");
        }
    }
}
