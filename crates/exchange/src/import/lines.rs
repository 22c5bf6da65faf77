//! The lines of an input, with the offset of the next and a hash of all bytes before it.

use std::io::{self, BufRead, Read};

use acta_xapi::Sha2;
use acta_xapi::scalar::Sha2Hasher;

pub(super) struct LineReader<'a> {
    input: &'a mut (dyn BufRead + Send),
    /// Bytes of the complete lines read so far.
    offset: u64,
    number: u64,
    hasher: Sha2Hasher,
    /// Bytes that were read ahead and are to be read again.
    ahead: io::Cursor<Vec<u8>>,
}

impl<'a> LineReader<'a> {
    pub(super) fn new(input: &'a mut (dyn BufRead + Send)) -> Self {
        let hasher = Sha2::sha256(&[]).hasher();
        Self { input, offset: 0, number: 0, hasher, ahead: io::Cursor::default() }
    }

    /// Bytes of the complete lines read so far. A last line without a line break is not counted:
    /// it may be incomplete, and reading it again does no harm.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// A hash of the complete lines read so far.
    pub(super) fn hash(&self) -> Sha2 {
        self.hasher.clone().finish()
    }

    /// Up to `count_max` lines that are not blank, with their numbers from 1; fewer once they
    /// have `bytes_max` bytes; none at the end.
    pub(super) fn read(
        &mut self,
        count_max: usize,
        bytes_max: usize,
    ) -> io::Result<Vec<(u64, Vec<u8>)>> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while lines.len() < count_max && bytes < bytes_max {
            let mut line = Vec::new();
            self.ahead.read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                self.input.read_until(b'\n', &mut line)?;
            }
            if line.is_empty() {
                break;
            }
            self.number += 1;
            if line.ends_with(b"\n") {
                self.offset += line.len() as u64;
                self.hasher.update(&line);
            }
            let text = line.trim_ascii();
            if !text.is_empty() {
                bytes += text.len();
                lines.push((self.number, text.to_vec()));
            }
        }
        Ok(lines)
    }

    /// Skips `offset` bytes if they have this hash. Otherwise the input has changed, and nothing
    /// is skipped. Returns the number of skipped lines.
    pub(super) fn skip_if_unchanged(&mut self, offset: u64, hash: &str) -> io::Result<u64> {
        let mut skipped = LineReader::new(self.input);
        let mut beginning = Vec::new();
        while skipped.offset < offset {
            let mut line = Vec::new();
            let left = offset - skipped.offset;
            (&mut *skipped.input).take(left).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                break;
            }
            skipped.number += 1;
            skipped.offset += line.len() as u64;
            skipped.hasher.update(&line);
            beginning.append(&mut line);
        }
        let (number, reached, found) = (skipped.number, skipped.offset, skipped.hash());
        if reached == offset && found.as_str() == hash {
            (self.number, self.offset, self.hasher) = (number, reached, skipped.hasher);
            return Ok(number);
        }
        self.ahead = io::Cursor::new(beginning);
        Ok(0)
    }
}
