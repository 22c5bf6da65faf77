//! A client of event streams: a connection of its own, read by a thread of its own.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use acta_tests::basic;
use acta_tests::client::percent_encode;
use acta_tests::server::{KEY, SECRET};
use serde_json::Value;

/// How long an event may take in a test, whatever else the machine does.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(40);

/// An event, or a place that a stream tells without one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// Empty for a place.
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

/// What a stream is opened with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    /// A stream of the first tenant, with the seeded credential.
    pub(crate) fn new(stream: &str) -> Self {
        let path = format!("/api/v1/tenants/1/stream/{stream}");
        Self { path, headers: Vec::new() }.header("Authorization", &basic(KEY, SECRET))
    }

    #[must_use]
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        let mark = if self.path.contains('?') { '&' } else { '?' };
        let _ = write!(self.path, "{mark}{name}={}", percent_encode(value));
        self
    }

    /// Sets a header; an empty one is left out.
    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sends it, and reads nothing.
    pub(crate) fn send(&self, address: SocketAddr) -> TcpStream {
        let mut socket = TcpStream::connect(address).expect("the server accepts connections");
        let mut text = format!("GET {} HTTP/1.1\r\nHost: {address}\r\n", self.path);
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        socket.write_all(text.as_bytes()).expect("a request can be sent");
        socket
    }

    /// Opens the stream.
    pub(crate) fn open(&self, address: SocketAddr) -> Subscriber {
        Subscriber::over(self.send(address))
    }
}

impl Event {
    /// The id, which is the number of a statement.
    #[track_caller]
    pub(crate) fn number(&self) -> u64 {
        self.id.as_ref().expect("an id").parse().expect("a number")
    }
}

/// An open stream.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) status: u16,
    pub(crate) head: String,
    events: Receiver<Event>,
    socket: TcpStream,
}

impl Subscriber {
    fn over(socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(WAIT_MAX)).expect("a timeout can be set");
        let mut reader = BufReader::new(socket.try_clone().expect("a socket can be shared"));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = reader.read_line(&mut head).expect("the server responds");
            assert_ne!(read, 0, "the server has closed: {head}");
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let (sender, events) = channel();
        thread::spawn(move || read_events(&mut reader, &sender));
        Self { status: status.expect("a status"), head, events, socket }
    }

    /// The next event or place; none at the end of the stream.
    #[track_caller]
    pub(crate) fn next(&self) -> Option<Event> {
        match self.events.recv_timeout(WAIT_MAX) {
            Ok(event) => Some(event),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("no event came"),
        }
    }

    /// The next event, which must come.
    #[track_caller]
    pub(crate) fn event(&self) -> Event {
        loop {
            let event = self.next().expect("the stream goes on");
            if !event.name.is_empty() {
                return event;
            }
        }
    }

    /// The place that the stream tells when it begins.
    #[track_caller]
    pub(crate) fn opened(self) -> (Self, u64) {
        assert_eq!(self.status, 200, "{}", self.head);
        let first = self.next().expect("the stream begins");
        assert_eq!(first.name, "");
        let place = first.number();
        (self, place)
    }

    /// The same for a reader who may not know the number of statements.
    #[track_caller]
    pub(crate) fn opened_sealed(self) -> (Self, String) {
        assert_eq!(self.status, 200, "{}", self.head);
        let first = self.next().expect("the stream begins");
        assert_eq!(first.name, "");
        let place = first.id.expect("a place");
        assert!(place.parse::<u64>().is_err(), "{place}");
        (self, place)
    }

    /// The ids of the next statements, of which such a reader learns no number.
    #[track_caller]
    pub(crate) fn sealed(&self, count: usize) -> Vec<(String, String)> {
        let one = || {
            let event = self.event();
            assert_eq!((event.name.as_str(), &event.data["sequence"]), ("statement", &Value::Null));
            let place = event.id.expect("an id");
            assert!(place.parse::<u64>().is_err(), "{place}");
            (place, event.data["id"].as_str().expect("the id of a statement").to_owned())
        };
        (0..count).map(|_| one()).collect()
    }

    /// The sequences of the next statements.
    #[track_caller]
    pub(crate) fn sequences(&self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.statement().number()).collect()
    }

    /// The next event, which must be a statement.
    #[track_caller]
    pub(crate) fn statement(&self) -> Event {
        let event = self.event();
        assert_eq!(event.name, "statement", "{event:?}");
        assert_eq!(event.data["sequence"], event.number());
        event
    }

    /// The reason for which it ends, whatever comes before.
    #[track_caller]
    pub(crate) fn end(&self) -> String {
        loop {
            let event = self.event();
            if event.name == "end" {
                assert!(self.next().is_none(), "nothing comes behind the end");
                return event.data["reason"].as_str().expect("a reason").to_owned();
            }
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }
}

/// Passes on the events of a chunked body, until it ends or breaks.
fn read_events(reader: &mut impl BufRead, sender: &Sender<Event>) {
    let mut text = String::new();
    while let Some(chunk) = read_chunk(reader) {
        text.push_str(&String::from_utf8(chunk).expect("events are UTF-8"));
        while let Some(end) = text.find("\n\n") {
            let event = parse(&text[..end]);
            text.drain(..end + 2);
            if sender.send(event).is_err() {
                return;
            }
        }
    }
}

fn read_chunk(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let length = usize::from_str_radix(line.trim(), 16).ok().filter(|length| *length != 0)?;
    let mut chunk = vec![0; length + 2];
    reader.read_exact(&mut chunk).ok()?;
    chunk.truncate(length);
    Some(chunk)
}

fn parse(text: &str) -> Event {
    let mut event = Event { name: String::new(), id: None, data: Value::Null };
    let mut data = String::new();
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("event", name)) => name.clone_into(&mut event.name),
            Some(("id", id)) => event.id = Some(id.to_owned()),
            Some(("data", part)) => data.push_str(part),
            _ => {}
        }
    }
    if !data.is_empty() {
        event.data = serde_json::from_str(&data).expect("the data is JSON");
    }
    event
}
