//! The decision what a principal may do on `/xapi`.

use crate::{Permission, Principal, Restriction, Role, Scope, may_grant};

/// An act on xAPI resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Store statements.
    WriteStatements,
    /// Read any statement.
    ReadStatements,
    /// Read the statements written as the same authority.
    ReadOwnStatements,
    /// Read state documents.
    ReadState,
    /// Write or remove state documents.
    WriteState,
    /// Read activity or agent profile documents.
    ReadProfiles,
    /// Write or remove activity or agent profile documents.
    WriteProfiles,
    /// Read activities and persons.
    ReadEntities,
}

/// Why the principal may not do the act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It has none of the scopes that permit the act.
    #[error("the credential has none of the required scopes")]
    Scopes {
        /// Each of these alone would permit it; none if no scope does.
        sufficient: &'static [Scope],
    },
    /// Its scopes permit the act, but a restriction does not.
    #[error("a restriction of the credential forbids the request")]
    Restricted {
        /// The restriction.
        #[source]
        restriction: Restriction,
        /// The index of the statement that caused it, from 0.
        statement_index: Option<usize>,
    },
}

impl From<Restriction> for Denied {
    fn from(restriction: Restriction) -> Self {
        Self::Restricted { restriction, statement_index: None }
    }
}

impl Act {
    /// Every act.
    pub const EVERY: [Self; 8] = [
        Self::WriteStatements,
        Self::ReadStatements,
        Self::ReadOwnStatements,
        Self::ReadState,
        Self::WriteState,
        Self::ReadProfiles,
        Self::WriteProfiles,
        Self::ReadEntities,
    ];

    /// A description, as a verb phrase.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::WriteStatements => "write statements",
            Self::ReadStatements => "read any statement",
            Self::ReadOwnStatements => "read statements of the same authority",
            Self::ReadState => "read state documents",
            Self::WriteState => "write state documents",
            Self::ReadProfiles => "read activity and agent profiles",
            Self::WriteProfiles => "write activity and agent profiles",
            Self::ReadEntities => "read activities and persons",
        }
    }

    /// Whether it changes anything.
    pub const fn is_write(self) -> bool {
        match self {
            Self::WriteStatements | Self::WriteState | Self::WriteProfiles => true,
            Self::ReadStatements
            | Self::ReadOwnStatements
            | Self::ReadState
            | Self::ReadProfiles
            | Self::ReadEntities => false,
        }
    }

    /// The scopes; each of them permits the act.
    pub const fn sufficient(self) -> &'static [Scope] {
        match self {
            Self::WriteStatements => &[Scope::StatementsWrite, Scope::All],
            Self::ReadStatements => &[Scope::StatementsRead, Scope::AllRead, Scope::All],
            Self::ReadOwnStatements => {
                &[Scope::StatementsReadMine, Scope::StatementsRead, Scope::AllRead, Scope::All]
            }
            Self::ReadState => &[Scope::State, Scope::AllRead, Scope::All],
            Self::WriteState => &[Scope::State, Scope::All],
            Self::ReadProfiles => &[Scope::Profile, Scope::AllRead, Scope::All],
            Self::WriteProfiles => &[Scope::Profile, Scope::All],
            Self::ReadEntities => &[
                Scope::Define,
                Scope::StatementsRead,
                Scope::State,
                Scope::Profile,
                Scope::AllRead,
                Scope::All,
            ],
        }
    }
}

/// Decides whether `principal` may do `act` at all. Its [`Restrictions`](crate::Restrictions)
/// decide on which data.
///
/// # Errors
///
/// [`Denied`] names the sufficient scopes, or the restriction.
pub fn decide(principal: &Principal, act: Act) -> Result<(), Denied> {
    let sufficient = act.sufficient();
    if !principal.scopes.contains_any(sufficient) {
        return Err(Denied::Scopes { sufficient });
    }
    if act.is_write() && principal.restrictions.is_read_only {
        return Err(Restriction::ReadOnly.into());
    }
    Ok(())
}

/// Whether `principal` may read every statement of its tenant.
pub fn reads_every_statement(principal: &Principal) -> bool {
    let is_restricted = principal.restrictions.narrows_content();
    decide(principal, Act::ReadStatements).is_ok() && !is_restricted
}

/// Decides whether `principal`, a credential, has `permission` in its tenant.
///
/// A credential that is restricted to activities or bound to an agent never has one: it could
/// create an unrestricted one.
///
/// # Errors
///
/// [`Denied`] names the sufficient scopes, or the restriction.
pub fn decide_administration(principal: &Principal, permission: Permission) -> Result<(), Denied> {
    let sufficient = permission.scopes();
    if !principal.scopes.contains_any(sufficient) {
        return Err(Denied::Scopes { sufficient });
    }
    let restrictions = &principal.restrictions;
    if restrictions.narrows_content() {
        return Err(Restriction::Administration.into());
    }
    if permission.is_write() && restrictions.is_read_only {
        return Err(Restriction::ReadOnly.into());
    }
    Ok(())
}

/// Decides whether `principal`, a credential, may give people the role `granted` in its
/// tenant, or take it away: as an administrator may.
///
/// # Errors
///
/// [`Denied`], as [`decide_administration`] with [`Permission::ChangeRoles`]; with no sufficient
/// scope if only an owner may.
pub fn decide_granting(principal: &Principal, granted: Role) -> Result<(), Denied> {
    decide_administration(principal, Permission::ChangeRoles)?;
    if may_grant(Role::Administrator, granted) {
        Ok(())
    } else {
        Err(Denied::Scopes { sufficient: &[] })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Restrictions, TenantId};

    fn principal(scopes: &str) -> Principal {
        Principal::new(TenantId::FIRST, "key", scopes.parse().unwrap())
    }

    fn restricted(scopes: &str, restrictions: Restrictions) -> Principal {
        Principal { restrictions: Arc::new(restrictions), ..principal(scopes) }
    }

    #[track_caller]
    fn check(scopes: &str, act: Act, permitted: bool) {
        assert_eq!(decide(&principal(scopes), act).is_ok(), permitted, "{scopes} for {act:?}");
    }

    #[test]
    fn permits_what_the_scopes_say_and_nothing_else() {
        let table = [
            ("all", Act::WriteStatements, true),
            ("all", Act::WriteProfiles, true),
            ("all/read", Act::ReadStatements, true),
            ("all/read", Act::WriteStatements, false),
            ("all/read", Act::WriteState, false),
            ("statements/write", Act::WriteStatements, true),
            ("statements/write", Act::ReadOwnStatements, false),
            ("statements/read/mine", Act::ReadOwnStatements, true),
            ("statements/read/mine", Act::ReadStatements, false),
            ("state", Act::WriteState, true),
            ("state", Act::ReadProfiles, false),
            ("profile", Act::WriteProfiles, true),
            ("define", Act::ReadEntities, true),
            ("define", Act::ReadState, false),
            ("", Act::ReadEntities, false),
        ];
        for (scopes, act, permitted) in table {
            check(scopes, act, permitted);
        }
        for act in Act::EVERY {
            check("all", act, true);
            check("admin admin/read audit/read", act, false);
            check("all/read", act, !act.is_write());
        }
    }

    #[test]
    fn only_an_unrestricted_reader_reads_every_statement() {
        let table = [
            ("all", true),
            ("all/read", true),
            ("statements/read", true),
            ("statements/read/mine", false),
            ("statements/write", false),
            ("state define profile", false),
        ];
        let prefix = "https://example.org/".parse().unwrap();
        let narrow = Restrictions { activity_prefixes: vec![prefix], ..Default::default() };
        let read_only = Restrictions { is_read_only: true, ..Restrictions::default() };
        for (scopes, expected) in table {
            assert_eq!(reads_every_statement(&principal(scopes)), expected, "{scopes}");
            let reader = restricted(scopes, read_only.clone());
            assert_eq!(reads_every_statement(&reader), expected, "{scopes}");
            assert!(!reads_every_statement(&restricted(scopes, narrow.clone())), "{scopes}");
        }
    }

    #[test]
    fn a_read_only_credential_writes_nothing() {
        let restrictions = Restrictions { is_read_only: true, ..Restrictions::default() };
        let reader = restricted("all admin", restrictions);
        let refused = Err(Denied::from(Restriction::ReadOnly));
        for act in Act::EVERY {
            assert_eq!(decide(&reader, act), if act.is_write() { refused } else { Ok(()) });
        }
        for permission in Permission::EVERY {
            let decided = decide_administration(&reader, permission);
            match (permission.scopes(), permission.is_write()) {
                ([], _) => assert_eq!(decided, Err(Denied::Scopes { sufficient: &[] })),
                (_, true) => assert_eq!(decided, refused, "{permission}"),
                (_, false) => assert_eq!(decided, Ok(()), "{permission}"),
            }
        }
    }

    #[test]
    fn scopes_of_xapi_administer_nothing() {
        let all = "statements/write statements/read/mine state define profile all/read all";
        for permission in Permission::EVERY {
            let is_permitted = decide_administration(&principal(all), permission).is_ok();
            let is_reading = matches!(
                permission,
                Permission::ReadStatements
                    | Permission::AskQuestions
                    | Permission::RunSql
                    | Permission::ReadPersons
            );
            assert_eq!(is_permitted, is_reading, "{permission}");
        }
    }

    #[test]
    fn a_restricted_credential_administers_nothing() {
        let prefix = "https://example.org/".parse().unwrap();
        let restrictions = Restrictions { activity_prefixes: vec![prefix], ..Default::default() };
        let who = restricted("all admin", restrictions);
        for permission in Permission::EVERY {
            let decided = decide_administration(&who, permission);
            let expected = match permission.scopes() {
                [] => Denied::Scopes { sufficient: &[] },
                _ => Restriction::Administration.into(),
            };
            assert_eq!(decided, Err(expected), "{permission}");
        }
    }

    #[test]
    fn a_credential_grants_what_an_administrator_may() {
        for role in Role::EVERY {
            let granted = decide_granting(&principal("admin"), role);
            assert_eq!(granted.is_ok(), role != Role::Owner, "{role}");
            assert!(decide_granting(&principal("all admin/read"), role).is_err(), "{role}");
        }
    }
}
