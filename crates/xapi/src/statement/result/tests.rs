use super::*;
use crate::Version;
use crate::statement::testing::{check_member, parsed, statement};

#[test]
fn results_hold_values_of_their_types() {
    check_member(
        "result",
        &[
            ("{}", None),
            (r#"{"success":true,"completion":false,"response":"","duration":"PT1H"}"#, None),
            (r#"{"score":{},"extensions":{"urn:x:e":{"a":[null]}}}"#, None),
            (r#""passed""#, Some(("/result", Rule::DataType))),
            ("null", Some(("/result", Rule::Null))),
            (r#"{"success":"true"}"#, Some(("/result/success", Rule::Success))),
            (r#"{"success":null}"#, Some(("/result/success", Rule::Null))),
            (r#"{"completion":1}"#, Some(("/result/completion", Rule::Completion))),
            (r#"{"response":5}"#, Some(("/result/response", Rule::Response))),
            (r#"{"duration":"1 hour"}"#, Some(("/result/duration", Rule::Duration))),
            (r#"{"duration":3600}"#, Some(("/result/duration", Rule::Duration))),
            (r#"{"extensions":"e"}"#, Some(("/result/extensions", Rule::ResultExtensions))),
            (r#"{"extensions":{"e":1}}"#, Some(("/result/extensions/e", Rule::IriScheme))),
            (r#"{"Success":true}"#, Some(("/result/Success", Rule::KeyCase))),
            (r#"{"passed":true}"#, Some(("/result/passed", Rule::UnknownProperty))),
        ],
    );
}

#[test]
fn scores_are_numbers_in_their_ranges() {
    let table: [(&str, Option<(&str, Rule)>); 24] = [
        (r#"{"scaled":-1}"#, None),
        (r#"{"scaled":1.0,"raw":1e2}"#, None),
        (r#"{"raw":5,"min":0,"max":5}"#, None),
        (r#"{"raw":0,"min":0,"max":5}"#, None),
        (r#"{"raw":0,"min":0,"max":0}"#, None),
        (r#"{"raw":-5}"#, None),
        ("5", Some(("", Rule::Score))),
        (r#"{"scaled":1.01}"#, Some(("/scaled", Rule::ScoreScaled))),
        (r#"{"scaled":-1.000001}"#, Some(("/scaled", Rule::ScoreScaled))),
        (r#"{"scaled":1e999}"#, Some(("/scaled", Rule::ScoreScaled))),
        (r#"{"scaled":"1"}"#, Some(("/scaled", Rule::ScoreScaled))),
        (r#"{"raw":6,"max":5}"#, Some(("/raw", Rule::ScoreRaw))),
        (r#"{"max":5,"raw":6}"#, Some(("/raw", Rule::ScoreRaw))),
        (r#"{"raw":-1,"min":0}"#, Some(("/raw", Rule::ScoreRaw))),
        (r#"{"raw":"5"}"#, Some(("/raw", Rule::ScoreRaw))),
        (r#"{"raw":null}"#, Some(("/raw", Rule::Null))),
        (r#"{"min":1,"max":0}"#, Some(("/min", Rule::ScoreMin))),
        (r#"{"min":"0"}"#, Some(("/min", Rule::ScoreMin))),
        (r#"{"min":[]}"#, Some(("/min", Rule::ScoreMin))),
        (r#"{"max":"5"}"#, Some(("/max", Rule::ScoreMax))),
        (r#"{"max":true}"#, Some(("/max", Rule::ScoreMax))),
        (r#"{"RAW":5}"#, Some(("/RAW", Rule::KeyCase))),
        (r#"{"mean":5}"#, Some(("/mean", Rule::UnknownProperty))),
        (r#"{"extensions":{}}"#, Some(("/extensions", Rule::UnknownProperty))),
    ];
    for (score, fault) in table {
        let result = format!(r#"{{"score":{score}}}"#);
        let fault = fault.map(|(place, rule)| (format!("/result/score{place}"), rule));
        let fault = fault.as_ref().map(|(place, rule)| (place.as_str(), *rule));
        check_member("result", &[(&result, fault)]);
    }
}

#[test]
fn reads_a_result() {
    let result = r#"{"score":{"scaled":0.5,"raw":1,"min":0,"max":2e0},"success":true,
        "completion":false,"response":"a\u00e9","duration":"PT1.5S"}"#;
    let result = parsed(&statement(&[("result", result)]), Version::V1_0_3).result;
    let expected = StatementResult {
        score: Some(Score { scaled: Some(0.5), raw: Some(1.0), min: Some(0.0), max: Some(2.0) }),
        success: Some(true),
        completion: Some(false),
        response: Some("aé".into()),
        duration: Some("PT1.5S".parse().unwrap()),
    };
    assert_eq!(result, Some(expected));
}
