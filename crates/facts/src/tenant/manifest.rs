//! The manifest: which files make up the facts of a tenant, and how far they go.
//!
//! It is replaced as a whole, so that after a crash the facts are those before or after.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use super::texts::{Attribute, Texts};
use crate::rows::batch::LastRecord;
use crate::rows::fields::Domain;
use crate::rows::segment::Segment;

/// The version of the columns and files. Facts of another one are made again.
pub(crate) const SCHEMA: u32 = 2;

const NAME: &str = "manifest.json";
const NEW_NAME: &str = "manifest.new";
const ATTRIBUTES: &str = "attributes";

/// How far the facts go and which files they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Manifest {
    schema: u32,
    /// The sequence of the last row on disk.
    pub(crate) sequence: u64,
    /// When it was stored.
    pub(crate) stored: i64,
    /// The language of names; English if it is empty.
    #[serde(default)]
    pub(crate) language: String,
    /// The id of its statement.
    last_id: String,
    pub(crate) segments: Vec<SegmentEntry>,
    dictionaries: Vec<DictionaryEntry>,
    /// Counts the manifests of the tenant, for the names of new files.
    generation: u64,
    attributes_checksum: u32,
    /// The sequences of voided statements, in the portable format of Roaring, as Base64.
    voided: String,
}

/// A segment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SegmentEntry {
    pub(crate) name: String,
    rows: usize,
}

impl SegmentEntry {
    pub(crate) fn of(segment: &Segment) -> Self {
        let name = segment.path().file_name().unwrap_or_default();
        Self { name: name.to_string_lossy().into_owned(), rows: segment.len() }
    }

    /// Opens the segment in a folder.
    ///
    /// # Errors
    ///
    /// Of the file; [`ErrorKind::InvalidData`] if it is damaged or another one.
    pub(crate) fn open(&self, folder: &Path) -> io::Result<Segment> {
        let segment = Segment::open(&folder.join(&self.name))?;
        if segment.len() == self.rows { Ok(segment) } else { Err(damaged(&self.name)) }
    }
}

/// How much of a dictionary's file counts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct DictionaryEntry {
    bytes: u64,
    count: u32,
    checksum: u32,
}

/// The manifest with its checksum, as it is on disk.
#[derive(Serialize, Deserialize)]
struct Sealed {
    checksum: u32,
    manifest: String,
}

impl Manifest {
    /// Reads the manifest of a folder; none if there is none.
    ///
    /// # Errors
    ///
    /// Of the file; [`ErrorKind::InvalidData`] if it is damaged or of another release.
    pub(crate) fn load(folder: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(folder.join(NAME)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let sealed: Sealed = serde_json::from_slice(&text)?;
        if crc32c::crc32c(sealed.manifest.as_bytes()) != sealed.checksum {
            return Err(damaged(NAME));
        }
        let manifest: Self = serde_json::from_str(&sealed.manifest)?;
        if manifest.schema != SCHEMA || manifest.dictionaries.len() != Domain::EVERY.len() {
            return Err(damaged("facts of another release"));
        }
        Ok(Some(manifest))
    }

    /// The one to be written after this one.
    pub(crate) fn next(&self) -> Self {
        Self { schema: SCHEMA, generation: self.generation + 1, ..self.clone() }
    }

    /// Uses no names of files that another manifest has used.
    pub(crate) fn skip_names_of(&mut self, other: &Self) {
        self.generation = self.generation.max(other.generation);
    }

    /// The name of a new segment.
    pub(crate) fn segment_name(&mut self) -> String {
        self.generation += 1;
        format!("{:010}.segment", self.generation)
    }

    /// The last record that the facts on disk go up to.
    pub(crate) fn last(&self) -> LastRecord {
        let id = u128::from_str_radix(&self.last_id, 16).unwrap_or_default();
        LastRecord { sequence: self.sequence, id, stored: self.stored }
    }

    /// The sequences of voided statements.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidData`] if they are damaged.
    pub(crate) fn voided(&self) -> io::Result<RoaringTreemap> {
        let bytes = STANDARD.decode(&self.voided).map_err(|_damage| damaged(NAME))?;
        if bytes.is_empty() {
            Ok(RoaringTreemap::new())
        } else {
            RoaringTreemap::deserialize_from(&*bytes)
        }
    }

    /// Notes what was voided, and the id of the last row's statement.
    ///
    /// # Errors
    ///
    /// None in practice: memory is written to.
    pub(crate) fn set_voided(&mut self, voided: &RoaringTreemap, last_id: u128) -> io::Result<()> {
        let mut bytes = Vec::new();
        voided.serialize_into(&mut bytes)?;
        self.voided = STANDARD.encode(bytes);
        self.last_id = format!("{last_id:032x}");
        Ok(())
    }

    /// Bytes of the files of texts.
    pub(crate) fn texts_bytes(&self) -> u64 {
        self.dictionaries.iter().map(|entry| entry.bytes).sum()
    }

    /// Reads the dictionaries and attributes, as far as they count, and the ids of statements that
    /// were voided before they came.
    ///
    /// # Errors
    ///
    /// Of the files; [`ErrorKind::InvalidData`] if they are damaged.
    pub(crate) fn load_texts(&self, folder: &Path) -> io::Result<(Texts, HashSet<u128>)> {
        let mut texts = Texts::default();
        for (domain, entry) in Domain::EVERY.into_iter().zip(&self.dictionaries) {
            let name = dictionary_name(domain);
            let mut bytes = Vec::new();
            if 0 < entry.bytes {
                File::open(folder.join(&name))?.take(entry.bytes).read_to_end(&mut bytes)?;
            }
            let dictionary = texts.of_mut(domain);
            let is_whole = crc32c::crc32c(&bytes) == entry.checksum && dictionary.extend(&bytes);
            if !is_whole || dictionary.len() != entry.count {
                return Err(damaged(&name));
            }
        }
        let bytes = fs::read(folder.join(self.attributes_name()))?;
        if crc32c::crc32c(&bytes) != self.attributes_checksum {
            return Err(damaged(ATTRIBUTES));
        }
        let mut words = bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
        for attribute in Attribute::EVERY {
            let count = words.next().ok_or_else(|| damaged(ATTRIBUTES))? as usize;
            texts.set_all(attribute, words.by_ref().take(count).collect());
        }
        let ids = bytes.get(bytes.len() - 4 * words.len()..).unwrap_or_default();
        let ids = ids.as_chunks::<16>().0.iter().map(|id| u128::from_le_bytes(*id));
        Ok((texts, ids.collect()))
    }

    /// Writes what is new in the dictionaries, the attributes, and the ids of statements that were
    /// voided before they came. Durable afterwards.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub(crate) fn save_texts(
        &mut self,
        folder: &Path,
        texts: &Texts,
        awaited: &HashSet<u128>,
    ) -> io::Result<()> {
        self.dictionaries.resize(Domain::EVERY.len(), DictionaryEntry::default());
        for (domain, entry) in Domain::EVERY.into_iter().zip(&mut self.dictionaries) {
            let added = texts.of(domain).encode(entry.count);
            if added.is_empty() {
                continue;
            }
            let path = folder.join(dictionary_name(domain));
            let mut file = acta_files::open_or_create(&path)?;
            // What is behind was written before a crash and does not count.
            file.set_len(entry.bytes)?;
            io::Seek::seek(&mut file, io::SeekFrom::Start(entry.bytes))?;
            file.write_all(&added)?;
            file.sync_all()?;
            entry.bytes += added.len() as u64;
            entry.count = texts.of(domain).len();
            entry.checksum = crc32c::crc32c_append(entry.checksum, &added);
        }
        self.generation += 1;
        let mut bytes = Vec::new();
        for attribute in Attribute::EVERY {
            let values = texts.attribute(attribute);
            let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
            bytes.extend(count.to_le_bytes());
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes.extend(awaited.iter().flat_map(|id| id.to_le_bytes()));
        self.attributes_checksum = crc32c::crc32c(&bytes);
        write_durably(&folder.join(self.attributes_name()), &bytes)
    }

    fn attributes_name(&self) -> String {
        format!("{:010}.{ATTRIBUTES}", self.generation)
    }

    /// Replaces the manifest of a folder. Durable afterwards.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub(crate) fn save(&self, folder: &Path) -> io::Result<()> {
        let manifest = serde_json::to_string(self)?;
        let checksum = crc32c::crc32c(manifest.as_bytes());
        let sealed = serde_json::to_vec(&Sealed { checksum, manifest })?;
        write_durably(&folder.join(NEW_NAME), &sealed)?;
        fs::rename(folder.join(NEW_NAME), folder.join(NAME))?;
        File::open(folder)?.sync_all()
    }

    /// Removes files that are not part of the facts: those of a write that did not end, and those
    /// that were replaced.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub(crate) fn remove_strays(&self, folder: &Path) -> io::Result<()> {
        let attributes = self.attributes_name();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_ours = name.ends_with(".segment") || name.ends_with(ATTRIBUTES);
            let is_known = name == *attributes || self.segments.iter().any(|it| *it.name == *name);
            if is_ours && !is_known {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

fn dictionary_name(domain: Domain) -> String {
    format!("{}.texts", domain.name())
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = acta_files::replace(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("{what} is damaged"))
}
