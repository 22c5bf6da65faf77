//! How the versions differ on the wire.

use super::Version;

/// A kind of document, as far as the versions treat them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// State of an agent in an activity.
    State,
    /// Profile of an activity.
    ActivityProfile,
    /// Profile of an agent.
    AgentProfile,
}

/// What a PUT of a document does that comes without `If-Match` and `If-None-Match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarePut {
    /// It writes, whether there is a document or not.
    Writes,
    /// It makes a new document; where there is one, it is a conflict.
    Creates,
    /// It is refused: as a conflict where there is a document, else as incomplete.
    Refused,
}

impl Version {
    /// Whether a request may be written as a POST with its method in the query and the rest
    /// in a form.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 1.3. It is gone from IEEE 9274.1.1.
    pub const fn has_alternate_syntax(self) -> bool {
        match self {
            Self::V1_0_3 => true,
            Self::V2_0_0 => false,
        }
    }

    /// What a PUT of a document without precondition does.
    ///
    /// 1.0.3 asks for a precondition with every PUT of a profile, and the official suite asks
    /// for 400 where none comes and no document is there.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 3.1; IEEE 9274.1.1, 4.1.4.
    pub const fn bare_put(self, kind: DocumentKind) -> BarePut {
        match (self, kind) {
            (Self::V1_0_3, DocumentKind::State) => BarePut::Writes,
            (Self::V1_0_3, DocumentKind::ActivityProfile | DocumentKind::AgentProfile) => {
                BarePut::Refused
            }
            (Self::V2_0_0, _) => BarePut::Creates,
        }
    }
}
