//! Rights that end while a request arrives, and what links reveal.

use acta_http::App;
use axum::body::Body;
use futures_util::{StreamExt, stream};
use hyper::Request;
use serde_json::{Value, json};

use super::{Browser, House, OTHER_PASSWORD, PASSWORD};
use crate::server::authorization;

/// A body before whose last letter a request without a body is answered with 204.
fn interrupted(app: App, text: &str, between: Request<Body>) -> Body {
    let (first, last) = text.split_at(text.len() - 1);
    let (first, last) = (first.as_bytes().to_vec(), last.as_bytes().to_vec());
    let rest = async move {
        assert_eq!(app.answer(between).await.status(), 204);
        Ok::<_, std::io::Error>(last)
    };
    Body::from_stream(stream::once(async { Ok(first) }).chain(stream::once(rest)))
}

fn deletion(browser: &Browser, path: &str) -> Request<Body> {
    Request::delete(format!("/api/v1{path}"))
        .header("cookie", &browser.cookie)
        .header("x-csrf-token", &browser.csrf)
        .header("sec-fetch-site", "same-origin")
        .body(Body::empty())
        .unwrap()
}

fn headers_of(browser: &Browser, content_type: &str) -> Vec<String> {
    vec![
        format!("cookie: {}", browser.cookie),
        format!("x-csrf-token: {}", browser.csrf),
        "sec-fetch-site: same-origin".to_owned(),
        format!("content-type: {content_type}"),
    ]
}

async fn send(house: &House, line: &str, headers: &[String], body: Body) -> u16 {
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    house.send(line, &headers, body).await.status
}

#[tokio::test]
async fn a_request_that_began_before_its_session_ended_changes_nothing() {
    let house = House::new().await;
    let ada = house.ada().await;
    let sign_in =
        async || House::browser(&house.sign_in("ada@example.org", PASSWORD).await.must_be(200));
    let count = async || {
        let people = house.ask(Some(&ada), "GET /tenants/1/invitations", Value::Null).await;
        people.must_be(200).json()["items"].as_array().unwrap().len()
    };
    let line = "POST /api/v1/tenants/1/invitations";
    for (number, is_ended) in [(1, false), (2, true)] {
        let (own, other) = (sign_in().await, sign_in().await);
        let body = json!({ "email": format!("a{number}@example.org"), "role": "viewer" });
        let between = deletion(if is_ended { &own } else { &other }, "/session");
        let body = interrupted(house.app.clone(), &body.to_string(), between);
        let status = send(&house, line, &headers_of(&own, "application/json"), body).await;
        assert_eq!(status, if is_ended { 401 } else { 201 });
        assert_eq!(count().await, 1);
    }
    let own = sign_in().await;
    let form = format!("act=rename&csrf={}&display_name=Eve", own.csrf);
    let body = interrupted(house.app.clone(), &form, deletion(&own, "/session"));
    let headers = headers_of(&own, "application/x-www-form-urlencoded");
    assert_eq!(send(&house, "POST /account", &headers, body).await, 401);
    let account = house.ask(Some(&ada), "GET /account", Value::Null).await.must_be(200).json();
    assert_eq!(account["display_name"], "Ada Lovelace");
}

#[tokio::test]
async fn a_request_that_began_before_its_credential_was_removed_changes_nothing() {
    let house = House::new().await;
    let ada = house.ada().await;
    let known = house.known[&authorization("admin", 1)].clone();
    let list = async || {
        let found = house.ask(Some(&ada), "GET /tenants/1/invitations", Value::Null).await;
        found.must_be(200).json()["items"].as_array().unwrap().len()
    };
    let body = json!({ "email": "a@example.org", "role": "viewer" }).to_string();
    let between = deletion(&ada, &format!("/tenants/1/credentials/{}", known.key()));
    let body = interrupted(house.app.clone(), &body, between);
    let headers =
        [format!("authorization: {}", known.header), "content-type: application/json".to_owned()];
    let line = "POST /api/v1/tenants/1/invitations";
    assert_eq!(send(&house, line, &headers, body).await, 401);
    assert_eq!(list().await, 0);
}

#[tokio::test]
async fn links_never_contain_what_a_request_says_of_the_server() {
    for public_url in [None, Some("https://lrs.example")] {
        let house = House::at(public_url).await;
        let ada = house.ada().await;
        let headers = [
            headers_of(&ada, "application/json"),
            vec![
                "host: evil.example".to_owned(),
                "x-forwarded-host: evil.example".to_owned(),
                "forwarded: host=evil.example".to_owned(),
            ],
        ]
        .concat();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let account = house.ask(Some(&ada), "GET /account", Value::Null).await.must_be(200).json();
        let reset = format!("POST /api/v1/accounts/{}/reset", account["id"].as_str().unwrap());
        for (line, body, page) in [
            (
                "POST /api/v1/tenants/1/invitations",
                json!({ "email": "a@example.org", "role": "viewer" }).to_string(),
                "invitation",
            ),
            (
                "POST /api/v1/accounts",
                json!({ "email": "b@example.org", "display_name": "B" }).to_string(),
                "reset",
            ),
            (&reset, String::new(), "reset"),
        ] {
            let answer = house.send(line, &headers, body).await;
            assert!(answer.status < 300 && !answer.text.contains("evil"), "{}", answer.text);
            let answer = answer.json();
            let token = answer["token"].as_str().unwrap();
            let expected = public_url.map(|url| format!("{url}/{page}?token={token}"));
            assert_eq!(answer["link"], json!(expected), "{line}");
        }
    }
}

#[tokio::test]
async fn an_invitation_looks_alike_whether_there_is_an_account_or_not() {
    let house = House::new().await;
    let ada = house.ada().await;
    let body = json!({ "email": "known@example.org", "display_name": "Known" });
    house.ask(Some(&ada), "POST /accounts", body).await.must_be(201);
    let mut seen = Vec::new();
    for email in ["known@example.org", "other@example.org"] {
        let body = json!({ "email": email, "role": "viewer" });
        let made = house.ask(Some(&ada), "POST /tenants/1/invitations", body).await.must_be(201);
        let token = made.json()["token"].as_str().unwrap().to_owned();
        let read = house.ask(None, "POST /links/read", json!({ "token": token })).await;
        let page = house.open("", &format!("/invitation?token={token}")).await.must_be(200);
        let refused = json!({ "token": token, "display_name": "A", "password": "short" });
        let refused = house.ask(None, "POST /links/accept", refused).await.must_be(400);
        let texts = [read.must_be(200).text, page.text, refused.text];
        seen.push(texts.map(|text| text.replace(email, "").replace(&token, "")));
        let accept = json!({ "token": token, "display_name": "A", "password": OTHER_PASSWORD });
        let status = if email.starts_with("known") { 409 } else { 200 };
        house.ask(None, "POST /links/accept", accept).await.must_be(status);
    }
    assert_eq!(seen[0], seen[1]);
}
