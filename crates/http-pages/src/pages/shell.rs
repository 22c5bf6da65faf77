//! What all pages have in common: layout, style, policy, and redirects.

use std::sync::LazyLock;

use acta_ambient::Timestamp;
use acta_http::problem::Problem;
use acta_http_admin::{AdminProblem, BEARER_CHALLENGE};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    SET_COOKIE, WWW_AUTHENTICATE,
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::form::{Failure, sentence};

/// The style, with the font of the console.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let mut style = String::new();
    if let Some(font) = font_path() {
        style.push_str("@font-face{font-family:\"IBM Plex Sans Variable\";font-weight:100 700;");
        style.push_str("font-display:swap;src:url(\"");
        style.push_str(font);
        style.push_str("\") format(\"woff2\")}");
    }
    style.push_str(include_str!("style.css"));
    style
});

/// The path of the font in the console.
fn font_path() -> Option<&'static str> {
    let mut paths = acta_console_assets::all().iter().map(|asset| asset.path);
    paths.find(|path| path.contains("sans-latin-wght"))
}

/// No external resources, no scripts, no framing, and forms only to this server.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(&*STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; font-src 'self'; img-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// No referrer for other servers. With `no-referrer`, a browser would not send the `Origin` of
/// forms of this server over plain HTTP.
///
/// Spec: Fetch, 3.2, "append a request `Origin` header".
const REFERRER: &str = "same-origin";

/// Where the console starts, which is where people come to when they have signed in.
pub(super) const CONSOLE_PATH: &str = "/";

/// A page with this heading.
pub(super) fn page(status: StatusCode, title: &str, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " – Acta" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                style { (PreEscaped(STYLE.as_str())) }
            }
            body {
                header {
                    a href=(CONSOLE_PATH) {
                        svg viewBox="0 0 24 24" aria-hidden="true" {
                            path d="M4 20L10.5 4.5 17 20M7.6 14.5H22" {}
                        }
                        "Acta"
                    }
                }
                main {
                    h1 { (title) }
                    (content)
                }
            }
        }
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (REFERRER_POLICY, REFERRER),
    ];
    (status, headers, page.into_string()).into_response()
}

/// A page with a form, which shows the errors of its last submission.
pub(super) fn form_page(failure: Option<&Failure>, title: &str, content: &Markup) -> Response {
    let status = failure.map_or(StatusCode::OK, |failure| failure.status);
    let mut response = page(status, title, content);
    if let Some(wait) = failure.and_then(|failure| failure.retry_after) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    }
    response
}

/// A page in place of a problem, with a way back. Other responses stay as they are.
pub(super) async fn as_page(mut response: Response) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let content = html! {
        p { (sentence(problem.detail())) }
        @if let Some(wait) = problem.retry_after {
            p { "Try again in " (wait.as_secs().max(1)) " seconds." }
        }
        // From there, a person who is signed in comes to the account.
        p { a href="/signin" { "Back" } }
    };
    let mut refused = page(problem.status, "This did not work", &content);
    let headers = refused.headers_mut();
    if let Some(wait) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(BEARER_CHALLENGE));
    }
    refused
}

/// The page for an invalid link.
pub(super) fn void_link() -> Response {
    let content = html! {
        p { "The link was used, has expired or does not exist. Request a new link from the person \
             who sent it." }
        p { a href="/signin" { "Sign in" } }
    };
    page(StatusCode::GONE, "This link is not valid", &content)
}

/// Redirects a browser to another page, with an optional cookie.
pub(super) fn go_to(path: &str, cookie: Option<HeaderValue>) -> Result<Response, AdminProblem> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::try_from(path).map_err(|_odd| Problem::not_found())?);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static(REFERRER));
    if let Some(cookie) = cookie {
        headers.insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A timestamp as text, to the minute.
pub(super) fn time_text(moment: Timestamp) -> String {
    let text = moment.to_string();
    let minute = text.get(..16).unwrap_or(&text);
    format!("{} UTC", minute.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_to_the_minute() {
        assert_eq!(time_text(Timestamp::from_unix_micros(61_000_001)), "1970-01-01 00:01 UTC");
    }

    #[test]
    fn values_on_pages_are_escaped() {
        let response = page(StatusCode::OK, "<script>", &html! {});
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
        assert_eq!(response.headers()[REFERRER_POLICY], "same-origin");
    }
}
