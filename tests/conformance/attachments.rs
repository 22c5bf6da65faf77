//! Attachments: `multipart/mixed` sent and received.

use acta_tests::multipart::{self, BOUNDARY, Part};
use acta_tests::{Call, Client, Response, make};
use serde_json::{Value, json};

use crate::both;

/// A statement with an attachment for each of `files`, and the parts with their data.
fn with_files(files: &[(&str, &[u8])]) -> (Value, Vec<Part>) {
    let mut statement = make::statement();
    statement["id"] = json!(make::id());
    let headers: Vec<Value> =
        files.iter().map(|(content_type, bytes)| make::attachment(content_type, bytes)).collect();
    let parts = files.iter().map(|(content_type, bytes)| {
        Part::attachment(content_type, &make::sha256_hex(bytes), bytes)
    });
    let parts = parts.collect();
    statement["attachments"] = json!(headers);
    (statement, parts)
}

fn text_file() -> Vec<u8> {
    format!("text of {}", make::id()).into_bytes()
}

fn post(client: &Client, statements: &Value, parts: &[Part]) -> Response {
    let first = Part::statements(&statements.to_string());
    let parts: Vec<Part> = std::iter::once(first).chain(parts.iter().cloned()).collect();
    client.post("/statements").body(&multipart::content_type(), multipart::write(&parts)).send()
}

fn id_of(statement: &Value) -> &str {
    statement["id"].as_str().expect("an id is a string")
}

/// The parts of the answer to a query for this id with attachments.
#[track_caller]
fn fetch_parts(client: &Client, id: &str) -> Vec<Part> {
    let call = client.get("/statements").query("statementId", id).query("attachments", "true");
    multipart::read(&call.send().expect(200))
}

#[test]
fn takes_attachments_and_gives_them_back() {
    both(|client| {
        // Bytes that a text protocol would break: line ends, a boundary, every octet.
        let octets: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let tricky = format!("\r\n--{}\r\n--{BOUNDARY}x\r\n\r\n", make::id()).into_bytes();
        for bytes in [text_file(), octets, tricky, Vec::new()] {
            let (statement, parts) = with_files(&[("application/x-any", &bytes)]);
            post(client, &statement, &parts).expect(200);
            let parts = fetch_parts(client, id_of(&statement));
            assert_eq!(parts.len(), 2);
            assert_eq!(parts[0].header("Content-Type"), Some("application/json"));
            let kept: Value = serde_json::from_slice(&parts[0].body).expect("JSON");
            assert_eq!(kept["attachments"], statement["attachments"]);
            assert_eq!(parts[1].body, bytes);
            assert_eq!(parts[1].header("Content-Type"), Some("application/x-any"));
            assert_eq!(parts[1].header("Content-Transfer-Encoding"), Some("binary"));
            let sha2 = make::sha256_hex(&bytes);
            assert_eq!(parts[1].header("X-Experience-API-Hash"), Some(sha2.as_str()));
        }
    });
}

#[test]
fn ends_a_multipart_answer_with_its_last_delimiter() {
    both(|client| {
        let (statement, parts) = with_files(&[("text/plain", &text_file())]);
        post(client, &statement, &parts).expect(200);
        for id in [id_of(&statement), &client.store(&make::statement())[0]] {
            let call = client.get("/statements").query("statementId", id);
            let answer = call.query("attachments", "true").send().expect(200);
            let content_type = answer.must_header("content-type");
            let (_, boundary) = content_type.split_once("boundary=").expect("a boundary is named");
            let end = format!("\r\n--{boundary}--");
            assert!(answer.body.ends_with(end.as_bytes()), "{}", answer.text());
        }
    });
}

#[test]
fn takes_attachments_by_put() {
    both(|client| {
        let bytes = text_file();
        let (statement, parts) = with_files(&[("text/plain", &bytes)]);
        let body = [vec![Part::statements(&statement.to_string())], parts].concat();
        let call = client.put("/statements").query("statementId", id_of(&statement));
        call.body(&multipart::content_type(), multipart::write(&body)).send().expect(204);
        assert_eq!(fetch_parts(client, id_of(&statement))[1].body, bytes);
    });
}

#[test]
fn gives_attachments_of_a_whole_result() {
    both(|client| {
        let (one, two) = (text_file(), text_file());
        let (mut first, mut parts) = with_files(&[("text/plain", &one)]);
        let (second, more) = with_files(&[("text/plain", &two), ("text/plain", &one)]);
        first["actor"] = second["actor"].clone();
        parts.push(more[0].clone());
        post(client, &json!([first, second]), &parts).expect(200);
        let agent = first["actor"].to_string();
        let call = client.get("/statements").query("agent", &agent).query("attachments", "true");
        let parts = multipart::read(&call.send().expect(200));
        let result: Value = serde_json::from_slice(&parts[0].body).expect("JSON");
        assert_eq!(result["statements"].as_array().map(Vec::len), Some(2));
        let mut bodies: Vec<&[u8]> = parts[1..].iter().map(|part| part.body.as_slice()).collect();
        bodies.sort_unstable();
        let mut expected = [one.as_slice(), two.as_slice()];
        expected.sort_unstable();
        assert_eq!(bodies, expected, "each file once");
    });
}

#[test]
fn keeps_attachment_data_out_of_json_answers() {
    both(|client| {
        let (statement, parts) = with_files(&[("text/plain", &text_file())]);
        post(client, &statement, &parts).expect(200);
        for query in [&[][..], &[("attachments", "false")]] {
            let call = client.get("/statements").query("statementId", id_of(&statement));
            let answer = call.queries(query).send().expect(200);
            assert!(answer.must_header("content-type").starts_with("application/json"));
            assert_eq!(answer.json()["id"], statement["id"]);
        }
    });
}

#[test]
fn answers_in_multipart_also_without_attachments() {
    both(|client| {
        let id = client.store(&make::statement()).remove(0);
        let parts = fetch_parts(client, &id);
        assert_eq!(parts.len(), 1);
        let kept: Value = serde_json::from_slice(&parts[0].body).expect("JSON");
        assert_eq!(kept["id"], json!(id));
    });
}

#[test]
fn takes_attachments_that_only_name_a_url() {
    both(|client| {
        let id = client.store(&make::rich_statement()).remove(0);
        assert_eq!(fetch_parts(client, &id).len(), 1);
        let statement = make::rich_statement();
        post(client, &statement, &[]).expect(200);
        post(client, &make::statement(), &[]).expect(200);
        post(client, &json!([make::statement(), make::rich_statement()]), &[]).expect(200);
    });
}

#[test]
fn refuses_attachments_without_data_or_url() {
    both(|client| {
        let (statement, _) = with_files(&[("text/plain", &text_file())]);
        client.post("/statements").json(&statement).send().expect(400);
        post(client, &statement, &[]).expect(400);
        let id = id_of(&statement);
        client.get("/statements").query("statementId", id).send().expect(404);
    });
}

#[test]
fn refuses_parts_that_no_attachment_names() {
    both(|client| {
        let (statement, parts) = with_files(&[("text/plain", &text_file())]);
        let (_, others) = with_files(&[("text/plain", &text_file())]);
        post(client, &statement, &[parts.clone(), others.clone()].concat()).expect(400);
        post(client, &make::statement(), &others).expect(400);
        post(client, &statement, &others).expect(400);
        client.get("/statements").query("statementId", id_of(&statement)).send().expect(404);
        post(client, &statement, &parts).expect(200);
    });
}

#[test]
fn refuses_parts_whose_data_has_another_hash() {
    both(|client| {
        let (statement, mut parts) = with_files(&[("text/plain", &text_file())]);
        parts[0].body = text_file();
        post(client, &statement, &parts).expect(400);
        client.get("/statements").query("statementId", id_of(&statement)).send().expect(404);
    });
}

#[test]
fn refuses_parts_without_the_headers_they_need() {
    both(|client| {
        let (statement, parts) = with_files(&[("text/plain", &text_file())]);
        let part = &parts[0];
        for faulty in [
            part.clone().without("X-Experience-API-Hash"),
            part.clone().with("X-Experience-API-Hash", &make::sha256_hex(b"other")),
            part.clone().with("Content-Transfer-Encoding", "base64"),
        ] {
            let told = format!("{:?}", faulty.headers);
            assert_eq!(post(client, &statement, &[faulty]).status, 400, "{told}");
        }
    });
}

/// A statement, or one with it as its substatement, with this attachment.
fn with_attachment(attachment: &Value, is_below: bool) -> Value {
    let mut statement = make::statement();
    statement["id"] = json!(make::id());
    if is_below {
        statement["object"] = make::substatement();
        statement["object"]["attachments"] = json!([attachment]);
    } else {
        statement["attachments"] = json!([attachment]);
    }
    statement
}

#[test]
fn compares_the_headers_of_a_part_with_its_attachment() {
    let bytes = b"a text of 24 characters.";
    let part = Part::attachment("text/plain", &make::sha256_hex(bytes), bytes);
    let typed = |content_type: &str| part.clone().with("Content-Type", content_type);
    // The contentType of the attachment, the part, and whether they agree.
    let rows = [
        ("text/plain", typed("text/plain"), true),
        ("text/plain", typed("TEXT/Plain"), true),
        ("text/plain", part.clone().without("Content-Type"), true),
        ("text/plain", typed("text/html"), false),
        ("text/plain", typed("text/plain; charset=utf-8"), false),
        ("text/plain", typed("no type"), false),
        ("text/plain; charset=utf-8; a=B", typed("text/plain;A=B;charset=\"UTF-8\""), true),
        ("text/plain; charset=utf-8", typed("text/plain"), false),
        ("text/plain; charset=utf-8; a=B", typed("text/plain; charset=utf-8; a=b"), false),
        ("text/plain", part.clone().with("Content-Length", "24"), true),
        ("text/plain", part.clone().with("Content-Length", "25"), false),
        ("text/plain", part.clone().with("Content-Length", "-24"), false),
        ("text/plain", part.clone().with("Content-Length", ""), false),
    ];
    both(|client| {
        for (content_type, part, is_accepted) in &rows {
            for is_below in [false, true] {
                let attachment = make::attachment(content_type, bytes);
                let statement = with_attachment(&attachment, is_below);
                let answer = post(client, &statement, std::slice::from_ref(part));
                let expected = if *is_accepted { 200 } else { 400 };
                assert_eq!(answer.status, expected, "{content_type} and {:?}", part.headers);
                let kept = client.get("/statements").query("statementId", id_of(&statement));
                kept.send().expect(if *is_accepted { 200 } else { 404 });
            }
        }
    });
}

#[test]
fn compares_the_length_of_an_attachment_with_the_header_of_its_part() {
    let bytes = text_file();
    let part = Part::attachment("text/plain", &make::sha256_hex(&bytes), &bytes);
    let length = bytes.len().to_string();
    both(|client| {
        for is_below in [false, true] {
            let mut attachment = make::attachment("text/plain", &bytes);
            attachment["length"] = json!(bytes.len() + 1);
            let statement = with_attachment(&attachment, is_below);
            let part_with_length = part.clone().with("Content-Length", &length);
            post(client, &statement, &[part_with_length]).expect(400);
            // Wrong too, but the official suite sends such attachments.
            post(client, &statement, std::slice::from_ref(&part)).expect(200);
        }
    });
}

#[test]
fn takes_back_the_attachments_that_it_hands_out() {
    both(|client| {
        let bytes = text_file();
        let types =
            ["text/plain; charset=utf-8", "application/octet-stream", "text/x; n=\"\u{e9}\""];
        let (statement, parts) = with_files(&types.map(|it| (it, bytes.as_slice())));
        post(client, &statement, &parts[..1]).expect(200);
        let (last, _) = with_files(&types.map(|it| (it, bytes.as_slice()))[2..]);
        post(client, &last, &[parts[0].clone().without("Content-Type")]).expect(200);
        for sent in [statement, last] {
            let parts = fetch_parts(client, id_of(&sent));
            assert_eq!(parts.len(), 2, "one content for all of them");
            let kept: Value = serde_json::from_slice(&parts[0].body).expect("JSON");
            post(client, &kept, &parts[1..]).expect(200);
        }
    });
}

#[test]
fn assumes_that_parts_are_binary() {
    both(|client| {
        let (statement, parts) = with_files(&[("text/plain", &text_file())]);
        let part = parts[0].clone().without("Content-Transfer-Encoding");
        post(client, &statement, &[part.without("Content-Type")]).expect(200);
        assert_eq!(fetch_parts(client, id_of(&statement))[1].body, parts[0].body);
    });
}

#[test]
fn refuses_a_first_part_that_is_not_all_statements_as_json() {
    both(|client| {
        let (statement, parts) = with_files(&[("text/plain", &text_file())]);
        let first = Part::statements(&statement.to_string());
        let second = Part::statements(&make::statement().to_string());
        let refused: [Vec<Part>; 5] = [
            vec![first.clone().with("Content-Type", "text/plain"), parts[0].clone()],
            vec![first.clone().without("Content-Type"), parts[0].clone()],
            vec![first.clone(), second, parts[0].clone()],
            vec![parts[0].clone(), first],
            Vec::new(),
        ];
        for parts in refused {
            let body = multipart::write(&parts);
            let answer = client.post("/statements").body(&multipart::content_type(), body).send();
            assert_eq!(answer.status, 400, "{parts:?}");
        }
    });
}

#[test]
fn refuses_a_multipart_body_without_its_boundaries() {
    both(|client| {
        let (statement, parts) = with_files(&[("text/plain", &text_file())]);
        let whole = multipart::write(&[Part::statements(&statement.to_string()), parts[0].clone()]);
        let text = String::from_utf8(whole).expect("all is text");
        let boundary = format!("--{BOUNDARY}\r\n");
        let without_first = text.replacen(&boundary, "", 1);
        let without_second = format!("{boundary}{}", text.replace(&boundary, ""));
        let without_end = text.replace(&format!("--{BOUNDARY}--\r\n"), "");
        let typed = multipart::content_type();
        let rows = [
            (typed.as_str(), without_first),
            (&typed, without_second),
            (&typed, without_end),
            ("multipart/mixed", text.clone()),
            ("multipart/mixed; boundary=other", text.clone()),
            ("multipart/mixed; boundary=", text.clone()),
        ];
        for (content_type, body) in rows {
            let answer = client.post("/statements").body(content_type, body.clone()).send();
            assert_eq!(answer.status, 400, "{content_type}: {body}");
        }
    });
}

#[test]
fn refuses_statements_of_another_content_type() {
    both(|client| {
        let statement = make::rich_statement().to_string();
        let form = format!("multipart/form-data; boundary=\"{BOUNDARY}\"");
        let first = multipart::write(&[Part::statements(&statement)]);
        for (content_type, body) in [
            ("text/plain", statement.clone().into_bytes()),
            ("application/xml", statement.clone().into_bytes()),
            ("application/octet-stream", statement.clone().into_bytes()),
            (form.as_str(), first),
        ] {
            let call = client.post("/statements").body(content_type, body.clone());
            assert_eq!(call.send().status, 400, "POST of {content_type}");
            let call = client.put("/statements").query("statementId", &make::id());
            assert_eq!(call.body(content_type, body).send().status, 400, "PUT of {content_type}");
        }
        let call = client.post("/statements").body("application/json; charset=utf-8", statement);
        call.send().expect(200);
        let call = client.post("/statements").json(&make::statement()).without("Content-Type");
        call.send().expect(400);
    });
}

#[test]
fn reads_part_headers_in_any_case_and_order() {
    both(|client| {
        let bytes = text_file();
        let (statement, _) = with_files(&[("text/plain", &bytes)]);
        let sha2 = make::sha256_hex(&bytes);
        let headers = [
            ("x-experience-api-hash", sha2.as_str()),
            ("CONTENT-TRANSFER-ENCODING", "binary"),
            ("content-type", "text/plain"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        post(client, &statement, &[Part { headers, body: bytes.clone() }]).expect(200);
        assert_eq!(fetch_parts(client, id_of(&statement))[1].body, bytes);
    });
}

#[test]
fn takes_a_statement_whose_attachment_is_already_there() {
    both(|client| {
        let bytes = text_file();
        let (first, parts) = with_files(&[("text/plain", &bytes)]);
        let (second, _) = with_files(&[("text/plain", &bytes)]);
        post(client, &first, &parts).expect(200);
        post(client, &second, &parts).expect(200);
        assert_eq!(fetch_parts(client, id_of(&second))[1].body, bytes);
    });
}

#[test]
fn a_hash_alone_gives_no_content() {
    both(|client| {
        let bytes = text_file();
        let (secret, parts) = with_files(&[("text/plain", &bytes)]);
        post(client, &secret, &parts).expect(200);
        // A learner who knows the hash, but may not read the statement.
        let learner = make::agent();
        let asked = json!({"agent": learner, "scopes": ["statements/write", "statements/read"]});
        let issued = client.call_outside("POST", "/api/v1/tokens").json(&asked).send().expect(201);
        let basic = issued.json()["basic"].as_str().expect("a header").to_owned();
        let reader = client.clone().with("Authorization", &basic);
        let name = |call: Call<'_>| call.query("attachments", "true").send();
        let statement = reader.get("/statements").query("statementId", id_of(&secret));
        assert_eq!(name(statement).status, 404);
        let mut own = make::statement_of(&learner);
        own["id"] = json!(make::id());
        own["attachments"] = json!([make::attachment("text/plain", &bytes)]);
        own["attachments"][0]["fileUrl"] = json!("https://example.org/file");
        let sub = json!({"objectType": "SubStatement", "actor": learner, "verb": own["verb"],
            "object": own["object"], "attachments": own["attachments"]});
        let nested =
            json!({"id": make::id(), "actor": learner, "verb": own["verb"], "object": sub});
        for statement in [&own, &nested] {
            reader.post("/statements").json(statement).send().expect(200);
            let parts = fetch_parts(&reader, id_of(statement));
            assert_eq!(parts.len(), 1, "the statement without the content");
            // Who may read all statements may read the one that brought it.
            assert_eq!(fetch_parts(client, id_of(statement))[1].body, bytes);
        }
        // With the content, it is the learner's own.
        let (mut sent, parts) = with_files(&[("text/plain", &bytes)]);
        sent["actor"] = learner.clone();
        post(&reader, &sent, &parts).expect(200);
        assert_eq!(fetch_parts(&reader, id_of(&sent))[1].body, bytes);
        let found = name(reader.get("/statements"));
        assert_eq!(multipart::read(&found).len(), 2);
    });
}

#[test]
fn takes_attachments_of_a_substatement() {
    both(|client| {
        let bytes = text_file();
        let mut statement = make::statement();
        statement["id"] = json!(make::id());
        statement["object"] = make::substatement();
        statement["object"]["attachments"] = json!([make::attachment("text/plain", &bytes)]);
        let part = Part::attachment("text/plain", &make::sha256_hex(&bytes), &bytes);
        post(client, &statement, &[]).expect(400);
        post(client, &statement, &[part]).expect(200);
        assert_eq!(fetch_parts(client, id_of(&statement))[1].body, bytes);
    });
}
