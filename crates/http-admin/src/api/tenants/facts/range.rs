//! The header `Range`.

/// What of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// All of it: there is no header, or none that is understood.
    Whole,
    /// Some of its bytes.
    Part {
        /// The first, from 0.
        start: u64,
        /// How many, at least 1.
        length: u64,
    },
    /// Bytes that it has not.
    Outside,
}

/// The range that a header asks for, of a file of `size` bytes. Several ranges at once are not
/// supported, so that the whole file is the answer.
///
/// Spec: RFC 9110, 14.1.2 and 14.2.
pub(super) fn requested(header: Option<&str>, size: u64) -> Range {
    let bounds = header.and_then(|header| header.strip_prefix("bytes=")).map(str::trim);
    let Some((first, last)) = bounds.and_then(|bounds| bounds.split_once('-')) else {
        return Range::Whole;
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (start, end) = match (number(first), number(last)) {
        (Some(start), Some(last)) if start <= last => (start, size.min(last.saturating_add(1))),
        (Some(start), None) if last.is_empty() => (start, size),
        (None, Some(count)) if first.is_empty() => (size - count.min(size), size),
        _ => return Range::Whole,
    };
    if start < end { Range::Part { start, length: end - start } } else { Range::Outside }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_bytes_is_understood() {
        let part = |start, length| Range::Part { start, length };
        let table = [
            (None, Range::Whole),
            (Some("bytes=0-0"), part(0, 1)),
            (Some("bytes=2-5"), part(2, 4)),
            (Some("bytes=2-"), part(2, 8)),
            (Some("bytes=2-100"), part(2, 8)),
            (Some("bytes=-3"), part(7, 3)),
            (Some("bytes=-100"), part(0, 10)),
            (Some("bytes=9-99999999999999999999999"), part(9, 1)),
            (Some("bytes=10-"), Range::Outside),
            (Some("bytes=10-12"), Range::Outside),
            (Some("bytes=-0"), Range::Outside),
            (Some("bytes=5-2"), Range::Whole),
            (Some("bytes=-"), Range::Whole),
            (Some("bytes=a-b"), Range::Whole),
            (Some("bytes=0-1,4-5"), Range::Whole),
            (Some("bytes=+1-2"), Range::Whole),
            (Some("lines=0-1"), Range::Whole),
            (Some(""), Range::Whole),
        ];
        for (header, expected) in table {
            assert_eq!(requested(header, 10), expected, "{header:?}");
        }
        assert_eq!(requested(Some("bytes=0-"), 0), Range::Outside);
    }
}
