//! The place of a document, as texts for the columns of a table.

use acta_xapi::{Ifi, Version, parse_actor};
use sha2::{Digest, Sha256};

use super::{DocumentKey, DocumentList, RemovalScope};

const STATE: &str = "state";
const ACTIVITY_PROFILE: &str = "activity-profile";
const AGENT_PROFILE: &str = "agent-profile";

/// The place of a document, or the places of a list, as texts. They are part of the formats
/// of the engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentPlace {
    /// `state`, `activity-profile` or `agent-profile`.
    pub kind: &'static str,
    /// The activity's id; empty if there is none.
    pub activity: String,
    /// The key of the agent's identifier; empty if there is none.
    pub agent: String,
    /// Empty if there is none; `None` for a list of documents with any registration or without.
    pub registration: Option<String>,
}

impl DocumentPlace {
    /// The place of a document.
    pub fn of(key: &DocumentKey) -> Self {
        match key {
            DocumentKey::State { activity, agent, registration, .. } => Self {
                kind: STATE,
                activity: activity.as_str().to_owned(),
                agent: agent.to_key(),
                registration: Some(registration.map(|id| id.to_string()).unwrap_or_default()),
            },
            DocumentKey::ActivityProfile { activity, .. } => {
                Self::of_profiles(ACTIVITY_PROFILE, activity.as_str().to_owned(), String::new())
            }
            DocumentKey::AgentProfile { agent, .. } => {
                Self::of_profiles(AGENT_PROFILE, String::new(), agent.to_key())
            }
        }
    }

    /// The places of a list.
    pub fn of_list(list: &DocumentList) -> Self {
        match list {
            DocumentList::States { activity, agent, registration } => Self {
                kind: STATE,
                activity: activity.as_str().to_owned(),
                agent: agent.to_key(),
                registration: registration.map(|id| id.to_string()),
            },
            DocumentList::ActivityProfiles { activity } => {
                Self::of_profiles(ACTIVITY_PROFILE, activity.as_str().to_owned(), String::new())
            }
            DocumentList::AgentProfiles { agent } => {
                Self::of_profiles(AGENT_PROFILE, String::new(), agent.to_key())
            }
        }
    }

    /// SHA-256 over kind, activity and agent, each followed by a zero byte, which none of them
    /// contains.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for part in [self.kind, &self.activity, &self.agent] {
            hasher.update(part);
            hasher.update([0]);
        }
        hasher.finalize().into()
    }

    /// What is remembered when documents are removed here.
    pub fn removal_scope(&self) -> RemovalScope {
        RemovalScope::new(self.hash(), self.registration.as_deref())
    }

    fn of_profiles(kind: &'static str, activity: String, agent: String) -> Self {
        Self { kind, activity, agent, registration: Some(String::new()) }
    }
}

/// The place and name of a document as read from a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentRow<'a> {
    /// As in [`DocumentPlace`].
    pub kind: &'a str,
    /// As in [`DocumentPlace`].
    pub activity: &'a str,
    /// As in [`DocumentPlace`].
    pub agent: &'a str,
    /// Empty if there is none.
    pub registration: &'a str,
    /// The name of the document.
    pub name: &'a str,
}

impl DocumentRow<'_> {
    /// The key of the document; `None` if no key has this place and name.
    pub fn key(&self) -> Option<DocumentKey> {
        let activity = || self.activity.parse().ok();
        let name = self.name.to_owned();
        Some(match self.kind {
            STATE => DocumentKey::State {
                activity: activity()?,
                agent: read_ifi(self.agent)?,
                registration: match self.registration {
                    "" => None,
                    registration => Some(registration.parse().ok()?),
                },
                state_id: name,
            },
            ACTIVITY_PROFILE => {
                DocumentKey::ActivityProfile { activity: activity()?, profile_id: name }
            }
            AGENT_PROFILE => {
                DocumentKey::AgentProfile { agent: read_ifi(self.agent)?, profile_id: name }
            }
            _ => return None,
        })
    }
}

/// The identifier with this key.
fn read_ifi(key: &str) -> Option<Ifi> {
    parse_actor(key.as_bytes(), Version::V2_0_0).ok()?.ifi.filter(|ifi| ifi.to_key() == key)
}
