//! Attachments: in with statements, and out again.

use acta_xapi::Sha2;
use serde_json::{Value, json};

use crate::server::{Answer, Ask, ID, Server, get, post, put, statement, with_id};

const BOUNDARY: &str = "-------314159265358979323846";

/// One part: headers, then content.
pub(crate) struct Part {
    headers: String,
    content: Vec<u8>,
}

pub(crate) fn statements_part(value: &Value) -> Part {
    let headers = "Content-Type: application/json\r\n".to_owned();
    Part { headers, content: value.to_string().into_bytes() }
}

pub(crate) fn content_part(content: &[u8]) -> Part {
    let hash = Sha2::sha256(content);
    let headers = format!(
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\
         X-Experience-API-Hash: {}\r\n",
        hash.as_str()
    );
    Part { headers, content: content.to_vec() }
}

fn body_of(parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend(format!("--{BOUNDARY}\r\n{}\r\n", part.headers).into_bytes());
        body.extend(&part.content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    body
}

pub(crate) fn multipart(ask: Ask, parts: &[Part]) -> Ask {
    ask.body(&format!("multipart/mixed; boundary={BOUNDARY}"), body_of(parts))
}

fn attachment(content: &[u8]) -> Value {
    json!({
        "usageType": "http://example.com/attachment-usage/test",
        "display": { "en-US": "A test attachment" },
        "contentType": "text/plain",
        "length": content.len(),
        "sha2": Sha2::sha256(content).as_str(),
    })
}

pub(crate) fn with_attachments(contents: &[&[u8]]) -> Value {
    let attachments: Vec<Value> = contents.iter().map(|content| attachment(content)).collect();
    let mut statement = with_id(statement(1), ID);
    statement["attachments"] = json!(attachments);
    statement
}

/// The parts of an answer.
fn parts_of(answer: &Answer) -> Vec<(String, Vec<u8>)> {
    let content_type = answer.header("content-type").unwrap();
    let boundary =
        content_type.strip_prefix("multipart/mixed; boundary=").expect("an answer in parts");
    let delimiter = format!("\r\n--{boundary}");
    let finder = memchr::memmem::Finder::new(delimiter.as_bytes());
    let body = [b"\r\n", answer.body.as_slice()].concat();
    let starts: Vec<usize> = finder.find_iter(&body).map(|at| at + delimiter.len()).collect();
    let mut parts = Vec::new();
    for pair in starts.windows(2) {
        let part = &body[pair[0]..pair[1] - delimiter.len()];
        let end = memchr::memmem::find(part, b"\r\n\r\n").expect("headers");
        let headers = String::from_utf8(part[..end].to_vec()).unwrap();
        parts.push((headers, part[end + 4..].to_vec()));
    }
    assert_eq!(&body[*starts.last().unwrap()..], b"--", "nothing follows the last delimiter");
    parts
}

#[tokio::test]
async fn content_comes_back_as_it_was_sent() {
    let server = Server::new().await;
    let binary: Vec<u8> = (0..=255).cycle().take(10_000).chain(*b"\r\n--\r\n").collect();
    let contents: [&[u8]; 3] = [b"here is a simple attachment", &binary, b""];
    let sent = with_attachments(&contents);
    let mut parts = vec![statements_part(&sent)];
    parts.extend(contents.iter().map(|content| content_part(content)));
    server.expect(multipart(post("/xapi/statements"), &parts), 200).await;
    for query in [format!("?statementId={ID}&attachments=true"), "?attachments=true".to_owned()] {
        let answer = server.expect(get(&format!("/xapi/statements{query}")), 200).await;
        let parts = parts_of(&answer);
        assert_eq!(parts.len(), 4);
        assert!(parts[0].0.contains("Content-Type: application/json"), "{}", parts[0].0);
        let first: Value = serde_json::from_slice(&parts[0].1).unwrap();
        let found = if query.contains(ID) { &first } else { &first["statements"][0] };
        assert_eq!(found["attachments"], sent["attachments"]);
        for (content, (headers, found)) in contents.iter().zip(&parts[1..]) {
            assert_eq!(found, content);
            let hash = format!("X-Experience-API-Hash: {}", Sha2::sha256(content).as_str());
            for line in
                [hash.as_str(), "Content-Transfer-Encoding: binary", "Content-Type: text/plain"]
            {
                assert!(headers.lines().any(|found| found == line), "{line} is not in {headers}");
            }
        }
        assert!(answer.header("last-modified").is_some());
    }
    // Not asked for, it is not sent.
    for query in ["", "&attachments=false"] {
        let path = format!("/xapi/statements?statementId={ID}{query}");
        let answer = server.expect(get(&path), 200).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(!answer.text().contains("here is a simple attachment"));
    }
    // An answer in parts is one also without any attachment.
    let path = "/xapi/statements?attachments=true&verb=http://example.org/none";
    assert_eq!(parts_of(&server.expect(get(path), 200).await).len(), 1);
}

#[tokio::test]
async fn a_shared_attachment_is_sent_once() {
    let server = Server::new().await;
    let shared: &[u8] = b"shared";
    let mut batch = json!([with_attachments(&[shared, shared]), with_attachments(&[shared])]);
    batch[1].as_object_mut().unwrap().remove("id");
    let parts = [statements_part(&batch), content_part(shared), content_part(shared)];
    server.expect(multipart(post("/xapi/statements"), &parts), 200).await;
    let answer = server.expect(get("/xapi/statements?attachments=true"), 200).await;
    assert_eq!(parts_of(&answer).len(), 2);
}

#[tokio::test]
async fn statements_may_come_in_parts_without_content() {
    let server = Server::new().await;
    let mut linked = with_attachments(&[b"elsewhere"]);
    linked["attachments"][0]["fileUrl"] = json!("http://over.there.com/file.txt");
    for version in ["1.0.3", "2.0.0"] {
        for sent in [&statement(1), &linked] {
            let ask = multipart(post("/xapi/statements"), &[statements_part(sent)]);
            server.expect(ask.version(version), 200).await;
        }
        server.expect(post("/xapi/statements").version(version).json(&linked), 200).await;
    }
    // Content of a link is kept if it is sent, and else the answer does without it.
    let path = format!("/xapi/statements?statementId={ID}&attachments=true");
    assert_eq!(parts_of(&server.expect(get(&path), 200).await).len(), 1);
    let path = format!("/xapi/statements?statementId={ID}");
    let mut put_it = linked.clone();
    put_it["id"] = json!(ID);
    let parts = [statements_part(&put_it), content_part(b"elsewhere")];
    server.expect(multipart(put(&path), &parts), 204).await;
}

#[tokio::test]
async fn refuses_parts_and_attachments_that_do_not_belong_together() {
    let server = Server::new().await;
    let (one, two): (&[u8], &[u8]) = (b"one", b"two");
    let sent = with_attachments(&[one]);
    let part = || statements_part(&sent);
    let without = |name: &str| {
        let mut part = content_part(one);
        part.headers =
            part.headers.split_inclusive("\r\n").filter(|line| !line.starts_with(name)).collect();
        part
    };
    let changed = |from: &str, to: &str| {
        let mut part = content_part(one);
        part.headers = part.headers.replace(from, to);
        part
    };
    let plain = Part { headers: "Content-Type: text/plain\r\n".to_owned(), ..part() };
    let other_hash = Sha2::sha256(two).as_str().to_owned();
    let lying = Part { content: two.to_vec(), ..content_part(one) };
    let table = [
        ("content is missing", vec![part()]),
        (
            "one of two is missing",
            vec![statements_part(&with_attachments(&[one, two])), content_part(one)],
        ),
        ("a part too many", vec![part(), content_part(one), content_part(two)]),
        ("no hash", vec![part(), without("X-Experience-API-Hash")]),
        ("another hash", vec![part(), changed(Sha2::sha256(one).as_str(), &other_hash)]),
        ("no hash at all", vec![part(), changed(Sha2::sha256(one).as_str(), "xyz")]),
        ("content of another hash", vec![part(), lying]),
        ("another encoding", vec![part(), changed("binary", "base64")]),
        ("statements not as JSON", vec![plain, content_part(one)]),
        ("statements twice", vec![part(), part(), content_part(one)]),
        ("content first", vec![content_part(one), part()]),
        ("nothing", vec![]),
    ];
    for (name, parts) in table {
        let answer = server.send(multipart(post("/xapi/statements"), &parts)).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
    }
    let answer = server.expect(post("/xapi/statements").json(&sent), 400).await;
    assert_eq!(answer.faults(), ["/attachments XAPI-00129"]);
    server.expect(get(&format!("/xapi/statements?statementId={ID}")), 404).await;
    // An encoding that is not named is binary.
    let parts = [part(), without("Content-Transfer-Encoding")];
    server.expect(multipart(post("/xapi/statements"), &parts), 200).await;
}

#[tokio::test]
async fn refuses_bodies_that_are_not_in_parts() {
    let server = Server::new().await;
    let good = body_of(&[statements_part(&statement(1))]);
    let table = [
        ("multipart/mixed", good.clone()),
        ("multipart/mixed;", good.clone()),
        ("multipart/mixed; boundary=", good.clone()),
        ("multipart/mixed; boundary=other", good.clone()),
        (&format!("multipart/form-data; boundary={BOUNDARY}"), good.clone()),
        (&format!("multipart/mixed; boundary={BOUNDARY}"), good[..good.len() - 6].to_vec()),
        (&format!("multipart/mixed; boundary={BOUNDARY}"), statement(1).to_string().into_bytes()),
    ];
    for (content_type, body) in table {
        let answer = server.send(post("/xapi/statements").body(content_type, body)).await;
        assert_eq!(answer.status, 400, "{content_type}: {}", answer.text());
    }
    let quoted = format!("multipart/mixed; boundary=\"{BOUNDARY}\"");
    server.expect(post("/xapi/statements").body(&quoted, good), 200).await;
}

#[tokio::test]
async fn parts_are_bounded() {
    let server = Server::new().await;
    let large = vec![b'x'; (1 << 16) + 1];
    let parts = [statements_part(&with_attachments(&[&large])), content_part(&large)];
    let answer = server.expect(multipart(post("/xapi/statements"), &parts), 413).await;
    assert!(answer.text().contains("65536"), "{}", answer.text());
    let padded = Part {
        headers: "Content-Type: application/json\r\n".to_owned(),
        content: vec![b' '; (1 << 20) + 1],
    };
    server.expect(multipart(post("/xapi/statements"), &[padded]), 413).await;
    let contents: Vec<Vec<u8>> = (0..8_u8).map(|number| vec![number]).collect();
    let slices: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    let mut parts = vec![statements_part(&with_attachments(&slices))];
    parts.extend(slices.iter().map(|content| content_part(content)));
    let answer = server.expect(multipart(post("/xapi/statements"), &parts), 413).await;
    assert!(answer.text().contains("8 parts"), "{}", answer.text());
}

#[tokio::test]
async fn parts_may_arrive_in_any_pieces() {
    let server = Server::new().await;
    let contents: [&[u8]; 2] = [b"one\r\n--", b"\r\ntwo"];
    for piece_len in [1, 2, 3, 7, 64, 1000] {
        let mut sent = with_attachments(&contents);
        sent.as_object_mut().unwrap().remove("id");
        let body = body_of(&[
            statements_part(&sent),
            content_part(contents[0]),
            content_part(contents[1]),
        ]);
        let pieces = body.chunks(piece_len).map(<[u8]>::to_vec).collect();
        let content_type = format!("multipart/mixed; boundary={BOUNDARY}");
        let ask = post("/xapi/statements").pieces(&content_type, pieces);
        let id = server.expect(ask, 200).await.json()[0].as_str().unwrap().to_owned();
        let path = format!("/xapi/statements?statementId={id}&attachments=true");
        let parts = parts_of(&server.expect(get(&path), 200).await);
        assert_eq!((parts[1].1.as_slice(), parts[2].1.as_slice()), (contents[0], contents[1]));
    }
}

#[tokio::test]
async fn a_statement_with_an_invalid_signature_is_refused() {
    let server = Server::new().await;
    let signature: &[u8] = b"not.a.signature";
    let mut sent = with_attachments(&[signature]);
    sent["attachments"][0]["usageType"] = json!("http://adlnet.gov/expapi/attachments/signature");
    sent["attachments"][0]["contentType"] = json!("application/octet-stream");
    let typed = content_part(signature);
    let parts = [statements_part(&sent), content_part(signature)];
    let answer = server.expect(multipart(post("/xapi/statements"), &parts), 400).await;
    assert_eq!(answer.faults(), ["/attachments IEEE-4.1.3-match"]);
    let headers = typed.headers.replace("text/plain", "application/octet-stream");
    let parts = [statements_part(&sent), Part { headers, ..typed }];
    let answer = server.expect(multipart(post("/xapi/statements"), &parts), 400).await;
    assert_eq!(answer.faults(), ["/attachments XAPI-00115"]);
    server.expect(get(&format!("/xapi/statements?statementId={ID}")), 404).await;
}
