//! The alternate request syntax of 1.0.3.

use serde_json::json;

use crate::server::{Ask, ID, OTHER_ID, Server, authorization, encode, get, post, put, statement};

const FORM: &str = "application/x-www-form-urlencoded";

fn form(fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    fields.join("&")
}

fn alternate(path: &str, fields: &[(&str, &str)]) -> Ask {
    post(path).body(FORM, form(fields))
}

#[tokio::test]
async fn rewrites_every_method() {
    let server = Server::new().await;
    let content = statement(1).to_string();
    let fields = [("statementId", ID), ("content", content.as_str())];
    server.expect(alternate("/xapi/statements?method=PUT", &fields), 204).await;
    let answer =
        server.expect(alternate("/xapi/statements?method=GET", &[("statementId", ID)]), 200).await;
    assert_eq!(answer.json()["id"], ID);
    let answer = server.expect(alternate("/xapi/statements?method=GET", &[("limit", "1")]), 200);
    assert_eq!(answer.await.ids(), [ID]);
    let fields = [("content", content.as_str()), ("Content-Type", "application/json")];
    server.expect(alternate("/xapi/statements?method=POST", &fields), 200).await;
    let answer = server.expect(alternate("/xapi/statements?method=HEAD", &[]), 200).await;
    assert!(answer.body.is_empty());
    let state = [
        ("activityId", "https://course.example/1?a=1&b=2"),
        ("agent", r#"{"name":"Ä +","mbox":"mailto:a+b@example.org"}"#),
        ("stateId", "s t"),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&state[..], more].concat();
    let path = |method: &str| format!("/xapi/activities/state?method={method}");
    let fields = with(&[("content", "any = text & more"), ("Content-Type", "text/x-odd")]);
    server.expect(alternate(&path("PUT"), &fields), 204).await;
    let answer = server.expect(alternate(&path("GET"), &state), 200).await;
    assert_eq!(answer.text(), "any = text & more");
    assert_eq!(answer.header("content-type"), Some("text/x-odd"));
    server.expect(alternate(&path("DELETE"), &state), 204).await;
    server.expect(alternate(&path("GET"), &state), 404).await;
}

#[tokio::test]
async fn fields_named_like_headers_are_headers() {
    let server = Server::new().await;
    let all = server.header_of(&authorization("all", 1));
    let content = statement(1).to_string();
    let bare = |fields: &[(&str, &str)]| {
        alternate("/xapi/statements?method=PUT", fields)
            .without("authorization")
            .without("x-experience-api-version")
    };
    let fields = [
        ("statementId", ID),
        ("content", content.as_str()),
        ("X-Experience-API-Version", "1.0.3"),
        ("Authorization", all),
        ("Content-Length", "7"),
    ];
    server.expect(bare(&fields), 204).await;
    // They win over the headers of the request.
    let fields =
        [("statementId", OTHER_ID), ("content", &content), ("X-Experience-API-Version", "0.8")];
    let ask = alternate("/xapi/statements?method=PUT", &fields);
    server.expect(ask, 400).await;
    let ask = alternate("/xapi/statements?method=GET", &[("Authorization", "Basic bm86Ym9keQ==")]);
    server.expect(ask, 401).await;
    server.expect(get(&format!("/xapi/statements?statementId={OTHER_ID}")), 404).await;
    // Preconditions, and text of old browsers that says nothing of its type.
    let fields = [("activityId", "http://a.example"), ("profileId", "p"), ("content", "{}")];
    let path = "/xapi/activities/profile?method=PUT";
    let fields_once = [&fields[..], &[("If-None-Match", "*")]].concat();
    server.expect(alternate(path, &fields_once).without("content-type"), 204).await;
    server.expect(post(path).body("text/plain;charset=UTF-8", form(&fields_once)), 412).await;
}

#[tokio::test]
async fn refuses_malformed_alternate_requests() {
    let server = Server::new().await;
    let content = statement(1).to_string();
    let put_path = "/xapi/statements?method=PUT";
    let both = [("statementId", ID), ("content", content.as_str())];
    let table = [
        // Not as a POST.
        put("/xapi/statements?method=POST").body(FORM, form(&both)),
        get("/xapi/statements?method=GET"),
        // Another parameter in the query, an unknown one in the form.
        alternate(&format!("{put_path}&statementId={ID}"), &both),
        alternate(put_path, &[&both[..], &[("foo", "bar")]].concat()),
        // No content, no body, content where none goes.
        alternate(put_path, &[("statementId", ID)]),
        post(put_path),
        alternate("/xapi/statements?method=GET", &both),
        // A field twice.
        alternate(put_path, &[&both[..], &[("content", "{}")]].concat()),
        alternate(put_path, &[&both[..], &[("If-Match", "*"), ("if-match", "*")]].concat()),
        // No form.
        post(put_path).body(FORM, json!({ "statementId": ID, "content": content }).to_string()),
        post(put_path).body("application/json", form(&both)),
        post(put_path).body(FORM, "content=%zz"),
        post(put_path).body(FORM, vec![0xFF, 0xFE]),
        // No method.
        alternate("/xapi/statements?method=put", &both),
        alternate("/xapi/statements?method=PATCH", &both),
        alternate("/xapi/statements?method=", &both),
    ];
    for (row, ask) in table.into_iter().enumerate() {
        let answer = server.send(ask).await;
        assert_eq!(answer.status, 400, "row {row}: {}", answer.text());
    }
    server.expect(get(&format!("/xapi/statements?statementId={ID}")), 404).await;
}

#[tokio::test]
async fn does_not_exist_in_version_2() {
    let server = Server::new().await;
    let content = statement(1).to_string();
    let fields = [("statementId", ID), ("content", content.as_str())];
    for method in ["PUT", "GET", "POST"] {
        let path = format!("/xapi/statements?method={method}");
        let answer = server.expect(alternate(&path, &fields).version("2.0.0"), 400).await;
        assert_eq!(answer.faults(), ["method XAPI-00324"]);
        // Also when only the form names the version.
        let fields = [&fields[..], &[("X-Experience-API-Version", "2.0.0")]].concat();
        let ask = alternate(&path, &fields).without("x-experience-api-version");
        server.expect(ask, 400).await;
    }
    server.expect(get(&format!("/xapi/statements?statementId={ID}")), 404).await;
}

#[tokio::test]
async fn the_link_to_the_next_page_is_an_ordinary_one() {
    let server = Server::new().await;
    for number in 1..=3 {
        server.expect(post("/xapi/statements").json(&statement(number)), 200).await;
    }
    let fields = [("limit", "2"), ("agent", r#"{"mbox":"mailto:ada@example.org"}"#)];
    let answer = server.expect(alternate("/xapi/statements?method=GET", &fields), 200).await;
    let more = answer.json()["more"].as_str().unwrap().to_owned();
    assert!(!more.contains("method="), "{more}");
    assert_eq!(server.expect(get(&more), 200).await.ids().len(), 1);
}
