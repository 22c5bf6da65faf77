//! The description of an attachment.

use crate::{Iri, Sha2};

pub(crate) mod read;

/// The description of one attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// What the attachment is for.
    pub usage_type: Iri,
    /// Internet media type, as sent.
    pub content_type: Box<str>,
    /// Size in bytes.
    pub length: u64,
    /// Hash of the content.
    pub sha2: Sha2,
    /// Where the content can be fetched, if not from here.
    pub file_url: Option<Iri>,
}

impl Attachment {
    /// The usage type of a statement's signature.
    pub const SIGNATURE: &'static str = "http://adlnet.gov/expapi/attachments/signature";
}

#[cfg(test)]
mod tests;
