use super::*;

/// The lines and texts of an input, read in pieces of `piece` bytes.
fn read_in_pieces(input: &[u8], piece: usize) -> Vec<(u64, String)> {
    struct Pieces<'a>(std::slice::Chunks<'a, u8>);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.0.next().unwrap_or_default();
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    let mut pieces = Pieces(input.chunks(piece));
    let mut reader = StatementReader::new(&mut pieces);
    let texts = std::iter::from_fn(|| reader.next().unwrap());
    texts.map(|one| (one.line, String::from_utf8(one.text).unwrap())).collect()
}

#[track_caller]
fn check(input: &str, expected: &[(u64, &str)]) {
    for piece in [1, 2, 7, CHUNK_BYTES] {
        let found = read_in_pieces(input.as_bytes(), piece);
        let found: Vec<_> = found.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(found, expected, "input: {input:?}, in pieces of {piece}");
    }
}

#[test]
fn reads_every_form() {
    // JSON Lines, with blank lines, a byte order mark, and without a last line break.
    check(
        "{\"a\":1}\n\n  {\"b\":2}\r\n{\"c\":3}",
        &[(1, "{\"a\":1}"), (3, "{\"b\":2}"), (4, "{\"c\":3}")],
    );
    check("\u{feff}{\"a\":1}\n{}\n", &[(1, "{\"a\":1}"), (2, "{}")]);
    check("", &[]);
    check("\u{feff}\n\n", &[]);
    // Objects with line breaks.
    check("{\n \"a\": \"}\"\n}\n{\n}\n", &[(1, "{\n \"a\": \"}\"\n}"), (4, "{\n}")]);
    check(
        "{\"a\":1}{\"b\":2} {\"c\":3}\n",
        &[(1, "{\"a\":1}"), (1, "{\"b\":2}"), (1, "{\"c\":3}")],
    );
    // Arrays, several of them, and one in JSON Lines.
    check(
        "[{\"a\":[1,{}]},\n{\"b\":\"]\\\"\"}]",
        &[(1, "{\"a\":[1,{}]}"), (2, "{\"b\":\"]\\\"\"}")],
    );
    check("[ ]\n[{}]\n{}\n", &[(2, "{}"), (3, "{}")]);
    // Pages, with the properties in any order, and pages in an array.
    check(
        "{\"statements\":[{\"a\":1},{\"b\":2}],\"more\":\"/x\"}\n",
        &[(1, "{\"a\":1}"), (1, "{\"b\":2}")],
    );
    check(
        "{\"more\": \"[\",\n \"statements\" : [\n{\"a\":1}\n]}\n{\"statements\":[{}]}",
        &[(3, "{\"a\":1}"), (5, "{}")],
    );
    check(
        "[{\"statements\":[{\"a\":1}]},{\"statements\":[],\"more\":\"\"},{\"b\":2}]",
        &[(1, "{\"a\":1}"), (1, "{\"b\":2}")],
    );
    // Only at the top does it make a page.
    check("{\"x\":{\"statements\":[{}]}}\n", &[(1, "{\"x\":{\"statements\":[{}]}}")]);
}

#[test]
fn each_text_at_the_top_level_may_begin_with_a_byte_order_mark() {
    // Files one after the other, with and without a last line break.
    check("\u{feff}{}\n\u{feff}{\"a\":1}\n \u{feff} {}", &[(1, "{}"), (2, "{\"a\":1}"), (3, "{}")]);
    check("{\"a\":1}\u{feff}{\"b\":2}", &[(1, "{\"a\":1}"), (1, "{\"b\":2}")]);
    check("\u{feff}[{}]\n\u{feff}[{},\n{}]\u{feff}", &[(1, "{}"), (2, "{}"), (3, "{}")]);
    check("\u{feff}\u{feff}{\"statements\":[{}]}\n\u{feff}{\n}", &[(1, "{}"), (2, "{\n}")]);
    check("{\n}\n\u{feff}{\n}", &[(1, "{\n}"), (3, "{\n}")]);
    // Elsewhere it is no mark, and what only begins like one is none.
    check("[\u{feff}{}]", &[(1, "\u{feff}{}")]);
    check("\u{fefe}\n{}\u{ffff}\n", &[(1, "\u{fefe}"), (2, "{}\u{ffff}")]);
}

#[test]
fn what_is_broken_does_not_reach_into_the_next_line() {
    check("{\"a\":1}\n{\"b\":\n{\"c\":3}\n", &[(1, "{\"a\":1}"), (2, "{\"b\":"), (3, "{\"c\":3}")]);
    check("{\"a\":\n{\"b\":2}\n{\"c\":3}\n", &[(1, "{\"a\":"), (2, "{\"b\":2}"), (3, "{\"c\":3}")]);
    check("{\"a\":\"x\n{\"b\":2}\n", &[(1, "{\"a\":\"x"), (2, "{\"b\":2}")]);
    check("{\"a\":1}\n{\n", &[(1, "{\"a\":1}"), (2, "{")]);
    check("{\"a\":1}}\n{\"b\":2}\n", &[(1, "{\"a\":1}}"), (2, "{\"b\":2}")]);
    check("one\n{\"b\":2}\ntwo", &[(1, "one"), (2, "{\"b\":2}"), (3, "two")]);
    check("]\n{}\n", &[(1, "]"), (2, "{}")]);
}

#[test]
fn what_is_no_statement_in_a_container_stands_for_itself() {
    check("[1, {\"a\":1}, \"x\", {}]", &[(1, "1"), (1, "{\"a\":1}"), (1, "\"x\""), (1, "{}")]);
    check("[{\"a\":1},", &[(1, "{\"a\":1}"), (1, "")]);
    check("[{\"a\":1},\n{\"b\":", &[(1, "{\"a\":1}"), (2, "{\"b\":"), (2, "")]);
    check("{\"statements\":[{\"a\":1}", &[(1, "{\"a\":1}"), (1, "")]);
}

#[test]
fn complete_lines_at_the_top_level_can_be_skipped() {
    let input = "{\"a\":1}\n[{\"b\":2},\n{\"c\":3}]\n{\"d\":4}";
    let mut bytes = input.as_bytes();
    let mut reader = StatementReader::new(&mut bytes);
    let mut offsets = Vec::new();
    while reader.next().unwrap().is_some() {
        offsets.push(reader.offset());
    }
    assert_eq!(offsets, [8, 8, 8, 27], "an array is read again as a whole");
    let (offset, hash) = (reader.offset(), reader.hash());

    let mut bytes = input.as_bytes();
    let mut again = StatementReader::new(&mut bytes);
    assert_eq!(again.skip_if_unchanged(offset, hash.as_str()).unwrap(), 3);
    let last = again.next().unwrap().unwrap();
    assert_eq!((last.line, last.text.as_slice()), (4, &b"{\"d\":4}"[..]));

    let changed = input.replace("{\"a\":1}", "{\"a\":2}");
    let mut bytes = changed.as_bytes();
    let mut again = StatementReader::new(&mut bytes);
    assert_eq!(again.skip_if_unchanged(offset, hash.as_str()).unwrap(), 0);
    assert_eq!(again.next().unwrap().unwrap().text, b"{\"a\":2}");
}
