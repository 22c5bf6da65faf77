//! A streaming parser for `multipart/mixed`.
//!
//! [`Reader`] takes bytes as they arrive, in chunks of any size, and returns the parts of the body:
//! their headers, then their content. It buffers at most a header block or a delimiter, does no
//! input or output, and never returns anything that it has not fully recognised.
//!
//! Spec: RFC 2046, 5.1; xAPI 1.0.3, Part Three, 1.5.2.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

#[cfg(test)]
mod tests;

/// The boundary in a `Content-Type`: 1 to 70 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary(String);

/// The text is not a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a boundary of 1 to 70 characters")]
pub struct NotABoundary;

/// The limits of a body.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most parts.
    pub parts_max: usize,
    /// Most bytes in the headers of one part.
    pub header_bytes_max: usize,
}

/// The next element of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A part begins; these are its headers.
    Part(Headers),
    /// A chunk of the content of the part; never empty.
    Content(Bytes),
    /// The part ends.
    PartEnd,
    /// The last part has ended; the rest is ignored.
    End,
}

/// The headers of a part, in order of appearance; names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

/// Why a body is not valid `multipart/mixed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// The body does not begin with a delimiter.
    #[error("the first delimiter is missing")]
    NoDelimiter,
    /// The body ended in the middle of a part, or before the last delimiter.
    #[error("the closing delimiter is missing")]
    Unclosed,
    /// A header line is not `name: value`.
    #[error("a part has a malformed header")]
    Header,
    /// The headers of a part are longer than the limit.
    #[error("the headers of a part are too long")]
    HeaderTooLong,
    /// There are more parts than the limit.
    #[error("there are too many parts")]
    TooManyParts,
}

/// The end of the headers of a part.
const HEADERS_END: &[u8] = b"\r\n\r\n";

/// Reads one body.
#[derive(Debug)]
pub struct Reader {
    /// CRLF, two hyphens and the boundary.
    delimiter: Finder<'static>,
    limits: Limits,
    buffer: BytesMut,
    state: State,
    part_count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first delimiter.
    Preamble,
    /// After a delimiter, before the end of the headers.
    Headers,
    /// At the line break that ends the headers.
    ContentStart,
    /// In the content of a part.
    Content,
    /// A part has ended, but the event is not returned yet; the kind of delimiter is known.
    PartEnd { is_last: bool },
    /// After the closing delimiter.
    Epilogue { is_reported: bool },
}

/// The kind of a candidate for a delimiter.
enum Delimiter {
    /// Another part follows; the delimiter line has this many bytes.
    Next(usize),
    /// It closes the body.
    Last,
    /// It is content that begins like a delimiter.
    None,
    /// More bytes are needed to decide.
    Unknown,
}

impl Boundary {
    /// Longest boundary, in characters (RFC 2046, 5.1.1).
    const CHARS_MAX: usize = 70;

    /// Checks the value of the parameter `boundary`, already without quotes.
    ///
    /// # Errors
    ///
    /// [`NotABoundary`] when it is empty, too long, ends with a space, or has a character that is
    /// not permitted.
    pub fn new(text: &str) -> Result<Self, NotABoundary> {
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
        let is_boundary = (1..=Self::CHARS_MAX).contains(&text.len())
            && text.bytes().all(is_allowed)
            && !text.ends_with(' ');
        if is_boundary { Ok(Self(text.to_owned())) } else { Err(NotABoundary) }
    }

    /// The boundary, without hyphens in front.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Headers {
    /// The value of the header with this lower-case name.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn parse(block: &[u8]) -> Result<Self, MultipartError> {
        let block = str::from_utf8(block).ok().ok_or(MultipartError::Header)?;
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in block.split("\r\n").filter(|line| !line.is_empty()) {
            if line.starts_with([' ', '\t']) {
                // A folded line continues the previous header.
                let (_, value) = headers.last_mut().ok_or(MultipartError::Header)?;
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(MultipartError::Header)?;
            let is_token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_token) || value.contains(['\r', '\n', '\0'])
            {
                return Err(MultipartError::Header);
            }
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Self(headers))
    }
}

impl Reader {
    /// Most bytes before the first delimiter, which are ignored: 8 KiB.
    const PREAMBLE_BYTES_MAX: usize = 8 * 1024;

    /// Most spaces between a delimiter and the end of its line.
    const PADDING_BYTES_MAX: usize = 128;

    /// A reader at the start of a body.
    pub fn new(boundary: &Boundary, limits: Limits) -> Self {
        let delimiter = format!("\r\n--{}", boundary.as_str());
        Self {
            delimiter: Finder::new(delimiter.as_bytes()).into_owned(),
            limits,
            // A delimiter at the very start needs no line break before it.
            buffer: BytesMut::from(&b"\r\n"[..]),
            state: State::Preamble,
            part_count: 0,
        }
    }

    /// Adds the next chunk of the body.
    pub fn push(&mut self, piece: &[u8]) {
        if !matches!(self.state, State::Epilogue { .. }) {
            self.buffer.extend_from_slice(piece);
        }
    }

    /// Returns the next event in the bytes so far; none when more are needed.
    ///
    /// # Errors
    ///
    /// [`MultipartError`]; the body must then be refused.
    pub fn next_event(&mut self) -> Result<Option<Event>, MultipartError> {
        match self.state {
            State::Preamble => self.skip_preamble(),
            State::Headers => self.read_headers(),
            State::ContentStart => Ok(self.start_content()),
            State::Content => Ok(self.read_content()),
            State::PartEnd { is_last } => {
                self.state =
                    if is_last { State::Epilogue { is_reported: false } } else { State::Headers };
                Ok(Some(Event::PartEnd))
            }
            State::Epilogue { is_reported: false } => {
                self.state = State::Epilogue { is_reported: true };
                self.buffer.clear();
                Ok(Some(Event::End))
            }
            State::Epilogue { is_reported: true } => Ok(None),
        }
    }

    /// Ends the body. Call it when [`Reader::next_event`] returns none.
    ///
    /// # Errors
    ///
    /// [`MultipartError::NoDelimiter`] or [`MultipartError::Unclosed`] when the last part
    /// was not closed.
    pub fn finish(&self) -> Result<(), MultipartError> {
        match self.state {
            State::Epilogue { .. } => Ok(()),
            State::Preamble => Err(MultipartError::NoDelimiter),
            State::Headers | State::ContentStart | State::Content | State::PartEnd { .. } => {
                Err(MultipartError::Unclosed)
            }
        }
    }

    fn skip_preamble(&mut self) -> Result<Option<Event>, MultipartError> {
        let mut from = 0;
        while let Some(at) = self.find_delimiter(from) {
            if Self::PREAMBLE_BYTES_MAX < at {
                break;
            }
            match self.delimiter_at(at) {
                Delimiter::Next(len) => {
                    let _ = self.buffer.split_to(at + len);
                    self.state = State::Headers;
                    return self.read_headers();
                }
                Delimiter::Last => {
                    self.state = State::Epilogue { is_reported: false };
                    return self.next_event();
                }
                Delimiter::None => from = at + 2,
                Delimiter::Unknown => return Ok(None),
            }
        }
        let seen_max = Self::PREAMBLE_BYTES_MAX + self.delimiter.needle().len();
        if seen_max < self.buffer.len() { Err(MultipartError::NoDelimiter) } else { Ok(None) }
    }

    fn read_headers(&mut self) -> Result<Option<Event>, MultipartError> {
        // The line break of the delimiter line is still in the buffer, so that an empty
        // block of headers ends like any other.
        let Some(end) = memchr::memmem::find(&self.buffer, HEADERS_END) else {
            // All but the last byte of the end may already be in the buffer.
            let seen_max = self.limits.header_bytes_max + HEADERS_END.len() - 1;
            return if seen_max < self.buffer.len() {
                Err(MultipartError::HeaderTooLong)
            } else {
                Ok(None)
            };
        };
        if self.limits.header_bytes_max < end {
            return Err(MultipartError::HeaderTooLong);
        }
        self.part_count += 1;
        if self.limits.parts_max < self.part_count {
            return Err(MultipartError::TooManyParts);
        }
        let block = self.buffer.split_to(end + 2);
        let headers = Headers::parse(&block)?;
        self.state = State::ContentStart;
        Ok(Some(Event::Part(headers)))
    }

    /// Removes the line break after the headers. If the part has no content at all, it belongs to
    /// the delimiter instead.
    fn start_content(&mut self) -> Option<Event> {
        let needle = self.delimiter.needle();
        if self.buffer.len() < needle.len() && needle.starts_with(&self.buffer) {
            return None;
        }
        if self.buffer.starts_with(needle) {
            match self.delimiter_at(0) {
                Delimiter::Next(len) => return Some(self.end_part(0, len, false)),
                Delimiter::Last => return Some(self.end_part(0, 0, true)),
                Delimiter::Unknown => return None,
                Delimiter::None => {}
            }
        }
        let _ = self.buffer.split_to(2);
        self.state = State::Content;
        self.read_content()
    }

    fn read_content(&mut self) -> Option<Event> {
        let mut from = 0;
        while let Some(at) = self.find_delimiter(from) {
            match self.delimiter_at(at) {
                Delimiter::Next(len) => return Some(self.end_part(at, len, false)),
                Delimiter::Last => return Some(self.end_part(at, 0, true)),
                Delimiter::None => from = at + 2,
                Delimiter::Unknown => return self.take_content(at),
            }
        }
        // The last bytes may be the beginning of a delimiter.
        let kept = self.delimiter.needle().len() - 1;
        self.take_content(self.buffer.len().saturating_sub(kept).max(from))
    }

    fn end_part(&mut self, at: usize, delimiter_len: usize, is_last: bool) -> Event {
        let content = self.buffer.split_to(at).freeze();
        let _ = self.buffer.split_to(delimiter_len);
        self.state = State::PartEnd { is_last };
        if !content.is_empty() {
            return Event::Content(content);
        }
        self.state = if is_last { State::Epilogue { is_reported: false } } else { State::Headers };
        Event::PartEnd
    }

    fn take_content(&mut self, len: usize) -> Option<Event> {
        (len != 0).then(|| Event::Content(self.buffer.split_to(len).freeze()))
    }

    fn find_delimiter(&self, from: usize) -> Option<usize> {
        self.delimiter.find(self.buffer.get(from..)?).map(|at| from + at)
    }

    /// Classifies the bytes after a delimiter at `at`.
    fn delimiter_at(&self, at: usize) -> Delimiter {
        let len = self.delimiter.needle().len();
        let rest = self.buffer.get(at + len..).unwrap_or_default();
        if rest.starts_with(b"--") {
            return Delimiter::Last;
        }
        if rest == b"-" {
            return Delimiter::Unknown;
        }
        let padding = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if Self::PADDING_BYTES_MAX < padding {
            return Delimiter::None;
        }
        match rest.get(padding..).unwrap_or_default() {
            [] | [b'\r'] => Delimiter::Unknown,
            [b'\r', b'\n', ..] => Delimiter::Next(len + padding),
            _ => Delimiter::None,
        }
    }
}
