//! Values that are one string or number.

mod duration;
mod iri;
mod language;
mod mbox;
mod media_type;
mod sha2;
mod timestamp;
mod uuid;

pub(crate) use duration::comparable_parts;
pub use duration::{Duration, NotADuration};
pub(crate) use iri::has_scheme;
pub use iri::{ActivityId, Iri, IriRule, NotAnIri};
pub use language::{Languages, is_language_tag};
pub use mbox::{Mbox, NotAnMbox};
pub use media_type::MediaType;
pub(crate) use media_type::is_token;
pub use sha2::{NotASha2, Sha2, Sha2Hasher};
pub use timestamp::{NotATimestamp, StatementTimestamp};
pub use uuid::{NotAUuid, StatementId, Uuid};
