//! The reference of the admin API as a page for people, made from the OpenAPI document.
//!
//! It needs no scripts and loads nothing: its style stands in it, and is the only one that
//! browsers are told to take.

mod schemas;

use std::sync::LazyLock;

use acta_http::edge::{NoParams, Query};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::openapi::document;
use crate::markup::{Markup, text_of};
use crate::operations::BASE;

const STYLE: &str = include_str!("reference/style.css");

/// The page and its policy.
static PAGE: LazyLock<(String, String)> = LazyLock::new(|| (write_page(&document()), policy()));

/// `GET /api/v1/`: the reference of this API. Anybody may read it.
///
/// # Errors
///
/// 400 for a parameter, as there is none.
pub(super) async fn get_reference(Query(NoParams): Query<NoParams>) -> Response {
    let (page, policy) = &*PAGE;
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy.as_str())];
    (headers, page.as_str()).into_response()
}

fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; sandbox; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}

fn write_page(document: &Value) -> String {
    let info = &document["info"];
    let title = text_of(&info["title"]);
    let mut page = Markup::default();
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.element("title", title).raw("\n<style>").raw(STYLE).raw("</style>\n</head>\n<body>\n");
    page.raw("<header>\n").element("h1", title);
    page.described("p", text_of(&info["description"]));
    page.raw("<p class=\"note\">Version ").text(text_of(&info["version"]));
    page.raw(". The same for machines: <a href=\"/api/v1/openapi.json\">openapi.json</a>.</p>\n");
    page.raw("</header>\n");
    write_contents(&mut page, document);
    page.raw("<main>\n");
    for tag in document["tags"].as_array().into_iter().flatten() {
        write_tag(&mut page, document, tag);
    }
    write_authentication(&mut page, document);
    schemas::write_all(&mut page, document);
    page.raw("</main>\n</body>\n</html>\n");
    page.finish()
}

fn write_contents(page: &mut Markup, document: &Value) {
    page.raw("<nav aria-label=\"Contents\">\n<ul>\n");
    let tags = document["tags"].as_array().into_iter().flatten();
    let names = tags.map(|tag| text_of(&tag["name"])).chain(["authentication", "schemas"]);
    for name in names {
        page.raw("<li><a href=\"#").text(name).raw("\">").text(name).raw("</a></li>\n");
    }
    page.raw("</ul>\n</nav>\n");
}

fn write_tag(page: &mut Markup, document: &Value, tag: &Value) {
    page.raw("<section id=\"").text(text_of(&tag["name"])).raw("\">\n");
    page.element("h2", text_of(&tag["name"]));
    page.described("p", text_of(&tag["description"]));
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            if operation["tags"][0] == tag["name"] {
                write_operation(page, (method, path), operation);
            }
        }
    }
    page.raw("</section>\n");
}

fn write_operation(page: &mut Markup, (method, path): (&str, &str), operation: &Value) {
    page.raw("<article id=\"").text(text_of(&operation["operationId"])).raw("\">\n<h3>");
    page.raw("<span class=\"method\">").text(&method.to_ascii_uppercase()).raw("</span> <code>");
    page.text(BASE).text(path).raw("</code></h3>\n");
    page.raw("<p><strong>").prose(text_of(&operation["summary"])).raw(".</strong> ");
    page.prose(text_of(&operation["description"])).raw("</p>\n");
    if let Some(parameters) = operation["parameters"].as_array() {
        page.element("h4", "Parameters").raw("<dl>\n");
        for parameter in parameters {
            write_parameter(page, parameter);
        }
        page.raw("</dl>\n");
    }
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        page.element("h4", "Body");
        write_content(page, content);
    }
    page.element("h4", "Answers").raw("<dl>\n");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        write_response(page, status, response);
    }
    page.raw("</dl>\n</article>\n");
}

fn write_parameter(page: &mut Markup, parameter: &Value) {
    page.raw("<dt><code>").text(text_of(&parameter["name"])).raw("</code> <span class=\"note\">");
    page.text("in ").text(text_of(&parameter["in"])).text(", ");
    schemas::write_type(page, &parameter["schema"]);
    page.text(if parameter["required"] == true { ", required" } else { ", optional" });
    page.raw("</span></dt>\n").described("dd", text_of(&parameter["description"]));
}

fn write_response(page: &mut Markup, status: &str, response: &Value) {
    page.raw("<dt><code>").text(status).raw("</code></dt>\n<dd>");
    if response.get("$ref").is_some() {
        page.prose(text_of(&response["description"]));
        page.raw(" A <a href=\"#schema-Problem\">problem</a>.");
    } else {
        page.prose(text_of(&response["description"])).raw(" ");
        write_content(page, &response["content"].as_object().cloned().unwrap_or_default());
    }
    page.raw("</dd>\n");
}

fn write_content(page: &mut Markup, content: &serde_json::Map<String, Value>) {
    for (media_type, content) in content {
        page.raw("<span class=\"note\"><code>").text(media_type).raw("</code>: ");
        schemas::write_type(page, &content["schema"]);
        page.raw("</span>");
    }
}

fn write_authentication(page: &mut Markup, document: &Value) {
    page.raw("<section id=\"authentication\">\n<h2>authentication</h2>\n<dl>\n");
    let schemes = document["components"]["securitySchemes"].as_object();
    for (name, scheme) in schemes.into_iter().flatten() {
        page.raw("<dt><code>").text(name).raw("</code> <span class=\"note\">");
        match (scheme["scheme"].as_str(), scheme["name"].as_str()) {
            (Some(scheme), _) => page.text("Authorization: ").text(scheme),
            (None, Some(name)) => page.text(text_of(&scheme["in"])).text(" ").text(name),
            (None, None) => page,
        }
        .raw("</span></dt>\n")
        .described("dd", text_of(&scheme["description"]));
    }
    page.raw("</dl>\n</section>\n");
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
    fn what_the_document_says_is_text_and_no_markup() {
        let page = write_page(&json!({
            "info": { "title": "<script>alert(1)</script>", "description": "a & \"b\"" },
        }));
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("a &amp; &quot;b&quot;"), "{page}");
    }
}
