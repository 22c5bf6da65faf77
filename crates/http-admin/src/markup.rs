//! HTML that is put together from markup of our own and from texts.

use serde_json::Value;

/// A piece of a page.
#[derive(Debug, Default)]
pub(crate) struct Markup(String);

impl Markup {
    /// Appends markup of our own.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Appends a text, in which nothing is markup.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// Appends an element that holds a text, on a line of its own.
    pub(crate) fn element(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.raw("<").raw(name).raw(">").text(text).raw("</").raw(name).raw(">\n")
    }

    /// Appends a text in which what stands between back-ticks is code.
    pub(crate) fn prose(&mut self, text: &str) -> &mut Self {
        let mut rest = text;
        while let Some((before, (code, after))) =
            rest.split_once('`').and_then(|(before, rest)| Some((before, rest.split_once('`')?)))
        {
            self.text(before).raw("<code>").text(code).raw("</code>");
            rest = after;
        }
        self.text(rest)
    }

    /// Appends an element that holds [`Markup::prose`], on a line of its own.
    pub(crate) fn described(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.raw("<").raw(name).raw(">").prose(text).raw("</").raw(name).raw(">\n")
    }

    /// Appends another piece.
    pub(crate) fn piece(&mut self, piece: &Self) -> &mut Self {
        self.0.push_str(&piece.0);
        self
    }

    /// The whole of it.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// The text in a value; empty if it is none.
pub(crate) fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut markup = Markup::default();
        markup.prose(text);
        assert_eq!(markup.finish(), expected);
    }

    #[test]
    fn what_stands_between_back_ticks_is_code() {
        check("`a<b` and `c`.", "<code>a&lt;b</code> and <code>c</code>.");
        check("one ` alone, <x>", "one ` alone, &lt;x&gt;");
        check("", "");
    }
}
