//! API credentials.

use std::sync::Arc;

use acta_access::{Authority, Principal, Restrictions, Scopes, TenantId};
use acta_ambient::Timestamp;
use serde::{Deserialize, Serialize};

use super::recorded::{Recorded, corrupt, moment, read_body, read_hex, write_body};
use crate::{Record, RecordContent, RecordKind, StorageError};

/// An API credential as it is stored, with hashes instead of secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The public part: the user name of Basic authentication. Unique in the store.
    pub key: String,
    /// The tenant that it belongs to.
    pub tenant: TenantId,
    /// A name for display.
    pub label: String,
    /// Its secrets, newest first: one, or two while it is rotated.
    pub secrets: Vec<CredentialSecret>,
    /// The permitted scopes.
    pub scopes: Scopes,
    /// Restrictions that apply to all scopes. Never bound to an agent.
    pub restrictions: Arc<Restrictions>,
    /// The authority of statements that are written with it; `None` for an account named after
    /// its key.
    pub authority: Option<Arc<Authority>>,
    /// When it was created.
    pub created: Timestamp,
    /// When it expires.
    pub expires: Option<Timestamp>,
}

/// A secret of a credential, as a hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CredentialSecret {
    /// HMAC-SHA256 of the secret, under the store's own key.
    pub mac: [u8; 32],
    /// When it was created.
    pub created: Timestamp,
    /// When it expires because a newer one replaces it.
    pub expires: Option<Timestamp>,
}

impl Credential {
    /// The principal of a request with this credential, with all of its rights.
    pub fn principal(&self) -> Principal {
        Principal {
            tenant: self.tenant,
            name: self.key.clone(),
            scopes: self.scopes,
            restrictions: Arc::clone(&self.restrictions),
            authority: self.authority.clone(),
        }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("key", &self.key)
            .field("tenant", &self.tenant)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for CredentialSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialSecret")
            .field("created", &self.created)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// The JSON form of the record.
#[derive(Serialize, Deserialize)]
struct Body {
    label: String,
    secrets: Vec<SecretBody>,
    scopes: String,
    created: i64,
    #[serde(default)]
    is_read_only: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    activity_prefixes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    origins: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authority: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct SecretBody {
    mac: String,
    created: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
}

impl Body {
    fn restrictions(&self) -> Option<Restrictions> {
        Some(Restrictions {
            is_read_only: self.is_read_only,
            activity_prefixes: parse_all(&self.activity_prefixes)?,
            origins: parse_all(&self.origins)?,
            binding: None,
        })
    }
}

fn parse_all<T: std::str::FromStr>(texts: &[String]) -> Option<Vec<T>> {
    texts.iter().map(|text| text.parse().ok()).collect()
}

fn texts_of(values: &[impl ToString]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

impl Recorded for Credential {
    const KIND: RecordKind = RecordKind::Credential;

    fn record_id(&self) -> String {
        self.key.clone()
    }

    fn to_content(&self) -> RecordContent {
        let secret = |secret: &CredentialSecret| SecretBody {
            mac: hex::encode(secret.mac),
            created: secret.created.unix_micros(),
            expires: secret.expires.map(Timestamp::unix_micros),
        };
        let body = Body {
            label: self.label.clone(),
            secrets: self.secrets.iter().map(secret).collect(),
            scopes: self.scopes.to_string(),
            created: self.created.unix_micros(),
            is_read_only: self.restrictions.is_read_only,
            activity_prefixes: texts_of(&self.restrictions.activity_prefixes),
            origins: texts_of(&self.restrictions.origins),
            authority: self.authority.as_ref().map(|authority| authority.json().to_owned()),
            expires: self.expires.map(Timestamp::unix_micros),
        };
        RecordContent {
            tenant: Some(self.tenant),
            owner: None,
            name: None,
            // The record itself does not expire, so that expired credentials stay visible.
            expires: None,
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: Body = read_body(record)?;
        let secret = |secret: &SecretBody| {
            Some(CredentialSecret {
                mac: read_hex(&secret.mac)?,
                created: moment(secret.created),
                expires: secret.expires.map(moment),
            })
        };
        let secrets: Option<Vec<_>> = body.secrets.iter().map(secret).collect();
        Ok(Self {
            key: record.id.clone(),
            tenant: record.content.tenant.ok_or_else(|| corrupt(record))?,
            secrets: secrets.ok_or_else(|| corrupt(record))?,
            scopes: body.scopes.parse().map_err(|_unknown| corrupt(record))?,
            restrictions: Arc::new(body.restrictions().ok_or_else(|| corrupt(record))?),
            authority: match &body.authority {
                Some(json) => Some(Arc::new(json.parse().map_err(|_not_one| corrupt(record))?)),
                None => None,
            },
            label: body.label,
            created: moment(body.created),
            expires: body.expires.map(moment),
        })
    }
}

/// When a credential was last used. It is a record of its own, so that using a credential does
/// not change the credential's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialUse {
    /// The credential's key.
    pub key: String,
    /// The tenant that it belongs to.
    pub tenant: TenantId,
    /// When it was last used, to the minute or so.
    pub last_used: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct UseBody {
    last_used: i64,
}

impl Recorded for CredentialUse {
    const KIND: RecordKind = RecordKind::CredentialUse;

    fn record_id(&self) -> String {
        self.key.clone()
    }

    fn to_content(&self) -> RecordContent {
        RecordContent {
            tenant: Some(self.tenant),
            owner: None,
            name: None,
            expires: None,
            body: write_body(&UseBody { last_used: self.last_used.unix_micros() }),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: UseBody = read_body(record)?;
        Ok(Self {
            key: record.id.clone(),
            tenant: record.content.tenant.ok_or_else(|| corrupt(record))?,
            last_used: moment(body.last_used),
        })
    }
}
