//! From bytes to nodes.

use std::collections::HashSet;

use super::{Json, Kind, Node};

/// How large and how deep a JSON text may be.
#[derive(Clone, Copy, Debug)]
pub struct JsonLimits {
    /// Longest text, in bytes. Never more than `u32::MAX`.
    pub bytes_max: usize,
    /// Deepest nesting of arrays and objects; a scalar has depth 0.
    pub depth_max: usize,
    /// Most values and keys: each takes the memory of a node.
    pub values_max: usize,
    /// What becomes of lone surrogates in strings.
    pub lone_surrogates: LoneSurrogates,
}

/// What becomes of an escape such as `\ud800` without a second one that makes it a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoneSurrogates {
    /// The text is refused.
    Refused,
    /// The text is accepted, and [`Json::lone_surrogates`] has their places.
    Kept,
}

impl JsonLimits {
    /// For stored texts, which were within the limits when they were accepted.
    pub const STORED: Self = Self {
        bytes_max: u32::MAX as usize,
        depth_max: usize::MAX,
        values_max: usize::MAX,
        lone_surrogates: LoneSurrogates::Kept,
    };
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self {
            bytes_max: 256 * 1024 * 1024,
            depth_max: 100,
            values_max: 8_000_000,
            lone_surrogates: LoneSurrogates::Refused,
        }
    }
}

/// U+FEFF in UTF-8, with which some programs begin a text.
pub const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The text is not JSON, or exceeds a limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at line {line}, column {column}")]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Where, in bytes from the start.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
}

/// What is wrong with a text that should be JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonErrorKind {
    /// Bytes that are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// The text is longer than permitted.
    #[error("more than {0} bytes")]
    TooLong(usize),
    /// Arrays and objects are nested deeper than permitted.
    #[error("nested deeper than {0}")]
    TooDeep(usize),
    /// There are more values and keys than permitted.
    #[error("more than {0} values and keys")]
    TooMany(usize),
    /// Something else was expected here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// The text ends too early.
    #[error("the text ends where {0} was expected")]
    Ended(&'static str),
    /// A control character inside a string, or an escape that JSON does not know.
    #[error("invalid {0} in a string")]
    BadString(&'static str),
    /// Something follows the value.
    #[error("unexpected text behind the value")]
    Trailing,
}

/// Parses one JSON text.
///
/// # Errors
///
/// [`JsonError`] for the first thing that is not JSON (RFC 8259) or exceeds `limits`.
/// Duplicate keys are no error here: see [`Json::duplicates`]. A byte order mark at the beginning
/// is skipped and is not part of the text.
pub fn parse<'t>(bytes: &'t [u8], limits: &JsonLimits) -> Result<Json<'t>, JsonError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let bytes_max = limits.bytes_max.min(u32::MAX as usize);
    if bytes.len() > bytes_max {
        return Err(error_at(bytes, bytes_max, JsonErrorKind::TooLong(bytes_max)));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| error_at(bytes, error.valid_up_to(), JsonErrorKind::NotUtf8))?;
    let mut parser = Parser {
        bytes,
        at: 0,
        depth_max: limits.depth_max,
        values_max: limits.values_max,
        lone_surrogates: limits.lone_surrogates,
        lone_indices: Vec::new(),
        nodes: Vec::with_capacity((bytes.len() / 16 + 4).min(limits.values_max)),
        open: Vec::new(),
    };
    parser.document().map_err(|kind| error_at(bytes, parser.at, kind))?;
    let (nodes, lone_surrogates) = (parser.nodes, parser.lone_indices);
    let mut json = Json { text, nodes, duplicates: Vec::new(), lone_surrogates };
    json.duplicates = find_duplicates(&json);
    Ok(json)
}

fn error_at(bytes: &[u8], offset: usize, kind: JsonErrorKind) -> JsonError {
    let before = &bytes[..offset.min(bytes.len())];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    JsonError { kind, offset, line, column }
}

struct Parser<'t> {
    bytes: &'t [u8],
    at: usize,
    depth_max: usize,
    values_max: usize,
    lone_surrogates: LoneSurrogates,
    /// Indices of the strings with lone surrogates.
    lone_indices: Vec<u32>,
    nodes: Vec<Node>,
    /// Indices of the arrays and objects that are not closed yet.
    open: Vec<u32>,
}

type ParseResult = Result<(), JsonErrorKind>;

/// What an escape stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    Character,
    LoneSurrogate,
}

impl Parser<'_> {
    fn document(&mut self) -> ParseResult {
        self.skip_whitespace();
        self.value()?;
        while let Some(&container) = self.open.last() {
            self.next_in_container(container as usize)?;
            if self.values_max < self.nodes.len() {
                return Err(JsonErrorKind::TooMany(self.values_max));
            }
        }
        self.skip_whitespace();
        if self.at == self.bytes.len() { Ok(()) } else { Err(JsonErrorKind::Trailing) }
    }

    /// Reads the next element or member of an open container, or its end.
    fn next_in_container(&mut self, container: usize) -> ParseResult {
        let is_object = self.nodes[container].kind == Kind::Object;
        let close = if is_object { b'}' } else { b']' };
        let count = self.nodes[container].count;
        self.skip_whitespace();
        match self.peek("an element or the end of its container")? {
            byte if byte == close => {
                self.close(container);
                return Ok(());
            }
            b',' if count > 0 => {
                self.at += 1;
                self.skip_whitespace();
            }
            _ if count > 0 => {
                return Err(JsonErrorKind::Expected("a comma or the closing bracket"));
            }
            _ => {}
        }
        self.nodes[container].count += 1;
        if is_object {
            if self.peek("a key")? != b'"' {
                return Err(JsonErrorKind::Expected("a key in double quotes"));
            }
            self.string()?;
            self.skip_whitespace();
            if self.peek("a colon")? != b':' {
                return Err(JsonErrorKind::Expected("a colon"));
            }
            self.at += 1;
            self.skip_whitespace();
        }
        self.value()
    }

    fn close(&mut self, container: usize) {
        self.at += 1;
        self.open.pop();
        self.nodes[container].end = offset(self.at);
        self.nodes[container].next = offset(self.nodes.len());
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn peek(&self, expected: &'static str) -> Result<u8, JsonErrorKind> {
        self.bytes.get(self.at).copied().ok_or(JsonErrorKind::Ended(expected))
    }

    fn value(&mut self) -> ParseResult {
        match self.peek("a value")? {
            b'"' => self.string(),
            b'{' => self.container(Kind::Object),
            b'[' => self.container(Kind::Array),
            b't' => self.literal("true", Kind::True),
            b'f' => self.literal("false", Kind::False),
            b'n' => self.literal("null", Kind::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(JsonErrorKind::Expected("a value")),
        }
    }

    fn push(&mut self, start: usize, kind: Kind, escaped: bool) {
        let next = offset(self.nodes.len() + 1);
        let (start, end) = (offset(start), offset(self.at));
        self.nodes.push(Node { start, end, next, count: 0, kind, escaped });
    }

    fn container(&mut self, kind: Kind) -> ParseResult {
        if self.open.len() >= self.depth_max {
            return Err(JsonErrorKind::TooDeep(self.depth_max));
        }
        self.open.push(offset(self.nodes.len()));
        self.push(self.at, kind, false);
        self.at += 1;
        Ok(())
    }

    fn literal(&mut self, literal: &'static str, kind: Kind) -> ParseResult {
        if !self.bytes[self.at..].starts_with(literal.as_bytes()) {
            return Err(JsonErrorKind::Expected("a value"));
        }
        let start = self.at;
        self.at += literal.len();
        self.push(start, kind, false);
        Ok(())
    }

    fn string(&mut self) -> ParseResult {
        let start = self.at;
        let (mut escaped, mut has_lone_surrogate) = (false, false);
        self.at += 1;
        loop {
            self.at += plain_len(&self.bytes[self.at..]);
            match self.bytes.get(self.at) {
                None => return Err(JsonErrorKind::Ended("a closing quote")),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    has_lone_surrogate |= self.escape()? == Escape::LoneSurrogate;
                }
                Some(0..=0x1F) => return Err(JsonErrorKind::BadString("control character")),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        if has_lone_surrogate {
            self.lone_indices.push(offset(self.nodes.len()));
        }
        self.push(start, Kind::String, escaped);
        Ok(())
    }

    fn escape(&mut self) -> Result<Escape, JsonErrorKind> {
        const BAD: JsonErrorKind = JsonErrorKind::BadString("escape");
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match code_unit(self.bytes, self.at).ok_or(BAD)? {
                0xD800..=0xDBFF => match code_unit(self.bytes, self.at + 6) {
                    Some(0xDC00..=0xDFFF) => self.at += 12,
                    _ => return self.lone_surrogate(),
                },
                0xDC00..=0xDFFF => return self.lone_surrogate(),
                _ => self.at += 6,
            },
            _ => return Err(BAD),
        }
        Ok(Escape::Character)
    }

    fn lone_surrogate(&mut self) -> Result<Escape, JsonErrorKind> {
        match self.lone_surrogates {
            LoneSurrogates::Refused => Err(JsonErrorKind::BadString("lone surrogate")),
            LoneSurrogates::Kept => {
                self.at += 6;
                Ok(Escape::LoneSurrogate)
            }
        }
    }

    fn number(&mut self) -> ParseResult {
        let start = self.at;
        self.at += usize::from(self.bytes[self.at] == b'-');
        match self.peek("a digit")? {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits()?,
            _ => return Err(JsonErrorKind::Expected("a digit")),
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        self.push(start, Kind::Number, false);
        Ok(())
    }

    fn digits(&mut self) -> ParseResult {
        if !self.peek("a digit")?.is_ascii_digit() {
            return Err(JsonErrorKind::Expected("a digit"));
        }
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "texts are at most u32::MAX bytes long")]
fn offset(at: usize) -> u32 {
    at as u32
}

/// The code unit of `\uXXXX` at `at`, if one stands there.
fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let escape = bytes.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

/// Replaces the escapes of a string that [`parse`] has accepted, and lone surrogates.
pub(super) fn unescape(inner: &str) -> String {
    match String::from_utf8(unescape_bytes(inner)) {
        Ok(text) => text,
        Err(lone) => String::from_utf8_lossy(lone.as_bytes()).into_owned(),
    }
}

/// Replaces the escapes of a string that [`parse`] has accepted. A lone surrogate becomes the three
/// bytes that it would have in UTF-8 if it were a character.
pub(super) fn unescape_bytes(inner: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner.as_bytes();
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let escape = &rest[at..];
        let length = match escape[1] {
            b'u' => unescape_unicode(escape, &mut out),
            letter => {
                out.push(match letter {
                    b'b' => 0x08,
                    b'f' => 0x0C,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    itself => itself,
                });
                2
            }
        };
        rest = &escape[length..];
    }
    out.extend_from_slice(rest);
    out
}

fn unescape_unicode(escape: &[u8], out: &mut Vec<u8>) -> usize {
    let unit = code_unit(escape, 0).unwrap_or(0xFFFD);
    let low = code_unit(escape, 6).filter(|low| (0xDC00..=0xDFFF).contains(low));
    let (scalar, length) = match (unit, low) {
        (0xD800..=0xDBFF, Some(low)) => (0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00), 12),
        _ => (unit, 6),
    };
    match char::from_u32(scalar) {
        Some(character) => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        None => push_surrogate(scalar, out),
    }
    length
}

#[expect(clippy::cast_possible_truncation, reason = "each of the three is less than 256")]
fn push_surrogate(unit: u32, out: &mut Vec<u8>) {
    out.extend([0xE0 | unit >> 12, 0x80 | unit >> 6 & 0x3F, 0x80 | unit & 0x3F].map(|it| it as u8));
}

/// How many of the first bytes are sure to be plain characters of a string: neither quote nor
/// backslash nor control character. Looks at eight bytes at a time and leaves the rest.
fn plain_len(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH_BITS: u64 = ONES << 7;
    // In each of these, the lowest byte with its high bit set is one that is looked for. Bytes
    // above it may be marked by a borrow and do not count.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH_BITS;
    let below_blank = |word: u64| word.wrapping_sub(ONES * 0x20) & !word & HIGH_BITS;
    let (words, _) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = zeros(word ^ (ONES * u64::from(b'"')));
        let backslashes = zeros(word ^ (ONES * u64::from(b'\\')));
        let special = quotes | backslashes | below_blank(word);
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8
}

/// Most members of an object that are compared pairwise; larger ones use a hash set.
const PAIRWISE_MAX: usize = 12;

fn find_duplicates(json: &Json<'_>) -> Vec<u32> {
    let mut duplicates = Vec::new();
    for (index, node) in json.nodes.iter().enumerate() {
        if node.kind == Kind::Object && node.count > 1 {
            let object = super::Value { json, index: offset(index) };
            if !find_duplicates_pairwise(object, &mut duplicates) {
                find_duplicates_by_hash(object, &mut duplicates);
            }
        }
    }
    duplicates
}

/// Compares the keys of an object as they are written. Does nothing and returns `false` if
/// they are too many, or written with escapes.
fn find_duplicates_pairwise(object: super::Value<'_, '_>, duplicates: &mut Vec<u32>) -> bool {
    let bytes = object.json.text.as_bytes();
    let mut keys: [&[u8]; PAIRWISE_MAX] = [b""; PAIRWISE_MAX];
    let count = object.count();
    if count > PAIRWISE_MAX {
        return false;
    }
    let known = duplicates.len();
    for (position, (key, value)) in object.members().enumerate() {
        let node = key.0.node();
        if node.escaped {
            duplicates.truncate(known);
            return false;
        }
        let key = &bytes[node.start as usize..node.end as usize];
        if keys[..position].contains(&key) {
            duplicates.push(value.index);
        }
        keys[position] = key;
    }
    true
}

fn find_duplicates_by_hash(object: super::Value<'_, '_>, duplicates: &mut Vec<u32>) {
    let mut seen = HashSet::with_capacity(object.count());
    for (key, value) in object.members() {
        if !seen.insert(key.0.bytes()) {
            duplicates.push(value.index);
        }
    }
}

#[cfg(test)]
mod tests;
