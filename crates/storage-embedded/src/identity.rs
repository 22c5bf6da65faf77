//! The identity of a store: the lock that keeps a second process out of its directory, and the
//! file that names the store and holds its keys.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use acta_ambient::Entropy;
use acta_statement_log::disk::{self, Disk, Locked};
use acta_statement_log::format::{Bytes, STORE_MAGIC, VERSION, checksum};
use acta_storage::StorageError;

use crate::OpenError;
use crate::directory::{STORE_DRAFT_NAME, STORE_NAME};

/// The file that the process that has a store open has locked.
pub(crate) const LOCK_NAME: &str = "lock";
const STORE_BYTES: usize = 48;

/// Held as long as the store is open.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
    directory: PathBuf,
}

impl DirectoryLock {
    /// The directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Takes the lock of `directory`, which exists.
    ///
    /// # Errors
    ///
    /// [`OpenError::InUse`] when another process, or this one, has it open.
    pub(crate) fn take(directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join(LOCK_NAME);
        let act = "locking the data directory";
        match disk::lock(&path).map_err(|source| StorageError::Io { act, source })? {
            Some(file) => Ok(Self { _file: file, directory: directory.to_path_buf() }),
            None => Err(OpenError::InUse { directory: directory.to_path_buf() }),
        }
    }

    /// Takes the lock of `directory` if it has one, changing nothing there.
    ///
    /// # Errors
    ///
    /// [`OpenError::InUse`] when another process, or this one, has it open.
    pub(crate) fn take_existing(directory: &Path) -> Result<Option<Self>, OpenError> {
        let act = "locking the data directory";
        let locked = disk::lock_existing(&directory.join(LOCK_NAME));
        match locked.map_err(|source| StorageError::Io { act, source })? {
            Locked::Taken(file) => {
                Ok(Some(Self { _file: file, directory: directory.to_path_buf() }))
            }
            Locked::NoFile => Ok(None),
            Locked::Held => Err(OpenError::InUse { directory: directory.to_path_buf() }),
        }
    }
}

/// What makes a store this one and no other.
#[derive(Clone)]
pub(crate) struct Identity {
    /// Stands in every segment too.
    pub(crate) store_id: [u8; 16],
    /// The key of the term hash.
    pub(crate) term_key: [u8; 16],
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("store_id", &self.store_id).finish_non_exhaustive()
    }
}

impl Identity {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(STORE_BYTES);
        out.extend_from_slice(&STORE_MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.store_id);
        out.extend_from_slice(&self.term_key);
        let sum = checksum(0, &[&out]);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8; STORE_BYTES]) -> Option<(u32, Self)> {
        let mut rest = Bytes(bytes);
        if rest.array()? != STORE_MAGIC {
            return None;
        }
        let version = rest.u32().filter(|version| 0 < *version)?;
        let identity = Self { store_id: rest.array()?, term_key: rest.array()? };
        let sum = checksum(0, &[bytes.get(..44)?]);
        (rest.u32()? == sum).then_some((version, identity))
    }

    /// Reads the identity of the store in `directory`; none if it has none yet.
    ///
    /// # Errors
    ///
    /// [`OpenError::Newer`], or what storage reports.
    pub(crate) fn read(disk: &dyn Disk, directory: &Path) -> Result<Option<Self>, OpenError> {
        let path = directory.join(STORE_NAME);
        let failed = |source| StorageError::Io { act: "reading the store's identity", source };
        let file = match disk.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed(source).into()),
        };
        let mut bytes = [0; STORE_BYTES];
        let damaged = || StorageError::Corrupt { place: path.display().to_string() };
        if let Err(source) = file.read_at(&mut bytes, 0) {
            let is_short = source.kind() == io::ErrorKind::UnexpectedEof;
            return Err(if is_short { damaged() } else { failed(source) }.into());
        }
        match Self::decode(&bytes) {
            Some((version, _)) if version > VERSION => {
                Err(OpenError::Newer { path, found: version, known: VERSION })
            }
            Some((_, identity)) => Ok(Some(identity)),
            None => Err(damaged().into()),
        }
    }

    /// Makes a new store's identity, durable.
    ///
    /// # Errors
    ///
    /// What storage reports.
    pub(crate) fn create(
        disk: &dyn Disk,
        directory: &Path,
        entropy: &dyn Entropy,
    ) -> Result<Self, StorageError> {
        let mut identity = Self { store_id: [0; 16], term_key: [0; 16] };
        entropy.fill(&mut identity.store_id);
        entropy.fill(&mut identity.term_key);
        let draft = directory.join(STORE_DRAFT_NAME);
        let write = || {
            match disk.remove(&draft) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let file = disk.create(&draft)?;
            file.write_at(&identity.encode(), 0)?;
            file.sync()?;
            disk.rename(&draft, &directory.join(STORE_NAME))?;
            disk.sync_directory(directory)
        };
        let act = "writing the store's identity";
        write().map_err(|source| StorageError::Io { act, source })?;
        Ok(identity)
    }
}

/// Entry points for fuzzing.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    use std::path::Path;

    use acta_statement_log::disk::Disk;

    use super::Identity;
    use crate::OpenError;

    /// Reads the file `store` in `directory`, and gives it as it would be written.
    ///
    /// # Errors
    ///
    /// As for every start.
    pub fn read_identity(disk: &dyn Disk, directory: &Path) -> Result<Option<Vec<u8>>, OpenError> {
        Ok(Identity::read(disk, directory)?.map(|identity| identity.encode()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, checksum};

    #[test]
    fn knows_the_version_of_an_identity_or_that_it_has_none() {
        let identity = Identity { store_id: [1; 16], term_key: [2; 16] };
        let table = [(0, None), (1, Some(1)), (2, Some(2)), (u32::MAX, Some(u32::MAX))];
        for (version, expected) in table {
            let mut bytes: [u8; 48] = identity.encode().try_into().unwrap();
            bytes[8..12].copy_from_slice(&u32::to_le_bytes(version));
            let sum = checksum(0, &[&bytes[..44]]);
            bytes[44..].copy_from_slice(&sum.to_le_bytes());
            let found = Identity::decode(&bytes).map(|(version, _)| version);
            assert_eq!(found, expected, "version: {version}");
        }
    }
}
