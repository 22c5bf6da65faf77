//! Sign-in and access tokens against a real OpenID provider.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

mod bearer;
mod failures;
mod fixture;
mod sign_in;
mod tokens;
