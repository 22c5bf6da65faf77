//! Tenants, credentials, tokens and the audit on the reference engine, without HTTP.

#![expect(
    clippy::unwrap_used,
    reason = "the whole crate is tests, where a panic is the failure of one"
)]
#![expect(
    clippy::cognitive_complexity,
    reason = "tables of acts, states and those who ask are loops and lists of cases"
)]
#![expect(clippy::similar_names, reason = "what is changed is told beside its change")]

mod auditing;
mod credentials;
mod groups;
mod permissions;
mod persons;
mod purge;
mod reach;
mod tenants;
mod tokens;
mod world;
