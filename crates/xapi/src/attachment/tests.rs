use crate::Rule;
use crate::Version;
use crate::statement::testing::{check, parsed, statement};

const MEMBERS: [(&str, &str); 5] = [
    ("usageType", r#""urn:x:usage""#),
    ("display", r#"{"en":"Essay"}"#),
    ("contentType", r#""text/plain""#),
    ("length", "27"),
    ("sha2", r#""495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a""#),
];

/// A valid attachment with one member changed; an empty text leaves it out.
fn attachment(name: &str, value: &str) -> String {
    let kept = MEMBERS.iter().copied().filter(|(member, _)| *member != name);
    let changed = (!value.is_empty()).then_some((name, value));
    let members: Vec<String> =
        kept.chain(changed).map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

#[track_caller]
fn check_attachment(name: &str, value: &str, expected: Option<Rule>) {
    let place = if value.is_empty() {
        "/attachments/0".to_owned()
    } else {
        format!("/attachments/0/{name}")
    };
    let attachments = format!("[{}]", attachment(name, value));
    check(&[("attachments", &attachments)], expected.map(|rule| (&*place, rule)).as_slice());
}

#[test]
fn attachments_hold_values_of_their_types() {
    let table = [
        ("usageType", r#""http://example.org/usage""#, None),
        ("usageType", "", Some(Rule::AttachmentUsageType)),
        ("usageType", "5", Some(Rule::AttachmentUsageType)),
        ("usageType", r#""example.org/usage""#, Some(Rule::IriScheme)),
        ("display", "", Some(Rule::AttachmentDisplay)),
        ("display", r#""Essay""#, Some(Rule::AttachmentDisplay)),
        ("description", r#"{"en":"An essay"}"#, None),
        ("description", r#""An essay""#, Some(Rule::AttachmentDescription)),
        ("contentType", r#""text/plain; charset=ascii""#, None),
        ("contentType", r#""image/svg+xml;a=\"b\"""#, None),
        ("contentType", "", Some(Rule::AttachmentContentType)),
        ("contentType", r#""""#, Some(Rule::AttachmentContentType)),
        ("contentType", r#""text""#, Some(Rule::AttachmentContentType)),
        ("contentType", r#""text/""#, Some(Rule::AttachmentContentType)),
        ("contentType", r#""text/plain/x""#, Some(Rule::AttachmentContentType)),
        ("contentType", r#""text plain""#, Some(Rule::AttachmentContentType)),
        ("contentType", "5", Some(Rule::AttachmentContentType)),
        ("length", "0", None),
        ("length", "18446744073709551615", None),
        ("length", "", Some(Rule::AttachmentLength)),
        ("length", "-1", Some(Rule::AttachmentLength)),
        ("length", "27.5", Some(Rule::AttachmentLength)),
        ("length", "1e99", Some(Rule::AttachmentLength)),
        ("length", r#""27""#, Some(Rule::AttachmentLength)),
        ("sha2", "", Some(Rule::AttachmentSha2)),
        ("sha2", "5", Some(Rule::AttachmentSha2)),
        ("sha2", r#""495395e777""#, Some(Rule::AttachmentSha2)),
        ("fileUrl", r#""http://example.org/essay.txt""#, None),
        ("fileUrl", r#""essay.txt""#, Some(Rule::IriScheme)),
        ("fileUrl", r#""http://a b""#, Some(Rule::AttachmentFileUrl)),
        ("fileurl", r#""http://example.org/essay.txt""#, Some(Rule::KeyCase)),
        ("size", "5", Some(Rule::UnknownProperty)),
    ];
    for (name, value, expected) in table {
        check_attachment(name, value, expected);
    }
}

#[test]
fn attachments_are_an_array_of_objects() {
    check(&[("attachments", "[]")], &[]);
    check(&[("attachments", &attachment("", ""))], &[("/attachments", Rule::Attachments)]);
    check(&[("attachments", "[5]")], &[("/attachments/0", Rule::Attachments)]);
    check(&[("attachments", "null")], &[("/attachments", Rule::Null)]);
    check(&[("attachments", "[null]")], &[("/attachments/0", Rule::Null)]);
}

#[test]
fn reads_the_length_of_an_attachment_however_it_is_written() {
    for (length, expected) in [("27", 27), ("27.0", 27), ("2.7e1", 27), ("0", 0)] {
        let attachments = format!("[{}]", attachment("length", length));
        let statement = parsed(&statement(&[("attachments", &attachments)]), Version::V1_0_3);
        assert_eq!(statement.attachments[0].length, expected, "input: {length}");
    }
}

#[test]
fn attachments_of_a_substatement_count_too() {
    let sub = format!(
        r#"{{"objectType":"SubStatement","actor":{{"mbox":"mailto:a@b.org"}},
            "verb":{{"id":"urn:x:v"}},"object":{{"id":"urn:x:o"}},"attachments":[{}]}}"#,
        attachment("fileUrl", r#""http://example.org/2""#)
    );
    let attachments = format!("[{}]", attachment("", ""));
    let text = statement(&[("attachments", &attachments), ("object", &sub)]);
    let found = parsed(&text, Version::V1_0_3).attachments;
    assert_eq!(found.len(), 2);
    assert_eq!(found.iter().filter(|attachment| attachment.file_url.is_some()).count(), 1);
}
