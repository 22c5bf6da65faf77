//! The Merkle tree over the statements of a tenant.

use acta_access::TenantId;
use acta_xapi::Uuid;
use serde::{Deserialize, Serialize};

use super::recorded::{Recorded, corrupt, read_body, read_hex, write_body};
use super::tenant::Tenant;
use crate::{Record, RecordContent, RecordKind, StorageError, StoreId};

/// The log of a tenant for proofs: the Merkle tree over its statements, as far as it is made.
///
/// Its record has one version for each head. Only a head that is stored is ever signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofLog {
    /// The tenant.
    pub tenant: TenantId,
    /// The id of the log in its origins, which says nothing about the tenant.
    pub id: Uuid,
    /// What the log is called in its present epoch.
    pub origin: String,
    /// The number of this epoch, which is random.
    pub epoch: u64,
    /// The store in which the epoch began. In any other one it is not continued.
    pub store: StoreId,
    /// The timeline of the store in which the epoch goes on, if it is known; in any other one it
    /// is not continued either.
    pub timeline: Option<u32>,
    /// Whether the epoch has ended, because the store was restored.
    pub is_ended: bool,
    /// How many leaves the tree has: the sequence of the last statement in it.
    pub size: u64,
    /// The root of the tree.
    pub root: [u8; 32],
    /// The last signed checkpoint of the epoch before, if it had one. The statements are known to
    /// lead to it once the tree has its size.
    pub continues: Option<String>,
}

impl ProofLog {
    /// The name of the record of the log with this id.
    pub fn record_name_of(id: Uuid) -> String {
        id.to_string()
    }
}

#[derive(Serialize, Deserialize)]
struct Body {
    id: String,
    origin: String,
    epoch: u64,
    store: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeline: Option<u32>,
    #[serde(default)]
    is_ended: bool,
    size: u64,
    root: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    continues: Option<String>,
}

impl Recorded for ProofLog {
    const KIND: RecordKind = RecordKind::ProofLog;

    fn record_id(&self) -> String {
        Tenant::record_id_of(self.tenant)
    }

    fn to_content(&self) -> RecordContent {
        let body = Body {
            id: self.id.to_string(),
            origin: self.origin.clone(),
            epoch: self.epoch,
            store: hex::encode(self.store.0),
            timeline: self.timeline,
            is_ended: self.is_ended,
            size: self.size,
            root: hex::encode(self.root),
            continues: self.continues.clone(),
        };
        RecordContent {
            tenant: Some(self.tenant),
            owner: None,
            name: Some(Self::record_name_of(self.id)),
            expires: None,
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: Body = read_body(record)?;
        Ok(Self {
            tenant: record.content.tenant.ok_or_else(|| corrupt(record))?,
            id: body.id.parse().map_err(|_not_an_id| corrupt(record))?,
            origin: body.origin,
            epoch: body.epoch,
            store: read_hex(&body.store).map(StoreId).ok_or_else(|| corrupt(record))?,
            timeline: body.timeline,
            is_ended: body.is_ended,
            size: body.size,
            root: read_hex(&body.root).ok_or_else(|| corrupt(record))?,
            continues: body.continues,
        })
    }
}

/// That tiles of a tenant's log are damaged or missing. Whichever node has found that writes it,
/// and the one that leads makes the tiles again and removes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofDamage {
    /// The tenant.
    pub tenant: TenantId,
    /// The epoch of the tiles. In any other one, there is nothing to do.
    pub epoch: u64,
}

#[derive(Serialize, Deserialize)]
struct DamageBody {
    epoch: u64,
}

impl Recorded for ProofDamage {
    const KIND: RecordKind = RecordKind::ProofDamage;

    fn record_id(&self) -> String {
        Tenant::record_id_of(self.tenant)
    }

    fn to_content(&self) -> RecordContent {
        RecordContent {
            tenant: Some(self.tenant),
            owner: None,
            name: None,
            expires: None,
            body: write_body(&DamageBody { epoch: self.epoch }),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: DamageBody = read_body(record)?;
        let tenant = record.content.tenant.ok_or_else(|| corrupt(record))?;
        Ok(Self { tenant, epoch: body.epoch })
    }
}
