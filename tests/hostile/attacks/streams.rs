//! Attacks of a tenant by event streams: as many as it may open, read slowly or as fast as it can.

use std::io::{self, Read as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use acta_tests::Client;

use super::attack::{Attack, Sender, TENANT, status};
use crate::bodies::{list, post, statement};

/// How long a client waits for an answer, and for bytes of a stream.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// How long a client pauses that is refused, or reads slowly.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes of the head of an answer that end with its status.
const STATUS_BYTES: usize = "HTTP/1.1 200".len();

/// What slow readers read at a time, and fast ones.
const SLOW_BYTES: usize = 1 << 10;
const FAST_BYTES: usize = 256 << 10;

/// Connections of an attack that store what the others are sent.
const WRITERS: usize = 8;

/// Opens a stream of statements, and reads the status of the answer.
fn open_stream(client: &Client, query: &str) -> io::Result<(TcpStream, u16)> {
    let mut socket =
        client.begin_get(&format!("/api/v1/tenants/{TENANT}/stream/statements{query}"))?;
    socket.set_read_timeout(Some(WAIT_MAX))?;
    let mut head = [0; STATUS_BYTES];
    socket.read_exact(&mut head)?;
    let text = String::from_utf8_lossy(&head);
    let status = text.rsplit(' ').next().and_then(|status| status.parse().ok());
    Ok((socket, status.unwrap_or_default()))
}

/// Reads some bytes; returns whether the stream goes on.
fn read_some(socket: &mut TcpStream, buffer: &mut [u8]) -> bool {
    match socket.read(buffer) {
        Ok(count) => count != 0,
        Err(error) => {
            matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
        }
    }
}

/// Opens a stream and reads so many bytes at a time; a slow reader pauses in between.
fn follow(query: &'static str, bytes: usize) -> Sender {
    let mut opened: Option<TcpStream> = None;
    let mut buffer = vec![0; bytes];
    Box::new(move |client| {
        let Some(mut socket) = opened.take() else {
            let Ok((socket, status)) = open_stream(client, query) else { return 0 };
            if status == 200 {
                opened = Some(socket);
            } else {
                thread::sleep(PAUSE);
            }
            return status;
        };
        if bytes == SLOW_BYTES {
            thread::sleep(PAUSE);
        }
        if read_some(&mut socket, &mut buffer) {
            opened = Some(socket);
        }
        // No answer of its own.
        0
    })
}

/// Stores 2,500 statements with a response of 4 KB: more than sockets buffer.
fn store_responses(client: &Client) {
    let response = "x".repeat(4 << 10);
    let one = |_| statement(&format!(r#","result":{{"response":"{response}"}}"#));
    for _ in 0..5 {
        post(client, &format!("[{}]", list(500, one)), 200);
    }
}

/// Stores batches.
fn write() -> Sender {
    let text = format!("[{}]", list(500, |_| statement("")));
    Box::new(move |client| status(client.post("/statements").json_text(&text)))
}

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack {
            name: "event streams that are read slowly",
            // Half of them are refused, by `limits.requester_streams_max`.
            connections: 64,
            refusals: &[0, 429, 503],
            prepare: store_responses,
            open: |_| follow("?after=0", SLOW_BYTES),
            ..Attack::OF_TENANT
        },
        Attack {
            name: "event streams of large batches",
            // All streams that one credential may have.
            connections: WRITERS + 32,
            refusals: &[0, 429, 503],
            open: |connection| {
                if connection < WRITERS { write() } else { follow("", FAST_BYTES) }
            },
            ..Attack::OF_TENANT
        },
    ]
}
