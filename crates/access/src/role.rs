//! Roles of accounts in tenants.

use std::fmt;
use std::str::FromStr;

/// The role of an account in a tenant. It may have other roles in other tenants.
///
/// The table of [`Permission`](crate::Permission) says what each may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Is responsible for the tenant, and may do everything in it.
    Owner,
    /// Runs the tenant from day to day.
    Administrator,
    /// Reads statements.
    Analyst,
    /// Asks questions about the members of its groups, and reads no statements.
    Advisor,
    /// Reads permissions and the audit, and no statements.
    Auditor,
    /// Reads the tenant and its usage, and no data of persons.
    Viewer,
    /// Asks questions about what is recorded of itself alone.
    Learner,
}

/// The text is not the name of a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role: expected one of {names}", names = names())]
pub struct UnknownRole(String);

impl Role {
    /// Every role, the one with the most permissions first.
    pub const EVERY: [Self; 7] = [
        Self::Owner,
        Self::Administrator,
        Self::Analyst,
        Self::Advisor,
        Self::Auditor,
        Self::Viewer,
        Self::Learner,
    ];

    /// The name, such as `administrator`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Analyst => "analyst",
            Self::Advisor => "advisor",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
            Self::Learner => "learner",
        }
    }

    /// A description of the role, as a verb phrase.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Owner => "is responsible for the tenant, and may do everything in it",
            Self::Administrator => "runs the tenant from day to day",
            Self::Analyst => "reads statements",
            Self::Advisor => {
                "asks questions about the members of its groups, and reads no statements"
            }
            Self::Auditor => "reads permissions and the audit, and no statements",
            Self::Viewer => "reads the tenant and its usage, and no data of persons",
            Self::Learner => "asks questions about what is recorded of itself alone",
        }
    }
}

/// The names of all roles.
fn names() -> String {
    Role::EVERY.map(Role::as_str).join(", ")
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let named = Self::EVERY.into_iter().find(|role| role.as_str() == text);
        named.ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// Whether a `granter` may give somebody `role`, or take it away.
///
/// An owner may for any role, an administrator for any but owner, and nobody else. A change of a
/// role takes one away and gives another, so both must be checked.
pub const fn may_grant(granter: Role, role: Role) -> bool {
    match granter {
        Role::Owner => true,
        Role::Administrator => !matches!(role, Role::Owner),
        Role::Analyst | Role::Advisor | Role::Auditor | Role::Viewer | Role::Learner => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Permission, permits};

    #[test]
    fn prints_and_parses_alike() {
        for role in Role::EVERY {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        for text in ["", "Owner", "owners", "operator"] {
            assert_eq!(text.parse::<Role>(), Err(UnknownRole(text.to_owned())));
        }
    }

    #[test]
    fn people_read_statements_or_nothing() {
        for role in Role::EVERY {
            let expected = match role {
                Role::Owner | Role::Administrator | Role::Analyst => "statements/read",
                Role::Advisor | Role::Auditor | Role::Viewer | Role::Learner => "",
            };
            assert_eq!(role.scopes().to_string(), expected, "{role}");
        }
    }

    #[test]
    fn nobody_grants_more_than_they_may() {
        for granter in Role::EVERY {
            for granted in Role::EVERY {
                let expected = match granter {
                    Role::Owner => true,
                    Role::Administrator => granted != Role::Owner,
                    Role::Analyst
                    | Role::Advisor
                    | Role::Auditor
                    | Role::Viewer
                    | Role::Learner => false,
                };
                assert_eq!(may_grant(granter, granted), expected, "{granter} grants {granted}");
                let exceeds = |act: Permission| permits(granted, act) && !permits(granter, act);
                let is_raised = Permission::EVERY.into_iter().any(exceeds);
                assert!(!(expected && is_raised), "{granter} grants more as {granted}");
            }
        }
    }
}
