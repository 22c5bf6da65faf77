//! Content negotiation.

use hyper::header::HeaderValue;

use crate::problem::ProblemForm;

/// A member of a list with qualities, such as `text/html;q=0.8`: its name in lower case and
/// its quality in thousandths.
fn weighted(values: &[HeaderValue]) -> Vec<(String, u16)> {
    let values = values.iter().filter_map(|value| value.to_str().ok());
    let members = values.flat_map(|value| value.split(','));
    members.filter(|member| !member.trim().is_empty()).map(read_weighted).collect()
}

fn read_weighted(member: &str) -> (String, u16) {
    let mut parts = member.split(';');
    let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let quality = parts.find_map(|part| {
        let value = part.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?;
        value.trim().parse::<f32>().ok()
    });
    let quality = quality.map_or(1000.0, |quality| quality.clamp(0.0, 1.0) * 1000.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=1000 above"
    )]
    let thousandths = quality.round() as u16;
    (name, thousandths)
}

/// The form of a problem for a client that sent these values of `Accept`.
///
/// Spec: RFC 9110, 12.5.1; IEEE 9274.1.1, 4.1.5.
pub(crate) fn choose_form(accept: &[HeaderValue]) -> ProblemForm {
    let accepted = weighted(accept);
    let quality_of = |media_type: &str| {
        let (kind, _) = media_type.split_once('/').unwrap_or_default();
        let specific = accepted.iter().find(|(range, _)| range == media_type);
        let of_kind = || accepted.iter().find(|(range, _)| range.strip_suffix("/*") == Some(kind));
        let of_any = || accepted.iter().find(|(range, _)| range == "*/*");
        specific.or_else(of_kind).or_else(of_any).map_or(0, |(_, quality)| *quality)
    };
    let mut best = (ProblemForm::Problem, 0);
    for (media_type, form) in ProblemForm::EVERY {
        let quality = quality_of(media_type);
        if best.1 < quality {
            best = (form, quality);
        }
    }
    best.0
}

/// Whether a response may be sent as gzip to a client that sent these values of `Accept-Encoding`.
///
/// Spec: RFC 9110, 12.5.3.
pub fn accepts_gzip(accept_encoding: &[HeaderValue]) -> bool {
    let accepted = weighted(accept_encoding);
    let find = |name: &str| accepted.iter().find(|(coding, _)| coding == name);
    let found = find("gzip").or_else(|| find("x-gzip")).or_else(|| find("*"));
    found.is_some_and(|(_, quality)| 0 < *quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: ProblemForm) {
        let values: Vec<HeaderValue> = vec![accept.parse().unwrap()];
        assert_eq!(choose_form(&values), expected, "Accept: {accept}");
    }

    #[test]
    fn problems_have_the_preferred_format() {
        assert_eq!(choose_form(&[]), ProblemForm::Problem);
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let table = [
            ("*/*", ProblemForm::Problem),
            ("application/json", ProblemForm::Json),
            ("application/json, text/plain, */*", ProblemForm::Problem),
            ("application/*", ProblemForm::Problem),
            ("text/plain", ProblemForm::Text),
            ("text/plain;q=0.5, text/html", ProblemForm::Html),
            ("text/*", ProblemForm::Text),
            ("application/problem+json;q=0, */*", ProblemForm::Json),
            ("multipart/mixed", ProblemForm::Problem),
            (browser, ProblemForm::Html),
        ];
        for (accept, expected) in table {
            check(accept, expected);
        }
    }

    #[test]
    fn gzip_is_sent_to_those_who_accept_it() {
        let table = [
            ("gzip, deflate", true),
            ("GZIP;q=0.1", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("br", false),
            ("identity", false),
            ("", false),
        ];
        assert!(!accepts_gzip(&[]));
        for (value, expected) in table {
            let values: Vec<HeaderValue> = vec![value.parse().unwrap()];
            assert_eq!(accepts_gzip(&values), expected, "Accept-Encoding: {value}");
        }
    }
}
