//! People: accounts, their roles in tenants, and their identities at providers.

use std::fmt;
use std::str::FromStr;

use acta_access::{Role, TenantId};
use acta_ambient::Timestamp;
use acta_xapi::Uuid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::person_group::GroupId;
use super::recorded::{Recorded, corrupt, moment, read_body, write_body};
use super::tenant::Tenant;
use crate::{Record, RecordContent, RecordKind, StorageError};

/// The id of an account.
pub type AccountId = Uuid;

/// An email address, with which a person signs in. In lower case, so that addresses compare
/// without regard to case. Its debug output is `***`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The text is not an email address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an address such as ada@example.org, of {} bytes at most",
    EmailAddress::BYTES_MAX
)]
pub struct NotAnEmailAddress;

impl EmailAddress {
    /// Longest address, in bytes. Spec: RFC 5321, 4.5.3.1.3, less its angle brackets.
    pub const BYTES_MAX: usize = 254;

    /// The address, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EmailAddress {
    type Err = NotAnEmailAddress;

    fn from_str(text: &str) -> Result<Self, NotAnEmailAddress> {
        let is_odd = |letter: char| {
            letter.is_whitespace() || letter.is_control() || "<>,;:\"".contains(letter)
        };
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmailAddress)?;
        let is_empty = local.is_empty() || domain.is_empty();
        if Self::BYTES_MAX < text.len() || is_empty || local.contains('@') || text.contains(is_odd)
        {
            return Err(NotAnEmailAddress);
        }
        let lower = text.to_lowercase();
        if Self::BYTES_MAX < lower.len() {
            return Err(NotAnEmailAddress);
        }
        Ok(Self(lower))
    }
}

/// The account of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The id of the account.
    pub id: AccountId,
    /// The address to sign in with. Unique in the store.
    pub email: EmailAddress,
    /// The person's name for display.
    pub display_name: String,
    /// The hash of its password, as PHC text; `None` if none is set, for example because the
    /// person signs in at an identity provider.
    pub password: Option<String>,
    /// The second factor, if one is set up.
    pub second_factor: Option<SecondFactor>,
    /// Whether it is an operator of the server, who creates, suspends and removes tenants.
    pub is_operator: bool,
    /// Whether signing in is disabled.
    pub is_disabled: bool,
    /// When it was created.
    pub created: Timestamp,
    /// When its password was last set.
    pub password_changed: Option<Timestamp>,
    /// When it last signed in.
    pub last_signed_in: Option<Timestamp>,
    /// The tenant for which it was created, by an invitation or by claims of an identity provider;
    /// `None` for one that operators created. It counts as an account of the tenant also when the
    /// person has left, until operators remove it.
    pub created_for: Option<TenantId>,
}

/// A second factor: one-time codes by RFC 6238, and recovery codes.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The secret from which codes are computed, as base32.
    pub secret: String,
    /// Whether the person has entered a first code. The factor is required only from then on.
    pub is_confirmed: bool,
    /// The time step of the last used code. Codes of this or an earlier step are refused.
    pub last_step: Option<u64>,
    /// Hashes of the unused recovery codes, each valid once.
    pub recovery: Vec<String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondFactor")
            .field("is_confirmed", &self.is_confirmed)
            .finish_non_exhaustive()
    }
}

/// The JSON form of the record.
#[derive(Serialize, Deserialize)]
struct Body {
    email: String,
    display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second_factor: Option<FactorBody>,
    #[serde(default)]
    is_operator: bool,
    #[serde(default)]
    is_disabled: bool,
    created: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_changed: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_signed_in: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct FactorBody {
    secret: String,
    is_confirmed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_step: Option<u64>,
    recovery: Vec<String>,
}

impl From<&SecondFactor> for FactorBody {
    fn from(factor: &SecondFactor) -> Self {
        let SecondFactor { secret, is_confirmed, last_step, recovery } = factor.clone();
        Self { secret, is_confirmed, last_step, recovery }
    }
}

impl From<FactorBody> for SecondFactor {
    fn from(body: FactorBody) -> Self {
        let FactorBody { secret, is_confirmed, last_step, recovery } = body;
        Self { secret, is_confirmed, last_step, recovery }
    }
}

impl Recorded for Account {
    const KIND: RecordKind = RecordKind::Account;

    fn record_id(&self) -> String {
        self.id.to_string()
    }

    fn to_content(&self) -> RecordContent {
        let body = Body {
            email: self.email.as_str().to_owned(),
            display_name: self.display_name.clone(),
            password: self.password.clone(),
            second_factor: self.second_factor.as_ref().map(FactorBody::from),
            is_operator: self.is_operator,
            is_disabled: self.is_disabled,
            created: self.created.unix_micros(),
            password_changed: self.password_changed.map(Timestamp::unix_micros),
            last_signed_in: self.last_signed_in.map(Timestamp::unix_micros),
        };
        RecordContent {
            // It does not belong to the tenant, which is removed with all that does.
            tenant: None,
            owner: self.created_for.map(Tenant::record_id_of),
            name: Some(self.email.as_str().to_owned()),
            expires: None,
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: Body = read_body(record)?;
        let owner = record.content.owner.as_deref();
        let created_for = owner.map(str::parse::<TenantId>).transpose();
        Ok(Self {
            id: record.id.parse().map_err(|_not_an_id| corrupt(record))?,
            email: body.email.parse().map_err(|_not_an_address| corrupt(record))?,
            display_name: body.display_name,
            password: body.password,
            second_factor: body.second_factor.map(SecondFactor::from),
            is_operator: body.is_operator,
            is_disabled: body.is_disabled,
            created: moment(body.created),
            password_changed: body.password_changed.map(moment),
            last_signed_in: body.last_signed_in.map(moment),
            created_for: created_for.map_err(|_not_an_id| corrupt(record))?,
        })
    }
}

/// The role of an account in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// The role.
    pub role: Role,
    /// The groups about whose members an advisor may ask; none for other roles.
    pub groups: Vec<GroupId>,
    /// When it was created.
    pub created: Timestamp,
    /// Whether it was granted by an identity provider, and is removed when the provider no longer
    /// grants it.
    pub is_provided: bool,
}

impl Membership {
    /// The id of the record of an account's membership in a tenant.
    pub fn record_id_of(tenant: TenantId, account: AccountId) -> String {
        format!("{:010}/{account}", tenant.number())
    }
}

#[derive(Serialize, Deserialize)]
struct MembershipBody {
    role: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    created: i64,
    #[serde(default)]
    is_provided: bool,
}

impl Recorded for Membership {
    const KIND: RecordKind = RecordKind::Membership;

    fn record_id(&self) -> String {
        Self::record_id_of(self.tenant, self.account)
    }

    fn to_content(&self) -> RecordContent {
        let body = MembershipBody {
            role: self.role.to_string(),
            groups: self.groups.iter().map(ToString::to_string).collect(),
            created: self.created.unix_micros(),
            is_provided: self.is_provided,
        };
        RecordContent {
            tenant: Some(self.tenant),
            owner: Some(self.account.to_string()),
            name: None,
            expires: None,
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: MembershipBody = read_body(record)?;
        let owner = record.content.owner.as_deref();
        let account = owner.and_then(|owner| owner.parse().ok());
        let groups = body.groups.iter().map(|id| id.parse::<GroupId>());
        Ok(Self {
            tenant: record.content.tenant.ok_or_else(|| corrupt(record))?,
            account: account.ok_or_else(|| corrupt(record))?,
            role: body.role.parse().map_err(|_unknown| corrupt(record))?,
            groups: groups.collect::<Result<Vec<_>, _>>().map_err(|_not_an_id| corrupt(record))?,
            created: moment(body.created),
            is_provided: body.is_provided,
        })
    }
}

/// A subject of an identity provider, and its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The provider's id of the person.
    pub subject: String,
    /// The account of the person.
    pub account: AccountId,
}

impl Identity {
    /// The id of the record of this subject.
    pub fn record_id_of(issuer: &str, subject: &str) -> String {
        let mut hasher = Sha256::new();
        hasher.update((issuer.len() as u64).to_le_bytes());
        hasher.update(issuer);
        hasher.update(subject);
        hex::encode(hasher.finalize())
    }
}

#[derive(Serialize, Deserialize)]
struct IdentityBody {
    issuer: String,
    subject: String,
}

impl Recorded for Identity {
    const KIND: RecordKind = RecordKind::Identity;

    fn record_id(&self) -> String {
        Self::record_id_of(&self.issuer, &self.subject)
    }

    fn to_content(&self) -> RecordContent {
        let body = IdentityBody { issuer: self.issuer.clone(), subject: self.subject.clone() };
        RecordContent {
            tenant: None,
            owner: Some(self.account.to_string()),
            name: None,
            expires: None,
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: IdentityBody = read_body(record)?;
        let account = record.content.owner.as_deref().and_then(|owner| owner.parse().ok());
        Ok(Self {
            issuer: body.issuer,
            subject: body.subject,
            account: account.ok_or_else(|| corrupt(record))?,
        })
    }
}

/// The number of failed attempts to sign in with an address, whether it has an account or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failures {
    /// A hash of what was entered, so that unauthenticated input cannot be read here.
    pub id: String,
    /// The number of failures since the last success.
    pub count: u32,
    /// When the last failure was.
    pub last: Timestamp,
    /// When the count is removed.
    pub expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct FailuresBody {
    count: u32,
    last: i64,
}

impl Recorded for Failures {
    const KIND: RecordKind = RecordKind::Failures;

    fn record_id(&self) -> String {
        self.id.clone()
    }

    fn to_content(&self) -> RecordContent {
        let body = FailuresBody { count: self.count, last: self.last.unix_micros() };
        RecordContent {
            tenant: None,
            owner: None,
            name: None,
            expires: Some(self.expires),
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: FailuresBody = read_body(record)?;
        Ok(Self {
            id: record.id.clone(),
            count: body.count,
            last: moment(body.last),
            expires: record.content.expires.ok_or_else(|| corrupt(record))?,
        })
    }
}
