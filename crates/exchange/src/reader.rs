//! Reads the statements of an input, in every form in which they are written.
//!
//! The forms are JSON Lines, a statement or several one after the other, arrays of statements, and
//! pages of results (`{"statements": […], "more": …}`); each text at the top level may begin with a
//! byte order mark, as where files are one after the other.
//! Objects at the top level may have line breaks, unless the first one of the input has none: then
//! the input is JSON Lines, and a line that is broken off does not reach into the next.

mod scan;

use std::io::{self, Read};

use acta_xapi::Sha2;
use acta_xapi::json::{self, BYTE_ORDER_MARK, JsonLimits};
use acta_xapi::scalar::Sha2Hasher;

use scan::{LineBreaks, ObjectEnd, Scan};

/// Longest text of one statement that is read, in bytes. What is longer is cut off there, and so is
/// no valid statement.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// A statement of the input, or what is there in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InputText {
    /// The line in which it begins, from 1.
    pub(crate) line: u64,
    /// The text, without the whitespace around it.
    pub(crate) text: Vec<u8>,
}

/// What is known of the form of the objects at the top level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// There was no object yet.
    Unknown,
    /// Each object is on a line of its own.
    Lines,
    /// They may have line breaks.
    Values,
}

/// What surrounds the statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    /// An array.
    Array,
    /// The array in a page of results.
    Page,
}

/// A place in the input.
#[derive(Clone)]
struct Position {
    /// Bytes before it.
    offset: u64,
    /// Line breaks before it.
    lines: u64,
    /// Whether it is behind a line break.
    ends_line: bool,
    hasher: Sha2Hasher,
}

/// Reads statements one after the other.
pub(crate) struct StatementReader<'a> {
    input: &'a mut (dyn Read + Send),
    buffer: Vec<u8>,
    /// The next byte in the buffer.
    at: usize,
    /// Behind the last byte that was read.
    here: Position,
    /// Behind the last complete line at the top level.
    complete: Position,
    containers: Vec<Container>,
    form: Form,
}

impl<'a> StatementReader<'a> {
    pub(crate) fn new(input: &'a mut (dyn Read + Send)) -> Self {
        let start =
            Position { offset: 0, lines: 0, ends_line: false, hasher: Sha2Hasher::sha256() };
        Self {
            input,
            buffer: Vec::new(),
            at: 0,
            here: start.clone(),
            complete: start,
            containers: Vec::new(),
            form: Form::Unknown,
        }
    }

    /// Bytes of the complete lines at the top level that were read so far. What follows may be
    /// incomplete, and reading it again does no harm.
    pub(crate) fn offset(&self) -> u64 {
        self.complete.offset
    }

    /// A hash of these bytes.
    pub(crate) fn hash(&self) -> Sha2 {
        self.complete.hasher.clone().finish()
    }

    /// Up to `count_max` statements; fewer once they have `bytes_max` bytes; none at the end.
    pub(crate) fn read(
        &mut self,
        count_max: usize,
        bytes_max: usize,
    ) -> io::Result<Vec<InputText>> {
        let (mut texts, mut bytes) = (Vec::new(), 0);
        while texts.len() < count_max && bytes < bytes_max {
            let Some(next) = self.next()? else { break };
            bytes += next.text.len();
            texts.push(next);
        }
        Ok(texts)
    }

    /// The next statement; none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<InputText>> {
        loop {
            self.skip_between()?;
            let line = self.here.lines + 1;
            let text = match self.peek()? {
                None => {
                    // A container that is not closed is broken off.
                    let is_cut = !self.containers.is_empty();
                    self.containers.clear();
                    return Ok(is_cut.then(|| InputText { line, text: Vec::new() }));
                }
                Some(b'[') => {
                    self.advance(1);
                    self.containers.push(Container::Array);
                    None
                }
                Some(b']') if !self.containers.is_empty() => {
                    self.leave_container()?;
                    None
                }
                Some(b'{') => self.read_object()?,
                Some(_) => Some(self.read_other()?),
            };
            if let Some(text) = text {
                return Ok(Some(InputText { line, text }));
            }
        }
    }

    /// Goes behind the end of the innermost container.
    fn leave_container(&mut self) -> io::Result<()> {
        self.advance(1);
        if self.containers.pop() == Some(Container::Page) {
            self.skip_rest_of_page()?;
        }
        self.end_line()
    }

    /// Skips `offset` bytes if they have this hash. Otherwise the input has changed, and nothing
    /// is skipped. Returns the number of skipped lines.
    pub(crate) fn skip_if_unchanged(&mut self, offset: u64, hash: &str) -> io::Result<u64> {
        let start = self.here.clone();
        let mut beginning = Vec::new();
        while self.here.offset < offset && self.peek()?.is_some() {
            let left = usize::try_from(offset - self.here.offset).unwrap_or(usize::MAX);
            let count = left.min(self.buffer.len() - self.at);
            beginning.extend_from_slice(&self.buffer[self.at..self.at + count]);
            self.advance(count);
        }
        if self.here.offset == offset && self.here.hasher.clone().finish().as_str() == hash {
            self.complete = self.here.clone();
            return Ok(self.here.lines);
        }
        self.go_back(start, &beginning);
        Ok(0)
    }

    /// The next byte; none at the end.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.at == self.buffer.len() {
            self.buffer.resize(CHUNK_BYTES, 0);
            self.at = 0;
            let read = read_once(self.input, &mut self.buffer);
            self.buffer.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        Ok(self.buffer.get(self.at).copied())
    }

    /// Goes behind the next `count` bytes of the buffer.
    fn advance(&mut self, count: usize) {
        let bytes = &self.buffer[self.at..self.at + count];
        self.here.hasher.update(bytes);
        self.here.offset += count as u64;
        self.here.ends_line = bytes.last().map_or(self.here.ends_line, |byte| *byte == b'\n');
        self.here.lines += count_line_breaks(bytes);
        self.at += count;
    }

    /// Goes back to a place, behind which were these bytes.
    fn go_back(&mut self, to: Position, bytes: &[u8]) {
        self.buffer.drain(..self.at);
        self.buffer.splice(..0, bytes.iter().copied());
        self.at = 0;
        self.here = to;
    }

    /// Skips a byte order mark, if one is next. Returns whether it was.
    fn skip_byte_order_mark(&mut self) -> io::Result<bool> {
        if self.peek()? != BYTE_ORDER_MARK.first().copied() {
            return Ok(false);
        }
        let start = self.here.clone();
        for (count, expected) in BYTE_ORDER_MARK.iter().enumerate() {
            if self.peek()? != Some(*expected) {
                self.go_back(start, &BYTE_ORDER_MARK[..count]);
                return Ok(false);
            }
            self.advance(1);
        }
        Ok(true)
    }

    /// Skips what stands between statements.
    fn skip_between(&mut self) -> io::Result<()> {
        let is_inside = !self.containers.is_empty();
        while let Some(byte) = self.peek()? {
            if !is_inside && self.skip_byte_order_mark()? {
                continue;
            }
            let is_between = byte.is_ascii_whitespace() || is_inside && byte == b',';
            if !is_between {
                break;
            }
            self.advance(1);
            if byte == b'\n' && !is_inside {
                self.complete = self.here.clone();
            }
        }
        Ok(())
    }

    /// Goes behind the line break, if only blanks stand before it.
    fn end_line(&mut self) -> io::Result<()> {
        while let Some(byte) = self.peek()?.filter(u8::is_ascii_whitespace) {
            self.advance(1);
            if byte == b'\n' {
                break;
            }
        }
        let is_complete = self.here.ends_line && self.containers.is_empty();
        if is_complete {
            self.complete = self.here.clone();
        }
        Ok(())
    }

    /// Reads an object; none if it is a page of results, which is entered.
    fn read_object(&mut self) -> io::Result<Option<Vec<u8>>> {
        let start = self.here.clone();
        let mut text = Vec::new();
        let is_top_level = self.containers.is_empty();
        let mut scan = Scan::new(match self.form {
            _ if !is_top_level => LineBreaks::Ignored,
            Form::Lines => LineBreaks::End,
            Form::Unknown | Form::Values => LineBreaks::EndStrings,
        });
        let end = loop {
            if self.peek()?.is_none() {
                break ObjectEnd::Cut;
            }
            let (count, end) = scan.go_on(&self.buffer[self.at..], &text);
            if text.len() < TEXT_BYTES_MAX {
                text.extend_from_slice(&self.buffer[self.at..self.at + count]);
            }
            self.advance(count);
            if let Some(end) = end {
                break end;
            }
            if self.form == Form::Unknown && is_top_level && TEXT_BYTES_MAX <= text.len() {
                break ObjectEnd::Cut;
            }
        };
        if end == ObjectEnd::Page {
            self.containers.push(Container::Page);
            return Ok(None);
        }
        if !is_top_level {
            return Ok(Some(text));
        }
        let has_line_breaks = text.contains(&b'\n');
        if self.form == Form::Unknown && has_line_breaks && !is_json(&text) {
            // The first line is broken off: it is not the beginning of an object with line breaks.
            self.form = Form::Lines;
            self.go_back(start, &text);
            return self.read_object();
        }
        if self.form == Form::Unknown {
            self.form = if has_line_breaks { Form::Values } else { Form::Lines };
        }
        self.end_line_of(&mut text)?;
        Ok(Some(text))
    }

    /// Goes behind the line of a statement at the top level. What stands behind it on its line, but
    /// for the next one, belongs to it, and makes it invalid.
    fn end_line_of(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        self.end_line()?;
        let is_at_start = self.here.offset == self.complete.offset;
        let is_next = |byte| matches!(byte, None | Some(b'{' | b'['));
        if !is_at_start && !self.skip_byte_order_mark()? && !is_next(self.peek()?) {
            text.extend(self.read_other()?);
        }
        Ok(())
    }

    /// Reads what is no statement: up to the end of the line, or of the place in its container.
    fn read_other(&mut self) -> io::Result<Vec<u8>> {
        let is_inside = !self.containers.is_empty();
        let mut text = Vec::new();
        while let Some(byte) = self.peek()? {
            if byte == b'\n' || is_inside && matches!(byte, b',' | b']') && !text.is_empty() {
                break;
            }
            if text.len() < TEXT_BYTES_MAX {
                text.push(byte);
            }
            self.advance(1);
        }
        self.end_line()?;
        text.truncate(text.trim_ascii_end().len());
        Ok(text)
    }

    /// Skips the properties of a page behind its statements.
    fn skip_rest_of_page(&mut self) -> io::Result<()> {
        let mut scan = Scan::inside_object();
        while self.peek()?.is_some() {
            let (count, end) = scan.go_on(&self.buffer[self.at..], b"");
            self.advance(count);
            if end.is_some() {
                break;
            }
        }
        Ok(())
    }
}

/// How many line breaks there are.
pub(crate) fn count_line_breaks(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').skip(1).count() as u64
}

/// Reads what is there, however often it is interrupted.
fn read_once(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

fn is_json(text: &[u8]) -> bool {
    json::parse(text, &JsonLimits::STORED).is_ok()
}

#[cfg(test)]
mod tests;
