//! What people prove with who they are, and how guessing is slowed down.

pub(crate) mod csrf;
mod guessable;
pub(crate) mod guessing;
pub(crate) mod hasher;
pub(crate) mod password;
pub(crate) mod recovery;
pub(crate) mod totp;
