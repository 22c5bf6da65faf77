//! Every change is refused without authentication, and to pages without the token.

use serde_json::{Value, json};

use super::{Answer, Browser, House};

/// Operations that authenticate the requester only afterwards.
const FOR_GUESTS: [&str; 3] = ["POST /session", "POST /links/read", "POST /links/accept"];

/// What does not act in the name of who has signed in, and so needs no token of the session.
const FOR_UNAUTHENTICATED: [&str; 2] = ["POST /session", "POST /links/read"];

/// Paths at which nothing is.
const INVENTED: [&str; 4] = ["/nothing", "/tenants/1/nothing", "/session/nothing", "//tenants"];

/// Every operation of the document, and every method at paths that are invented, as
/// `METHOD /path`.
fn operations() -> Vec<String> {
    let document: Value = serde_json::from_str(&acta_http_admin::openapi_document()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path
            .split('/')
            .map(|segment| if segment.starts_with('{') { "1" } else { segment })
            .collect::<Vec<_>>()
            .join("/");
        let methods = item.as_object().unwrap().keys();
        all.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    assert!(50 < all.len(), "{all:?}");
    for path in INVENTED {
        all.extend(["POST", "PUT", "PATCH", "DELETE"].map(|method| format!("{method} {path}")));
    }
    all
}

/// A body that no handler takes.
const NO_JSON: &str = "x";

fn is_change(operation: &str) -> bool {
    !operation.starts_with("GET ")
}

/// Asks with further headers.
async fn ask(house: &House, operation: &str, headers: &[&str], body: &str) -> Answer {
    let (method, path) = operation.split_once(' ').unwrap();
    let line = format!("{method} /api/v1{path}");
    let length = format!("content-length: {}", body.len());
    let headers = [headers, &["content-type: application/json", &length]].concat();
    house.send(&line, &headers, body.to_owned()).await
}

fn slug(answer: &Answer) -> String {
    answer.json()["type"].as_str().unwrap().replace("urn:acta:problem:", "")
}

#[tokio::test]
async fn every_operation_requires_authentication() {
    let house = House::new().await;
    for operation in operations() {
        let answer = ask(&house, &operation, &[], NO_JSON).await;
        if FOR_GUESTS.contains(&operation.as_str()) {
            assert_eq!(answer.status, 400, "{operation}: {}", answer.text);
        } else {
            assert_eq!(
                (answer.status, slug(&answer).as_str()),
                (401, "unauthenticated"),
                "{operation}"
            );
        }
    }
}

#[tokio::test]
async fn every_change_needs_the_token_of_the_session() {
    let house = House::new().await;
    let ada = house.ada().await;
    let invitation = json!({ "email": "carol@example.org", "role": "viewer" });
    let invited = house.ask(Some(&ada), "POST /tenants/1/invitations", invitation).await;
    // Of all bodies, only this one is read before the token is asked for.
    let body = json!({ "token": invited.must_be(201).json()["token"] }).to_string();
    let cookie = format!("cookie: {}", ada.cookie);
    for operation in operations().iter().filter(|operation| is_change(operation)) {
        if FOR_UNAUTHENTICATED.contains(&operation.as_str()) {
            continue;
        }
        for token in [None, Some("x-csrf-token: wrong")] {
            let headers = ["sec-fetch-site: same-origin", &cookie];
            let headers: Vec<&str> = headers.into_iter().chain(token).collect();
            let answer = ask(&house, operation, &headers, &body).await;
            assert_eq!((answer.status, slug(&answer).as_str()), (403, "csrf-token"), "{operation}");
        }
    }
    let token = format!("x-csrf-token: {}", ada.csrf);
    let headers = ["sec-fetch-site: same-origin", &cookie, &token];
    assert_eq!(ask(&house, "POST /nothing", &headers, NO_JSON).await.status, 404);
}

#[tokio::test]
async fn every_change_from_a_page_of_another_origin_is_refused() {
    let house = House::new().await;
    let Browser { cookie, csrf } = house.ada().await;
    let (cookie, csrf) = (format!("cookie: {cookie}"), format!("x-csrf-token: {csrf}"));
    for operation in operations().iter().filter(|operation| is_change(operation)) {
        let headers = ["sec-fetch-site: cross-site", cookie.as_str(), csrf.as_str()];
        let answer = ask(&house, operation, &headers, NO_JSON).await;
        assert_eq!((answer.status, slug(&answer).as_str()), (403, "foreign-origin"), "{operation}");
    }
}
