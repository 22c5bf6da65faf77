//! The reference of the admin API as a page for people, made from the OpenAPI document.
//!
//! It needs no scripts and loads nothing. Its style is part of the page, and is the only one that
//! its policy allows.

mod schemas;

use std::sync::LazyLock;

use acta_http::edge::{NoParams, Query};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::openapi::document;
use crate::markup::{prose, text_of};
use crate::operations::BASE;

const STYLE: &str = include_str!("reference/style.css");

/// The page and its policy.
static PAGE: LazyLock<(String, String)> = LazyLock::new(|| (write_page(&document()), policy()));

/// `GET /api/v1/`: the reference of this API. No authentication required.
///
/// # Errors
///
/// 400 for any parameter.
pub(super) async fn get_reference(Query(NoParams): Query<NoParams>) -> Response {
    let (page, policy) = &*PAGE;
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy.as_str())];
    (headers, page.as_str()).into_response()
}

fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; sandbox; base-uri 'none'; form-action \
         'none'; frame-ancestors 'none'"
    )
}

fn write_page(document: &Value) -> String {
    let info = &document["info"];
    let title = text_of(&info["title"]);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p { (prose(text_of(&info["description"]))) }
                    p.note {
                        "Version " (text_of(&info["version"])) ". Machine-readable: "
                        a href={ (BASE) "/openapi.json" } { "openapi.json" } "."
                    }
                }
                (contents(document))
                main {
                    @for tag in document["tags"].as_array().into_iter().flatten() {
                        (section_of(document, tag))
                    }
                    (authentication(document))
                    (schemas::section(document))
                }
            }
        }
    };
    page.into_string()
}

fn contents(document: &Value) -> Markup {
    let tags = document["tags"].as_array().into_iter().flatten();
    let names = tags.map(|tag| text_of(&tag["name"])).chain(["authentication", "schemas"]);
    html! {
        nav aria-label="Contents" {
            ul {
                @for name in names { li { a href={ "#" (name) } { (name) } } }
            }
        }
    }
}

fn section_of(document: &Value, tag: &Value) -> Markup {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (method, path, operation))
    });
    html! {
        section id=(text_of(&tag["name"])) {
            h2 { (text_of(&tag["name"])) }
            p { (prose(text_of(&tag["description"]))) }
            @for (method, path, operation) in operations {
                @if operation["tags"][0] == tag["name"] {
                    (article(method, path, operation))
                }
            }
        }
    }
}

fn article(method: &str, path: &str, operation: &Value) -> Markup {
    html! {
        article id=(text_of(&operation["operationId"])) {
            h3 {
                span.method { (method.to_ascii_uppercase()) }
                " "
                code { (BASE) (path) }
            }
            p {
                strong { (prose(text_of(&operation["summary"]))) "." }
                " "
                (prose(text_of(&operation["description"])))
            }
            @if let Some(parameters) = operation["parameters"].as_array() {
                h4 { "Parameters" }
                dl { @for one in parameters { (parameter(one)) } }
            }
            @if let Some(content) = operation["requestBody"]["content"].as_object() {
                h4 { "Body" }
                (content_of(content))
            }
            h4 { "Answers" }
            dl {
                @for (status, one) in operation["responses"].as_object().into_iter().flatten() {
                    (response(status, one))
                }
            }
        }
    }
}

fn parameter(parameter: &Value) -> Markup {
    let is_required = parameter["required"] == true;
    html! {
        dt {
            code { (text_of(&parameter["name"])) }
            " "
            span.note {
                "in " (text_of(&parameter["in"])) ", "
                (schemas::type_of(&parameter["schema"]))
                (if is_required { ", required" } else { ", optional" })
            }
        }
        dd { (prose(text_of(&parameter["description"]))) }
    }
}

fn response(status: &str, response: &Value) -> Markup {
    html! {
        dt { code { (status) } }
        dd {
            (prose(text_of(&response["description"]))) " "
            @if response.get("$ref").is_some() {
                "A " a href="#schema-Problem" { "problem" } "."
            } @else if let Some(content) = response["content"].as_object() {
                (content_of(content))
            }
        }
    }
}

fn content_of(content: &serde_json::Map<String, Value>) -> Markup {
    html! {
        @for (media_type, content) in content {
            span.note { code { (media_type) } ": " (schemas::type_of(&content["schema"])) }
        }
    }
}

fn authentication(document: &Value) -> Markup {
    let schemes = document["components"]["securitySchemes"].as_object();
    html! {
        section id="authentication" {
            h2 { "authentication" }
            dl {
                @for (name, scheme) in schemes.into_iter().flatten() {
                    dt {
                        code { (name) }
                        " "
                        span.note {
                            @if let Some(scheme) = scheme["scheme"].as_str() {
                                "Authorization: " (scheme)
                            } @else if let Some(name) = scheme["name"].as_str() {
                                (text_of(&scheme["in"])) " " (name)
                            }
                        }
                    }
                    dd { (prose(text_of(&scheme["description"]))) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_operation_and_schema_is_on_the_page() {
        let document = document();
        let page = write_page(&document);
        for (path, operations) in document["paths"].as_object().unwrap() {
            assert!(page.contains(&format!("<code>/api/v1{path}</code>")), "{path}");
            for (_, operation) in operations.as_object().unwrap() {
                assert!(page.contains(text_of(&operation["summary"])), "{operation}");
            }
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        assert!(!page.contains("<script") && !page.contains("style="));
    }

    #[test]
    fn texts_of_the_document_are_escaped() {
        let page = write_page(&json!({
            "info": { "title": "<script>alert(1)</script>", "description": "a & \"b\"" },
        }));
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("a &amp; &quot;b&quot;"), "{page}");
    }
}
