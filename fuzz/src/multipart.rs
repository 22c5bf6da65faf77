//! Bodies of several parts: what is found does not depend on how they arrive.

use acta_http::multipart::{Boundary, Event, Headers, Limits, MultipartError, Reader};

use crate::input::{split_choice, split_parts};
use crate::memory::bounded;

const LIMITS: Limits = Limits { parts_max: 5, header_bytes_max: 80 };

/// A boundary and a body, cut by the first byte.
pub fn multipart(input: &[u8]) {
    let (choice, rest) = split_choice(input);
    let [boundary, body] = split_parts(rest);
    bounded(rest.len(), || {
        let boundary = str::from_utf8(boundary).ok().and_then(|text| Boundary::new(text).ok());
        // An accepted boundary is one for the body; else there is a short one.
        let boundary = boundary.unwrap_or_else(|| Boundary::new("b").expect("is a boundary"));
        check(&boundary, body, usize::from(choice));
    });
}

/// A part: its headers, its content, and whether its end was told.
type Part = (Headers, Vec<u8>, bool);

fn check(boundary: &Boundary, body: &[u8], choice: usize) {
    let whole = read(boundary, [body].into_iter());
    let small = read(boundary, body.chunks(1 + choice % 16));
    assert_eq!(whole, small, "it matters that pieces have {} bytes", 1 + choice % 16);
    let (first, second) = body.split_at(choice.min(body.len()));
    assert_eq!(whole, read(boundary, [first, second].into_iter()), "it matters where it is cut");
    if let Ok(parts) = whole {
        assert!(parts.len() <= LIMITS.parts_max);
        assert!(parts.iter().all(|(_, _, is_closed)| *is_closed));
        check_again(boundary, &parts);
    }
}

fn read<'a>(
    boundary: &Boundary,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<Part>, MultipartError> {
    let mut reader = Reader::new(boundary, LIMITS);
    let mut parts: Vec<Part> = Vec::new();
    for piece in pieces {
        reader.push(piece);
        while let Some(event) = reader.next_event()? {
            match event {
                Event::Part(headers) => parts.push((headers, Vec::new(), false)),
                Event::Content(piece) => {
                    assert!(!piece.is_empty());
                    open_part(&mut parts).1.extend_from_slice(&piece);
                }
                Event::PartEnd => open_part(&mut parts).2 = true,
                Event::End => assert!(parts.iter().all(|(_, _, is_closed)| *is_closed)),
            }
        }
    }
    reader.finish()?;
    Ok(parts)
}

fn open_part(parts: &mut [Part]) -> &mut Part {
    parts.last_mut().filter(|(_, _, is_closed)| !is_closed).expect("a part is open")
}

/// The contents in a body of their own are found again.
fn check_again(boundary: &Boundary, parts: &[Part]) {
    let mut body = Vec::new();
    for (_, content, _) in parts {
        body.extend_from_slice(format!("--{}\r\nA: b\r\n\r\n", boundary.as_str()).as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{}--", boundary.as_str()).as_bytes());
    let again = read(boundary, body.chunks(7)).expect("it is well-formed");
    let contents = |parts: &[Part]| parts.iter().map(|part| part.1.clone()).collect::<Vec<_>>();
    assert_eq!(contents(&again), contents(parts));
}
