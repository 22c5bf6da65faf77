//! The attachments of a statement by the admin API and its command: which are stored, and their
//! content as a file that nothing executes.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use acta_tests::multipart::{self, Part, content_type};
use acta_tests::server::basic;
use acta_tests::{Engine, Response, Server, Store, Version, acta, make, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A page that runs a script, under the name of a program that looks like a text.
const PAGE: &[u8] = b"<script>document.cookie</script>";
const PAGE_NAME: &str = "../in\"vo\u{202e}ice\r\ntxt.html";

/// A server on a store with a statement that has attachments of every kind.
struct Attached {
    store: Store,
    server: Server,
    statement: String,
    /// A text of several pieces.
    text: Vec<u8>,
    /// The hashes of a page, of a text, of what is elsewhere, and of what is in the `SubStatement`.
    page: String,
    text_sha2: String,
    elsewhere: String,
    inner: String,
}

fn named(content_type: &str, name: &str, bytes: &[u8]) -> Value {
    let mut attachment = make::attachment(content_type, bytes);
    attachment["display"] = json!({ "en": name, "de": "Anhang" });
    attachment
}

impl Attached {
    fn new(engine: Engine) -> Self {
        let store = Store::new(engine);
        let server = Server::start_on(&store, Version::V2_0_0);
        let text: Vec<u8> = (b'a'..=b'z').cycle().take(700_000).collect();
        let mut elsewhere = named("image/png", "Elsewhere", b"elsewhere");
        elsewhere["fileUrl"] = json!("https://files.example.org/elsewhere.png");
        let mut inner = make::substatement();
        inner["attachments"] = json!([named("image/png", "Drawing", b"a drawing")]);
        let mut statement = make::statement();
        statement["object"] = inner;
        statement["attachments"] = json!([
            named("text/html", PAGE_NAME, PAGE),
            named("text/plain; charset=utf-8", "Essay.txt", &text),
            elsewhere,
        ]);
        let [page, text_sha2, elsewhere, inner] =
            [PAGE, text.as_slice(), b"elsewhere", b"a drawing"].map(make::sha256_hex);
        let parts = [
            Part::statements(&statement.to_string()),
            Part::attachment("text/html", &page, PAGE),
            Part::attachment("text/plain; charset=utf-8", &text_sha2, &text),
            Part::attachment("image/png", &inner, b"a drawing"),
        ];
        let client = server.client(Version::V2_0_0);
        let call = client.post("/statements").body(&content_type(), multipart::write(&parts));
        let stored = call.send().expect(200).json();
        let statement = stored[0].as_str().unwrap().to_owned();
        Self { store, server, statement, text, page, text_sha2, elsewhere, inner }
    }

    fn get(&self, below: &str, headers: &[(&str, &str)]) -> Response {
        let client = self.server.client(Version::V2_0_0);
        let path = format!("/api/v1/tenants/1/statements/{}/attachments{below}", self.statement);
        let call = client.call_outside("GET", &path);
        headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send()
    }

    fn read(&self, sha2: &str) -> Response {
        self.get(&format!("/{sha2}"), &[("Accept-Language", "en")])
    }

    /// The command on the store, which is served.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = acta();
        command.args(["statement", "attachment", &self.statement]).args(arguments);
        command.envs(self.store.settings());
        if self.store.settings().is_empty() {
            command.arg("--data").arg(self.store.data());
        }
        command
    }

    fn check_list(&self) {
        let listed = self.get("", &[("Accept-Language", "de")]).expect(200).json();
        let item = |sha2: &str, name: &str, content_type: &str, bytes: usize| -> Value {
            json!({ "sha2": sha2, "name": name, "content_type": content_type, "bytes": bytes })
        };
        let text = "text/plain; charset=utf-8";
        let expected = json!([
            item(&self.page, "Anhang", "text/html", PAGE.len()),
            item(&self.text_sha2, "Anhang", text, self.text.len()),
            item(&self.inner, "Anhang", "image/png", 9),
        ]);
        assert_eq!(listed, json!({ "items": expected }));
    }

    fn check_content(&self) {
        let page = self.read(&self.page).expect(200);
        assert_eq!(page.body, PAGE);
        let tag = format!("\"{}\"", self.page);
        for (name, expected) in [
            ("content-type", "application/octet-stream"),
            ("content-disposition", "attachment; filename=\"in_voice txt.html.bin\""),
            ("content-length", "32"),
            ("x-content-type-options", "nosniff"),
            ("etag", tag.as_str()),
            ("cache-control", "private, no-cache"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(page.must_header(name), expected, "{name}");
        }
        let policy = page.must_header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
        assert!(!policy.contains("allow-"), "{policy}");
        let text = self.read(&self.text_sha2.to_uppercase()).expect(200);
        assert!(text.body == self.text, "{} bytes", text.body.len());
        assert_eq!(text.must_header("content-type"), "text/plain");
        let disposition = text.must_header("content-disposition");
        assert_eq!(disposition, "attachment; filename=\"Essay.txt\"");
        assert_eq!(text.must_header("content-length"), self.text.len().to_string());
        let inner = self.get(&format!("/{}", self.inner), &[("Accept-Language", "de")]);
        let disposition = "attachment; filename=\"Anhang.png\"";
        assert_eq!(inner.expect(200).must_header("content-disposition"), disposition);
    }

    fn check_copies(&self) {
        let path = format!("/{}", self.text_sha2);
        for (sent, status) in [
            (format!("\"{}\"", self.text_sha2), 304),
            (format!("\"other\", W/\"{}\"", self.text_sha2), 304),
            ("*".to_owned(), 304),
            (format!("\"{}\"", self.page), 200),
        ] {
            let answer = self.get(&path, &[("If-None-Match", sent.as_str())]).expect(status);
            assert_eq!(answer.body.is_empty(), status == 304, "{sent}");
            assert_eq!(answer.must_header("etag"), format!("\"{}\"", self.text_sha2));
        }
        // What may not be read is not found, whatever copy there is.
        let absent = self.get(&format!("/{}", self.elsewhere), &[("If-None-Match", "*")]);
        assert_eq!(absent.status, 404);
    }

    /// What is not there, and what may not be read, is answered alike.
    fn check_refusals(&self) {
        let client = self.server.client(Version::V2_0_0);
        let other = client.store(&make::statement()).remove(0);
        let of = |statement: &str, sha2: &str| {
            let below = format!("statements/{statement}/attachments/{sha2}");
            client.call_outside("GET", &format!("/api/v1/tenants/1/{below}")).send()
        };
        let absent = of(&make::id(), &self.page).expect(404).json();
        let (own, page, unknown) =
            (self.statement.as_str(), self.page.as_str(), make::sha256_hex(b"nothing"));
        for (statement, sha2) in [
            (own, self.elsewhere.as_str()),
            (own, unknown.as_str()),
            (own, "0"),
            (own, "..%2f..%2fstore"),
            (other.as_str(), page),
            ("0", page),
        ] {
            let answer = of(statement, sha2).expect(404).json();
            assert_eq!(answer["detail"], absent["detail"], "{statement} {sha2}");
            assert_eq!(answer["type"], absent["type"], "{statement} {sha2}");
        }
        let nobody =
            format!("/api/v1/tenants/1/statements/{}/attachments/{}", self.statement, self.page);
        let answer = client.call_outside("GET", &nobody).without("Authorization").send();
        assert_eq!(answer.status, 401);
        let made = self.store.administer(&[
            "credential",
            "create",
            "--label",
            "writer",
            "--scope",
            "statements/write",
        ]);
        let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().unwrap());
        let call = client.call_outside("GET", &nobody).without("Authorization");
        let answer = call.header("Authorization", &basic(key, secret)).send();
        assert_eq!(answer.status, 403, "{}", answer.text());
    }

    fn check_command(&self) {
        let listed = run(self.command(&[]).arg("--json"));
        assert_eq!(listed.code, Some(0), "{}", listed.err);
        let listed: Value = serde_json::from_str(&listed.out).unwrap();
        assert_eq!(listed["items"].as_array().unwrap().len(), 3, "{listed}");
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("essay");
        let output = file.to_str().unwrap();
        let written = run(&mut self.command(&[self.text_sha2.as_str(), "--output", output]));
        assert_eq!(written.code, Some(0), "{}", written.err);
        assert!(fs::read(&file).unwrap() == self.text);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let again = run(&mut self.command(&[self.page.as_str(), "--output", output]));
        assert_eq!(again.code, Some(2), "{}", again.err);
        assert!(again.err.contains("exists and is not replaced"), "{}", again.err);
        assert!(fs::read(&file).unwrap() == self.text);
        let missing = folder.path().join("missing");
        let missing_name = missing.to_str().unwrap();
        let absent = run(&mut self.command(&[self.elsewhere.as_str(), "--output", missing_name]));
        assert_eq!(absent.code, Some(1), "{}", absent.err);
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names, [Path::new("essay")], "nothing incomplete is left");
        let printed = self.command(&[self.page.as_str(), "--output", "-"]).output().unwrap();
        assert!(printed.status.success());
        assert_eq!(printed.stdout, PAGE);
        let unsaid = run(&mut self.command(&[self.page.as_str()]));
        assert_eq!(unsaid.code, Some(2), "{}", unsaid.err);
    }
}

fn check(engine: Engine) {
    let attached = Attached::new(engine);
    attached.check_list();
    attached.check_content();
    attached.check_copies();
    attached.check_refusals();
    attached.check_command();
}

#[test]
fn attachments_are_listed_and_read_as_files() {
    check(Engine::Embedded);
}

#[test]
fn attachments_are_listed_and_read_as_files_on_postgres() {
    check(Engine::Postgres);
}
