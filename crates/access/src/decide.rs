//! The decision what is permitted.

use crate::{Principal, Scope};

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Store statements.
    WriteStatements,
    /// Read any statement.
    ReadStatements,
    /// Read the statements written by the same credential.
    ReadOwnStatements,
    /// Read state documents.
    ReadState,
    /// Write or remove state documents.
    WriteState,
    /// Read activity or agent profile documents.
    ReadProfiles,
    /// Write or remove activity or agent profile documents.
    WriteProfiles,
    /// Read what is known of an activity or a person.
    ReadEntities,
}

/// The principal lacks every scope that permits the act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the credential has none of the scopes that permit this")]
pub struct Denied {
    /// Each of these alone would permit it.
    pub sufficient: &'static [Scope],
}

impl Act {
    /// The scopes of which each alone permits the act.
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

/// Decides whether `principal` may do `act`.
///
/// # Errors
///
/// [`Denied`] names the scopes that would have sufficed.
pub fn decide(principal: &Principal, act: Act) -> Result<(), Denied> {
    let sufficient = act.sufficient();
    if principal.scopes.contains_any(sufficient) { Ok(()) } else { Err(Denied { sufficient }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scopes, TenantId};

    #[track_caller]
    fn check(scopes: &str, act: Act, permitted: bool) {
        let scopes: Scopes = scopes.parse().unwrap();
        let principal = Principal { tenant: TenantId::FIRST, name: "key".into(), scopes };
        assert_eq!(decide(&principal, act).is_ok(), permitted, "{scopes} for {act:?}");
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
    }
}
