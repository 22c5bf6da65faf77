//! Reads the descriptions of attachments.

use crate::json::{Kind, Value};
use crate::reader::{Counted, Reader};
use crate::scalar::is_token;
use crate::{Attachment, Rule};

const ATTACHMENT_KEYS: [&str; 7] =
    ["usageType", "display", "description", "contentType", "length", "sha2", "fileUrl"];

impl Attachment {
    /// Reads `attachments` into the reader's list.
    pub(crate) fn read_all<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) {
        if reader.is(value, Kind::Array, Rule::Attachments)
            && reader.count(value, Counted::Attachments)
        {
            for element in value.elements() {
                let attachment = Self::read(reader, element);
                reader.attachments.extend(attachment);
            }
        }
    }

    fn read<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Self> {
        if !reader.is(value, Kind::Object, Rule::Attachments) {
            return None;
        }
        let (mut usage_type, mut display, mut content_type) = (None, None, None);
        let (mut length, mut sha2, mut file_url) = (None, None, None);
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "usageType" => usage_type = Some(member),
                "display" => display = Some(member),
                "contentType" => content_type = Some(member),
                "length" => length = Some(member),
                "sha2" => sha2 = Some(member),
                "description" => reader.language_map(member, Rule::AttachmentDescription),
                "fileUrl" => file_url = reader.iri(member, Rule::AttachmentFileUrl),
                other => reader.unknown(other, member, &ATTACHMENT_KEYS),
            }
        }
        let display = reader.required(display, value, "display", Rule::AttachmentDisplay);
        if let Some(display) = display {
            reader.language_map(display, Rule::AttachmentDisplay);
        }
        let usage_type = reader
            .required(usage_type, value, "usageType", Rule::AttachmentUsageType)
            .and_then(|usage_type| reader.iri(usage_type, Rule::AttachmentUsageType));
        let content_type = reader
            .required(content_type, value, "contentType", Rule::AttachmentContentType)
            .and_then(|content_type| read_content_type(reader, content_type));
        let length = reader
            .required(length, value, "length", Rule::AttachmentLength)
            .and_then(|length| read_length(reader, length));
        let sha2 = reader
            .required(sha2, value, "sha2", Rule::AttachmentSha2)
            .and_then(|sha2| reader.parsed(sha2, Rule::AttachmentSha2));
        Some(Self {
            usage_type: usage_type?,
            content_type: content_type?,
            length: length?,
            sha2: sha2?,
            file_url,
        })
    }
}

fn read_content_type<'a, 't>(
    reader: &mut Reader<'a, 't>,
    value: Value<'a, 't>,
) -> Option<Box<str>> {
    let text = reader.string(value, Rule::AttachmentContentType)?;
    if !is_media_type(&text) {
        reader.fault(value, Rule::AttachmentContentType);
        return None;
    }
    Some(text.into())
}

/// Whether `text` begins with a type and a subtype. Parameters are not examined.
///
/// Spec: RFC 2045, 5.1.
fn is_media_type(text: &str) -> bool {
    let essence = text.split_once(';').map_or(text, |(essence, _)| essence);
    essence
        .trim_matches([' ', '\t'])
        .split_once('/')
        .is_some_and(|(main, sub)| is_token(main) && is_token(sub))
}

/// A whole number. Writing one with a fraction of zeros or an exponent does not change it.
fn read_length<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let number = reader.number(value, Rule::AttachmentLength)?;
    if let Ok(length) = value.raw().parse() {
        return Some(length);
    }
    if number.fract() != 0.0 || !(0.0..=EXACT_MAX).contains(&number) {
        reader.fault(value, Rule::AttachmentLength);
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number between 0 and 2^53 is exact in both types"
    )]
    Some(number as u64)
}
