use super::*;
use crate::Version;
use crate::statement::testing::{check, check_member, parsed, statement};

/// Checks an activity definition; places count from the definition.
#[track_caller]
fn check_definitions(rows: &[(&str, &[(&str, Rule)])]) {
    for (definition, expected) in rows {
        let object = format!(r#"{{"id":"http://example.org/1","definition":{definition}}}"#);
        let expected: Vec<(String, Rule)> = expected
            .iter()
            .map(|(place, rule)| (format!("/object/definition{place}"), *rule))
            .collect();
        let expected: Vec<(&str, Rule)> =
            expected.iter().map(|(place, rule)| (place.as_str(), *rule)).collect();
        check(&[("object", &object)], &expected);
    }
}

#[test]
fn an_activity_has_an_id_that_is_an_iri() {
    check_member(
        "object",
        &[
            (r#"{"id":"http://example.org/1"}"#, None),
            (r#"{"id":"urn:x:1","objectType":"Activity"}"#, None),
            (r#"{"objectType":"Activity"}"#, Some(("/object", Rule::ActivityId))),
            (r#"{"id":5}"#, Some(("/object/id", Rule::ActivityId))),
            (r#"{"id":""}"#, Some(("/object/id", Rule::ActivityId))),
            (r#"{"id":"http://a b"}"#, Some(("/object/id", Rule::ActivityId))),
            (r#"{"id":"example.org/1"}"#, Some(("/object/id", Rule::IriScheme))),
            (r#"{"id":"urn:x:1","ID":"urn:x:1"}"#, Some(("/object/ID", Rule::KeyCase))),
            (r#"{"id":"urn:x:1","x":1}"#, Some(("/object/x", Rule::UnknownProperty))),
            ("[]", Some(("/object", Rule::DataType))),
        ],
    );
}

#[test]
fn definitions_hold_language_maps_and_iris() {
    check_definitions(&[
        ("{}", &[]),
        (r#"{"name":{"en":"A","zh-Hant-TW":"B"},"description":{},"type":"urn:x:t"}"#, &[]),
        (r#"{"moreInfo":"http://example.org/more","extensions":{"urn:x:e":null}}"#, &[]),
        ("[]", &[("", Rule::Definition)]),
        (r#"{"name":"A"}"#, &[("/name", Rule::DefinitionName)]),
        (r#"{"name":{"en":1}}"#, &[("/name/en", Rule::DefinitionName)]),
        (r#"{"name":{"en":null}}"#, &[("/name/en", Rule::Null)]),
        (r#"{"name":{"":"A"}}"#, &[("/name/", Rule::LanguageTag)]),
        (r#"{"name":{"en_US":"A"}}"#, &[("/name/en_US", Rule::LanguageTag)]),
        (r#"{"description":[]}"#, &[("/description", Rule::DefinitionDescription)]),
        (r#"{"type":5}"#, &[("/type", Rule::DefinitionType)]),
        (r#"{"type":"question"}"#, &[("/type", Rule::IriScheme)]),
        (r#"{"moreInfo":"http://a b"}"#, &[("/moreInfo", Rule::MoreInfo)]),
        (r#"{"extensions":[]}"#, &[("/extensions", Rule::DefinitionExtensions)]),
        (r#"{"extensions":{"urn:a b":1}}"#, &[("/extensions/urn:a b", Rule::ExtensionKey)]),
        (r#"{"extensions":{"a/b":1}}"#, &[("/extensions/a~1b", Rule::IriScheme)]),
        (r#"{"moreinfo":"http://example.org/"}"#, &[("/moreinfo", Rule::KeyCase)]),
        (r#"{"title":"A"}"#, &[("/title", Rule::UnknownProperty)]),
        (
            r#"{"name":1,"type":2}"#,
            &[("/name", Rule::DefinitionName), ("/type", Rule::DefinitionType)],
        ),
    ]);
}

#[test]
fn an_interaction_has_one_of_ten_types() {
    for interaction in &INTERACTIONS {
        let definition = format!(
            r#"{{"interactionType":"{}","correctResponsesPattern":["a[,]b"]}}"#,
            interaction.name
        );
        check_definitions(&[(&definition, &[])]);
    }
    check_definitions(&[
        (r#"{"interactionType":"Choice"}"#, &[("/interactionType", Rule::ValueCase)]),
        (r#"{"interactionType":"essay"}"#, &[("/interactionType", Rule::InteractionType)]),
        (r#"{"interactionType":[]}"#, &[("/interactionType", Rule::InteractionType)]),
        (r#"{"correctResponsesPattern":[]}"#, &[("", Rule::InteractionTypeMissing)]),
        (r#"{"choices":[]}"#, &[("", Rule::InteractionTypeMissing)]),
        (
            r#"{"interactionType":"other","correctResponsesPattern":"a"}"#,
            &[("/correctResponsesPattern", Rule::CorrectResponsesPattern)],
        ),
        (
            r#"{"interactionType":"other","correctResponsesPattern":["a",true]}"#,
            &[("/correctResponsesPattern/1", Rule::CorrectResponsesPattern)],
        ),
    ]);
}

#[test]
fn component_lists_go_with_their_interaction_types() {
    let lists = [
        ("choices", ComponentList::Choices),
        ("scale", ComponentList::Scale),
        ("source", ComponentList::Source),
        ("target", ComponentList::Target),
        ("steps", ComponentList::Steps),
    ];
    for interaction in &INTERACTIONS {
        for (name, list) in lists {
            let definition =
                format!(r#"{{"interactionType":"{}","{name}":[{{"id":"a"}}]}}"#, interaction.name);
            let place = format!("/{name}");
            let fault = [(place.as_str(), Rule::ComponentList)];
            let is_supported = interaction.lists.contains(&list);
            check_definitions(&[(&definition, if is_supported { &[] } else { &fault })]);
        }
    }
    let supported: usize = INTERACTIONS.iter().map(|interaction| interaction.lists.len()).sum();
    assert_eq!(supported, 6, "choices twice, every other list once");
}

#[test]
fn lists_of_components_are_arrays_of_objects_with_different_ids() {
    let table = [
        ("choice", "choices", Rule::Choices),
        ("likert", "scale", Rule::Scale),
        ("matching", "source", Rule::Source),
        ("matching", "target", Rule::Target),
        ("performance", "steps", Rule::Steps),
    ];
    for (interaction, list, rule) in table {
        let rows: [(&str, Option<(&str, Rule)>); 9] = [
            (r#"[{"id":"a"},{"id":"b","description":{"en":"B"}}]"#, None),
            (r#"{"id":"a"}"#, Some(("", rule))),
            (r#"["a"]"#, Some(("/0", Rule::Component))),
            ("[{}]", Some(("/0", Rule::ComponentId))),
            (r#"[{"id":1}]"#, Some(("/0/id", Rule::ComponentId))),
            (r#"[{"id":"a"},{"id":"\u0061"}]"#, Some(("/1/id", Rule::ComponentId))),
            (
                r#"[{"id":"a","description":"A"}]"#,
                Some(("/0/description", Rule::ComponentDescription)),
            ),
            (r#"[{"id":"a","Description":{}}]"#, Some(("/0/Description", Rule::KeyCase))),
            (r#"[{"id":"a","score":1}]"#, Some(("/0/score", Rule::UnknownProperty))),
        ];
        for (components, fault) in rows {
            let definition =
                format!(r#"{{"interactionType":"{interaction}","{list}":{components}}}"#);
            let fault = fault.map(|(place, rule)| (format!("/{list}{place}"), rule));
            let fault = fault.as_ref().map(|(place, rule)| (place.as_str(), *rule));
            check_definitions(&[(&definition, fault.as_slice())]);
        }
    }
}

#[test]
fn returns_every_definition_with_its_text() {
    let activity =
        |n: u8| format!(r#"{{"id":"urn:x:{n}","definition":{{"name":{{"en":"{n}"}}}}}}"#);
    let context = format!(
        r#"{{"contextActivities":{{"parent":{},"other":[{{"id":"urn:x:9"}},{}]}}}}"#,
        activity(2),
        activity(3)
    );
    let sub = format!(
        r#"{{"objectType":"SubStatement","actor":{{"mbox":"mailto:a@b.org"}},
            "verb":{{"id":"urn:x:v"}},"object":{},"context":{context}}}"#,
        activity(1)
    );
    let text = format!("  {} ", statement(&[("object", &sub), ("context", &context)]));
    let statement = parsed(&text, Version::V2_0_0);
    let found: Vec<_> =
        statement.definitions().into_iter().map(|(id, text)| (id.as_str(), text)).collect();
    let expected = [
        ("urn:x:2", r#"{"name":{"en":"2"}}"#),
        ("urn:x:3", r#"{"name":{"en":"3"}}"#),
        ("urn:x:1", r#"{"name":{"en":"1"}}"#),
        ("urn:x:2", r#"{"name":{"en":"2"}}"#),
        ("urn:x:3", r#"{"name":{"en":"3"}}"#),
    ];
    assert_eq!(found, expected);
}
