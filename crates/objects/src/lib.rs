//! Content in object storage that speaks S3.
//!
//! A [`Bucket`] puts, reads and removes objects with one prefix. Objects are never changed.
//! Long objects are uploaded in parts, so that only one part is in memory. Such an object
//! cannot be read before its upload is completed.

mod bucket;
mod error;
mod options;
mod transport;

pub use bucket::{Bucket, ObjectReader, PART_BYTES, PART_COUNT_MAX, PartTag, Upload};
pub use error::ObjectError;
pub use options::{AddressError, ObjectOptions};
