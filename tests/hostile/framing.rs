//! Requests that two readers could read in two ways: refused, or read in the one safe way.

use std::fmt::Write as _;

use acta_tests::server::{KEY, SECRET, basic};
use acta_tests::{Server, make, shared};

/// The answers on one connection, by their status; none if it was closed without any.
fn statuses(server: &Server, request: &str) -> Vec<u16> {
    let bytes = server.exchange_raw(request.as_bytes());
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let heads = text.match_indices("HTTP/1.1 ");
    heads.filter_map(|(at, head)| text.get(at + head.len()..)?.get(..3)?.parse().ok()).collect()
}

/// A POST with these headers, which frame the body, and this body.
fn post(framing: &str, body: &str) -> String {
    format!(
        "POST /xapi/statements HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\n\
         X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n{framing}\r\n{body}",
        basic(KEY, SECRET)
    )
}

/// Ends a connection after its answer.
const LAST: &str = "GET /xapi/about HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

fn chunked(text: &str, size: usize, extension: &str) -> String {
    let mut body = String::new();
    for chunk in text.as_bytes().chunks(size) {
        let chunk = std::str::from_utf8(chunk).unwrap();
        let _ = write!(body, "{:x}{extension}\r\n{chunk}\r\n", chunk.len());
    }
    body.push_str("0\r\n\r\n");
    body
}

#[test]
fn requests_with_two_lengths_are_refused_and_nothing_behind_them_is_read() {
    let text = make::statement().to_string();
    let (length, body) = (text.len(), chunked(&text, 100, ""));
    let table = [
        ("two lengths that differ", format!("Content-Length: {length}\r\nContent-Length: 5\r\n")),
        ("a list of lengths", format!("Content-Length: {length}, 5\r\n")),
        ("a length with a sign", format!("Content-Length: +{length}\r\n")),
        ("a negative length", "Content-Length: -1\r\n".to_owned()),
        ("a length in hexadecimal", "Content-Length: 0x10\r\n".to_owned()),
        ("a length beyond all numbers", format!("Content-Length: {}\r\n", "9".repeat(40))),
        ("an unknown coding", "Transfer-Encoding: identity\r\n".to_owned()),
        ("chunked is not last", "Transfer-Encoding: chunked, gzip\r\n".to_owned()),
        ("a misspelt coding", "Transfer-Encoding: xchunked\r\n".to_owned()),
        ("a blank before the colon", format!("Content-Length : {length}\r\n")),
        ("a folded header", format!("X-A: b\r\n Content-Length: {length}\r\n")),
        ("a header of nothing", format!(": {length}\r\n")),
    ];
    for (name, framing) in table {
        for body in [&text, &body] {
            let found = statuses(shared(), &format!("{}{LAST}", post(&framing, body)));
            assert_eq!(found, [400], "{name}");
        }
    }
}

#[test]
fn chunks_win_over_a_length_and_the_connection_ends_there() {
    let text = make::statement().to_string();
    // RFC 9112, 6.3: the chunks count, and whatever stands behind is no request.
    for framing in [
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let found = statuses(shared(), &format!("{}{LAST}", post(framing, &chunked(&text, 9, ""))));
        assert!(found == [400] || found == [200], "{framing}: {found:?}");
    }
}

#[test]
fn heads_with_bare_line_feeds_or_other_control_characters_do_no_harm() {
    let table = [
        ("a bare carriage return", "GET /xapi/about HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400),
        ("a null in a header", "GET /xapi/about HTTP/1.1\r\nHost: a\0b\r\n\r\n", 400),
        ("no version", "GET /xapi/about\r\n\r\n", 400),
        ("two blanks", "GET  /xapi/about HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("a method of other letters", "G@T /xapi/about HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ];
    for (name, head, status) in table {
        let found = statuses(shared(), &format!("{head}{LAST}"));
        assert!(found.is_empty() || found == [status], "{name}: {found:?}");
    }
    // RFC 9112, 2.2 lets a line feed alone end a line. No other reader may see more in it
    // than one request: the body of this one is none.
    let lines = "GET /xapi/about HTTP/1.1\nHost: a\nConnection: close\n\n";
    assert_eq!(statuses(shared(), lines), [200]);
}

#[test]
fn lengths_that_lie_are_found_out() {
    let text = make::statement().to_string();
    // Too long: the rest never comes, and the client has gone.
    let longer = post(&format!("Content-Length: {}\r\n", text.len() + 1), &text);
    let mut stream = std::net::TcpStream::connect(shared().address()).unwrap();
    std::io::Write::write_all(&mut stream, longer.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut answer).unwrap();
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    // Too short: the text is cut off, and what is left over is no request.
    let shorter = post(&format!("Content-Length: {}\r\n", text.len() - 1), &text);
    let found = statuses(shared(), &format!("{shorter}\r\n\r\n"));
    assert!(found.first() == Some(&400) && !found.contains(&200), "{found:?}");
}

#[test]
fn chunks_may_be_small_but_not_odd() {
    let text = make::statement().to_string();
    let framing = "Transfer-Encoding: chunked\r\n";
    let send = |body: &str| statuses(shared(), &format!("{}{LAST}", post(framing, body)));
    assert_eq!(send(&chunked(&text, 1, "")), [200, 200], "chunks of one byte");
    assert_eq!(send(&chunked(&text, 9, ";a=b")), [200, 200], "small extensions are passed over");
    let long = format!(";{}", "x".repeat(20_000));
    assert_eq!(send(&chunked(&text, 9, &long)), [400], "extensions of 20 KB a chunk");
    for (name, body) in [
        ("a size that is none", "xyz\r\nabc\r\n0\r\n\r\n"),
        ("a size beyond all numbers", "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        ("a negative size", "-1\r\nabc\r\n0\r\n\r\n"),
        ("a chunk without its end", "3\r\nabcdef\r\n0\r\n\r\n"),
    ] {
        assert_eq!(send(body), [400], "{name}");
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let text = make::statement().to_string();
    let length = format!("Content-Length: {}\r\n", text.len());
    let about = "GET /xapi/about HTTP/1.1\r\nHost: a\r\n\r\n";
    let missing = "GET /xapi/nothing HTTP/1.1\r\nHost: a\r\n\r\n";
    let many = format!("{about}{}{missing}", post(&length, &text)).repeat(50);
    let found = statuses(shared(), &format!("{many}{LAST}"));
    assert_eq!(found, [[200, 200, 404].repeat(50), vec![200]].concat());
    // A broken head behind good requests ends the connection after their answers.
    let found = statuses(shared(), &format!("{about}{missing}GET / HTTP/9\r\n\r\n{about}"));
    assert_eq!(found, [200, 404, 400]);
}
