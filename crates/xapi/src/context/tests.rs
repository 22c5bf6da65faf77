use super::*;
use crate::Version;
use crate::statement::testing::{check, check_in, check_member, parsed, statement};

const AGENT: &str = r#"{"mbox":"mailto:a@b.org"}"#;
const GROUP: &str = r#"{"objectType":"Group","mbox":"mailto:g@b.org"}"#;

#[test]
fn contexts_hold_values_of_their_types() {
    check_member(
        "context",
        &[
            ("{}", None),
            (r#"{"registration":"EC531277-B57B-4C15-8D91-D292C5B2B8F7","language":"en-GB"}"#, None),
            (r#"{"revision":"","platform":"web","extensions":{"urn:x:e":null}}"#, None),
            ("[]", Some(("/context", Rule::DataType))),
            (r#"{"registration":"1"}"#, Some(("/context/registration", Rule::Registration))),
            (r#"{"registration":1}"#, Some(("/context/registration", Rule::Registration))),
            (r#"{"revision":1}"#, Some(("/context/revision", Rule::Revision))),
            (r#"{"platform":1}"#, Some(("/context/platform", Rule::Platform))),
            (r#"{"platform":null}"#, Some(("/context/platform", Rule::Null))),
            (r#"{"language":"en_GB"}"#, Some(("/context/language", Rule::Language))),
            (r#"{"language":{}}"#, Some(("/context/language", Rule::Language))),
            (r#"{"extensions":[]}"#, Some(("/context/extensions", Rule::Extensions))),
            (r#"{"extensions":{"e":1}}"#, Some(("/context/extensions/e", Rule::IriScheme))),
            (r#"{"Platform":"web"}"#, Some(("/context/Platform", Rule::KeyCase))),
            (r#"{"browser":"web"}"#, Some(("/context/browser", Rule::UnknownProperty))),
        ],
    );
}

#[test]
fn an_instructor_is_any_actor_and_a_team_a_group() {
    let table = [
        ("instructor", AGENT, None),
        ("instructor", GROUP, None),
        ("instructor", "5", Some(Rule::Instructor)),
        ("team", GROUP, None),
        ("team", AGENT, Some(Rule::Team)),
        ("team", "5", Some(Rule::Team)),
    ];
    for (name, actor, rule) in table {
        let context = format!(r#"{{"{name}":{actor}}}"#);
        let place = format!("/context/{name}");
        check(&[("context", &context)], rule.map(|rule| (&*place, rule)).as_slice());
    }
}

#[test]
fn context_activities_are_activities_by_relation() {
    let table: [(&str, Option<(&str, Rule)>); 11] = [
        ("{}", None),
        (r#"{"parent":{"id":"urn:x:1"},"grouping":[],"category":[{"id":"urn:x:1"}]}"#, None),
        (r#"{"other":[{"id":"urn:x:1","objectType":"Activity"},{"id":"urn:x:2"}]}"#, None),
        ("[]", Some(("", Rule::ContextActivities))),
        (r#"{"sibling":{"id":"urn:x:1"}}"#, Some(("/sibling", Rule::ContextActivityKey))),
        (r#"{"Parent":{"id":"urn:x:1"}}"#, Some(("/Parent", Rule::KeyCase))),
        (r#"{"parent":"urn:x:1"}"#, Some(("/parent", Rule::ContextActivity))),
        (r#"{"parent":null}"#, Some(("/parent", Rule::Null))),
        (r#"{"parent":["urn:x:1"]}"#, Some(("/parent/0", Rule::ContextActivity))),
        (r#"{"parent":[{"id":"urn:x:1"},{}]}"#, Some(("/parent/1", Rule::ActivityId))),
        (
            r#"{"parent":{"id":"urn:x:1","objectType":"Agent"}}"#,
            Some(("/parent/objectType", Rule::ContextActivity)),
        ),
    ];
    for (activities, fault) in table {
        let context = format!(r#"{{"contextActivities":{activities}}}"#);
        let fault = fault.map(|(place, rule)| (format!("/context/contextActivities{place}"), rule));
        let fault = fault.as_ref().map(|(place, rule)| (place.as_str(), *rule));
        check(&[("context", &context)], fault.as_slice());
    }
}

#[test]
fn the_statement_of_a_context_is_a_statement_ref() {
    const ID: &str = r#""id":"ec531277-b57b-4c15-8d91-d292c5b2b8f7""#;
    let table = [
        (format!(r#"{{"objectType":"StatementRef",{ID}}}"#), None),
        (format!("{{{ID}}}"), Some(("", Rule::ContextStatement))),
        (
            format!(r#"{{"objectType":"SubStatement",{ID}}}"#),
            Some(("/objectType", Rule::ContextStatement)),
        ),
        (r#"{"objectType":"StatementRef"}"#.to_owned(), Some(("", Rule::StatementRefId))),
        (
            r#"{"objectType":"StatementRef","id":"1"}"#.to_owned(),
            Some(("/id", Rule::StatementRefId)),
        ),
        (r#""1""#.to_owned(), Some(("", Rule::ContextStatement))),
    ];
    for (reference, fault) in table {
        let context = format!(r#"{{"statement":{reference}}}"#);
        let fault = fault.map(|(place, rule)| (format!("/context/statement{place}"), rule));
        let fault = fault.as_ref().map(|(place, rule)| (place.as_str(), *rule));
        check(&[("context", &context)], fault.as_slice());
    }
}

#[test]
fn revision_and_platform_go_only_with_an_activity() {
    let context = r#"{"revision":"1","platform":"web"}"#;
    let faults =
        [("/context/revision", Rule::RevisionObject), ("/context/platform", Rule::PlatformObject)];
    let reference = r#"{"objectType":"StatementRef","id":"ec531277-b57b-4c15-8d91-d292c5b2b8f7"}"#;
    check(&[("context", context)], &[]);
    for object in [reference, r#"{"objectType":"Agent","mbox":"mailto:a@b.org"}"#] {
        check(&[("context", context), ("object", object)], &faults);
        let sub = format!(
            r#"{{"objectType":"SubStatement","actor":{AGENT},"verb":{{"id":"urn:x:v"}},
                "object":{object},"context":{context}}}"#
        );
        let faults = faults.map(|(place, rule)| (format!("/object{place}"), rule));
        let faults = faults.each_ref().map(|(place, rule)| (place.as_str(), *rule));
        check(&[("object", &sub)], &faults);
    }
}

#[test]
fn context_agents_and_groups_belong_to_2_0() {
    for name in ["contextAgents", "contextGroups"] {
        let context = format!(r#"{{"{name}":[]}}"#);
        let place = format!("/context/{name}");
        let unknown = [(place.as_str(), Rule::UnknownProperty)];
        check_in(Version::V1_0_3, &[("context", &context)], &unknown);
        check_in(Version::V2_0_0, &[("context", &context)], &[]);
    }
}

#[test]
fn context_agents_and_groups_name_an_actor_and_its_relation() {
    let agents: [(&str, Option<(&str, Rule)>); 12] = [
        (r#"[{"objectType":"contextAgent","agent":AGENT}]"#, None),
        (r#"[{"objectType":"contextAgent","agent":AGENT,"relevantTypes":["urn:x:t"]}]"#, None),
        (r#"{"objectType":"contextAgent","agent":AGENT}"#, Some(("", Rule::ContextAgents))),
        ("[5]", Some(("/0", Rule::ContextAgents))),
        (r#"[{"agent":AGENT}]"#, Some(("/0", Rule::ContextAgents))),
        (r#"[{"objectType":"contextAgent"}]"#, Some(("/0", Rule::ContextAgents))),
        (
            r#"[{"objectType":"contextGroup","agent":AGENT}]"#,
            Some(("/0/objectType", Rule::ContextAgents)),
        ),
        (
            r#"[{"objectType":"ContextAgent","agent":AGENT}]"#,
            Some(("/0/objectType", Rule::ValueCase)),
        ),
        (
            r#"[{"objectType":"contextAgent","agent":GROUP}]"#,
            Some(("/0/agent", Rule::ContextAgents)),
        ),
        (
            r#"[{"objectType":"contextAgent","agent":AGENT,"relevantTypes":[]}]"#,
            Some(("/0/relevantTypes", Rule::RelevantTypes)),
        ),
        (
            r#"[{"objectType":"contextAgent","agent":AGENT,"relevantTypes":"urn:x:t"}]"#,
            Some(("/0/relevantTypes", Rule::RelevantTypes)),
        ),
        (
            r#"[{"objectType":"contextAgent","agent":AGENT,"relevantTypes":["urn:x:t","t"]}]"#,
            Some(("/0/relevantTypes/1", Rule::IriScheme)),
        ),
    ];
    for (value, fault) in agents {
        let value = value.replace("AGENT", AGENT).replace("GROUP", GROUP);
        let context = format!(r#"{{"contextAgents":{value}}}"#);
        let fault = fault.map(|(place, rule)| (format!("/context/contextAgents{place}"), rule));
        let fault = fault.as_ref().map(|(place, rule)| (place.as_str(), *rule));
        check_in(Version::V2_0_0, &[("context", &context)], fault.as_slice());
    }
    let groups = [
        (format!(r#"{{"objectType":"contextGroup","group":{GROUP}}}"#), None),
        (
            format!(r#"{{"objectType":"contextGroup","group":{AGENT}}}"#),
            Some(("/context/contextGroups/0/group", Rule::ContextGroups)),
        ),
    ];
    for (value, fault) in groups {
        let context = format!(r#"{{"contextGroups":[{value}]}}"#);
        check_in(Version::V2_0_0, &[("context", &context)], fault.as_slice());
    }
}

#[test]
fn every_fault_of_a_plain_agent_as_context_agent_is_reported() {
    let context = format!(r#"{{"contextAgents":[{AGENT}]}}"#);
    let faults = [
        ("/context/contextAgents/0/mbox", Rule::UnknownProperty),
        ("/context/contextAgents/0", Rule::ContextAgents),
        ("/context/contextAgents/0", Rule::ContextAgents),
    ];
    check_in(Version::V2_0_0, &[("context", &context)], &faults);
}

#[test]
fn reads_a_context() {
    let context = format!(
        r#"{{"registration":"ec531277-b57b-4c15-8d91-d292c5b2b8f7","instructor":{AGENT},
            "team":{GROUP},"platform":"web","language":"en",
            "contextAgents":[{{"objectType":"contextAgent","agent":{AGENT}}}],
            "contextGroups":[{{"objectType":"contextGroup","group":{GROUP}}}],
            "contextActivities":{{"other":[{{"id":"urn:x:2"}}],"parent":{{"id":"urn:x:1"}}}},
            "statement":{{"objectType":"StatementRef","id":"fd41c918-b88b-4b20-a0a5-a4c32391aaa0"}}}}"#
    );
    let context = parsed(&statement(&[("context", &context)]), Version::V2_0_0).context.unwrap();
    let registration = "ec531277-b57b-4c15-8d91-d292c5b2b8f7".parse().unwrap();
    assert_eq!(context.registration, Some(registration));
    assert_eq!(context.actors().count(), 4);
    assert_eq!((context.agents.len(), context.groups.len()), (1, 1));
    assert_eq!(context.platform.as_deref(), Some("web"));
    assert_eq!(context.language.as_deref(), Some("en"));
    let reference = "fd41c918-b88b-4b20-a0a5-a4c32391aaa0".parse().unwrap();
    assert_eq!(context.statement, Some(reference));
    let ids: Vec<&str> = context.activities.iter().map(|activity| activity.id.as_str()).collect();
    assert_eq!(ids, ["urn:x:1", "urn:x:2"], "parents first");
}
