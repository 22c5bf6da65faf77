//! Storing statements.

use serde_json::json;

use crate::server::{ID, OTHER_ID, Server, get, post, put, statement, with_id};

#[tokio::test]
async fn stores_a_statement_and_returns_it_as_sent() {
    let server = Server::new().await;
    let text = format!(
        "{{ \"id\":\"{ID}\",\"verb\":{{\"id\":\"http://example.org/verb\"}}, \
         \"actor\":{{\"mbox\":\"mailto:ada@example.org\"}},\"object\":{{\"id\":\"http://example.org/a\"}},\"result\":{{\"score\":{{\"scaled\":1.0e-1}}}},\"context\":{{\"extensions\":{{\"http://example.org/n\":[1.50,12345678901234567890]}}}} \
         }}"
    );
    let answer = server.expect(post("/xapi/statements").body("application/json", text), 200).await;
    assert_eq!(answer.json(), json!([ID]));
    let answer = server.expect(get(&format!("/xapi/statements?statementId={ID}")), 200).await;
    let kept = answer.text();
    for part in [
        "1.0e-1",
        "[1.50,12345678901234567890]",
        "\"verb\":{\"id\":\"http://example.org/verb\"}, \"actor\"",
    ] {
        assert!(kept.contains(part), "{part} is not in {kept}");
    }
    let found = answer.json();
    assert_eq!(found["timestamp"], found["stored"], "a missing timestamp is the stored time");
    assert_eq!(found["version"], "1.0.0");
}

#[tokio::test]
async fn the_authority_is_ours_and_not_the_senders() {
    let server = Server::new().await;
    let mut sent = with_id(statement(1), ID);
    sent["authority"] = json!({ "mbox": "mailto:mallory@example.org" });
    server.expect(post("/xapi/statements").json(&sent), 200).await;
    let found = server.send(get(&format!("/xapi/statements?statementId={ID}"))).await.json();
    let expected = json!({
        "objectType": "Agent",
        "account": { "homePage": "https://acta.example/keys", "name": server.key_of("all") },
    });
    assert_eq!(found["authority"], expected);
}

#[tokio::test]
async fn gives_ids_in_the_order_of_the_batch_and_makes_those_that_are_missing() {
    let server = Server::new().await;
    let batch = json!([statement(1), with_id(statement(2), ID), statement(3)]);
    let ids = server.expect(post("/xapi/statements").json(&batch), 200).await.json();
    let ids = ids.as_array().unwrap();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[1], ID);
    assert_ne!(ids[0], ids[2]);
    for id in ids {
        let path = format!("/xapi/statements?statementId={}", id.as_str().unwrap());
        assert_eq!(server.expect(get(&path), 200).await.json()["id"], *id);
    }
}

#[tokio::test]
async fn an_empty_batch_stores_nothing() {
    let server = Server::new().await;
    let answer = server.expect(post("/xapi/statements").json(&json!([])), 200).await;
    assert_eq!(answer.json(), json!([]));
}

#[tokio::test]
async fn put_stores_under_the_id_of_the_parameter() {
    let server = Server::new().await;
    let path = format!("/xapi/statements?statementId={ID}");
    let answer = server.expect(put(&path).json(&statement(1)), 204).await;
    assert!(answer.body.is_empty());
    assert_eq!(server.expect(get(&path), 200).await.json()["id"], ID);
    // The same again, now with its id, changes nothing.
    server.expect(put(&path).json(&with_id(statement(1), ID)), 204).await;
    // Another id inside, other content, no id at all, an array.
    let answer = server.expect(put(&path).json(&with_id(statement(1), OTHER_ID)), 400).await;
    assert_eq!(answer.faults(), ["/id XAPI-00144"]);
    server.expect(put(&path).json(&statement(2)), 409).await;
    let answer = server.expect(put("/xapi/statements").json(&statement(1)), 400).await;
    assert_eq!(answer.faults(), ["statementId XAPI-00145"]);
    server.expect(put(&path).json(&json!([statement(1)])), 400).await;
}

#[tokio::test]
async fn a_repeated_statement_answers_200_and_another_under_its_id_409() {
    let server = Server::new().await;
    let sent = with_id(statement(1), ID);
    for _ in 0..2 {
        let answer = server.expect(post("/xapi/statements").json(&sent), 200).await;
        assert_eq!(answer.json(), json!([ID]));
    }
    let other = json!([statement(7), with_id(statement(2), ID)]);
    let answer = server.expect(post("/xapi/statements").json(&other), 409).await;
    assert!(answer.text().contains(ID), "{}", answer.text());
    let page = server.expect(get("/xapi/statements"), 200).await;
    assert_eq!(page.ids(), [ID], "nothing of the refused batch is left");
}

#[tokio::test]
async fn a_faulty_statement_refuses_its_whole_batch() {
    let server = Server::new().await;
    let mut faulty = statement(2);
    faulty["verb"]["id"] = json!("should fail");
    let batch = json!([with_id(statement(1), ID), faulty, { "actor": 1 }]);
    let answer = server.expect(post("/xapi/statements").json(&batch), 400).await;
    let found = answer.faults();
    assert!(found.contains(&"/1/verb/id XAPI-00011".to_owned()), "{found:?}");
    assert!(found.iter().any(|fault| fault.starts_with("/2")), "{found:?}");
    server.expect(get(&format!("/xapi/statements?statementId={ID}")), 404).await;
}

#[tokio::test]
async fn refuses_an_id_twice_in_a_batch() {
    let server = Server::new().await;
    let batch = json!([with_id(statement(1), ID), with_id(statement(1), ID)]);
    for version in ["1.0.3", "2.0.0"] {
        let ask = post("/xapi/statements").version(version).json(&batch);
        server.expect(ask, 400).await;
    }
}

#[tokio::test]
async fn statements_come_as_json_or_with_attachments() {
    let server = Server::new().await;
    let text = statement(1).to_string();
    let table = [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("text/plain", 400),
        ("multipart/form-data; boundary=abc", 400),
        ("application/x-www-form-urlencoded", 400),
        ("nonsense", 400),
    ];
    for (content_type, status) in table {
        let ask = post("/xapi/statements").body(content_type, text.clone());
        server.expect(ask, status).await;
    }
    let ask = post("/xapi/statements").body("a/b", text).without("content-type");
    assert_eq!(server.expect(ask, 400).await.faults(), [" XAPI-00127"]);
}

#[tokio::test]
async fn refuses_parameters_that_a_post_does_not_have() {
    let server = Server::new().await;
    let ask = post(&format!("/xapi/statements?statementId={ID}")).json(&statement(1));
    assert_eq!(server.expect(ask, 400).await.faults(), ["statementId XAPI-00324"]);
}

#[tokio::test]
async fn a_batch_too_large_for_inline_parsing_is_stored() {
    let server = Server::new().await;
    let batch: Vec<_> = (0..600).map(statement).collect();
    let ask = post("/xapi/statements").json(&json!(batch));
    assert_eq!(server.expect(ask, 200).await.json().as_array().unwrap().len(), 600);
    let body = json!(batch).to_string().into_bytes();
    let pieces = body.chunks(1000).map(<[u8]>::to_vec).collect();
    let ask = post("/xapi/statements").pieces("application/json", pieces);
    assert_eq!(server.expect(ask, 200).await.json().as_array().unwrap().len(), 600);
}

#[tokio::test]
async fn a_refusal_names_the_missing_scopes() {
    let server = Server::new().await;
    let ask = post("/xapi/statements").json(&statement(1)).scopes("all/read");
    let answer = server.expect(ask, 403).await;
    assert!(answer.text().contains("statements/write"), "{}", answer.text());
}
