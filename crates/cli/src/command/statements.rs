//! Commands about statements in files: validating, importing, exporting, simulating.

pub(crate) mod check;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod simulate;
mod tenants;
