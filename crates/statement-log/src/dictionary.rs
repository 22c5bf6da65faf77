//! Statement texts, compressed one by one with a dictionary of the store's own.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, get_frame_content_size};

/// The level of compression.
const LEVEL: i32 = 3;

/// Bytes of a trained dictionary.
const DICTIONARY_BYTES: usize = 32 * 1024;

/// The four bytes that every zstd frame begins with. They are not stored.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// How many times as long as its packed form a text can be: a block of zstd (RFC 8878, 3.1.1.2)
/// has 4 bytes or more and stands for at most 128 KiB. A header that claims more is refused,
/// so that no memory is reserved for it.
const RATIO_MAX: usize = 128 * 1024 / 4;

/// Most idle contexts that are kept for the next use.
const IDLE_MAX: usize = 16;

/// Compresses and decompresses texts with one dictionary, from many threads.
pub struct Codec {
    dictionary: Box<[u8]>,
    packers: Mutex<Vec<Packer>>,
    unpackers: Mutex<Vec<Unpacker>>,
}

struct Packer {
    compressor: Compressor<'static>,
    out: Vec<u8>,
}

struct Unpacker {
    decompressor: Decompressor<'static>,
    input: Vec<u8>,
}

impl std::fmt::Debug for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Codec")
            .field("dictionary_bytes", &self.dictionary.len())
            .finish_non_exhaustive()
    }
}

impl Codec {
    /// Works with `dictionary`, which may be empty.
    pub fn new(dictionary: &[u8]) -> Self {
        Self {
            dictionary: dictionary.into(),
            packers: Mutex::default(),
            unpackers: Mutex::default(),
        }
    }

    /// The dictionary; empty for none.
    pub fn dictionary(&self) -> &[u8] {
        &self.dictionary
    }

    /// Appends the compressed `texts` to `out`, and to `ends` where each ends in it.
    ///
    /// # Errors
    ///
    /// When memory runs out or the dictionary cannot be used.
    pub fn pack<'a>(
        &self,
        texts: impl Iterator<Item = &'a str>,
        out: &mut Vec<u8>,
        ends: &mut Vec<usize>,
    ) -> io::Result<()> {
        let idle = lock(&self.packers).pop();
        let mut packer = match idle {
            Some(packer) => packer,
            None => Packer::new(&self.dictionary)?,
        };
        for text in texts {
            packer.pack(text.as_bytes())?;
            out.extend_from_slice(packer.out.get(ZSTD_MAGIC.len()..).unwrap_or_default());
            ends.push(out.len());
        }
        give_back(&self.packers, packer);
        Ok(())
    }

    /// The text that was packed, if it is at most `len_max` bytes long.
    ///
    /// # Errors
    ///
    /// When `packed` is not what [`Codec::pack`] made.
    pub fn unpack(&self, packed: &[u8], len_max: usize) -> io::Result<String> {
        let idle = lock(&self.unpackers).pop();
        let mut unpacker = match idle {
            Some(unpacker) => unpacker,
            None => Unpacker {
                decompressor: Decompressor::with_dictionary(&self.dictionary)?,
                input: Vec::new(),
            },
        };
        let text = unpacker.unpack(packed, len_max);
        give_back(&self.unpackers, unpacker);
        text
    }
}

impl Packer {
    fn new(dictionary: &[u8]) -> io::Result<Self> {
        let mut compressor = Compressor::with_dictionary(LEVEL, dictionary)?;
        // The segment names the dictionary, and the record has a checksum.
        compressor.set_parameter(CParameter::DictIdFlag(false))?;
        compressor.set_parameter(CParameter::ChecksumFlag(false))?;
        compressor.set_parameter(CParameter::ContentSizeFlag(true))?;
        Ok(Self { compressor, out: Vec::new() })
    }

    fn pack(&mut self, text: &[u8]) -> io::Result<()> {
        self.out.clear();
        self.out.reserve(zstd::zstd_safe::compress_bound(text.len()));
        self.compressor.compress_to_buffer(text, &mut self.out)?;
        Ok(())
    }
}

impl Unpacker {
    fn unpack(&mut self, packed: &[u8], len_max: usize) -> io::Result<String> {
        self.input.clear();
        self.input.extend_from_slice(&ZSTD_MAGIC);
        self.input.extend_from_slice(packed);
        let len = get_frame_content_size(&self.input).ok().flatten();
        let len_max = len_max.min(packed.len().saturating_mul(RATIO_MAX));
        let len = len.and_then(|len| usize::try_from(len).ok()).filter(|len| *len <= len_max);
        let len = len.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        let mut text = Vec::with_capacity(len);
        self.decompressor.decompress_to_buffer(&self.input, &mut text)?;
        String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

fn lock<T>(pool: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    pool.lock().unwrap_or_else(PoisonError::into_inner)
}

fn give_back<T>(pool: &Mutex<Vec<T>>, context: T) {
    let mut idle = lock(pool);
    if idle.len() < IDLE_MAX {
        idle.push(context);
    }
}

/// Trains a dictionary on texts that stand one after the other in `texts`.
///
/// # Errors
///
/// When the texts are too few or too much alike.
pub fn train(texts: &[u8], lens: &[usize]) -> io::Result<Vec<u8>> {
    zstd::dict::from_continuous(texts, lens, DICTIONARY_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: usize) -> String {
        let id = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!(
            r#"{{"id":"{id:016x}","actor":{{"mbox":"mailto:learner{}@example.org"}},"verb":{{"id":"http://adlnet.gov/expapi/verbs/answered","display":{{"en":"answered"}}}},"object":{{"id":"https://example.org/course/{}/question/{}"}}}}"#,
            number % 97,
            number % 7,
            number % 31
        )
    }

    #[track_caller]
    fn check(codec: &Codec, texts: &[&str]) -> usize {
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        codec.pack(texts.iter().copied(), &mut out, &mut ends).unwrap();
        let mut start = 0;
        for (text, end) in texts.iter().zip(ends) {
            assert_eq!(codec.unpack(&out[start..end], text.len()).unwrap(), *text);
            start = end;
        }
        out.len()
    }

    #[test]
    fn gives_back_what_was_packed_and_a_dictionary_makes_it_smaller() {
        let texts: Vec<String> = (0..2000).map(text).collect();
        let joined = texts.concat();
        let lens: Vec<usize> = texts.iter().map(String::len).collect();
        let dictionary = train(joined.as_bytes(), &lens).unwrap();
        let later = [text(5000), text(5001), String::new(), "\u{1F393}".repeat(9000)];
        let later: Vec<&str> = later.iter().map(String::as_str).collect();
        let without = check(&Codec::new(&[]), &later);
        let with = check(&Codec::new(&dictionary), &later);
        assert!(with + 200 < without, "{with} bytes with a dictionary, {without} without");
    }

    #[test]
    fn refuses_what_it_did_not_pack_or_what_is_too_long() {
        let codec = Codec::new(&[]);
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        codec.pack(["0123456789"].into_iter(), &mut out, &mut ends).unwrap();
        assert!(codec.unpack(&out, 9).is_err());
        assert!(codec.unpack(&out[..out.len() - 1], 10).is_err());
        assert!(codec.unpack(b"anything", 10).is_err());
        assert!(codec.unpack(b"", 10).is_err());
        assert_eq!(codec.unpack(&out, 10).unwrap(), "0123456789");
    }

    #[test]
    fn believes_a_length_only_if_so_much_can_be_packed() {
        let codec = Codec::new(&[]);
        check(&codec, &["a".repeat(8 << 20).as_str(), &" ".repeat(1 << 17)]);
        // A header with a length in four bytes, then an empty block.
        for len in [8 * RATIO_MAX + 1, 1 << 30, u32::MAX as usize] {
            let len = u32::try_from(len).unwrap().to_le_bytes();
            let packed = [&[0xA0], len.as_slice(), &[1, 0, 0]].concat();
            let error = codec.unpack(&packed, usize::MAX).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "claimed: {len:?}");
        }
    }
}
