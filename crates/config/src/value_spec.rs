//! The form of the value of a key: how it is described, parsed and bounded.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::value::NotAValue;
use crate::{ByteSize, Secret, Span};

/// Shortest timeout for a client.
const TIMEOUT_MIN: Duration = Duration::from_millis(100);

type Parse<T> = Box<dyn Fn(&str) -> Result<T, String>>;

/// The form of the value of a key.
///
/// A key without [`ValueSpec::default`] that is not [`ValueSpec::optional`] must be set for its
/// section to exist.
pub(crate) struct ValueSpec<T> {
    pub(crate) kind: String,
    pub(crate) default: Option<&'static str>,
    pub(crate) is_secret: bool,
    pub(crate) answer: Option<&'static str>,
    /// Parses the value, or returns what was expected.
    pub(crate) parse: Parse<T>,
    /// The default value.
    pub(crate) unset: Option<fn() -> T>,
}

impl<T: 'static> ValueSpec<T> {
    /// A value of the form `kind`; `parse` parses it, or returns what was expected.
    pub(crate) fn new(
        kind: impl Into<String>,
        parse: impl Fn(&str) -> Result<T, String> + 'static,
    ) -> Self {
        Self {
            kind: kind.into(),
            default: None,
            is_secret: false,
            answer: None,
            parse: Box::new(parse),
            unset: None,
        }
    }

    /// Sets the default value.
    pub(crate) fn default(self, text: &'static str) -> Self {
        Self { default: Some(text), ..self }
    }

    /// Makes it a limit: `answer` says what happens above it.
    pub(crate) fn over(self, answer: &'static str) -> Self {
        Self { answer: Some(answer), ..self }
    }

    /// Makes the value optional.
    pub(crate) fn optional(self) -> ValueSpec<Option<T>> {
        let set = self.map(Some);
        ValueSpec { unset: Some(|| None), ..set }
    }

    /// Makes the value secret: it is not shown, and can be read from a file.
    pub(crate) fn secret(self) -> ValueSpec<Secret<T>> {
        let hidden = self.map(Secret::new);
        ValueSpec { is_secret: true, ..hidden }
    }

    fn map<U: 'static>(self, wrap: fn(T) -> U) -> ValueSpec<U> {
        let Self { kind, default, is_secret, answer, parse, unset: _ } = self;
        let parse = Box::new(move |text: &str| parse(text).map(wrap));
        ValueSpec { kind, default, is_secret, answer, parse, unset: None }
    }
}

/// A value that is parsed by its type.
pub(crate) fn parsed<T: FromStr<Err: Display> + 'static>(kind: &str) -> ValueSpec<T> {
    ValueSpec::new(kind, |text| text.parse().map_err(|error: T::Err| error.to_string()))
}

/// Any text.
pub(crate) fn text() -> ValueSpec<String> {
    parsed("text")
}

/// A text that is not empty.
pub(crate) fn plain_text() -> ValueSpec<String> {
    ValueSpec::new("text", |text| {
        let is_plain = !text.is_empty() && !text.contains(char::is_control);
        if is_plain { Ok(text.to_owned()) } else { Err("expected a text".to_owned()) }
    })
}

/// A path on this machine.
pub(crate) fn path() -> ValueSpec<PathBuf> {
    parsed("path")
}

/// One of these names, each with its value.
pub(crate) fn one_of<T: Clone + 'static, const N: usize>(
    values: [(&'static str, T); N],
) -> ValueSpec<T> {
    let names = values.each_ref().map(|(name, _)| (*name).to_owned());
    let kind = with_or(&names.each_ref().map(|name| format!("`{name}`")));
    ValueSpec::new(kind, move |text| {
        let found = values.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| value.clone()).ok_or_else(|| format!("expected {}", with_or(&names)))
    })
}

/// Joins names as `a, b or c`.
fn with_or(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A boolean.
pub(crate) fn yes_or_no() -> ValueSpec<bool> {
    one_of([("true", true), ("false", false)])
}

/// A size, in bytes.
pub(crate) fn size() -> ValueSpec<u64> {
    ValueSpec::new("size", parse_size)
}

/// A size of at least this many bytes, a multiple of 1 KiB.
pub(crate) fn size_from(least: u64) -> ValueSpec<u64> {
    ValueSpec::new("size", move |text| {
        let size = parse_size(text)?;
        let expected = || format!("expected at least {}KiB", least >> 10);
        if least <= size { Ok(size) } else { Err(expected()) }
    })
}

fn parse_size(text: &str) -> Result<u64, String> {
    text.parse().map(|size: ByteSize| size.0).map_err(|error: NotAValue| error.to_string())
}

/// A count, which may be 0.
pub(crate) fn count<T: FromStr<Err: Display> + 'static>() -> ValueSpec<T> {
    parsed("count")
}

/// A count of at least 1.
pub(crate) fn count_from_one() -> ValueSpec<usize> {
    ValueSpec::new("count", |text| {
        let count: Result<NonZeroUsize, _> = text.parse();
        count.map(NonZeroUsize::get).map_err(|_not_one| "expected a count of at least 1".to_owned())
    })
}

/// A count within bounds.
pub(crate) fn count_in(bounds: RangeInclusive<usize>) -> ValueSpec<usize> {
    ValueSpec::new("count", move |text| {
        let count = text.parse().ok().filter(|count| bounds.contains(count));
        let expected = || format!("expected a count from {} to {}", bounds.start(), bounds.end());
        count.ok_or_else(expected)
    })
}

/// Any time.
pub(crate) fn time() -> ValueSpec<Span> {
    parsed("time")
}

/// A timeout.
pub(crate) fn timeout() -> ValueSpec<Span> {
    ValueSpec::new("time", |text| {
        let span = parse_time(text)?;
        let is_enough = TIMEOUT_MIN <= span.0;
        if is_enough { Ok(span) } else { Err(format!("expected at least {}", Span(TIMEOUT_MIN))) }
    })
}

/// A time within bounds.
pub(crate) fn time_in(bounds: RangeInclusive<Duration>) -> ValueSpec<Span> {
    ValueSpec::new("time", move |text| {
        let span = parse_time(text)?;
        let (least, most) = (Span(*bounds.start()), Span(*bounds.end()));
        let expected = || format!("expected a time from {least} to {most}");
        if bounds.contains(&span.0) { Ok(span) } else { Err(expected()) }
    })
}

fn parse_time(text: &str) -> Result<Span, String> {
    text.parse().map_err(|error: NotAValue| error.to_string())
}
