//! Content in object storage that speaks S3.
//!
//! A [`Bucket`] puts, reads and removes objects below one prefix. Objects are never changed.
//! What is too long to be sent at once is sent in parts, so that no more than one of them is
//! in memory; until the last call it is no object and cannot be read.

mod bucket;
mod error;
mod options;
mod transport;

pub use bucket::{Bucket, ObjectReader, PART_BYTES, PART_COUNT_MAX, PartTag, Upload};
pub use error::ObjectError;
pub use options::{AddressError, ObjectOptions};
