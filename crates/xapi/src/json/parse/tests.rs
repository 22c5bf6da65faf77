use proptest::prelude::*;

use super::*;

#[track_caller]
fn check_refused(text: &str, kind: &JsonErrorKind, offset: usize) {
    let error = parse(text.as_bytes(), &JsonLimits::default()).unwrap_err();
    assert_eq!((&error.kind, error.offset), (kind, offset), "input: {text:?}");
}

fn parsed(text: &str) -> Json<'_> {
    parse(text.as_bytes(), &JsonLimits::default()).unwrap()
}

#[test]
fn keeps_order_and_number_text() {
    let json = parsed(r#" {"b": 1.50e+3, "a": [true, null, "x"], "": {}} "#);
    let keys: Vec<_> = json.root().members().map(|(key, _)| key.unescaped()).collect();
    assert_eq!(keys, ["b", "a", ""]);
    assert_eq!(json.root().member("b").unwrap().raw(), "1.50e+3");
    let kinds: Vec<_> =
        json.root().member("a").unwrap().elements().map(crate::json::Value::kind).collect();
    assert_eq!(kinds, [Kind::True, Kind::Null, Kind::String]);
    assert_eq!(json.root().member("").unwrap().count(), 0);
    assert_eq!(json.root().count(), 3);
}

#[test]
fn unescapes_strings() {
    let table = [
        (r#""plain""#, "plain"),
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u00e9x\u20AC""#, "éx€"),
        (r#""a\ud83d\ude00b""#, "a😀b"),
        (r#""\u0000""#, "\0"),
        ("\u{feff}\"marked\"", "marked"),
    ];
    for (text, expected) in table {
        assert_eq!(parsed(text).root().as_str().unwrap(), expected, "input: {text}");
    }
}

#[test]
fn refuses_text_that_is_not_json() {
    use JsonErrorKind::{BadString, Ended, Expected, Trailing};
    let table = [
        ("", Ended("a value"), 0),
        ("{", Ended("an element or the end of its container"), 1),
        ("[1,]", Expected("a value"), 3),
        ("[1 2]", Expected("a comma or the closing bracket"), 3),
        ("[,1]", Expected("a value"), 1),
        ("{\"a\":1,}", Expected("a key in double quotes"), 7),
        ("{\"a\" 1}", Expected("a colon"), 5),
        ("{a:1}", Expected("a key in double quotes"), 1),
        ("[1}", Expected("a comma or the closing bracket"), 2),
        ("01", Trailing, 1),
        ("-", Ended("a digit"), 1),
        ("1.", Ended("a digit"), 2),
        ("1e+x", Expected("a digit"), 3),
        ("tru", Expected("a value"), 0),
        ("\"\u{1}\"", BadString("control character"), 1),
        (r#""\x""#, BadString("escape"), 1),
        (r#""\u12g4""#, BadString("escape"), 1),
        (r#""\ud800x""#, BadString("lone surrogate"), 1),
        (r#""\udc00""#, BadString("lone surrogate"), 1),
        (r#""\ud800\ud800\udc00""#, BadString("lone surrogate"), 1),
        ("\"abc", Ended("a closing quote"), 4),
        ("1 1", Trailing, 2),
        ("\u{feff}\u{feff}1", Expected("a value"), 0),
    ];
    for (text, kind, offset) in table {
        check_refused(text, &kind, offset);
    }
    let error = parse(b"[\n \"\xff\"]", &JsonLimits::default()).unwrap_err();
    assert_eq!((error.kind, error.line, error.column), (JsonErrorKind::NotUtf8, 2, 3));
}

#[test]
fn finds_duplicate_keys_however_they_are_written() {
    let many: Vec<_> = (0..20).map(|n| format!("\"k{n}\":0")).collect();
    let many = format!("{{{},\"k7\":1}}", many.join(","));
    let table = [
        (r#"{"a":1,"a":2}"#, vec!["/a"]),
        (r#"{"a":1,"\u0061":2}"#, vec!["/a"]),
        (r#"{"a":{"b":1,"c":2,"b":3},"d":[{"e":1,"e":2}]}"#, vec!["/a/b", "/d/0/e"]),
        (r#"{"a":{"b":1},"c":{"b":1}}"#, vec![]),
        (&many, vec!["/k7"]),
    ];
    for (text, expected) in table {
        let json = parsed(text);
        let count = json.duplicates().count();
        assert_eq!(count, expected.len(), "input: {text}");
        for (value, pointer) in json.duplicates().zip(expected) {
            assert_eq!(json.pointer(json.root(), value), pointer, "input: {text}");
        }
    }
}

#[test]
fn limits_depth_and_length() {
    let limits = JsonLimits { bytes_max: 10, depth_max: 2, ..JsonLimits::default() };
    assert!(parse(b"[[1]]", &limits).is_ok());
    let error = parse(b"[[[1]]]", &limits).unwrap_err();
    assert_eq!((error.kind, error.offset), (JsonErrorKind::TooDeep(2), 2));
    let error = parse(b"[          ]", &limits).unwrap_err();
    assert_eq!(error.kind, JsonErrorKind::TooLong(10));
}

#[test]
fn limits_values_and_keys() {
    let limits = JsonLimits { values_max: 4, ..JsonLimits::default() };
    for (fits, not) in [("[1,2,3]", "[1,2,3,4]"), ("[[],[],[]]", "[[],[],[[]]]")] {
        assert!(parse(fits.as_bytes(), &limits).is_ok(), "{fits}");
        let error = parse(not.as_bytes(), &limits).unwrap_err();
        assert_eq!(error.kind, JsonErrorKind::TooMany(4), "{not}");
    }
    // A member is two: its key and its value.
    assert!(parse(br#"{"a":[1]}"#, &limits).is_ok());
    assert!(parse(br#"{"a":1,"b":2}"#, &limits).is_err());
}

#[test]
fn points_to_every_value() {
    let json = parsed(r#"{"a/b":[{"c~d":[0,1]}]}"#);
    let inner = json.root().member("a/b").unwrap().elements().next().unwrap();
    let last = inner.member("c~d").unwrap().elements().last().unwrap();
    assert_eq!(json.pointer(json.root(), last), "/a~1b/0/c~0d/1");
    assert_eq!(json.pointer(inner, last), "/c~0d/1");
    assert_eq!(json.pointer(last, last), "");
}

proptest! {
    #[test]
    fn strings_end_where_their_quote_stands(
        plain in r"[ !#-\[\]-\x7F\u{80}-\u{10FFFF}]{0,40}",
        special in prop::sample::select(vec![r#"""#, r#"\""#, r"\\", r"\n", "\n", "\u{1f}", "\0"]),
        rest in "[a-z]{0,20}",
    ) {
        let text = format!("\"{plain}{special}{rest}\"");
        let result = parse(text.as_bytes(), &JsonLimits::default());
        match special {
            "\"" => prop_assert!(result.is_err()),
            escape if escape.starts_with('\\') => {
                let json = result.unwrap();
                let string = json.root().as_str().unwrap();
                prop_assert!(string.starts_with(&plain) && string.ends_with(&rest));
                prop_assert_eq!(string.len(), plain.len() + 1 + rest.len());
            }
            _ => {
                let error = result.unwrap_err();
                prop_assert_eq!(error.kind, JsonErrorKind::BadString("control character"));
                prop_assert_eq!(error.offset, 1 + plain.len());
            }
        }
    }
}

#[test]
fn keeps_lone_surrogates_where_it_may() {
    let kept = JsonLimits { lone_surrogates: LoneSurrogates::Kept, ..JsonLimits::default() };
    let bytes = |text: &str| {
        let text = format!("\"{text}\"");
        let json = parse(text.as_bytes(), &kept).unwrap();
        assert_eq!(json.root().raw(), text);
        let count = json.lone_surrogates().count();
        (json.root().bytes().unwrap().into_owned(), count)
    };
    let table: [(&str, &[u8], usize); 6] = [
        (r"\ud800", b"\xED\xA0\x80", 1),
        (r"a\uDFFFb", b"a\xED\xBF\xBFb", 1),
        (r"\udc00\ud800", b"\xED\xB0\x80\xED\xA0\x80", 1),
        (r"\ud83d\ud83d\ude00", b"\xED\xA0\xBD\xF0\x9F\x98\x80", 1),
        (r"\ud83d\u0041", b"\xED\xA0\xBDA", 1),
        (r"\ud83d\ude00\n", b"\xF0\x9F\x98\x80\n", 0),
    ];
    for (text, expected, count) in table {
        assert_eq!(bytes(text), (expected.to_vec(), count), "input: {text}");
    }
    let text = r#"{"a":["\ud800"],"\ud800":{"b":1},"\ud801":2}"#;
    let json = parse(text.as_bytes(), &kept).unwrap();
    let pointers = json.lone_surrogates().map(|value| json.pointer(json.root(), value));
    let pointers: Vec<String> = pointers.collect();
    assert_eq!(pointers.len(), 3);
    assert_eq!(pointers[0], "/a/0");
    assert_eq!(json.duplicates().count(), 0, "two different keys");
}
