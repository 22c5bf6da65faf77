//! What is repeated in long inputs.

use crate::input::SEPARATOR;

/// Choice, beginning, unit and end.
const SEEDS: &[(u8, &str, &str, &str)] = &[
    // Statements and batches.
    (0, "[", "{},", "{}]"),
    (0, "", "[", ""),
    (0, "", "{\"a\":", ""),
    (0, "{\"object\":{", "\"mbox\":0,", "\"mbox\":0}}"),
    (0, "{\"object\":{\"id\":\"http://a\",", "\"member\":0,", "\"member\":0}}"),
    (0, "{", "\"id\":0,", "\"id\":0}"),
    (0, "{", "\"attachments\":[{}],", "\"id\":0}"),
    (
        0,
        "{\"actor\":{\"objectType\":\"Group\",\"member\":[",
        "{\"mbox\":\"mailto:a@b.c\"},",
        "{\"mbox\":\"mailto:a@b.c\"}]},\"verb\":{\"id\":\"http://v\"},\"object\":{\"id\":\"http://o\"}}",
    ),
    (
        0,
        "{\"actor\":{\"mbox\":\"mailto:a@b.c\"},\"verb\":{\"id\":\"http://v\"},\"object\":{\"id\":\"http://o\"},\"context\":{\"contextActivities\":{\"other\":[",
        "{\"id\":\"http://a\"},",
        "{\"id\":\"http://a\"}]}}}",
    ),
    (
        0,
        "{\"actor\":{\"mbox\":\"mailto:a@b.c\"},\"verb\":{\"id\":\"http://v\"},\"object\":{\"id\":\"http://o\"},\"result\":{\"extensions\":{\"http://a\":[",
        "1e5,",
        "0]}}}",
    ),
    (
        0,
        "{\"actor\":{\"mbox\":\"mailto:a@b.c\"},\"verb\":{\"id\":\"http://v\"},\"object\":{\"id\":\"http://o\"},\"result\":{\"response\":\"",
        "\\u00e9",
        "\"}}",
    ),
    (
        0,
        "{\"actor\":{\"mbox\":\"mailto:a@b.c\"},\"verb\":{\"id\":\"http://v\"},\"object\":{\"id\":\"http://o\"},\"result\":{\"score\":{\"raw\":1",
        "0",
        "}}}",
    ),
    (
        0,
        "{\"object\":{\"id\":\"http://o\",\"definition\":{\"choices\":[",
        "{\"id\":\"a\"},",
        "{}]}}}",
    ),
    (
        0,
        "{\"object\":{\"id\":\"http://o\",\"definition\":{\"name\":{",
        "\"e\":\"a\",",
        "\"e\":\"\"}}}}",
    ),
    (0, "{\"actor\":{\"mbox\":\"mailto:", "a", "@b.c\"}}"),
    (0, "{\"verb\":{\"id\":\"http://", "a", "\"}}"),
    (0, "{\"verb\":{\"id\":\"x:", "%41", "\"}}"),
    (0, "{\"verb\":{\"display\":{\"en", "-a", "\":\"\"}}}"),
    (0, "{\"result\":{\"duration\":\"P", "1", "Y\"}}"),
    (0, "{\"timestamp\":\"2020-01-01T00:00:00.", "1", "Z\"}"),
    // Documents and definitions.
    (1, "{", "\"a\":0,", "\"a\":0}"),
    (1, "{\"a\":", "[", ""),
    (2, "{", "\"a\":0,", "\"a\":0}"),
    (2, "{\"name\":{", "\"en\":\"\",", "\"en\":\"\"}}"),
    (2, "{\"extensions\":{", "\"\\u0061\":0,", "\"a\":0}}"),
    // Payloads and headers of signatures.
    (3, "{\"object\":{", "\"objectType\":0,", "\"a\":0}}"),
    (3, "{\"actor\":{\"member\":[", "{\"member\":[]},", "{}]}}"),
    (3, "{\"crit\":[", "0,", "0]}"),
    // Parts of bodies.
    (4, "--b\r\n\r\n", "\r\n--b-", "\r\n--b--"),
    (4, "--b\r\n\r\n", "\r\n--b ", "\r\n--b--"),
    (4, "", "--b\r\n\r\n\r\n", "--b--"),
    (4, "", "\r\n--b ", ""),
    (9, "", "A:b\r\n", ""),
    (9, "A:b", "\r\n ", ""),
    (9, "Content-Type:", " ", ""),
    // Forms, parameters and headers.
    (5, "Content-Type=a/b;", "+", "%3B&content={}"),
    (5, "Content-Type=a/b", ";", "++++++++&content={}"),
    (5, "content=", "%41", ""),
    (5, "", "a&", ""),
    (5, "", "%3D", "=a"),
    (6, "", "a=b&", ""),
    (6, "agent={\"member\":[", "{},", "{}]}"),
    (6, "verb=http://a", "%20", ""),
    (6, "", "a", "=1&limit=1"),
    (7, "a/b", ";", ""),
    (7, "a/b", "; ", ""),
    (7, "a/b;a=\"", "\\\"", "\""),
    (7, "", "a,", "*"),
    (7, "", "a;q=0.5,", "*"),
    (7, "", "\"a\",", "*"),
    (7, "Basic ", "YTpi", ""),
    (8, "a", "-a", ""),
    (8, "", "en-US;q=0.1,", "de\nen\nde"),
    (8, "", "a-b-c,", "*"),
    (8, "en-x-a\n", "a-b\n", "de"),
];

/// Choice, a beginning, a unit that is repeated to go on with it, and the unit of the rest.
const LONG_STARTS: [(u8, &str, &str, &str); 2] =
    [(5, "content={}&Content-Type=a/b", ";", "+"), (7, "a/b", ";", " ")];

fn long_start((choice, start, more, unit): (u8, &str, &str, &str)) -> Vec<u8> {
    let start = format!("{start}{}", more.repeat(20_000));
    [&[choice], start.as_bytes(), &[SEPARATOR], unit.as_bytes(), &[SEPARATOR]].concat()
}

/// All of them.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let seed = |(choice, start, unit, end): &(u8, &str, &str, &str)| {
        let parts = [&[*choice][..], start.as_bytes(), &[SEPARATOR], unit.as_bytes(), &[SEPARATOR]];
        [parts.concat().as_slice(), end.as_bytes()].concat()
    };
    SEEDS.iter().map(seed).chain(LONG_STARTS.into_iter().map(long_start)).collect()
}
