//! The content of attachments: each file against the hash in its name, and each statement
//! against the files.

use std::collections::HashSet;
use std::path::Path;

use acta_access::TenantId;
use acta_storage::StorageError;
use acta_xapi::Sha2;

use super::finding::{Advice, Finding};
use super::log::LogChecked;
use super::verification::{Verification, failed};
use crate::directory::REMOVED_NAME;

/// Bytes that are read at once.
const PIECE_BYTES: u64 = 1 << 20;

/// Checks all files, and that those are there which statements name.
pub(super) fn check_attachments(
    verification: &mut Verification<'_>,
    log: &LogChecked,
) -> Result<(), StorageError> {
    let root = verification.directory().join("attachments");
    let mut found = HashSet::new();
    for name in verification.names(&root)? {
        let place = format!("attachments/{name}");
        match name.parse::<TenantId>() {
            Ok(tenant) if tenant.to_string() == name => {
                check_tenant(verification, tenant, &place, log, &mut found)?;
            }
            _ if name == "staging" => check_staging(verification, &root.join(name))?,
            _ => verification.report(Finding::note(&place, "no attachment has this name")),
        }
    }
    let is_missing = |(key, is_needed): &(_, &bool)| **is_needed && !found.contains(*key);
    let mut missing: Vec<_> =
        log.attachments.iter().filter(is_missing).map(|(key, _)| key).collect();
    missing.sort_unstable_by_key(|(tenant, sha2)| (*tenant, sha2.as_str()));
    for (tenant, sha2) in missing {
        let file = file_of(*tenant, sha2);
        let what = "a statement has this attachment, and the file is missing";
        verification.report(Finding::damage(&file, what, Advice::Restore));
    }
    Ok(())
}

fn file_of(tenant: TenantId, sha2: &Sha2) -> String {
    let prefix = sha2.as_str().get(..2).unwrap_or_default();
    format!("attachments/{tenant}/{prefix}/{}", sha2.as_str())
}

fn check_staging(verification: &mut Verification<'_>, staging: &Path) -> Result<(), StorageError> {
    for name in verification.names(staging)? {
        let what = "content on its way in when the store ended: the next start removes it";
        verification.report(Finding::note(&format!("attachments/staging/{name}"), what));
    }
    Ok(())
}

fn check_tenant(
    verification: &mut Verification<'_>,
    tenant: TenantId,
    place: &str,
    log: &LogChecked,
    found: &mut HashSet<(TenantId, Sha2)>,
) -> Result<(), StorageError> {
    for prefix in verification.names(&verification.directory().join(place))? {
        if prefix == REMOVED_NAME {
            continue;
        }
        let place = format!("{place}/{prefix}");
        for name in verification.names(&verification.directory().join(&place))? {
            let file = format!("{place}/{name}");
            let sha2 = name.parse::<Sha2>().ok().filter(|sha2| file_of(tenant, sha2) == file);
            let Some(sha2) = sha2 else {
                verification.report(Finding::note(&file, "no attachment has this name"));
                continue;
            };
            verification.verified.attachment_count += 1;
            let is_sound = hash(verification, &file, &sha2)?;
            let key = (tenant, sha2);
            let what = "the content does not have the hash in its name";
            match (is_sound, log.attachments.contains_key(&key)) {
                (true, true) => {}
                (true, false) => verification.report(Finding::note(&file, "no statement names it")),
                (false, true) => verification.report(Finding::damage(&file, what, Advice::Restore)),
                (false, false) => {
                    verification.report(Finding::damage(&file, what, Advice::Harmless));
                }
            }
            found.insert(key);
        }
    }
    Ok(())
}

/// Whether the content of a file has this hash.
fn hash(
    verification: &mut Verification<'_>,
    file: &str,
    sha2: &Sha2,
) -> Result<bool, StorageError> {
    let opened = verification.disk().open(&verification.directory().join(file)).map_err(failed)?;
    let len = opened.len().map_err(failed)?;
    let (mut hasher, mut at, mut piece) = (sha2.hasher(), 0, Vec::new());
    while at < len {
        let count = PIECE_BYTES.min(len - at);
        piece.resize(usize::try_from(count).unwrap_or(0), 0);
        opened.read_at(&mut piece, at).map_err(failed)?;
        hasher.update(&piece);
        verification.read(count);
        at += count;
    }
    Ok(hasher.finish() == *sha2)
}
