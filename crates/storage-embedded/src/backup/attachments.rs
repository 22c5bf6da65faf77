//! Copying the content of attachments, which never changes.

use std::collections::BTreeMap;

use acta_statement_log::disk::DiskFile;
use acta_xapi::scalar::Sha2Hasher;

use super::destination::read_pieces;
use super::manifest::FileEntry;
use super::progress::CopyStage;
use super::tree::StoredAttachment;
use super::{BackupError, Run, tree};
use crate::directory::REMOVED_NAME;

const READING: &str = "reading attachments";

/// What became of an attachment.
enum Outcome {
    Copied(FileEntry),
    /// Its content is not what its name says, for this reason.
    Damaged(String),
}

impl Run<'_> {
    /// Copies the attachments that the former backup does not have.
    ///
    /// # Errors
    ///
    /// As [`super::Backup::run`].
    pub(super) fn copy_attachments(&mut self) -> Result<(), BackupError> {
        let directory = self.data.join("attachments");
        let failed = BackupError::io(READING, &directory);
        let stored = tree::list_attachments(&self.source, self.data).map_err(failed)?;
        self.begin_attachments(&stored)?;
        for one in &stored {
            self.copy_attachment(one)?;
        }
        self.keep_attachments()
    }

    fn begin_attachments(&self, stored: &[StoredAttachment]) -> Result<(), BackupError> {
        let mut total = 0;
        for one in stored {
            let path = self.data.join(&one.path);
            let failed = BackupError::io(READING, &path);
            if let Some(file) = tree::open(&self.source, &path).map_err(&failed)? {
                total += file.len().map_err(failed)?;
            }
        }
        self.meter.begin(CopyStage::Attachments, total);
        Ok(())
    }

    fn copy_attachment(&mut self, one: &StoredAttachment) -> Result<(), BackupError> {
        let path = self.data.join(&one.path);
        let failed = BackupError::io(READING, &path);
        let Some(file) = tree::open(&self.source, &path).map_err(&failed)? else {
            // Its statement was refused, and it was taken away again.
            return Ok(());
        };
        let len = file.len().map_err(failed)?;
        let former = self.former.files.get(&one.path);
        if let Some(entry) = former.filter(|entry| entry.bytes == len)
            && self.destination.holds(entry)
        {
            let entry = entry.clone();
            self.meter.add(len);
            self.files.insert(one.path.clone(), entry);
            return Ok(());
        }
        match self.copy_content(one, file.as_ref(), len)? {
            Outcome::Copied(entry) => {
                let bytes = entry.bytes;
                self.add(&one.path, entry, bytes);
            }
            Outcome::Damaged(reason) => {
                self.damaged.push((one.path.clone(), reason));
            }
        }
        Ok(())
    }

    fn copy_content(
        &mut self,
        one: &StoredAttachment,
        file: &dyn DiskFile,
        len: u64,
    ) -> Result<Outcome, BackupError> {
        let name = self.free_name(&one.path);
        let mut copy = self.destination.create(&name)?;
        let mut own_hasher = one.sha2.hasher();
        let mut hasher = Sha2Hasher::sha256();
        let mut written = Ok(());
        let read = read_pieces(file, len, |piece| {
            own_hasher.update(piece);
            hasher.update(piece);
            self.meter.add(piece.len() as u64);
            if written.is_ok() {
                written = copy.write(piece);
            }
            Ok(())
        });
        written?;
        let reason = match read {
            Ok(()) if own_hasher.finish() == one.sha2 => {
                let bytes = copy.finish()?;
                let sha256 = hasher.finish();
                return Ok(Outcome::Copied(FileEntry { file: name, bytes, sha256 }));
            }
            Ok(()) => "its content has another hash".to_owned(),
            Err(error) => error.to_string(),
        };
        drop(copy);
        self.destination.remove(&name)?;
        Ok(Outcome::Damaged(reason))
    }

    /// Content that the former backup has is not dropped, but for that of tenants that were
    /// removed: no statement of others is ever taken back, so what is missing in the store, or
    /// damaged there, is good here.
    fn keep_attachments(&mut self) -> Result<(), BackupError> {
        let mut is_removed = BTreeMap::new();
        for (path, entry) in &self.former.files {
            let Some((tenant, _)) = tree::tenant_and_rest(path) else { continue };
            if !is_removed.contains_key(tenant) {
                let mark = self.data.join("attachments").join(tenant).join(REMOVED_NAME);
                let found = tree::open(&self.source, &mark);
                let found = found.map_err(BackupError::io(READING, &mark))?;
                is_removed.insert(tenant, found.is_some());
            }
            let is_gone = is_removed.get(tenant).copied().unwrap_or_default();
            let is_missing = !is_gone && !self.files.contains_key(path);
            if is_missing && self.destination.holds(entry) {
                self.files.insert(path.clone(), entry.clone());
            }
        }
        Ok(())
    }
}
