//! Texts on pages.

use maud::{Markup, html};
use serde_json::Value;

/// A text in which the parts between back-ticks are code.
pub(crate) fn prose(text: &str) -> Markup {
    // The text between two back-ticks is code; a single back-tick is text.
    let mut pieces: Vec<&str> = text.split('`').collect();
    let alone = pieces.len().is_multiple_of(2).then(|| pieces.pop()).flatten();
    html! {
        @for (index, piece) in pieces.iter().enumerate() {
            @if index.is_multiple_of(2) { (piece) } @else { code { (piece) } }
        }
        @if let Some(alone) = alone { "`" (alone) }
    }
}

/// The text in a value; empty if it is not a string.
pub(crate) fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(prose(text).into_string(), expected);
    }

    #[test]
    fn text_between_back_ticks_is_code() {
        check("`a<b` and `c`.", "<code>a&lt;b</code> and <code>c</code>.");
        check("one ` alone, <x>", "one ` alone, &lt;x&gt;");
        check("", "");
    }
}
