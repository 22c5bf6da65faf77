//! The home page in the authority of statements, compared with what the store holds.

use acta_config::Config;
use acta_storage::{Storage, StorageError};
use anyhow::Result;
use serde_json::Value;
use tracing::warn;

use crate::exchange::AUTHORITY_NAME;

/// Most tenants whose statements are looked at.
const TENANTS_MAX: usize = 100;

/// How many of the newest statements of a tenant are looked at.
const STATEMENTS_MAX: usize = 10;

/// Logs a warning if statements of the store have another home page in their authority than new
/// ones get: `statements/read/mine` does not reach over such a change.
pub(super) async fn warn_of_another_authority(
    storage: &dyn Storage,
    config: &Config,
) -> Result<(), StorageError> {
    let configured = config.authority_home_page();
    for tenant in storage.list_tenants().await?.iter().take(TENANTS_MAX) {
        // Damage, or a machine that is away, is reported by those who read statements.
        let Ok(count) = storage.count_statements(tenant.id).await else { continue };
        let after = count.saturating_sub(STATEMENTS_MAX as u64);
        let Ok(newest) = storage.read_feed(tenant.id, after, STATEMENTS_MAX).await else {
            continue;
        };
        for entry in newest.iter().rev() {
            let found = home_page_of(storage, &entry.text).await?;
            if let Some(found) = found.filter(|found| found != configured) {
                warn!(
                    tenant.id = %tenant.id,
                    "stored statements have the authority home page {found}, and new ones get \
                     {configured}: credentials with statements/read/mine do not read those stored \
                     before; set authority_home_page to {found} to keep it"
                );
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The home page in the authority of a statement, if it was made from the key of a credential.
async fn home_page_of(storage: &dyn Storage, text: &str) -> Result<Option<String>, StorageError> {
    let statement: Value = serde_json::from_str(text).unwrap_or_default();
    let account = &statement["authority"]["account"];
    let (Some(home_page), Some(name)) = (account["homePage"].as_str(), account["name"].as_str())
    else {
        return Ok(None);
    };
    let is_made = name == AUTHORITY_NAME
        || storage.find_credential(name).await?.is_some_and(|found| found.authority.is_none());
    Ok(is_made.then(|| home_page.to_owned()))
}
