//! How the versions differ on the wire.

use super::Version;

/// The kinds of documents that the versions treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// State of an agent in an activity.
    State,
    /// Profile of an activity.
    ActivityProfile,
    /// Profile of an agent.
    AgentProfile,
}

/// Whether the PUT of a new profile needs `If-Match` or `If-None-Match` under 1.0.3, which requires
/// them of clients, and leaves open what happens without them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProfilePrecondition {
    /// It is stored without them.
    #[default]
    Optional,
    /// It is refused without them, as the official suite tests it.
    Required,
}

/// What a PUT of a document without `If-Match` and `If-None-Match` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnconditionalPut {
    /// It writes, whether there is a document or not.
    Writes,
    /// It creates a new document; if there is one, it is a conflict.
    Creates,
    /// It is refused: as a conflict if there is a document, otherwise as incomplete.
    Refused,
}

impl Version {
    /// Whether a request may be written as a POST with its method in the query and the rest
    /// in a form.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 1.3. IEEE 9274.1.1 has removed it.
    pub const fn has_alternate_syntax(self) -> bool {
        match self {
            Self::V1_0_3 => true,
            Self::V2_0_0 => false,
        }
    }

    /// What a PUT of a document without precondition does, if the PUT of a new profile needs
    /// preconditions as `profile` says.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 3.1; IEEE 9274.1.1, 4.1.4.
    pub const fn unconditional_put(
        self,
        kind: DocumentKind,
        profile: ProfilePrecondition,
    ) -> UnconditionalPut {
        match (self, kind, profile) {
            (Self::V1_0_3, DocumentKind::State, _) => UnconditionalPut::Writes,
            (Self::V1_0_3, _, ProfilePrecondition::Required) => UnconditionalPut::Refused,
            (Self::V1_0_3, _, ProfilePrecondition::Optional) | (Self::V2_0_0, _, _) => {
                UnconditionalPut::Creates
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_without_precondition_never_replaces_a_profile() {
        use ProfilePrecondition::{Optional, Required};
        use UnconditionalPut::{Creates, Refused, Writes};

        let (old, new) = (Version::V1_0_3, Version::V2_0_0);
        let table = [
            (old, DocumentKind::State, Writes, Writes),
            (old, DocumentKind::ActivityProfile, Creates, Refused),
            (old, DocumentKind::AgentProfile, Creates, Refused),
            (new, DocumentKind::State, Creates, Creates),
            (new, DocumentKind::ActivityProfile, Creates, Creates),
            (new, DocumentKind::AgentProfile, Creates, Creates),
        ];
        for (version, kind, optional, required) in table {
            assert_eq!(version.unconditional_put(kind, Optional), optional, "{version:?} {kind:?}");
            assert_eq!(version.unconditional_put(kind, Required), required, "{version:?} {kind:?}");
        }
    }
}
