//! Types on the page of the reference.

use serde_json::Value;

use crate::markup::{Markup, text_of};

/// Where schemas stand in the document.
const PREFIX: &str = "#/components/schemas/";

/// Writes every schema that has a name.
pub(super) fn write_all(page: &mut Markup, document: &Value) {
    page.raw("<section id=\"schemas\">\n<h2>schemas</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        page.raw("<article id=\"schema-").text(name).raw("\">\n").element("h3", name);
        page.described("p", text_of(&schema["description"]));
        let properties = schema["properties"].as_object();
        if properties.is_none() {
            page.raw("<p class=\"note\">");
            write_type(page, schema);
            page.raw("</p>\n");
        }
        page.raw("<dl>\n");
        for (property, inner) in properties.into_iter().flatten() {
            let is_required = schema["required"]
                .as_array()
                .is_some_and(|names| names.iter().any(|name| name == property));
            page.raw("<dt><code>").text(property).raw("</code> <span class=\"note\">");
            write_type(page, inner);
            page.text(if is_required { "" } else { ", optional" }).raw("</span></dt>\n");
            page.described("dd", text_of(&inner["description"]));
        }
        page.raw("</dl>\n</article>\n");
    }
    page.raw("</section>\n");
}

/// Writes what a value is, in a few words.
pub(super) fn write_type(page: &mut Markup, schema: &Value) {
    if let Some(name) = text_of(&schema["$ref"]).strip_prefix(PREFIX) {
        page.raw("<a href=\"#schema-").text(name).raw("\">").text(name).raw("</a>");
    } else if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        write_choices(page, choices, write_type);
    } else if let Some(values) = schema["enum"].as_array() {
        write_choices(page, values, |page, value| {
            page.raw("<code>").text(text_of(value)).raw("</code>");
        });
    } else if let Some(types) = schema["type"].as_array() {
        write_choices(page, types, |page, one| {
            page.text(text_of(one));
        });
    } else if schema["type"] == "array" {
        page.text("list of ");
        write_type(page, &schema["items"]);
    } else {
        page.text(schema["type"].as_str().unwrap_or("anything"));
    }
    write_bounds(page, schema);
}

fn write_choices(page: &mut Markup, all: &[Value], write: impl Fn(&mut Markup, &Value)) {
    for (index, one) in all.iter().enumerate() {
        if 0 < index {
            page.text(" or ");
        }
        write(page, one);
    }
}

fn write_bounds(page: &mut Markup, schema: &Value) {
    if let Some(format) = schema["format"].as_str() {
        page.text(" (").text(format).text(")");
    }
    let bounds = [
        ("minimum", "from"),
        ("maximum", "to"),
        ("minLength", "length from"),
        ("maxLength", "length to"),
        ("default", "default"),
    ];
    for (key, word) in bounds {
        match schema.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(bound)) => {
                page.text(", ").text(word).text(" ").text(bound);
            }
            Some(bound) => {
                page.text(", ").text(word).text(" ").text(&bound.to_string());
            }
        }
    }
}
