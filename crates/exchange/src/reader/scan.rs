//! Finds the end of an object in bytes that arrive in pieces.

/// How an object ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectEnd {
    /// With its last brace.
    Whole,
    /// At a line break that it cannot contain.
    Broken,
    /// With the input, or because it is too long.
    Cut,
    /// It is a page of results, and its array of statements begins.
    Page,
}

/// Which line breaks an object cannot contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineBreaks {
    /// Any: it is on one line.
    End,
    /// Those in strings: a string that is not closed on its line is broken off.
    EndStrings,
    /// None: what surrounds the object says where it ends.
    Ignored,
}

/// Where the next byte of an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScanState {
    /// Between tokens.
    Outside,
    /// In a string.
    InString,
    /// In a string, behind a backslash.
    Escaped,
}

/// The state between two bytes of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    depth: usize,
    place: ScanState,
    line_breaks: LineBreaks,
    finds_pages: bool,
}

impl Scan {
    /// Before the first brace.
    pub(super) fn new(line_breaks: LineBreaks) -> Self {
        Self { depth: 0, place: ScanState::Outside, line_breaks, finds_pages: true }
    }

    /// Behind the first brace and other properties.
    pub(super) fn inside_object() -> Self {
        Self { depth: 1, finds_pages: false, ..Self::new(LineBreaks::Ignored) }
    }

    /// Goes on with `bytes`; `before` is the text of the object before them. Returns how many bytes
    /// belong to the object, and how it ends, if it does.
    pub(super) fn go_on(&mut self, bytes: &[u8], before: &[u8]) -> (usize, Option<ObjectEnd>) {
        for (index, byte) in bytes.iter().enumerate() {
            let end = match byte {
                b'\n' if self.breaks_here() => return (index, Some(ObjectEnd::Broken)),
                byte if self.place == ScanState::Outside => {
                    self.on_token(*byte, before, &bytes[..index])
                }
                byte => {
                    self.on_string(*byte);
                    None
                }
            };
            if end.is_some() {
                return (index + 1, end);
            }
        }
        (bytes.len(), None)
    }

    /// Whether a line break ends the object here.
    fn breaks_here(&self) -> bool {
        match self.line_breaks {
            LineBreaks::End => true,
            LineBreaks::EndStrings => self.place != ScanState::Outside,
            LineBreaks::Ignored => false,
        }
    }

    fn on_string(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (ScanState::InString, b'\\') => ScanState::Escaped,
            (ScanState::InString, b'"') => ScanState::Outside,
            _ => ScanState::InString,
        };
    }

    /// Goes over a byte outside of strings. The object before it is in two parts.
    fn on_token(&mut self, byte: u8, before: &[u8], behind: &[u8]) -> Option<ObjectEnd> {
        match byte {
            b'"' => self.place = ScanState::InString,
            b'{' => self.depth += 1,
            b'[' => {
                self.depth += 1;
                let is_page =
                    self.finds_pages && self.depth == 2 && is_before_statements(before, behind);
                return is_page.then_some(ObjectEnd::Page);
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return (self.depth == 0).then_some(ObjectEnd::Whole);
            }
            _ => {}
        }
        None
    }
}

/// Whether the text of an object, in two parts, ends with the name of the property that holds the
/// statements of a page.
fn is_before_statements(before: &[u8], behind: &[u8]) -> bool {
    /// Bytes at the end that are looked at: the name, and blanks around the colon.
    const BYTES_MAX: usize = 64;

    let end = [&before[before.len().saturating_sub(BYTES_MAX)..], behind].concat();
    let end = end[end.len().saturating_sub(BYTES_MAX)..].trim_ascii_end();
    let name = end.strip_suffix(b":").map(<[u8]>::trim_ascii_end);
    name.is_some_and(|name| name.ends_with(b"\"statements\""))
}
