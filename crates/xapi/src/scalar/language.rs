//! Language tags and the languages a reader prefers.

use std::collections::BTreeSet;

/// The languages of an `Accept-Language` header, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages {
    ranges: Vec<Box<str>>,
}

impl Languages {
    /// Most ranges that are read from a header; later ones are ignored.
    pub const RANGES_MAX: usize = 64;

    /// Longest range that is accepted, in bytes: nearly twice what RFC 5646, 4.4.1, requires.
    /// Each of its subtags is compared with the tags of every text.
    pub const RANGE_BYTES_MAX: usize = 64;

    /// Reads the header's value. Invalid ranges are ignored.
    ///
    /// Spec: RFC 9110, 12.5.4.
    pub fn parse(header: &str) -> Self {
        let mut weighted: Vec<(&str, u16)> =
            header.split(',').filter_map(weighted_range).take(Self::RANGES_MAX).collect();
        weighted.sort_by_key(|(_, thousandths)| std::cmp::Reverse(*thousandths));
        Self { ranges: weighted.into_iter().map(|(range, _)| range.into()).collect() }
    }

    /// Which of `tags` fits best (RFC 4647 lookup); the first if none does; none of none.
    ///
    /// Beyond lookup, a reader of `en` gets `en-US`, and so does a reader of `en-GB` if nothing
    /// else fits: any English is better than the first language in the map.
    pub fn choose<'t>(&self, mut tags: impl Iterator<Item = &'t str> + Clone) -> Option<usize> {
        let lookup = self.ranges.iter().find_map(|range| look_up(range, &tags));
        let related = || {
            let starts = self.ranges.iter().map(|range| range.split('-').next().unwrap_or(range));
            starts.into_iter().find_map(|language| position_below(language, tags.clone()))
        };
        lookup.or_else(related).or_else(|| tags.next().map(|_| 0))
    }
}

/// A language range with its quality in thousandths; none for `*`, which is no preference, for a
/// quality of zero, and for an invalid range.
fn weighted_range(part: &str) -> Option<(&str, u16)> {
    let (range, parameter) = part.split_once(';').unwrap_or((part, ""));
    let range = range.trim();
    let is_subtag = |subtag: &str| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let quality = match parameter.trim().strip_prefix(['q', 'Q']) {
        Some(value) => value.trim_start().strip_prefix('=')?.trim().parse::<f32>().ok()?,
        None => 1.0,
    };
    let is_acceptable = quality > 0.0 && quality <= 1.0;
    let is_long = Languages::RANGE_BYTES_MAX < range.len();
    if !is_acceptable || is_long || !range.split('-').all(is_subtag) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    Some((range, (quality * 1000.0).round() as u16))
}

/// The tag for one range: the range itself, something below it, or the same for the range
/// without its last subtags.
fn look_up<'t>(range: &str, tags: &(impl Iterator<Item = &'t str> + Clone)) -> Option<usize> {
    let mut prefix = range;
    let is = |prefix: &str| tags.clone().position(|tag| tag.eq_ignore_ascii_case(prefix));
    is(prefix).or_else(|| position_below(prefix, tags.clone())).or_else(|| {
        while let Some((shorter, _)) = prefix.rsplit_once('-') {
            // A single letter introduces what follows and does not stand at the end.
            prefix = match shorter.rsplit_once('-') {
                Some((before, single)) if single.len() == 1 => before,
                Some(_) | None => shorter,
            };
            if let Some(position) = is(prefix) {
                return Some(position);
            }
        }
        None
    })
}

/// The first tag that consists of `prefix` and further subtags, or is `prefix`.
fn position_below<'t>(prefix: &str, mut tags: impl Iterator<Item = &'t str>) -> Option<usize> {
    tags.position(|tag| {
        let Some((start, rest)) = tag.split_at_checked(prefix.len()) else { return false };
        start.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest.starts_with('-'))
    })
}

/// Whether `text` is a well-formed language tag (RFC 5646) that repeats no extension and no
/// variant. Whether its subtags are registered is not checked.
///
/// Spec: xAPI 1.0.3, Part Two, 4.2; IEEE 9274.1.1, 4.2.7.
pub fn is_language_tag(text: &str) -> bool {
    let is_plain = match text.as_bytes() {
        [a, b] => a.is_ascii_alphabetic() && b.is_ascii_alphabetic(),
        [a, b, b'-', c, d] => [a, b, c, d].into_iter().all(u8::is_ascii_alphabetic),
        _ => false,
    };
    is_plain || (oxilangtag::LanguageTag::parse(text).is_ok() && !repeats_a_subtag(text))
}

/// Whether a tag introduces two extensions by one letter, or names a variant twice.
///
/// Spec: RFC 5646, 2.2.9.
fn repeats_a_subtag(tag: &str) -> bool {
    let is_variant = |subtag: &str| {
        subtag.len() > 4 || (subtag.len() == 4 && subtag.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut seen = BTreeSet::new();
    let mut is_in_extensions = false;
    let public = tag.split('-').take_while(|subtag| !subtag.eq_ignore_ascii_case("x"));
    public.enumerate().any(|(index, subtag)| {
        is_in_extensions |= index > 0 && subtag.len() == 1;
        let counts = subtag.len() == 1 || (!is_in_extensions && index > 0 && is_variant(subtag));
        counts && !seen.insert(subtag.to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_choice(header: &str, tags: &[&str], expected: Option<usize>) {
        let chosen = Languages::parse(header).choose(tags.iter().copied());
        assert_eq!(chosen, expected, "header: {header:?}, tags: {tags:?}");
    }

    #[test]
    fn chooses_by_lookup_in_the_order_of_preference() {
        let table: [(&str, &[&str], Option<usize>); 20] = [
            ("de", &["en", "de", "fr"], Some(1)),
            ("DE-at", &["en", "de-AT"], Some(1)),
            ("fr;q=0.5, de;q=0.9, en;q=0.1", &["en", "fr", "de"], Some(2)),
            ("fr, de", &["de", "fr"], Some(1)),
            ("de-AT", &["en", "de"], Some(1)),
            ("zh-Hant-CN-x-private1", &["zh-Hant", "zh-Hant-CN"], Some(1)),
            ("zh-Hant-x-a", &["en", "zh-Hant"], Some(1)),
            ("de-AT, fr", &["fr", "de"], Some(1)),
            // Below and beside the range.
            ("en", &["de", "en-US"], Some(1)),
            ("en-GB", &["de", "en-US"], Some(1)),
            ("en-GB, de", &["de", "en-US"], Some(0)),
            ("en", &["eng", "de"], Some(0)),
            // Nothing asked for, nothing fitting, nothing there.
            ("", &["fr", "en"], Some(0)),
            ("*", &["fr", "en"], Some(0)),
            ("es", &["fr", "en"], Some(0)),
            ("es", &[], None),
            // Not acceptable, not understood.
            ("en;q=0, fr", &["en", "fr"], Some(1)),
            ("e_n, ;;, fr;q=x, de;q=2, it ; q = 0.5", &["fr", "de", "it"], Some(2)),
            ("en;q=0.001, fr;q=0.002", &["en", "fr"], Some(1)),
            ("\u{e9}, en-\u{e9}, en", &["\u{e9}", "en"], Some(1)),
        ];
        for (header, tags, expected) in table {
            check_choice(header, tags, expected);
        }
    }

    #[test]
    fn takes_a_limited_number_of_ranges() {
        let header = format!("{}de", "fr,".repeat(Languages::RANGES_MAX));
        check_choice(&header, &["en", "de"], Some(0));
        let header = format!("{}de", "fr,".repeat(Languages::RANGES_MAX - 1));
        check_choice(&header, &["en", "de"], Some(1));
    }

    #[test]
    fn ignores_ranges_over_the_maximum_length() {
        let longest = format!("de{}", "-a".repeat(31));
        assert_eq!(longest.len(), Languages::RANGE_BYTES_MAX);
        check_choice(&longest, &["en", "de"], Some(1));
        check_choice(&format!("{longest}-a"), &["en", "de"], Some(0));
    }

    #[test]
    fn recognises_well_formed_tags() {
        let table = [
            ("en", true),
            ("EN", true),
            ("en-US", true),
            ("es-419", true),
            ("zh-Hans-CN", true),
            ("sl-rozaj-biske", true),
            ("de-CH-1901", true),
            ("cmn", true),
            ("und", true),
            ("i-klingon", true),
            ("x-whatever", true),
            ("en-x-us", true),
            ("en-u-co-phonebk", true),
            ("", false),
            ("e", false),
            ("e1", false),
            ("en_US", false),
            ("en-", false),
            ("-en", false),
            ("en--US", false),
            ("en US", false),
            ("a12345", false),
            ("a12345678", false),
            ("abcdefghi", false),
            ("en-abcdefghi", false),
            ("en-u", false),
            // No letter introduces two extensions, no variant stands twice.
            ("en-a-bbb-x-a-ccc", true),
            ("en-a-bbb-b-bbb", true),
            ("zh-z-aaa-z-bbb-c-ccc", false),
            ("en-a-bbb-A-ccc", false),
            ("sl-rozaj-Rozaj", false),
            ("de-1996-1996", false),
            ("de-1996-u-abc-1996", true),
            ("\u{e9}n", false),
            ("should fail", false),
        ];
        for (text, is_tag) in table {
            assert_eq!(is_language_tag(text), is_tag, "input: {text:?}");
        }
    }
}
