//! Verifying: a whole store is read without changing a byte, and everything damaged is named.
//!
//! The log is read to its end, going on behind damage; each run of the index is compared
//! with what the log gives; attachments are hashed; the rows of the tables are checked. What
//! is found is reported in words for the person who has to repair it.

mod attachments;
mod finding;
mod index;
mod log;
mod tables;
mod verification;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::{StoredStatement, TermHasher};

use crate::directory::PURGE_NAME;
use crate::identity::DirectoryLock;
use crate::{OpenError, Options};
use attachments::check_attachments;
pub use finding::{Advice, Finding, LostStatement, Severity};
use index::check_index;
use log::check_log;
use tables::check_tables;
use verification::Verification;
pub use verification::{Verified, VerifyOptions};

/// Reads a whole store and names everything that is damaged. Blocks. Changes nothing.
///
/// # Errors
///
/// - [`OpenError::InUse`]: a process has the store open, so that it changes meanwhile.
/// - [`OpenError::Newer`]: a newer release has written it.
/// - [`OpenError::Storage`]: files cannot be read, or there is no room to compare.
pub fn verify(options: &VerifyOptions) -> Result<Verified, OpenError> {
    let _lock = DirectoryLock::take_existing(&options.directory)?;
    let mut verification = Verification::start(options, &options.directory)?;
    let identity = verification.identity()?;
    let log = check_log(&mut verification, identity.as_ref(), None)?;
    // Until the removal of a tenant is finished, the index may speak of places before it.
    let is_purging = verification.names(&options.directory.join("log"))?.iter().any(is_purge);
    if let Some(identity) = identity.as_ref().filter(|_| !is_purging) {
        let fingerprint = TermHasher::new(identity.term_key).fingerprint();
        check_index(&mut verification, &log, fingerprint)?;
    }
    check_attachments(&mut verification, &log)?;
    check_tables(&mut verification, &log)?;
    verification.check_names()?;
    Ok(verification.finish())
}

/// Reads the log of a store that is not open from its first statement to its last. Returns
/// what is damaged there.
///
/// # Errors
///
/// As [`verify`].
pub(crate) fn verify_log(options: &Options) -> Result<Verified, OpenError> {
    let options = VerifyOptions {
        directory: options.directory.clone(),
        disk: Arc::clone(&options.disk),
        scratch: PathBuf::new(),
        scratch_disk: Arc::clone(&options.disk),
        on_progress: options.on_progress.clone(),
    };
    let mut verification = Verification::start(&options, &options.directory.join("log"))?;
    let identity = verification.identity()?;
    check_log(&mut verification, identity.as_ref(), None)?;
    Ok(verification.finish())
}

/// Reads the log of a store that cannot be opened, and gives every statement that is sound to
/// `take`, in the order of the log. Needs no index, so it is not known which are voided.
/// Blocks. Changes nothing. Returns what is damaged.
///
/// # Errors
///
/// As [`verify`]; what `take` returns ends it.
pub fn salvage(
    options: &VerifyOptions,
    take: &mut dyn FnMut(TenantId, StoredStatement) -> io::Result<()>,
) -> Result<Verified, OpenError> {
    let _lock = DirectoryLock::take_existing(&options.directory)?;
    let mut verification = Verification::start(options, &options.directory.join("log"))?;
    let identity = verification.identity()?;
    check_log(&mut verification, identity.as_ref(), Some(take))?;
    Ok(verification.finish())
}

fn is_purge(name: &String) -> bool {
    name == PURGE_NAME
}
