use super::*;

const LIMITS: Limits = Limits { parts_max: 8, header_bytes_max: 256 };

/// The parts of a body: headers as `name=value;`, then the content.
type Parts = Vec<(String, Vec<u8>)>;

fn read(body: &[u8], piece_len: usize) -> Result<Parts, MultipartError> {
    let mut reader = Reader::new(&Boundary::new("b-1").unwrap(), LIMITS);
    let mut parts: Parts = Vec::new();
    let mut is_open = false;
    for piece in body.chunks(piece_len) {
        reader.push(piece);
        while let Some(event) = reader.next_event()? {
            match event {
                Event::Part(headers) => {
                    assert!(!is_open, "a part begins before the last one ended");
                    is_open = true;
                    let text = headers.0.iter().map(|(name, value)| format!("{name}={value};"));
                    parts.push((text.collect(), Vec::new()));
                }
                Event::Content(piece) => {
                    assert!(is_open && !piece.is_empty());
                    parts.last_mut().unwrap().1.extend_from_slice(&piece);
                }
                Event::PartEnd => {
                    assert!(is_open);
                    is_open = false;
                }
                Event::End => assert!(!is_open),
            }
        }
    }
    reader.finish()?;
    Ok(parts)
}

/// Reads the body in pieces of every length: what is found does not depend on it.
#[track_caller]
fn check(body: &[u8], expected: Result<&[(&str, &[u8])], MultipartError>) {
    for piece_len in 1..=body.len().max(1) {
        let found = read(body, piece_len);
        let expected = expected.map(|parts| {
            parts.iter().map(|(head, body)| ((*head).to_owned(), body.to_vec())).collect::<Parts>()
        });
        assert_eq!(
            found,
            expected,
            "pieces of {piece_len} bytes of {:?}",
            String::from_utf8_lossy(body)
        );
    }
}

#[test]
fn reads_parts_from_chunks_of_any_size() {
    check(b"--b-1\r\n\r\nx\r\n--b-1--", Ok(&[("", b"x")]));
    check(
        b"--b-1\r\nContent-Type: application/json\r\n\r\n{}\r\n--b-1\r\nA: 1\r\nB:2 \r\n\r\nabc\r\n--b-1--\r\n",
        Ok(&[("content-type=application/json;", b"{}"), ("a=1;b=2;", b"abc")]),
    );
    // Preamble, epilogue, padding behind the boundary.
    check(b"hello\r\n--b-1 \t\r\n\r\nx\r\n--b-1--\r\nbye", Ok(&[("", b"x")]));
    // A folded header.
    check(b"--b-1\r\nA: 1\r\n  2\r\n\r\nx\r\n--b-1--", Ok(&[("a=1 2;", b"x")]));
    // Empty content, with and without the line break of its own.
    check(b"--b-1\r\nA: 1\r\n\r\n\r\n--b-1--", Ok(&[("a=1;", b"")]));
    check(b"--b-1\r\nA: 1\r\n\r\n--b-1--", Ok(&[("a=1;", b"")]));
    check(b"--b-1\r\n\r\n\r\n--b-1\r\n\r\n--b-1--", Ok(&[("", b""), ("", b"")]));
    // No parts at all.
    check(b"--b-1--", Ok(&[]));
}

#[test]
fn keeps_content_that_looks_like_a_delimiter() {
    let table: [&[u8]; 10] = [
        b"\r\n",
        b"\r\n\r\n",
        b"x--b-1",
        b"\r\n--b-",
        b"\r\n--b-12",
        b"\r\n--b-1 x\r\n",
        b"\r\n--b-1-x",
        b"\n--b-1\n",
        b"\r\r\n-\r\n--\r\n--b\r\n--b-x",
        &[0, 255, 13, 10, 45, 45],
    ];
    for content in table {
        let body = [b"--b-1\r\nA: 1\r\n\r\n", content, b"\r\n--b-1--\r\n"].concat();
        check(&body, Ok(&[("a=1;", content)]));
    }
}

#[test]
fn refuses_what_is_not_well_formed() {
    let table: [(&[u8], MultipartError); 10] = [
        (b"", MultipartError::NoDelimiter),
        (b"{}", MultipartError::NoDelimiter),
        (b"--b-2\r\n\r\nx\r\n--b-2--", MultipartError::NoDelimiter),
        (b"--b-1", MultipartError::NoDelimiter),
        (b"--b-1\r\n\r\nx", MultipartError::Unclosed),
        (b"--b-1\r\n\r\nx\r\n--b-1\r\n", MultipartError::Unclosed),
        (b"--b-1\r\nA: 1\r\n", MultipartError::Unclosed),
        (b"--b-1\r\nno colon\r\n\r\nx\r\n--b-1--", MultipartError::Header),
        (b"--b-1\r\na b: 1\r\n\r\nx\r\n--b-1--", MultipartError::Header),
        (b"--b-1\r\n folded: 1\r\n\r\nx\r\n--b-1--", MultipartError::Header),
    ];
    for (body, error) in table {
        check(body, Err(error));
    }
}

#[test]
fn refuses_more_than_the_limits() {
    let long = format!("--b-1\r\nA: {}\r\n\r\nx\r\n--b-1--", "a".repeat(LIMITS.header_bytes_max));
    check(long.as_bytes(), Err(MultipartError::HeaderTooLong));
    // The line break before the headers counts.
    let longest = "a".repeat(LIMITS.header_bytes_max - "\r\nA: ".len());
    let body = format!("--b-1\r\nA: {longest}\r\n\r\nx\r\n--b-1--");
    check(body.as_bytes(), Ok(&[(&format!("a={longest};"), b"x")]));
    let body = body.replace("A: ", "A: a");
    check(body.as_bytes(), Err(MultipartError::HeaderTooLong));
    let many = "--b-1\r\n\r\nx\r\n".repeat(LIMITS.parts_max);
    assert_eq!(read(format!("{many}--b-1--").as_bytes(), 7).unwrap().len(), LIMITS.parts_max);
    let more = format!("{many}--b-1\r\n\r\nx\r\n--b-1--");
    check(more.as_bytes(), Err(MultipartError::TooManyParts));
    let endless = "x".repeat(Reader::PREAMBLE_BYTES_MAX + 16);
    assert_eq!(read(endless.as_bytes(), 100), Err(MultipartError::NoDelimiter));
}

#[test]
fn buffers_at_most_a_delimiter() {
    let mut reader = Reader::new(&Boundary::new("b-1").unwrap(), LIMITS);
    reader.push(b"--b-1\r\n\r\n");
    assert!(matches!(reader.next_event(), Ok(Some(Event::Part(_)))));
    reader.push(&[b'x'; 1000]);
    let mut seen = 0;
    while let Ok(Some(Event::Content(piece))) = reader.next_event() {
        seen += piece.len();
    }
    assert_eq!(seen, 1000 - ("\r\n--b-1".len() - 1));
}

#[test]
fn a_boundary_has_1_to_70_characters_of_a_short_list() {
    let longest = "a".repeat(70);
    let too_long = "a".repeat(71);
    let table = [
        ("-------314159265358979323846", true),
        ("gc0p4Jq0M2Yt08jU534c0p", true),
        ("a b", true),
        (longest.as_str(), true),
        (too_long.as_str(), false),
        ("", false),
        ("a ", false),
        ("a\"b", false),
        ("ä", false),
    ];
    for (text, expected) in table {
        assert_eq!(Boundary::new(text).is_ok(), expected, "input: {text:?}");
    }
}
