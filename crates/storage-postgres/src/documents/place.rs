//! Where a document is kept, as columns.

use acta_access::TenantId;
use acta_storage::{DocumentKey, DocumentList};
use acta_xapi::{ActivityId, Ifi};
use sha2::{Digest, Sha256};

use crate::credentials::number;

pub(super) const STATE: &str = "state";
pub(super) const ACTIVITY_PROFILE: &str = "activity-profile";
pub(super) const AGENT_PROFILE: &str = "agent-profile";

/// The columns that name a place: all documents of a list, or those around a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) tenant: i32,
    pub(super) kind: &'static str,
    /// Empty for none.
    pub(super) activity: String,
    /// The key of the identifier; empty for none.
    pub(super) agent: String,
    /// SHA-256 over kind, activity and agent.
    pub(super) hash: Vec<u8>,
}

/// The columns that name a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) place: Place,
    /// Empty for none.
    pub(super) registration: String,
    pub(super) name: String,
    /// SHA-256 over the name.
    pub(super) name_hash: Vec<u8>,
}

/// The columns that name the documents of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListColumns {
    pub(super) place: Place,
    /// None for every registration and none.
    pub(super) registration: Option<String>,
}

impl Place {
    fn new(
        tenant: TenantId,
        kind: &'static str,
        activity: Option<&ActivityId>,
        agent: Option<&Ifi>,
    ) -> Self {
        let activity = activity.map_or_else(String::new, |activity| activity.as_str().to_owned());
        let agent = agent.map_or_else(String::new, Ifi::to_key);
        let mut hasher = Sha256::new();
        for part in [kind, &activity, &agent] {
            hasher.update(part);
            // No part holds this byte.
            hasher.update([0]);
        }
        let hash = hasher.finalize().to_vec();
        Self { tenant: number(tenant), kind, activity, agent, hash }
    }
}

impl Columns {
    pub(super) fn of(tenant: TenantId, key: &DocumentKey) -> Self {
        let (place, registration, name) = match key {
            DocumentKey::State { activity, agent, registration, state_id } => {
                let place = Place::new(tenant, STATE, Some(activity), Some(agent));
                (place, registration.map(|id| id.to_string()), state_id)
            }
            DocumentKey::ActivityProfile { activity, profile_id } => {
                (Place::new(tenant, ACTIVITY_PROFILE, Some(activity), None), None, profile_id)
            }
            DocumentKey::AgentProfile { agent, profile_id } => {
                (Place::new(tenant, AGENT_PROFILE, None, Some(agent)), None, profile_id)
            }
        };
        let name_hash = Sha256::digest(name).to_vec();
        let registration = registration.unwrap_or_default();
        Self { place, registration, name: name.clone(), name_hash }
    }
}

impl ListColumns {
    pub(super) fn of(tenant: TenantId, list: &DocumentList) -> Self {
        let none = Some(String::new());
        match list {
            DocumentList::States { activity, agent, registration } => {
                let place = Place::new(tenant, STATE, Some(activity), Some(agent));
                Self { place, registration: registration.map(|id| id.to_string()) }
            }
            DocumentList::ActivityProfiles { activity } => {
                let place = Place::new(tenant, ACTIVITY_PROFILE, Some(activity), None);
                Self { place, registration: none }
            }
            DocumentList::AgentProfiles { agent } => {
                let place = Place::new(tenant, AGENT_PROFILE, None, Some(agent));
                Self { place, registration: none }
            }
        }
    }
}
