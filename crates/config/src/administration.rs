//! What holds for tenants, people and tokens.

use crate::Span;

/// What holds for tenants, people and tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Administration {
    /// How long a deleted tenant can be restored.
    pub deletion_wait: Span,
    /// Shortest password, in characters: from 8 to 64.
    pub password_chars_min: usize,
    /// How long a session lasts in which nothing is done.
    pub session_idle: Span,
    /// How long a session lasts whatever is done.
    pub session_lifetime: Span,
    /// How long an invitation, and the link of a new account, are good for.
    pub invitation_lifetime: Span,
    /// How long a link to choose a new password is good for.
    pub reset_lifetime: Span,
    /// How long a browser token is good for if nothing is said.
    pub token_lifetime: Span,
}
