//! Finds the end of an object in bytes that arrive in pieces.

/// How an object ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With its last brace.
    Whole,
    /// At a line break that it cannot contain.
    Broken,
    /// With the input, or because it is too long.
    Cut,
    /// It is a page of results, and its array of statements begins.
    Page,
}

/// The state between two bytes of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
    /// Whether a line break in a string ends the object.
    breaks_in_strings: bool,
    /// Whether every line break ends the object.
    breaks_at_lines: bool,
    finds_pages: bool,
}

impl Scan {
    /// Before the first brace. At the top level, a string that is not closed on its line ends the
    /// object; in JSON Lines, the end of the line always does.
    pub(super) fn new(is_top_level: bool, is_line: bool) -> Self {
        Self {
            depth: 0,
            is_in_string: false,
            is_escaped: false,
            breaks_in_strings: is_top_level,
            breaks_at_lines: is_line,
            finds_pages: true,
        }
    }

    /// Behind the first brace and other properties.
    pub(super) fn inside_object() -> Self {
        Self { depth: 1, finds_pages: false, ..Self::new(false, false) }
    }

    /// Goes on with `bytes`; `before` is the text of the object before them. Returns how many bytes
    /// belong to the object, and how it ends, if it does.
    pub(super) fn go_on(&mut self, bytes: &[u8], before: &[u8]) -> (usize, Option<End>) {
        for (index, byte) in bytes.iter().enumerate() {
            if *byte == b'\n'
                && (self.breaks_at_lines || self.breaks_in_strings && self.is_in_string)
            {
                return (index, Some(End::Broken));
            }
            if self.is_in_string {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.is_in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.is_in_string = true,
                b'{' => self.depth += 1,
                b'[' => {
                    self.depth += 1;
                    let is_page = self.finds_pages
                        && self.depth == 2
                        && is_before_statements(before, &bytes[..index]);
                    if is_page {
                        return (index + 1, Some(End::Page));
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return (index + 1, Some(End::Whole));
                    }
                }
                _ => {}
            }
        }
        (bytes.len(), None)
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
