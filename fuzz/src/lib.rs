//! What has to hold for every input of every parser and decoder.
//!
//! One function for each target in `targets/`. Each panics when something does not hold, and
//! is given only so much memory as its input justifies. Time is the engine's to watch, and
//! the stack is what a thread of the runtime has: see `xtask/src/fuzz.rs`.

mod config;
mod growth;
mod index;
mod input;
mod json;
mod log;
mod memory;
mod multipart;
mod request;
mod scalar;
pub mod seeds;
mod signature;
mod statement;
mod store;

pub use config::config;
pub use growth::growth;
pub use index::index;
pub use json::json;
pub use log::log;
pub use multipart::multipart;
pub use request::request;
pub use scalar::scalar;
pub use signature::{proof, signature, token};
pub use statement::statement;
