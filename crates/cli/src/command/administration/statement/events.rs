//! Server-sent events, printed as they arrive.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Deserialize;
use serde_json::Value;

/// The longest event, in bytes: 64 MiB.
const EVENT_BYTES_MAX: usize = 64 << 20;

/// Takes the bytes of an event stream, and prints the statements in it.
pub(super) struct EventPrinter<W> {
    output: W,
    is_json: bool,
    /// What has arrived of the next event.
    rest: Vec<u8>,
    /// The reason of the last event of the stream.
    end: Option<String>,
}

impl<W: Write> EventPrinter<W> {
    /// Prints to `output`: entries as JSON, one on each line, or lines for people.
    pub(super) const fn new(output: W, is_json: bool) -> Self {
        Self { output, is_json, rest: Vec::new(), end: None }
    }

    /// Why the stream has ended, if it said so.
    pub(super) fn end(&self) -> Option<&str> {
        self.end.as_deref()
    }

    fn print(&mut self, event: &str) -> io::Result<()> {
        let (mut name, mut data) = ("", String::new());
        for line in event.lines() {
            match line.split_once(": ") {
                Some(("event", value)) => name = value,
                Some(("data", value)) => {
                    data.push_str(value);
                    // A line break between two values of JSON.
                    data.push(' ');
                }
                _ => {}
            }
        }
        match name {
            "statement" if self.is_json => writeln!(self.output, "{}", data.trim_end()),
            "statement" => {
                let entry: Entry<'_> = serde_json::from_str(&data)?;
                writeln!(self.output, "{}", line_of(&entry))
            }
            "end" => {
                let data: Value = serde_json::from_str(&data)?;
                self.end = data["reason"].as_str().map(str::to_owned);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl<W: Write> Write for EventPrinter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if EVENT_BYTES_MAX < self.rest.len() + bytes.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "an event is too long"));
        }
        // The end of an event may have come in two pieces.
        let mut from = self.rest.len().saturating_sub(1);
        self.rest.extend_from_slice(bytes);
        let mut begin = 0;
        while let Some(length) =
            self.rest.get(from..).and_then(|rest| rest.windows(2).position(|two| two == b"\n\n"))
        {
            let event = self.rest.get(begin..from + length).unwrap_or_default();
            let event = String::from_utf8_lossy(event).into_owned();
            self.print(&event)?;
            (begin, from) = (from + length + 2, from + length + 2);
        }
        self.rest.drain(..begin);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// What is shown of an entry. The statement in it is passed over, and not read: the values of its
/// extensions may be texts that are not Unicode.
#[derive(Deserialize)]
struct Entry<'t> {
    sequence: u64,
    #[serde(borrow)]
    stored: Cow<'t, str>,
    #[serde(borrow)]
    sentence: Sentence<'t>,
}

/// A statement in words.
#[derive(Deserialize)]
struct Sentence<'t> {
    #[serde(borrow)]
    actor: Cow<'t, str>,
    #[serde(borrow)]
    verb: Cow<'t, str>,
    #[serde(borrow)]
    object: Cow<'t, str>,
}

/// An entry as a line for people.
fn line_of(entry: &Entry<'_>) -> String {
    let Sentence { actor, verb, object } = &entry.sentence;
    // What a statement says does not control the terminal.
    let parts = [actor, verb, object].map(|part| part.replace(char::is_control, " "));
    format!("{}  {}  {}", entry.sequence, entry.stored, parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statement has a lone surrogate in the value of an extension.
    const STREAM: &str = "retry: 2000\nid: 6\n\n: nothing new\nid: 6\n\nevent: statement\nid: 7\n\
         data: {\"sequence\":7,\"stored\":\"T\",\"statement\":{\"e\":\"\\ud800\"},\n\
         data: \"sentence\":{\"actor\":\"A\\u001b\",\"verb\":\"did\",\"object\":\"é\"}}\n\n\
         event: end\ndata: {\"reason\":\"stopping\"}\n\n";

    #[track_caller]
    fn check(is_json: bool, step: usize, expected: &str) {
        let mut out = Vec::new();
        let mut printer = EventPrinter::new(&mut out, is_json);
        for piece in STREAM.as_bytes().chunks(step) {
            printer.write_all(piece).unwrap();
        }
        assert_eq!(printer.end(), Some("stopping"));
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn statements_are_printed_however_their_bytes_arrive() {
        for step in [1, 2, 7, 1_000] {
            check(false, step, "7  T  A  did é\n");
            let json = "{\"sequence\":7,\"stored\":\"T\",\"statement\":{\"e\":\"\\ud800\"}, \
                        \"sentence\":{\"actor\":\"A\\u001b\",\"verb\":\"did\",\
                        \"object\":\"é\"}}\n";
            check(true, step, json);
        }
    }
}
