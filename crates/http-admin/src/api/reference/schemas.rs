//! Types on the reference page.

use maud::{Markup, html};
use serde_json::Value;

use crate::markup::{prose, text_of};

/// The prefix of references to schemas.
const PREFIX: &str = "#/components/schemas/";

/// Every named schema.
pub(super) fn section(document: &Value) -> Markup {
    html! {
        section id="schemas" {
            h2 { "schemas" }
            @for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
                (article(name, schema))
            }
        }
    }
}

fn article(name: &str, schema: &Value) -> Markup {
    let properties = schema["properties"].as_object();
    let is_required = |property: &str| {
        let required = schema["required"].as_array();
        required.is_some_and(|names| names.iter().any(|name| name == property))
    };
    html! {
        article id={ "schema-" (name) } {
            h3 { (name) }
            p { (prose(text_of(&schema["description"]))) }
            @if properties.is_none() { p.note { (type_of(schema)) } }
            dl {
                @for (property, inner) in properties.into_iter().flatten() {
                    dt {
                        code { (property) }
                        " "
                        span.note {
                            (type_of(inner))
                            @if !is_required(property) { ", optional" }
                        }
                    }
                    dd { (prose(text_of(&inner["description"]))) }
                }
            }
        }
    }
}

/// A short description of the type of a value.
pub(super) fn type_of(schema: &Value) -> Markup {
    html! {
        @if let Some(name) = text_of(&schema["$ref"]).strip_prefix(PREFIX) {
            a href={ "#schema-" (name) } { (name) }
        } @else if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            (choices_of(choices, type_of))
        } @else if let Some(values) = schema["enum"].as_array() {
            (choices_of(values, |value| html! { code { (text_of(value)) } }))
        } @else if let Some(types) = schema["type"].as_array() {
            (choices_of(types, |one| html! { (text_of(one)) }))
        } @else if schema["type"] == "array" {
            "list of " (type_of(&schema["items"]))
        } @else {
            (schema["type"].as_str().unwrap_or("anything"))
        }
        (bounds_of(schema))
    }
}

fn choices_of(all: &[Value], show: impl Fn(&Value) -> Markup) -> Markup {
    html! {
        @for (index, one) in all.iter().enumerate() {
            @if 0 < index { " or " }
            (show(one))
        }
    }
}

fn bounds_of(schema: &Value) -> Markup {
    let bounds = [
        ("minimum", "from"),
        ("maximum", "to"),
        ("minLength", "length from"),
        ("maxLength", "length to"),
        ("default", "default"),
    ];
    html! {
        @if let Some(format) = schema["format"].as_str() { " (" (format) ")" }
        @for (key, word) in bounds {
            @match schema.get(key) {
                None | Some(Value::Null) => {}
                Some(Value::String(bound)) => { ", " (word) " " (bound) }
                Some(bound) => { ", " (word) " " (bound) }
            }
        }
    }
}
