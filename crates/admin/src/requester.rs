//! The requester of an act of administration.

use acta_access::{Principal, TenantId};
use acta_storage::Who;
use acta_storage::directory::{Account, Session};

use crate::people::signed_in::SignedIn;

/// The requester of an act of administration, and its address.
#[derive(Clone, Debug)]
pub struct Requester {
    pub(crate) capabilities: Capabilities,
    pub(crate) who: Who,
    pub(crate) from: String,
}

/// What determines the permissions of a requester.
#[derive(Clone, Debug)]
pub(crate) enum Capabilities {
    /// The operator at the command line of the machine, who has access to all files.
    Machine,
    /// A person who is signed in.
    Person { account: Box<Account>, session: Box<Session> },
    /// An API credential with scopes for administration.
    Credential(Box<Principal>),
    /// The server itself, in the background.
    Server,
    /// An unauthenticated requester.
    Anonymous,
}

impl Requester {
    /// The address of requests from the machine itself.
    const LOCAL: &'static str = "local";

    /// The operator at the command line of the machine.
    pub fn machine() -> Self {
        let from = Self::LOCAL.to_owned();
        Self { capabilities: Capabilities::Machine, who: Who::Operator, from }
    }

    /// An API credential, or a browser or access token.
    pub fn credential(principal: Principal, who: Who, from: impl Into<String>) -> Self {
        Self { capabilities: Capabilities::Credential(Box::new(principal)), who, from: from.into() }
    }

    /// A person who is signed in.
    pub(crate) fn person(account: Account, session: Session, from: impl Into<String>) -> Self {
        let who = Who::Account(account.id);
        let capabilities =
            Capabilities::Person { account: Box::new(account), session: Box::new(session) };
        Self { capabilities, who, from: from.into() }
    }

    /// A person who has just signed in.
    pub fn of(signed_in: SignedIn, from: impl Into<String>) -> Self {
        Self::person(signed_in.account, signed_in.session, from)
    }

    /// An unauthenticated requester.
    pub(crate) fn anonymous(from: impl Into<String>) -> Self {
        Self { capabilities: Capabilities::Anonymous, who: Who::Anonymous, from: from.into() }
    }

    /// The server itself.
    pub(crate) fn server() -> Self {
        Self { capabilities: Capabilities::Server, who: Who::Server, from: String::new() }
    }

    /// The actor for the audit.
    pub const fn who(&self) -> &Who {
        &self.who
    }

    /// Its address, for the audit.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The account, of a person who is signed in.
    pub fn account(&self) -> Option<&Account> {
        match &self.capabilities {
            Capabilities::Person { account, .. } => Some(account),
            Capabilities::Machine
            | Capabilities::Credential(_)
            | Capabilities::Server
            | Capabilities::Anonymous => None,
        }
    }

    /// The session, of a person who is signed in.
    pub fn session(&self) -> Option<&Session> {
        match &self.capabilities {
            Capabilities::Person { session, .. } => Some(session),
            Capabilities::Machine
            | Capabilities::Credential(_)
            | Capabilities::Server
            | Capabilities::Anonymous => None,
        }
    }

    /// The only tenant in which the requester can do anything, if there is only one.
    pub fn confined_to(&self) -> Option<TenantId> {
        match &self.capabilities {
            Capabilities::Credential(principal) => Some(principal.tenant),
            Capabilities::Machine
            | Capabilities::Person { .. }
            | Capabilities::Server
            | Capabilities::Anonymous => None,
        }
    }

    /// Whether the requester is an operator of the server.
    pub fn is_operator(&self) -> bool {
        match &self.capabilities {
            Capabilities::Machine | Capabilities::Server => true,
            Capabilities::Person { account, .. } => account.is_operator,
            Capabilities::Credential(_) | Capabilities::Anonymous => false,
        }
    }
}
