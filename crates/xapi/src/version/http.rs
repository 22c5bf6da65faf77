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

    /// What a PUT of a document without precondition does.
    ///
    /// 1.0.3 requires a precondition for every PUT of a profile, and the official suite requires
    /// 400 if there is neither a precondition nor a document.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 3.1; IEEE 9274.1.1, 4.1.4.
    pub const fn unconditional_put(self, kind: DocumentKind) -> UnconditionalPut {
        match (self, kind) {
            (Self::V1_0_3, DocumentKind::State) => UnconditionalPut::Writes,
            (Self::V1_0_3, DocumentKind::ActivityProfile | DocumentKind::AgentProfile) => {
                UnconditionalPut::Refused
            }
            (Self::V2_0_0, _) => UnconditionalPut::Creates,
        }
    }
}
