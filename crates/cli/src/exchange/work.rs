//! What is done with the statements of an open store, for a command or for a client of the server.

use std::io::Read;

use acta_access::{Principal, Scope, TenantId};
use acta_exchange::{Import, ImportError, Imported, Problem, StoredItems, Watch, verify_stored};
use acta_proof::check_logs;
use acta_service::{Service, ServiceError};
use acta_storage::directory::{self, Tenant, TenantLimits, TenantState, Versioned};
use acta_storage::{Storage, StorageError};
use acta_xapi::Version;
use anyhow::Result;
use serde::{Deserialize, Serialize};

/// The account name in the authority of imported statements.
const AUTHORITY_NAME: &str = "import";

/// The account name in the authority of imported statements with old IRIs.
const OLD_IRIS_NAME: &str = "import-old-iris";

/// The tenants of a store. Those whose data has been removed, or is being
/// removed, do not count.
pub(crate) async fn tenants_in(storage: &dyn Storage) -> Result<Vec<TenantId>> {
    let tenants = storage.list_tenants().await?;
    Ok(tenants.iter().filter(|tenant| has_data(tenant)).map(|tenant| tenant.id).collect())
}

fn has_data(tenant: &Tenant) -> bool {
    match tenant.state {
        TenantState::Active | TenantState::Suspended { .. } | TenantState::Deleted { .. } => true,
        TenantState::Purging { .. } | TenantState::Purged { .. } => false,
    }
}

/// An import into a store that this process has open.
#[derive(Clone, Copy)]
pub(crate) struct Importing<'a> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) service: &'a Service,
    /// The tenant that gets the statements.
    pub(crate) tenant: TenantId,
    /// As that of [`acta_exchange::Import`].
    pub(crate) name: Option<&'a str>,
    pub(crate) version: Option<Version>,
    pub(crate) ignores_quota: bool,
    pub(crate) keeps_old_iris: bool,
}

/// Imports everything in `input`.
///
/// # Errors
///
/// When the import cannot continue; if the quota of the tenant is the reason, with what to do.
pub(crate) async fn import(
    importing: &Importing<'_>,
    input: &mut (dyn Read + Send),
    watch: &mut dyn Watch,
) -> Result<Imported> {
    // Who can open the store may do everything, so the statements also define activities and name
    // persons, as those of a credential with this scope.
    let scopes = [Scope::All].into_iter().collect();
    let principal = Principal::new(importing.tenant, AUTHORITY_NAME, scopes);
    let old_iris = Principal::new(importing.tenant, OLD_IRIS_NAME, scopes);
    let limits = if importing.ignores_quota {
        TenantLimits::NONE
    } else {
        limits_of(importing.storage, importing.tenant).await?
    };
    let import = Import {
        service: importing.service,
        storage: importing.storage,
        principal: &principal,
        name: importing.name,
        version: importing.version,
        limits: &limits,
        old_iris: importing.keeps_old_iris.then_some(&old_iris),
    };
    let imported = acta_exchange::import(import, input, watch).await;
    if let Err(ImportError::Service(ServiceError::OverQuota(over))) = imported {
        let advice = "the quota is used up: repeat the import tomorrow, raise the limit with \
                      `acta tenant limit`, or use --ignore-quota";
        return Err(anyhow::Error::new(over).context(advice));
    }
    Ok(imported?)
}

/// How much a tenant may store.
async fn limits_of(storage: &dyn Storage, tenant: TenantId) -> Result<TenantLimits> {
    let id = Tenant::record_id_of(tenant);
    let found: Option<Versioned<Tenant>> = directory::find(storage, &id).await?;
    Ok(found.map(|found| found.value.limits).unwrap_or_default())
}

/// What is reported of a statement that was not stored.
pub(crate) fn problem_text(place: &str, problem: Problem) -> String {
    match problem {
        Problem::Faulty(faults) => {
            let lines: Vec<_> = faults.iter().map(|fault| format!("{place}: {fault}")).collect();
            lines.join("\n")
        }
        Problem::Conflicting(id) => {
            format!("{place}: the id {id} is already used by a statement with different content")
        }
        Problem::AttachmentMissing(sha2) => {
            let hash = sha2.as_str();
            format!("{place}: the content of attachment {hash} is missing from the file")
        }
    }
}

/// What is reported of a statement that was left out of an export.
pub(crate) fn left_out_text(tenant: TenantId, sequence: u64, place: &str) -> String {
    format!("tenant {tenant}: statement {sequence} is damaged: {place}")
}

/// What was read of a store and compared.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Compared {
    #[serde(flatten)]
    pub(crate) items: StoredItems,
    /// Logs for proofs to whose heads the statements lead.
    pub(crate) proof_logs: u64,
    /// Statements of which the roots of these logs were computed.
    pub(crate) proved_statements: u64,
}

/// Reads everything that is stored and computes the roots of the logs for proofs. Reports each
/// damaged place.
///
/// # Errors
///
/// What the store reports, apart from damage.
pub(super) async fn compare(
    storage: &dyn Storage,
    report: &mut (dyn FnMut(String) + Send),
) -> Result<Compared, StorageError> {
    let items = verify_stored(storage, report).await?;
    let logs = check_logs(storage, report).await?;
    let items = StoredItems { damaged: items.damaged + logs.damaged, ..items };
    Ok(Compared { items, proof_logs: logs.intact, proved_statements: logs.statements })
}
