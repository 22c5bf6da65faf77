//! Time and randomness. No other crate reads them from the system.
//!
//! Everything else takes a [`Clock`] or an [`Entropy`] as an argument, so that a test
//! decides on the time and the random bytes.

mod clock;
mod entropy;
mod guarded;
mod lead;
mod timestamp;
#[cfg(test)]
mod warnings;

pub use clock::{Clock, ManualClock, SystemClock};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use guarded::{GuardedClock, JumpLimits};
pub use lead::LeadWatch;
pub use timestamp::Timestamp;
