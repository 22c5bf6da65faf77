//! An OpenID provider for tests: `oidc-provider` of npm, a real and certified one, in a process
//! of its own on 127.0.0.1.
//!
//! [`OidcServer`] has accounts and clients, lets people sign in without a browser, gives access
//! tokens to machines, and does wrong on demand. It goes together with the process that made
//! it, however that ends.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "only tests use this")]

mod browser;
mod server;

pub use server::{CLIENT_SECRET, OidcServer, Options, REDIRECT_URI, RESOURCE, folder};
