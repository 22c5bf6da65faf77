//! Little that asks for much: refused at once, and with little memory.

use std::fs;
use std::io::Write as _;

use acta_tests::{Response, Server, Version, make, multipart};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

/// What the server may take more than when it started, in KiB: 256 MiB, of which the most
/// values that a JSON text may have take 160.
const GROWTH_KIB_MAX: u64 = 256 << 10;

/// What a process has in memory, in KiB.
pub(crate) fn resident_kib(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The most that a process ever had in memory, in KiB.
fn peak_kib(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Sends something with a fresh server, which must refuse it and stay small and alive.
#[track_caller]
fn check_refused(name: &str, status: u16, send: impl FnOnce(&Server) -> Response) {
    let server = Server::start(Version::V1_0_3);
    let before = resident_kib(&server);
    let answer = send(&server);
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, status, "{name}: {body:.300}");
    let grown = peak_kib(&server).saturating_sub(before);
    println!("{name}: {status}, {} MiB more at the peak", grown >> 10);
    assert!(grown < GROWTH_KIB_MAX, "{name}: {grown} KiB");
    server.client(Version::V1_0_3).get("/statements").send().expect(200);
}

#[test]
fn a_gibibyte_of_zeros_in_a_mebibyte_is_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..1024 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 2 << 20);
    for content_type in ["application/json", &multipart::content_type()] {
        let bomb = bomb.clone();
        check_refused("a packed gibibyte", 413, |server| {
            let client = server.client(Version::V1_0_3);
            let call = client.post("/statements").body(content_type, bomb);
            call.header("Content-Encoding", "gzip").send()
        });
    }
}

#[test]
fn json_that_is_deep_is_refused() {
    let deep = "[".repeat(100_000);
    check_refused("depth of 100,000", 400, |server| {
        server.client(Version::V1_0_3).post("/statements").json_text(&deep).send()
    });
    let agent = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    check_refused("an agent of depth 10,000", 400, |server| {
        let client = server.client(Version::V1_0_3);
        client.get("/agents").query("agent", &agent[..5000]).send()
    });
}

#[test]
fn json_of_many_small_values_is_refused() {
    let wide = format!("[{}1]", "1,".repeat(8_200_000));
    check_refused("8.2 million values", 400, |server| {
        server.client(Version::V1_0_3).post("/statements").json_text(&wide).send()
    });
}

#[test]
fn a_hundred_thousand_parts_are_refused() {
    let part = format!("--{}\r\nContent-Type: text/plain\r\n\r\n\r\n", multipart::BOUNDARY);
    let statement = make::statement().to_string();
    let mut body = multipart::write(&[multipart::Part::statements(&statement)]);
    body.truncate(body.len() - "--\r\n".len() - multipart::BOUNDARY.len() - 2);
    body.extend(part.repeat(100_000).into_bytes());
    check_refused("parts without a hash", 400, |server| {
        let client = server.client(Version::V1_0_3);
        client.post("/statements").body(&multipart::content_type(), body.clone()).send()
    });
    let hash = make::sha256_hex(b"x");
    let mut statement = make::statement();
    statement["attachments"] = json!([make::attachment("text/plain", b"x")]);
    let first = multipart::Part::statements(&statement.to_string());
    let other = multipart::Part::attachment("text/plain", &hash, b"x");
    let parts: Vec<_> = [first].into_iter().chain(vec![other; 100_000]).collect();
    check_refused("a hundred thousand parts", 413, |server| {
        let client = server.client(Version::V1_0_3);
        let body = multipart::write(&parts);
        client.post("/statements").body(&multipart::content_type(), body).send()
    });
}

#[test]
fn heads_of_a_mebibyte_are_refused() {
    let long = "x".repeat(1 << 20);
    let pairs = "a=1&".repeat(100_000);
    let heads = [
        ("a header of 1 MiB", format!("GET /xapi/about HTTP/1.1\r\nX-A: {long}\r\n\r\n")),
        ("an address of 1 MiB", format!("GET /xapi/{long} HTTP/1.1\r\nHost: a\r\n\r\n")),
        ("100,000 parameters", format!("GET /xapi/about?{pairs} HTTP/1.1\r\nHost: a\r\n\r\n")),
    ];
    for (name, head) in heads {
        check_refused(name, 431, |server| server.send_raw(head.as_bytes()));
    }
    check_refused("100,000 parameters in a form", 414, |server| {
        let client = server.client(Version::V1_0_3);
        let call = client.call_outside("POST", "/xapi/statements?method=GET");
        call.body("application/x-www-form-urlencoded", pairs.clone()).send()
    });
}

#[test]
fn a_large_group_is_stored_and_returned() {
    let server = Server::start(Version::V1_0_3);
    let client = server.client(Version::V1_0_3);
    let members: Vec<_> = (0..10_000)
        .map(|number| json!({ "mbox": format!("mailto:member-{number}@example.org") }))
        .collect();
    let group = json!({ "objectType": "Group", "member": members });
    let (id, mut statement) = make::statement_with_id();
    statement["actor"] = group;
    client.store(&statement);
    let member = json!({ "mbox": "mailto:member-9999@example.org" }).to_string();
    assert_eq!(client.find(&[("agent", &member)]), std::slice::from_ref(&id));
    assert_eq!(client.fetch(&id)["actor"]["member"].as_array().unwrap().len(), 10_000);
}
