//! Links that are valid once.

use acta_access::{Role, TenantId};
use acta_ambient::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::AccountId;
use super::account::EmailAddress;
use super::person_group::GroupId;
use super::recorded::{Recorded, corrupt, moment, read_body, write_body};
use crate::{Record, RecordContent, RecordKind, StorageError, Who};

/// A link that is valid once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The hash of its token. Only the link contains the token.
    pub id: String,
    /// The purpose of the link.
    pub purpose: TicketPurpose,
    /// Who created it. A link is void once its creator may not create it any more.
    pub by: Who,
    /// When it was created.
    pub created: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
}

/// The purpose of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketPurpose {
    /// Creates the first account.
    SetUp,
    /// Grants a person a role in a tenant, and creates their account if they have none.
    Invitation {
        /// The tenant.
        tenant: TenantId,
        /// The address of the person.
        email: EmailAddress,
        /// The role in the tenant.
        role: Role,
        /// The groups about whose members an advisor may ask; none for other roles.
        groups: Vec<GroupId>,
    },
    /// Sets a new password of an account.
    Reset {
        /// The account.
        account: AccountId,
    },
}

#[derive(Serialize, Deserialize)]
struct Body {
    created: i64,
    purpose: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// Absent in links of the first releases, which nobody may use any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

impl Recorded for Ticket {
    const KIND: RecordKind = RecordKind::Ticket;

    fn record_id(&self) -> String {
        self.id.clone()
    }

    fn to_content(&self) -> RecordContent {
        let created = self.created.unix_micros();
        let plain = |purpose: &str| Body {
            created,
            purpose: purpose.to_owned(),
            email: None,
            role: None,
            groups: Vec::new(),
            by: Some(self.by.to_string()),
        };
        let (body, tenant, owner) = match &self.purpose {
            TicketPurpose::SetUp => (plain("set-up"), None, None),
            TicketPurpose::Invitation { tenant, email, role, groups } => {
                let (email, role) = (Some(email.to_string()), Some(role.to_string()));
                let groups = groups.iter().map(ToString::to_string).collect();
                (Body { email, role, groups, ..plain("invitation") }, Some(*tenant), None)
            }
            TicketPurpose::Reset { account } => (plain("reset"), None, Some(account.to_string())),
        };
        let expires = Some(self.expires);
        RecordContent { tenant, owner, name: None, expires, body: write_body(&body) }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: Body = read_body(record)?;
        let content = &record.content;
        let purpose = match body.purpose.as_str() {
            "set-up" => Some(TicketPurpose::SetUp),
            "invitation" => {
                let email = body.email.and_then(|email| email.parse().ok());
                let role = body.role.and_then(|role| role.parse().ok());
                let groups = body.groups.iter().map(|id| id.parse().ok()).collect();
                match (content.tenant, email, role, groups) {
                    (Some(tenant), Some(email), Some(role), Some(groups)) => {
                        Some(TicketPurpose::Invitation { tenant, email, role, groups })
                    }
                    _ => None,
                }
            }
            "reset" => {
                let account = content.owner.as_deref().and_then(|owner| owner.parse().ok());
                account.map(|account| TicketPurpose::Reset { account })
            }
            _ => None,
        };
        Ok(Self {
            id: record.id.clone(),
            purpose: purpose.ok_or_else(|| corrupt(record))?,
            by: match body.by {
                Some(by) => by.parse().map_err(|_unknown| corrupt(record))?,
                None => Who::Anonymous,
            },
            created: moment(body.created),
            expires: content.expires.ok_or_else(|| corrupt(record))?,
        })
    }
}
