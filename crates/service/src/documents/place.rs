//! Places of documents, and the permissions for them.

use acta_access::{Act, Principal};
use acta_storage::{DocumentKey, DocumentList};
use acta_xapi::{ActivityId, DocumentKind, Ifi, Uuid};

use crate::{Service, ServiceError};

/// The place of a document or of a list of documents.
#[derive(Clone, Copy, Debug)]
pub(super) enum DocumentScope<'a> {
    /// States of an agent in an activity.
    States { activity: &'a ActivityId, agent: &'a Ifi, registration: Option<Uuid> },
    /// Profiles of an activity.
    ActivityProfiles(&'a ActivityId),
    /// Profiles of an agent.
    AgentProfiles(&'a Ifi),
}

/// The kind of access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Reading documents.
    Read,
    /// Writing or removing documents.
    Write,
}

impl<'a> From<&'a DocumentKey> for DocumentScope<'a> {
    fn from(key: &'a DocumentKey) -> Self {
        match key {
            DocumentKey::State { activity, agent, registration, .. } => {
                Self::States { activity, agent, registration: *registration }
            }
            DocumentKey::ActivityProfile { activity, .. } => Self::ActivityProfiles(activity),
            DocumentKey::AgentProfile { agent, .. } => Self::AgentProfiles(agent),
        }
    }
}

impl<'a> From<&'a DocumentList> for DocumentScope<'a> {
    fn from(list: &'a DocumentList) -> Self {
        match list {
            DocumentList::States { activity, agent, registration } => {
                Self::States { activity, agent, registration: *registration }
            }
            DocumentList::ActivityProfiles { activity } => Self::ActivityProfiles(activity),
            DocumentList::AgentProfiles { agent } => Self::AgentProfiles(agent),
        }
    }
}

impl DocumentScope<'_> {
    /// The kind of the documents.
    pub(super) const fn kind(self) -> DocumentKind {
        match self {
            Self::States { .. } => DocumentKind::State,
            Self::ActivityProfiles(_) => DocumentKind::ActivityProfile,
            Self::AgentProfiles(_) => DocumentKind::AgentProfile,
        }
    }

    /// Checks that `principal` may read or write documents here.
    pub(super) fn permit(self, principal: &Principal, access: Access) -> Result<(), ServiceError> {
        Service::permit(principal, self.act(access))?;
        let restrictions = &principal.restrictions;
        let permitted = match (self, access) {
            (Self::States { activity, agent, registration }, _) => {
                restrictions.permit_state(activity, agent, registration)
            }
            (Self::ActivityProfiles(activity), Access::Read) => {
                restrictions.permit_activity(activity)
            }
            (Self::ActivityProfiles(activity), Access::Write) => {
                restrictions.permit_writing_activity(activity)
            }
            (Self::AgentProfiles(agent), _) => restrictions.permit_agent(agent),
        };
        Ok(permitted?)
    }

    const fn act(self, access: Access) -> Act {
        match (self.kind(), access) {
            (DocumentKind::State, Access::Read) => Act::ReadState,
            (DocumentKind::State, Access::Write) => Act::WriteState,
            (DocumentKind::ActivityProfile | DocumentKind::AgentProfile, Access::Read) => {
                Act::ReadProfiles
            }
            (DocumentKind::ActivityProfile | DocumentKind::AgentProfile, Access::Write) => {
                Act::WriteProfiles
            }
        }
    }
}

/// The part of `list` that `principal` may read or write: instead of all registrations, the one
/// that it is bound to.
pub(super) fn narrow(
    principal: &Principal,
    list: &DocumentList,
    access: Access,
) -> Result<DocumentList, ServiceError> {
    DocumentScope::from(list).permit(principal, access)?;
    let mut list = list.clone();
    if let DocumentList::States { registration, .. } = &mut list {
        *registration = principal.restrictions.narrow_registration(*registration)?;
    }
    Ok(list)
}
