//! A JSON parser that preserves order, number text and the place of everything, and detects
//! duplicate keys.
//!
//! One pass over the text fills a flat list of nodes; nothing is copied. A [`Value`] is a
//! view of one node. Strings are unescaped only on demand.

use std::borrow::Cow;

mod parse;

pub use parse::{BYTE_ORDER_MARK, JsonError, JsonErrorKind, JsonLimits, LoneSurrogates, parse};

/// A parsed JSON text.
#[derive(Clone, Debug)]
pub struct Json<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    duplicates: Vec<u32>,
    lone_surrogates: Vec<u32>,
}

/// What sort of value a [`Value`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number, kept as text.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One value or key. An array's or object's descendants follow it directly; `next` is
/// the index of the first node behind them. An object alternates keys and values.
#[derive(Clone, Copy, Debug)]
struct Node {
    start: u32,
    end: u32,
    next: u32,
    count: u32,
    kind: Kind,
    escaped: bool,
}

/// A view of one value inside a [`Json`].
#[derive(Clone, Copy)]
pub struct Value<'a, 't> {
    json: &'a Json<'t>,
    index: u32,
}

impl std::fmt::Debug for Value<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Value").field(&self.raw()).finish()
    }
}

impl<'t> Json<'t> {
    /// The outermost value.
    pub fn root(&self) -> Value<'_, 't> {
        Value { json: self, index: 0 }
    }

    /// The whole text, including white space around the value.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The values whose key is in the same object before, in order of appearance.
    ///
    /// Spec: XAPI-00009 (a property used more than once).
    pub fn duplicates(&self) -> impl Iterator<Item = Value<'_, 't>> {
        self.duplicates.iter().map(|&index| Value { json: self, index })
    }

    /// The strings and keys with the escape of a lone surrogate, which stands for no character, in
    /// order of appearance. There are none unless the limits have it kept.
    pub fn lone_surrogates(&self) -> impl Iterator<Item = Value<'_, 't>> {
        self.lone_surrogates.iter().map(|&index| Value { json: self, index })
    }

    /// The JSON Pointer (RFC 6901) of `value`, relative to `base`, found by walking down. That of a
    /// key is that of its member.
    ///
    /// Costs time in proportion to the path: meant for reporting faults, not for parsing.
    pub fn pointer(&self, base: Value<'_, 't>, value: Value<'_, 't>) -> String {
        let mut pointer = String::new();
        let mut here = base;
        while let Some(child) = here.child_covering(value.index, &mut pointer) {
            here = child;
        }
        pointer
    }
}

/// Longest token of a pointer, in characters: a key may be as long as its document.
const TOKEN_CHARS_MAX: usize = 200;

/// Appends `/token` with `~` and `/` escaped as RFC 6901 asks, and cut off when it is long.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for c in token.chars().take(TOKEN_CHARS_MAX) {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

impl<'a, 't> Value<'a, 't> {
    fn node(self) -> Node {
        self.json.nodes[self.index as usize]
    }

    fn covers(self, index: u32) -> bool {
        (self.index..self.node().next).contains(&index)
    }

    /// The child in which the node `index` lies, with its token appended to `pointer`.
    fn child_covering(self, index: u32, pointer: &mut String) -> Option<Self> {
        if index == self.index {
            return None;
        }
        let is_there =
            |(key, member): &(Key<'a, 't>, Self)| key.0.index == index || member.covers(index);
        if let Some((key, member)) = self.members().find(is_there) {
            push_token(pointer, &key.unescaped());
            return Some(member);
        }
        let (position, element) =
            self.elements().enumerate().find(|(_, element)| element.covers(index))?;
        push_token(pointer, &position.to_string());
        Some(element)
    }

    /// What sort of value this is.
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// The document that this value is part of.
    pub fn json(self) -> &'a Json<'t> {
        self.json
    }

    /// The value's own text, byte for byte; a string with its quotes.
    pub fn raw(self) -> &'t str {
        let node = self.node();
        &self.json.text[node.start as usize..node.end as usize]
    }

    /// The bytes of the document that the value covers.
    pub fn span(self) -> std::ops::Range<usize> {
        let node = self.node();
        node.start as usize..node.end as usize
    }

    /// The characters of a string; none for other kinds. Borrowed unless escaped. Lone surrogates
    /// are replaced.
    pub fn as_str(self) -> Option<Cow<'t, str>> {
        (self.kind() == Kind::String).then(|| self.unescaped())
    }

    /// The characters of a string in UTF-8, where a lone surrogate has the three bytes that it
    /// would have as a character; none for other kinds. Borrowed unless escaped.
    pub fn bytes(self) -> Option<Cow<'t, [u8]>> {
        (self.kind() == Kind::String).then(|| {
            let raw = self.raw();
            let inner = &raw[1..raw.len() - 1];
            if self.node().escaped {
                Cow::Owned(parse::unescape_bytes(inner))
            } else {
                Cow::Borrowed(inner.as_bytes())
            }
        })
    }

    fn unescaped(self) -> Cow<'t, str> {
        let raw = self.raw();
        let inner = &raw[1..raw.len() - 1];
        if self.node().escaped { Cow::Owned(parse::unescape(inner)) } else { Cow::Borrowed(inner) }
    }

    /// `true` or `false`; none for other kinds.
    pub fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            Kind::Null | Kind::Number | Kind::String | Kind::Array | Kind::Object => None,
        }
    }

    /// A number as the nearest double; none for other kinds.
    pub fn as_f64(self) -> Option<f64> {
        if self.kind() == Kind::Number { self.raw().parse().ok() } else { None }
    }

    /// How many elements or members; 0 for scalars.
    pub fn count(self) -> usize {
        self.node().count as usize
    }

    /// Keys and values of an object in the sender's order; nothing for other kinds.
    pub fn members(self) -> Members<'a, 't> {
        let node = self.node();
        let at = self.index + 1;
        let end = if node.kind == Kind::Object { node.next } else { at };
        Members { json: self.json, at, end }
    }

    /// Elements of an array in order; nothing for other kinds.
    pub fn elements(self) -> Elements<'a, 't> {
        let node = self.node();
        let at = self.index + 1;
        let end = if node.kind == Kind::Array { node.next } else { at };
        Elements { json: self.json, at, end }
    }

    /// The value of the first member with this key; none for other kinds.
    pub fn member(self, name: &str) -> Option<Self> {
        self.members().find(|(key, _)| key.is(name)).map(|(_, value)| value)
    }
}

/// A member's key.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a, 't>(Value<'a, 't>);

impl<'a, 't> Key<'a, 't> {
    /// The characters of the key. Lone surrogates are replaced.
    pub fn unescaped(self) -> Cow<'t, str> {
        self.0.unescaped()
    }

    /// Whether the key is `name`.
    pub fn is(self, name: &str) -> bool {
        if self.0.node().escaped {
            return self.unescaped() == name;
        }
        let raw = self.0.raw();
        &raw[1..raw.len() - 1] == name
    }

    /// The key as a value, for its text and place.
    pub fn value(self) -> Value<'a, 't> {
        self.0
    }
}

/// Iterates over the members of an object.
#[derive(Clone, Debug)]
pub struct Members<'a, 't> {
    json: &'a Json<'t>,
    at: u32,
    end: u32,
}

impl<'a, 't> Iterator for Members<'a, 't> {
    type Item = (Key<'a, 't>, Value<'a, 't>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let key = Value { json: self.json, index: self.at };
        let value = Value { json: self.json, index: self.at + 1 };
        self.at = value.node().next;
        Some((Key(key), value))
    }
}

/// Iterates over the elements of an array.
#[derive(Clone, Debug)]
pub struct Elements<'a, 't> {
    json: &'a Json<'t>,
    at: u32,
    end: u32,
}

impl<'a, 't> Iterator for Elements<'a, 't> {
    type Item = Value<'a, 't>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let value = Value { json: self.json, index: self.at };
        self.at = value.node().next;
        Some(value)
    }
}

/// Appends `text` to `out` as a JSON string, quotes included.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                out.push_str("\\u00");
                for shift in [4, 0] {
                    let digit = (u32::from(control) >> shift) & 0xF;
                    out.extend(char::from_digit(digit, 16));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
