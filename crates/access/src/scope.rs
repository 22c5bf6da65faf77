//! Scopes of credentials.

use std::fmt;
use std::str::FromStr;

/// One permission of an API credential.
///
/// Those of the specification come first and imply none of the others: `all` covers all of xAPI,
/// but no administration.
///
/// Spec: xAPI 1.0.3, Part Three, 4.2 (OAuth 1.0 authorization scope).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Write any statement.
    StatementsWrite,
    /// Read the statements that this credential wrote.
    StatementsReadMine,
    /// Read any statement.
    StatementsRead,
    /// Read and write state documents.
    State,
    /// Read activities and persons, and define them.
    Define,
    /// Read and write activity and agent profiles.
    Profile,
    /// Read everything.
    AllRead,
    /// Read and write everything.
    All,
    /// Administer the tenant with the permissions of an administrator, without reading statements.
    Admin,
    /// Read everything that `admin` may change.
    AdminRead,
    /// Read and export the audit.
    AuditRead,
}

/// The text is not the name of a scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a scope: expected one of {every}",
    every = Scope::EVERY.map(Scope::as_str).join(", ")
)]
pub struct UnknownScope(String);

impl Scope {
    /// Every scope: first those of the specification, in its order.
    pub const EVERY: [Self; 11] = [
        Self::StatementsWrite,
        Self::StatementsReadMine,
        Self::StatementsRead,
        Self::State,
        Self::Define,
        Self::Profile,
        Self::AllRead,
        Self::All,
        Self::Admin,
        Self::AdminRead,
        Self::AuditRead,
    ];

    /// The name, such as `statements/read/mine`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StatementsWrite => "statements/write",
            Self::StatementsReadMine => "statements/read/mine",
            Self::StatementsRead => "statements/read",
            Self::State => "state",
            Self::Define => "define",
            Self::Profile => "profile",
            Self::AllRead => "all/read",
            Self::All => "all",
            Self::Admin => "admin",
            Self::AdminRead => "admin/read",
            Self::AuditRead => "audit/read",
        }
    }

    /// A description, as a verb phrase.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::StatementsWrite => "write statements",
            Self::StatementsReadMine => "read the statements written as the same authority",
            Self::StatementsRead => "read statements, activities and persons",
            Self::State => "read and write state documents; read activities and persons",
            Self::Define => {
                "let what statements say of activities and persons become known; read activities \
                 and persons"
            }
            Self::Profile => {
                "read and write activity and agent profiles; read activities and persons"
            }
            Self::AllRead => "read all of xAPI",
            Self::All => "read and write all of xAPI",
            Self::Admin => "administer the tenant with the permissions of an administrator",
            Self::AdminRead => "read everything that `admin` may change, and the audit",
            Self::AuditRead => "read and export the audit",
        }
    }

    /// Whether it is a scope for administration.
    pub const fn administers(self) -> bool {
        matches!(self, Self::Admin | Self::AdminRead | Self::AuditRead)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let named = Self::EVERY.into_iter().find(|scope| scope.as_str() == text);
        named.ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

/// A set of scopes. Prints as their names, separated by spaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u16);

impl Scopes {
    /// Whether `scope` itself is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether any of `scopes` is in the set.
    pub fn contains_any(self, scopes: &[Scope]) -> bool {
        scopes.iter().any(|scope| self.contains(*scope))
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in the order of [`Scope::EVERY`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::EVERY.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            write!(f, "{blank}{scope}")?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        text.split_whitespace().map(str::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses_alike() {
        for scope in Scope::EVERY {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        let scopes: Scopes = "audit/read all statements/write".parse().unwrap();
        assert_eq!(scopes.to_string(), "statements/write all audit/read");
        assert_eq!("state nonsense".parse::<Scopes>(), Err(UnknownScope("nonsense".into())));
    }
}
