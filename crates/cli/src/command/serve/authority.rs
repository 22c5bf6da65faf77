//! The home page in the authority of statements.

use acta_config::Config;
use acta_storage::directory::AuthorityHomePages;
use acta_storage::{Storage, StorageError};
use acta_xapi::Iri;
use anyhow::Result;
use tracing::warn;

/// Most tenants that are asked whether they have statements.
const TENANTS_MAX: usize = 10;

/// Records the home page that is in the authority of new statements, so that credentials with
/// `statements/read/mine` find what they have written even after a change. Logs a warning at a
/// change if statements are stored, because these keep the other one.
pub(super) async fn begin_home_page(storage: &dyn Storage, config: &Config) -> Result<()> {
    let page: Iri = config.authority_home_page().parse()?;
    let before = AuthorityHomePages::begin(storage, &page).await?;
    if let Some(before) = before
        && has_statements(storage).await?
    {
        let (before, page) = (before.as_str(), page.as_str());
        warn!(
            "stored statements have the authority home page {before}, and new ones get {page}: \
             set authority_home_page to {before} to keep it"
        );
    }
    Ok(())
}

/// Whether one of the first tenants has statements.
async fn has_statements(storage: &dyn Storage) -> Result<bool, StorageError> {
    for tenant in storage.list_tenants().await?.iter().take(TENANTS_MAX) {
        // A machine that is away is reported by those who read statements.
        if storage.count_statements(tenant.id).await.is_ok_and(|count| count != 0) {
            return Ok(true);
        }
    }
    Ok(false)
}
