//! Clients that store and read statements over kept connections, without a pause.

use std::collections::HashSet;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use acta_tests::client::percent_encode;
use acta_tests::server::{KEY, SECRET};
use acta_tests::{Response, basic, make};

use crate::tls::client::{TlsClient, TlsConnection};

/// What the clients of one proxy did.
#[derive(Debug, Default)]
pub(super) struct Load {
    answered: AtomicUsize,
    failures: Mutex<Vec<String>>,
    acknowledged: Mutex<HashSet<String>>,
}

/// A client, with the connection that it keeps as long as the proxy does.
struct Sender<'a> {
    client: &'a TlsClient,
    kept: Option<TlsConnection>,
    head: String,
}

impl Sender<'_> {
    fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<Response> {
        let mut connection = match self.kept.take() {
            Some(connection) => connection,
            None => self.client.connect()?,
        };
        let head = format!("{method} {path} HTTP/1.1\r\n{}", self.head);
        let answer = connection.send(&head, body)?;
        let is_closed =
            answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        self.kept = (!is_closed).then_some(connection);
        Ok(answer)
    }
}

impl Load {
    /// Stores statements, and reads every second one, until it is over.
    pub(super) fn send_until(&self, client: &TlsClient, is_over: &AtomicBool) {
        let head = format!(
            "Host: localhost\r\nAuthorization: {}\r\nX-Experience-API-Version: 2.0.0\r\n\
             Content-Type: application/json\r\n",
            basic(KEY, SECRET)
        );
        let mut sender = Sender { client, kept: None, head };
        let mut is_read = false;
        while !is_over.load(Ordering::Relaxed) {
            let (id, statement) = make::statement_with_id();
            let stored = sender.send("POST", "/xapi/statements", &statement.to_string());
            if self.note("POST", stored) {
                let path = format!("/xapi/statements?statementId={}", percent_encode(&id));
                self.acknowledged.lock().unwrap().insert(id);
                is_read.then(|| self.note("GET", sender.send("GET", &path, "")));
            }
            is_read = !is_read;
        }
    }

    /// Counts an answer. Returns whether it is as it should be.
    fn note(&self, method: &str, answer: io::Result<Response>) -> bool {
        let failure = match answer {
            Ok(answer) if answer.status == 200 => {
                self.answered.fetch_add(1, Ordering::Relaxed);
                return true;
            }
            Ok(answer) => format!("{method}: {} {}", answer.status, answer.text()),
            Err(error) => format!("{method}: {error}"),
        };
        self.failures.lock().unwrap().push(failure);
        false
    }

    /// How many requests were answered as they should be.
    pub(super) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// What the others got.
    pub(super) fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }

    /// The ids of the statements that were acknowledged.
    pub(super) fn acknowledged(&self) -> HashSet<String> {
        self.acknowledged.lock().unwrap().clone()
    }
}
