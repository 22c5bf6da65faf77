//! What an attack is: who sends what, and what the answers to it are.

use acta_tests::{Call, Client, Engine, Response};

/// The limit of requests in progress with which the server of these attacks is started.
pub(crate) const REQUESTS_MAX: usize = 128;

/// The tenant of the attacker, which is the first one that is created.
pub(crate) const TENANT: &str = "2";

/// A refusal for now that does not say when to try again, which no attack expects.
const WITHOUT_RETRY_AFTER: u16 = 999;

/// Sends a request and returns the status of the answer; 0 if there is none.
pub(crate) type Sender = Box<dyn FnMut(&Client) -> u16>;

/// Settings of a server.
pub(crate) type Settings = Vec<(&'static str, String)>;

/// By what the server knows the attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttackerKind {
    /// A credential with the scope `all`.
    Tenant,
    /// A credential with the scopes `all` and `admin`.
    Administrator,
    /// A credential that only writes statements.
    Writer,
    /// A browser token of a credential with the scope `all`, bound to the agent and the activity of
    /// statements that name no others.
    Token,
    /// Nothing.
    Nobody,
}

/// What a client can do to others.
#[derive(Clone)]
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) attacker: AttackerKind,
    pub(crate) connections: usize,
    /// The answers to it.
    pub(crate) answers: &'static [u16],
    /// The other answers that are permitted, because it asks for too much; 0 for none at all.
    pub(crate) refusals: &'static [u16],
    /// The engines on which the waits of others are judged; on others, only that none of them is
    /// refused.
    pub(crate) timed_on: &'static [Engine],
    /// Settings that it needs.
    pub(crate) settings: fn() -> Settings,
    /// What is stored before, without being measured, by a client with all rights of the tenant.
    pub(crate) prepare: fn(&Client),
    /// What each connection sends again and again: it makes what it needs once.
    pub(crate) open: fn(usize) -> Sender,
}

impl Attack {
    /// One of a tenant whose requests succeed.
    pub(crate) const OF_TENANT: Self = Self {
        name: "",
        attacker: AttackerKind::Tenant,
        connections: 16,
        answers: &[200],
        refusals: &[0, 408, 503],
        timed_on: &[Engine::Embedded, Engine::Postgres],
        settings: Vec::new,
        prepare: nothing,
        open: |_| Box::new(|_| 0),
    };
}

fn nothing(_: &Client) {}

/// The status of the answer; 0 if there is none, because the server closed the connection.
pub(crate) fn status(call: Call<'_>) -> u16 {
    call.try_send().map_or(0, |response| status_of(&response))
}

/// The same, and the whole answer, which says why a request was refused.
pub(crate) fn status_and_reason(call: Call<'_>) -> (u16, String) {
    match call.try_send() {
        Ok(response) => {
            (status_of(&response), String::from_utf8_lossy(&response.body).into_owned())
        }
        Err(error) => (0, error.to_string()),
    }
}

/// The same of an answer that may never end: it goes on until the second is dropped.
pub(crate) fn status_of_head(call: Call<'_>) -> (u16, impl Sized) {
    match call.try_open() {
        Ok((head, body)) => (status_of(&head), Some(body)),
        Err(_none) => (0, None),
    }
}

fn status_of(response: &Response) -> u16 {
    let is_for_now = matches!(response.status, 429 | 503);
    if is_for_now && response.header("retry-after").is_none() {
        return WITHOUT_RETRY_AFTER;
    }
    response.status
}
