//! The only door to time and chance.
//!
//! Everything else takes a [`Clock`] or an [`Entropy`] as an argument, so that a test
//! decides what time it is and which dice fall.

mod clock;
mod entropy;
mod timestamp;

pub use clock::{Clock, ManualClock, SystemClock};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use timestamp::Timestamp;
