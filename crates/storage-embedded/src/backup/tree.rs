//! Which names in a directory belong to a store or to a backup of one.

use std::io;
use std::path::Path;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::disk::{Disk, DiskFile};
use acta_statement_log::segment::segment_number;
use acta_xapi::Sha2;

use crate::directory::{
    CONTROL_DRAFT_NAME, CONTROL_NAME, EXCHANGE_DRAFT_NAME, EXCHANGE_NAME, RESERVE_DRAFT_NAME,
    RESERVE_NAME,
};

/// Names that a directory may have and still count as empty: a lock that is free, space that is
/// reserved, and what file systems put at their roots.
const HARMLESS: &[&str] = &[
    "lock",
    "lost+found",
    CONTROL_NAME,
    CONTROL_DRAFT_NAME,
    EXCHANGE_NAME,
    EXCHANGE_DRAFT_NAME,
    RESERVE_NAME,
    RESERVE_DRAFT_NAME,
];

/// Digits of a hash that name its directory.
const PREFIX_CHARS: usize = 2;

/// The content of an attachment, where it is stored.
#[derive(Debug)]
pub(super) struct StoredAttachment {
    /// Its path below the data directory.
    pub(super) path: String,
    /// Its name; in a backup it may have a number behind.
    pub(super) sha2: Sha2,
}

/// Whether nothing stands in a directory with these names.
pub(super) fn is_empty(names: &[String]) -> bool {
    names.iter().all(|name| HARMLESS.contains(&name.as_str()))
}

/// The paths in `directory`, below `root`; none if it does not exist.
pub(super) fn list(disk: &dyn Disk, root: &Path, directory: &str) -> io::Result<Vec<String>> {
    let names = match disk.list(&root.join(directory)) {
        Ok(names) => names,
        // Files may lie between directories.
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let path =
        |name: String| if directory.is_empty() { name } else { format!("{directory}/{name}") };
    Ok(names.into_iter().map(path).collect())
}

/// Whether an error says that there is no such file or directory.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The name of a file, of number `number`, that is to stand beside the one at `path`.
pub(super) fn numbered(path: &str, number: u64) -> String {
    let name_from = path.rfind('/').map_or(0, |at| at + 1);
    let dot = path.get(name_from..).and_then(|name| name.find('.'));
    let (stem, extension) = path.split_at(dot.map_or(path.len(), |at| name_from + at));
    format!("{stem}-{number}{extension}")
}

/// The path that a file of a backup has in a store: without its number.
fn unnumbered(file: &str) -> Option<String> {
    let Some((stem, behind)) = file.rsplit_once('-') else { return Some(file.to_owned()) };
    let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
    let extension = behind.get(digits..).filter(|_| digits > 0)?;
    (extension.is_empty() || extension.starts_with('.')).then(|| format!("{stem}{extension}"))
}

/// Whether a path is a segment's, with a number of a backup or without.
pub(super) fn is_segment(file: &str) -> bool {
    let path = unnumbered(file);
    let name = path.as_deref().and_then(|path| path.strip_prefix("log/"));
    name.is_some_and(|name| segment_number(name).is_some())
}

/// Whether a name at the root of a destination is that of a backup's file other than the
/// manifest and the lock.
pub(super) fn is_backups_own(name: &str) -> bool {
    // SQLite has files of its own beside the tables while it writes them.
    let suffixes = ["-wal", "-shm", "-journal"];
    let name = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    let own = ["store", "tables.sqlite"];
    name == "manifest.jsonl.tmp" || unnumbered(name).is_some_and(|name| own.contains(&&*name))
}

/// The content of every attachment below `root`, in order.
///
/// # Errors
///
/// What the system reports.
pub(super) fn list_attachments(disk: &dyn Disk, root: &Path) -> io::Result<Vec<StoredAttachment>> {
    let mut found = Vec::new();
    for tenant in list(disk, root, "attachments")? {
        let name = tenant.rsplit('/').next().unwrap_or_default();
        if name.parse::<TenantId>().is_err() {
            continue;
        }
        for prefix in list(disk, root, &tenant)? {
            let paths = list(disk, root, &prefix)?.into_iter();
            found.extend(paths.filter_map(|path| {
                let sha2 = hash_in(&path)?;
                Some(StoredAttachment { path, sha2 })
            }));
        }
    }
    Ok(found)
}

/// The tenant in the path of an attachment, and what follows; none for other files.
pub(super) fn tenant_and_rest(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("attachments/")?.split_once('/')
}

/// The hash in the path of an attachment, if it stands where it belongs.
fn hash_in(file: &str) -> Option<Sha2> {
    let path = unnumbered(file)?;
    let mut parts = path.rsplit('/');
    let (name, prefix) = (parts.next()?, parts.next()?);
    let sha2: Sha2 = name.parse().ok()?;
    (sha2.as_str() == name && name.get(..PREFIX_CHARS) == Some(prefix)).then_some(sha2)
}

/// Opens a file for reading; none if it is not there.
pub(super) fn open(disk: &dyn Disk, path: &Path) -> io::Result<Option<Arc<dyn DiskFile>>> {
    match disk.open_to_read(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_before_the_extension() {
        let table = [
            ("tables.sqlite", "tables-12.sqlite"),
            ("log/00000001.log", "log/00000001-12.log"),
            ("store", "store-12"),
            ("attachments/1/9f/9f86", "attachments/1/9f/9f86-12"),
        ];
        for (path, file) in table {
            assert_eq!(numbered(path, 12), file);
            assert_eq!(unnumbered(file).as_deref(), Some(path), "{file}");
            assert_eq!(unnumbered(path).as_deref(), Some(path));
        }
    }

    #[test]
    fn knows_its_own_files_from_those_of_others() {
        let own = ["store", "store-3", "tables.sqlite", "tables-3.sqlite", "tables-3.sqlite-wal"];
        for name in own {
            assert!(is_backups_own(name), "{name}");
        }
        let others = ["lock", "manifest.jsonl", "stores", "tables-x.sqlite", "tables.sqlite.old"];
        for name in others {
            assert!(!is_backups_own(name), "{name}");
        }
        assert!(is_segment("log/00000001.log") && is_segment("log/00000001-7.log"));
        assert!(!is_segment("log/syslog.log") && !is_segment("log/1.log"));
    }
}
