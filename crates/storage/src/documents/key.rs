//! Keys of documents, and lists of them.

use acta_xapi::{ActivityId, Ifi, Uuid};

/// The key of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKey {
    /// State of an agent in an activity.
    State {
        /// The activity.
        activity: ActivityId,
        /// The agent or identified group.
        agent: Ifi,
        /// The registration. Documents without one form a place of their own.
        registration: Option<Uuid>,
        /// The name of the document.
        state_id: String,
    },
    /// Profile of an activity.
    ActivityProfile {
        /// The activity.
        activity: ActivityId,
        /// The name of the document.
        profile_id: String,
    },
    /// Profile of an agent.
    AgentProfile {
        /// The agent or identified group.
        agent: Ifi,
        /// The name of the document.
        profile_id: String,
    },
}

impl DocumentKey {
    /// The name of the document in its place.
    pub fn name(&self) -> &str {
        match self {
            Self::State { state_id, .. } => state_id,
            Self::ActivityProfile { profile_id, .. } | Self::AgentProfile { profile_id, .. } => {
                profile_id
            }
        }
    }
}

/// A list of documents: all that are stored in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentList {
    /// States of an agent in an activity.
    States {
        /// The activity.
        activity: ActivityId,
        /// The agent or identified group.
        agent: Ifi,
        /// Only this registration; `None` means with any registration or without one.
        registration: Option<Uuid>,
    },
    /// Profiles of an activity.
    ActivityProfiles {
        /// The activity.
        activity: ActivityId,
    },
    /// Profiles of an agent.
    AgentProfiles {
        /// The agent or identified group.
        agent: Ifi,
    },
}
