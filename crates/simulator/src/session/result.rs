//! Properties of results, as JSON text.

use crate::text::{push_decimal, push_duration};

/// The score from which on a quiz is passed, in ten thousandths.
pub(super) const MASTERY: i64 = 6000;

/// The same as JSON text.
pub(super) const MASTERY_TEXT: &str = "0.6";

/// Appends the property `duration`.
pub(super) fn push_duration_property(out: &mut String, duration_ms: i64) {
    out.push_str(r#""duration":""#);
    push_duration(out, duration_ms);
    out.push('"');
}

/// Appends the property `score` for right answers out of those that are judged, with a comma
/// behind it.
pub(super) fn push_score(out: &mut String, right: i64, judged: i64) {
    out.push_str(r#""score":{"scaled":"#);
    push_decimal(out, (10_000 * right + judged / 2) / judged, 4);
    out.push_str(r#","raw":"#);
    push_decimal(out, right, 0);
    out.push_str(r#","min":0,"max":"#);
    push_decimal(out, judged, 0);
    out.push_str("},");
}

/// Appends the property `success`, with a comma behind it.
pub(super) fn push_success(out: &mut String, is_success: bool) {
    out.push_str(if is_success { r#""success":true,"# } else { r#""success":false,"# });
}
