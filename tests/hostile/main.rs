//! Clients that mean harm, or do it: every bound, crowds that hold back, bombs, and requests
//! that two readers could read in two ways.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says that it failed by panicking, and what it measured by printing"
)]

mod bombs;
mod bounds;
mod crowds;
mod framing;
mod growth;
mod headers;
mod neighbours;
mod sign_in;
