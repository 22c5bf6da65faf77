//! Passwords, second factors and CSRF tokens of people, and delays against guessing.

pub(crate) mod admission;
pub(crate) mod csrf;
mod guessable;
pub(crate) mod guessing;
pub(crate) mod hasher;
pub(crate) mod password;
pub(crate) mod recovery;
pub(crate) mod totp;
pub(crate) mod turns;
