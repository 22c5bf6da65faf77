//! Changes to a JSON value by JSON Pointer: the rows of validation tables.

#![expect(clippy::wildcard_enum_match_arm, reason = "JSON gets no new kinds of values")]

use serde_json::Value;

/// One change.
#[derive(Clone, Debug)]
pub enum Tweak {
    /// Puts a value there, making or replacing it.
    Set(String, Value),
    /// Takes it away.
    Remove(String),
    /// Gives the property another name.
    Rename(String, String),
}

/// Puts a value there, making or replacing it.
pub fn set(pointer: impl Into<String>, value: impl Into<Value>) -> Tweak {
    Tweak::Set(pointer.into(), value.into())
}

/// Takes it away.
pub fn remove(pointer: impl Into<String>) -> Tweak {
    Tweak::Remove(pointer.into())
}

/// Gives the property another name.
pub fn rename(pointer: impl Into<String>, name: impl Into<String>) -> Tweak {
    Tweak::Rename(pointer.into(), name.into())
}

impl Tweak {
    /// `value` with this change.
    #[track_caller]
    pub fn apply(&self, value: &Value) -> Value {
        let mut tweaked = value.clone();
        match self {
            Self::Set(pointer, new) => put(&mut tweaked, pointer, new.clone()),
            Self::Remove(pointer) => {
                take(&mut tweaked, pointer);
            }
            Self::Rename(pointer, name) => {
                let old = take(&mut tweaked, pointer);
                let (parent, _) = split(pointer);
                put(&mut tweaked, &format!("{parent}/{name}"), old);
            }
        }
        assert_ne!(&tweaked, value, "{self:?} changes nothing");
        tweaked
    }
}

/// The pointers to everything inside `value` that the specification rules: all properties
/// and items but those inside `extensions`. A pointer comes after that of its parent.
pub fn places(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, "", &mut found);
    found
}

/// Whether this is the pointer to an entry of a language map.
pub fn is_language(pointer: &str) -> bool {
    let (parent, _) = split(pointer);
    ["/display", "/name", "/description"]
        .iter()
        .any(|map| parent.ends_with(map) && !parent.ends_with("/account/name"))
}

/// Whether this is the pointer to a language map that an object property holds.
pub fn is_language_map(pointer: &str, value: &Value) -> bool {
    value.is_object() && is_language(&format!("{pointer}/en"))
}

fn collect(value: &Value, pointer: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(properties) if !pointer.ends_with("/extensions") => properties
            .iter()
            .map(|(name, child)| (name.replace('~', "~0").replace('/', "~1"), child))
            .collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect()
        }
        _ => Vec::new(),
    };
    for (name, child) in children {
        let place = format!("{pointer}/{name}");
        found.push(place.clone());
        collect(child, &place, found);
    }
}

fn split(pointer: &str) -> (&str, String) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer begins with a slash");
    (parent, name.replace("~1", "/").replace("~0", "~"))
}

#[track_caller]
fn parent_of<'a>(value: &'a mut Value, parent: &str, pointer: &str) -> &'a mut Value {
    value.pointer_mut(parent).unwrap_or_else(|| panic!("no parent of {pointer}"))
}

#[track_caller]
fn put(value: &mut Value, pointer: &str, new: Value) {
    let (parent, name) = split(pointer);
    match parent_of(value, parent, pointer) {
        Value::Object(properties) => {
            properties.insert(name, new);
        }
        Value::Array(items) => match name.parse::<usize>() {
            Ok(index) if index < items.len() => items[index] = new,
            Ok(_) | Err(_) => items.push(new),
        },
        other => panic!("{pointer} leads into {other}"),
    }
}

#[track_caller]
fn take(value: &mut Value, pointer: &str) -> Value {
    let (parent, name) = split(pointer);
    match parent_of(value, parent, pointer) {
        Value::Object(properties) => {
            properties.remove(&name).unwrap_or_else(|| panic!("nothing at {pointer}"))
        }
        Value::Array(items) => items.remove(name.parse().expect("an index is a number")),
        other => panic!("{pointer} leads into {other}"),
    }
}
