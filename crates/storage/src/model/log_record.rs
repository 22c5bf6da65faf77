//! A record of the log in memory.

use acta_xapi::{Ifi, Statement};

use crate::TransferredStatement;

/// A statement in the log.
#[derive(Debug)]
pub(super) struct LogRecord {
    pub(super) statement: TransferredStatement,
    /// `None` if it was imported and is not valid by the current rules.
    pub(super) parsed: Option<ParsedStatement>,
}

/// A parsed statement and its authority.
#[derive(Debug)]
pub(super) struct ParsedStatement {
    pub(super) statement: Statement,
    /// The identifier in its authority.
    pub(super) authority: Ifi,
}

impl LogRecord {
    /// When it was stored, in nanoseconds since 1970.
    pub(super) fn stored_nanos(&self) -> i128 {
        i128::from(self.statement.stored.unix_micros()) * 1000
    }

    /// The identifier in its authority.
    pub(super) fn authority(&self) -> Option<&Ifi> {
        self.parsed.as_ref().map(|parsed| &parsed.authority)
    }
}
