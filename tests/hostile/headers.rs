//! What clients store never ends up as a header or a line of an answer.

use acta_tests::client::form;
use acta_tests::multipart::{self, Part};
use acta_tests::server::{KEY, SECRET, basic};
use acta_tests::{Version, make, shared};
use serde_json::json;

/// Content types that try to become something else.
const NASTY: [&str; 8] = [
    "text/plain\r\nX-Injected: yes",
    "text/plain\nX-Injected: yes",
    "text/plain\rX-Injected: yes",
    "text/plain\r\n\r\n<script>alert(1)</script>",
    "text/\u{0}plain",
    "text/plain; name=\"ä.txt\"",
    "text/plain\u{2028}X-Injected: yes",
    "text/plain\u{7f}",
];

#[test]
fn content_types_of_attachments_cannot_add_headers_to_their_parts() {
    let client = shared().client(Version::V1_0_3);
    for nasty in NASTY {
        let content = make::id().into_bytes();
        let (id, mut statement) = make::statement_with_id();
        let mut attachment = make::attachment("text/plain", &content);
        attachment["contentType"] = json!(nasty);
        statement["attachments"] = json!([attachment]);
        let part = Part::attachment("text/plain", &make::sha256_hex(&content), &content);
        let body = multipart::write(&[Part::statements(&statement.to_string()), part]);
        let stored = client.post("/statements").body(&multipart::content_type(), body).send();
        if stored.status == 400 {
            continue;
        }
        stored.expect(200);
        let call = client.get("/statements").query("statementId", &id);
        let answer = call.query("attachments", "true").send().expect(200);
        assert_eq!(answer.must_header("content-disposition"), "attachment");
        let parts = multipart::read(&answer);
        assert_eq!(parts.len(), 2, "{nasty:?}");
        assert_eq!(parts[1].header("X-Injected"), None, "{nasty:?}");
        assert_eq!(parts[1].header("Content-Type"), Some("application/octet-stream"));
        assert_eq!(parts[1].headers.len(), 3, "{:?}", parts[1].headers);
        assert_eq!(parts[1].body, content);
    }
}

#[test]
fn headers_of_parts_cannot_add_headers_to_answers() {
    let client = shared().client(Version::V1_0_3);
    for nasty in NASTY {
        let content = make::id().into_bytes();
        let (id, mut statement) = make::statement_with_id();
        statement["attachments"] = json!([make::attachment("text/plain", &content)]);
        let part = Part::attachment(nasty, &make::sha256_hex(&content), &content);
        let body = multipart::write(&[Part::statements(&statement.to_string()), part]);
        let stored = client.post("/statements").body(&multipart::content_type(), body).send();
        if stored.status != 200 {
            stored.expect(400);
            continue;
        }
        let call = client.get("/statements").query("statementId", &id);
        let parts = multipart::read(&call.query("attachments", "true").send().expect(200));
        // The type is the one in the statement.
        assert_eq!(parts[1].header("Content-Type"), Some("text/plain"), "{nasty:?}");
        assert_eq!(parts[1].header("X-Injected"), None, "{nasty:?}");
    }
}

/// A form in which a document comes with this content type, and its query.
fn put_by_form(content_type: &str, id: &str) -> acta_tests::Response {
    let client = shared().client(Version::V1_0_3);
    let authorization = basic(KEY, SECRET);
    let fields = [
        ("Authorization", authorization.as_str()),
        ("X-Experience-API-Version", "1.0.3"),
        ("Content-Type", content_type),
        ("activityId", "http://example.org/nasty"),
        ("profileId", id),
        ("content", "<script>alert(1)</script>"),
    ];
    let call = client.call_outside("POST", "/xapi/activities/profile?method=POST");
    let call = call.without("Authorization").without("X-Experience-API-Version");
    call.body("application/x-www-form-urlencoded", form(&fields)).send()
}

#[test]
fn content_types_of_documents_cannot_add_headers_to_answers() {
    let client = shared().client(Version::V1_0_3);
    for nasty in NASTY {
        let id = make::id();
        let stored = put_by_form(nasty, &id);
        if stored.status == 400 {
            continue;
        }
        stored.expect(204);
        let call =
            client.get("/activities/profile").query("activityId", "http://example.org/nasty");
        let answer = call.query("profileId", &id).send().expect(200);
        assert_eq!(answer.header("x-injected"), None, "{nasty:?}");
        let content_type = answer.header("content-type").unwrap_or_default();
        assert!(content_type.is_ascii(), "{nasty:?}: {content_type}");
        assert_eq!(answer.must_header("content-disposition"), "attachment");
        assert!(answer.must_header("content-security-policy").contains("sandbox"));
        assert_eq!(answer.text(), "<script>alert(1)</script>");
    }
}

#[test]
fn parameters_and_ids_come_back_as_text_and_nothing_else() {
    let client = shared().client(Version::V1_0_3);
    for _ in 0..3 {
        client.store(&make::statement());
    }
    let nasty = "\"}],\"x\":\"</script><script>\r\nX-Injected: yes";
    let page = client.get("/statements").query("limit", "1").query("since", "2020-01-01T00:00:00Z");
    let page = page.header("X-Request-Id", "a\" b<c>").send().expect(200);
    let is_plain = |id: &str| id.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    assert!(page.header("x-request-id").is_some_and(is_plain), "{:?}", page.header("x-request-id"));
    let more = page.json()["more"].as_str().unwrap().to_owned();
    assert!(more.starts_with("/xapi/statements?"), "{more}");
    client.call_outside("GET", &more).send().expect(200);
    for (name, value) in [("verb", nasty), ("limit", nasty), (nasty, "1")] {
        for accept in ["application/json", "text/html", "text/plain"] {
            let call = client.get("/statements").query(name, value).header("Accept", accept);
            let answer = call.send().expect(400);
            assert_eq!(answer.header("x-injected"), None);
            let is_page = answer.must_header("content-type").starts_with("text/html");
            assert!(!is_page || !answer.text().contains("<script"), "{}", answer.text());
        }
    }
}

#[test]
fn no_response_reveals_the_software() {
    for path in ["/xapi/about", "/health", "/nothing", "/metrics"] {
        let answer = shared().client(Version::V1_0_3).call_outside("GET", path).send();
        for name in ["server", "x-powered-by", "via"] {
            assert_eq!(answer.header(name), None, "{path}");
        }
    }
}
