//! Tenants.

pub(super) mod saved_question;
mod settings;

use std::num::{NonZeroU32, NonZeroU64};

use acta_access::TenantId;
use acta_ambient::Timestamp;
use serde::{Deserialize, Serialize};

use super::recorded::{Recorded, corrupt, moment, read_body, write_body};
use crate::{Record, RecordContent, RecordKind, StorageError, Weight};
use settings::SettingsBody;

pub use settings::{
    CoursePlace, CourseRule, CourseStep, LanguageTag, NotACourseRule, NotALanguageTag,
    TenantSettings,
};

/// A tenant as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The number of the tenant.
    pub id: TenantId,
    /// A name for display.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// Whether it is served.
    pub state: TenantState,
    /// Limits on its requests and on what it stores.
    pub limits: TenantLimits,
    /// Whether reads of statements are recorded in the audit: each by a person, and the first by a
    /// credential in each hour.
    pub audits_reads: bool,
    /// Whether anybody may read its log for proofs, without a credential.
    pub publishes_proof_log: bool,
    /// What it has set for questions.
    pub settings: TenantSettings,
}

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantState {
    /// It is served.
    Active,
    /// It is not served until it is resumed.
    Suspended {
        /// When it was suspended.
        since: Timestamp,
    },
    /// It is not served, and its data will be removed.
    Deleted {
        /// When it was deleted.
        since: Timestamp,
        /// The earliest time at which its data is removed.
        purge: Timestamp,
        /// When it was suspended, if it was: undoing the deletion does not resume it.
        suspended: Option<Timestamp>,
    },
    /// Its data is being removed, which nothing can stop any more.
    Purging {
        /// When the removal began.
        since: Timestamp,
    },
    /// Its data has been removed. Its number is never used again.
    Purged {
        /// When its data was removed.
        since: Timestamp,
    },
}

impl TenantState {
    /// The name that is stored and returned.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended { .. } => "suspended",
            Self::Deleted { .. } => "deleted",
            Self::Purging { .. } => "purging",
            Self::Purged { .. } => "purged",
        }
    }
}

/// The limits of a tenant, `None` for no limit, and its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TenantLimits {
    /// Requests a second, on each node.
    pub requests_per_second: Option<NonZeroU32>,
    /// Bytes of statements, documents and attachments that it can store on a day in UTC.
    pub bytes_per_day: Option<NonZeroU64>,
    /// Statements that it can store on a day in UTC.
    pub statements_per_day: Option<NonZeroU64>,
    /// How much it gets of what tenants share, compared with others.
    pub weight: Weight,
}

impl TenantLimits {
    /// No limit at all, and the weight of most tenants.
    pub const NONE: Self = Self {
        requests_per_second: None,
        bytes_per_day: None,
        statements_per_day: None,
        weight: Weight::ONE,
    };
}

impl Tenant {
    /// An active tenant without limits.
    pub fn new(id: TenantId, name: impl Into<String>, created: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            created,
            state: TenantState::Active,
            limits: TenantLimits::NONE,
            audits_reads: false,
            publishes_proof_log: false,
            settings: TenantSettings::default(),
        }
    }

    fn weight_body(&self) -> Option<NonZeroU64> {
        let weight = self.limits.weight;
        NonZeroU64::new(weight.number().into()).filter(|_| weight != Weight::ONE)
    }

    /// The id of the record of the tenant with this number. Ids are in the order of numbers.
    pub fn record_id_of(id: TenantId) -> String {
        format!("{:010}", id.number())
    }
}

/// The JSON form of the record.
#[derive(Serialize, Deserialize)]
struct Body {
    name: String,
    created: i64,
    #[serde(default = "Body::active")]
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purge: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspended: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests_per_second: Option<NonZeroU32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes_per_day: Option<NonZeroU64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    statements_per_day: Option<NonZeroU64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<NonZeroU64>,
    #[serde(default)]
    audits_reads: bool,
    #[serde(default)]
    publishes_proof_log: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<SettingsBody>,
}

impl Body {
    fn active() -> String {
        TenantState::Active.as_str().to_owned()
    }

    fn weight(&self) -> Option<Weight> {
        self.weight.map_or(Some(Weight::ONE), |weight| weight.try_into().ok())
    }

    fn state(&self) -> Option<TenantState> {
        let (since, purge) = (self.since.map(moment), self.purge.map(moment));
        match self.state.as_str() {
            "active" => Some(TenantState::Active),
            "suspended" => Some(TenantState::Suspended { since: since? }),
            "deleted" => {
                let suspended = self.suspended.map(moment);
                Some(TenantState::Deleted { since: since?, purge: purge?, suspended })
            }
            "purging" => Some(TenantState::Purging { since: since? }),
            "purged" => Some(TenantState::Purged { since: since? }),
            _ => None,
        }
    }
}

impl Recorded for Tenant {
    const KIND: RecordKind = RecordKind::Tenant;

    fn record_id(&self) -> String {
        Self::record_id_of(self.id)
    }

    fn to_content(&self) -> RecordContent {
        let (since, purge, suspended) = match self.state {
            TenantState::Active => (None, None, None),
            TenantState::Suspended { since }
            | TenantState::Purging { since }
            | TenantState::Purged { since } => (Some(since), None, None),
            TenantState::Deleted { since, purge, suspended } => {
                (Some(since), Some(purge), suspended)
            }
        };
        let body = Body {
            name: self.name.clone(),
            created: self.created.unix_micros(),
            state: self.state.as_str().to_owned(),
            since: since.map(Timestamp::unix_micros),
            purge: purge.map(Timestamp::unix_micros),
            suspended: suspended.map(Timestamp::unix_micros),
            requests_per_second: self.limits.requests_per_second,
            bytes_per_day: self.limits.bytes_per_day,
            statements_per_day: self.limits.statements_per_day,
            weight: self.weight_body(),
            audits_reads: self.audits_reads,
            publishes_proof_log: self.publishes_proof_log,
            settings: SettingsBody::of(&self.settings),
        };
        RecordContent {
            tenant: Some(self.id),
            owner: None,
            name: None,
            expires: None,
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let mut body: Body = read_body(record)?;
        let settings = body.settings.take().unwrap_or_default().read();
        Ok(Self {
            id: record.id.parse().map_err(|_not_a_number| corrupt(record))?,
            created: moment(body.created),
            state: body.state().ok_or_else(|| corrupt(record))?,
            limits: TenantLimits {
                requests_per_second: body.requests_per_second,
                bytes_per_day: body.bytes_per_day,
                statements_per_day: body.statements_per_day,
                weight: body.weight().ok_or_else(|| corrupt(record))?,
            },
            audits_reads: body.audits_reads,
            publishes_proof_log: body.publishes_proof_log,
            settings: settings.ok_or_else(|| corrupt(record))?,
            name: body.name,
        })
    }
}
