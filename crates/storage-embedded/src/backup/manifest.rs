//! The manifest: which files a backup consists of.
//!
//! It is drawn in `docs/format/backup.md`.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use acta_xapi::Sha2;
use serde::{Deserialize, Serialize};

/// What the first line says that it is.
const FORMAT: &str = "acta-backup";

/// The version of the format that this program writes.
pub(super) const VERSION: u32 = 1;

/// A backup, as it is described in its destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Counts the backups in a destination, from 1; 0 while the first one is being written.
    pub(super) number: u64,
    /// When it began.
    pub(super) taken: String,
    /// The program's version.
    pub(super) program: String,
    /// The store's id.
    pub(super) store_id: [u8; 16],
    /// Statements in the log.
    pub(super) statement_count: u64,
    /// Paths of attachments that are left out.
    pub(super) damaged: Vec<String>,
    /// Its files by their paths in the store.
    pub(super) files: BTreeMap<String, FileEntry>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileEntry {
    /// Its path in the destination.
    pub(super) file: String,
    /// How many of its bytes belong to the backup.
    pub(super) bytes: u64,
    /// Their hash.
    pub(super) sha256: Sha2,
}

/// Why a manifest cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It does not check.
    Damaged,
    /// A newer program wrote it.
    Newer(u32),
}

#[derive(Debug, Serialize, Deserialize)]
struct HeadLine {
    format: String,
    version: u32,
    number: u64,
    taken: String,
    program: String,
    store: String,
    statements: u64,
    attachments: u64,
    bytes: u64,
    damaged: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FileLine {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    bytes: u64,
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct LastLine {
    sha256: String,
}

impl Manifest {
    /// How many of the files are attachments.
    pub(super) fn attachment_count(&self) -> u64 {
        self.files.keys().filter(|path| path.starts_with("attachments/")).count() as u64
    }

    /// The sum of the files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.values().map(|entry| entry.bytes).sum()
    }

    /// Its text.
    ///
    /// # Errors
    ///
    /// What the writer of JSON reports.
    pub(super) fn encode(&self) -> serde_json::Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut push = |line: String| {
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        };
        push(serde_json::to_string(&HeadLine {
            format: FORMAT.to_owned(),
            version: VERSION,
            number: self.number,
            taken: self.taken.clone(),
            program: self.program.clone(),
            store: format!("{:032x}", u128::from_be_bytes(self.store_id)),
            statements: self.statement_count,
            attachments: self.attachment_count(),
            bytes: self.bytes(),
            damaged: self.damaged.clone(),
        })?);
        for (path, entry) in &self.files {
            let FileEntry { file, bytes, sha256 } = entry;
            push(serde_json::to_string(&FileLine {
                path: path.clone(),
                file: (file != path).then(|| file.clone()),
                bytes: *bytes,
                sha256: sha256.as_str().to_owned(),
            })?);
        }
        let sha256 = Sha2::sha256(&out).as_str().to_owned();
        out.extend_from_slice(serde_json::to_string(&LastLine { sha256 })?.as_bytes());
        out.push(b'\n');
        Ok(out)
    }

    /// Reads its text.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        // Before the hash: a newer one may end in another way.
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let head: HeadLine = lines.next().and_then(parse).ok_or(Unreadable::Damaged)?;
        if head.format == FORMAT && VERSION < head.version {
            return Err(Unreadable::Newer(head.version));
        }
        Self::decode_checked(head, bytes).ok_or(Unreadable::Damaged)
    }

    fn decode_checked(head: HeadLine, bytes: &[u8]) -> Option<Self> {
        let whole = bytes.strip_suffix(b"\n")?;
        let last_from = whole.iter().rposition(|byte| *byte == b'\n')? + 1;
        let (hashed, last) = whole.split_at_checked(last_from)?;
        let last: LastLine = parse(last)?;
        if head.format != FORMAT || last.sha256 != Sha2::sha256(hashed).as_str() {
            return None;
        }
        let mut files = BTreeMap::new();
        let lines = hashed.strip_suffix(b"\n")?.split(|byte| *byte == b'\n');
        for line in lines.skip(1) {
            let FileLine { path, file, bytes, sha256 } = parse(line)?;
            let file = file.unwrap_or_else(|| path.clone());
            let sha256 = sha256.parse().ok()?;
            let is_inside = is_inside(&path) && is_inside(&file);
            files.insert(is_inside.then_some(path)?, FileEntry { file, bytes, sha256 });
        }
        Some(Self {
            number: head.number,
            taken: head.taken,
            program: head.program,
            store_id: u128::from_str_radix(&head.store, 16).ok()?.to_be_bytes(),
            statement_count: head.statements,
            damaged: head.damaged,
            files,
        })
    }
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    serde_json::from_slice(line).ok()
}

/// Whether a path stays below the directory that it is joined to.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let entry = |file: &str, content: &[u8]| FileEntry {
            file: file.to_owned(),
            bytes: content.len() as u64,
            sha256: Sha2::sha256(content),
        };
        let files = [
            ("tables.sqlite", entry("tables-3.sqlite", b"tables")),
            ("log/00000001.log", entry("log/00000001.log", b"log")),
            ("attachments/1/9f/9f86", entry("attachments/1/9f/9f86", b"")),
        ];
        Manifest {
            number: 3,
            taken: "2026-01-01T00:00:00.000000Z".to_owned(),
            program: "0.1.0".to_owned(),
            store_id: [7; 16],
            statement_count: 5,
            damaged: vec!["attachments/1/00/00".to_owned()],
            files: files.map(|(path, entry)| (path.to_owned(), entry)).into(),
        }
    }

    #[test]
    fn is_read_as_it_was_written() {
        let bytes = manifest().encode().unwrap();
        assert_eq!(Manifest::decode(&bytes), Ok(manifest()));
        let head: serde_json::Value =
            serde_json::from_slice(bytes.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
        assert_eq!((&head["attachments"], &head["bytes"]), (&1.into(), &9.into()));
    }

    #[test]
    fn notices_every_changed_byte_and_every_lost_one() {
        let bytes = manifest().encode().unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Manifest::decode(&changed).is_err(), "byte {at}");
            assert_eq!(Manifest::decode(&bytes[..at]), Err(Unreadable::Damaged), "length {at}");
        }
    }

    #[test]
    fn says_that_it_is_newer() {
        let bytes = manifest().encode().unwrap();
        let text = String::from_utf8(bytes).unwrap().replace(r#""version":1"#, r#""version":2"#);
        assert_eq!(Manifest::decode(text.as_bytes()), Err(Unreadable::Newer(2)));
    }

    #[test]
    fn refuses_paths_that_lead_outside() {
        for path in ["", "/etc/passwd", "../store", "log/../../store", "./store"] {
            let mut manifest = manifest();
            let entry = manifest.files["log/00000001.log"].clone();
            manifest.files.insert(path.to_owned(), entry);
            let decoded = Manifest::decode(&manifest.encode().unwrap());
            assert_eq!(decoded, Err(Unreadable::Damaged), "{path:?}");
        }
    }
}
