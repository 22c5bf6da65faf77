//! Object storage that speaks S3, for tests: SeaweedFS, a real and distributed store, with all
//! its parts in one process on 127.0.0.1 and its files in a temporary directory.
//!
//! [`BucketPrefix::fresh`] gives an empty place in the bucket of the server that all tests of a run
//! share; [`ObjectServer`] is a server of one test's own, to be stopped and started. A server
//! goes together with the process that made it, however that ends.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "only tests use this")]

mod bucket_prefix;
mod program;
mod server;

pub use bucket_prefix::{BUCKET, BucketPrefix, Key, SHARED};
pub use program::{PACKAGE, REQUIREMENTS, folder, program};
pub use server::ObjectServer;
