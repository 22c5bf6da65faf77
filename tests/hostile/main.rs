//! Clients that mean harm, or do it: every bound, crowds that hold back, bombs, and requests
//! that two readers could read in two ways.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says that it failed by panicking, and what it measured by printing"
)]

mod attacks;
mod bodies;
mod bombs;
mod bounds;
mod cgroup;
mod crowds;
mod framing;
mod grammar;
mod growth;
mod headers;
mod imports;
mod neighbours;
mod sign_in;
mod stopping;
