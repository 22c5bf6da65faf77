//! Verbs, activities and their definitions, references and substatements.

use acta_tests::tweak::{remove, rename, set};
use acta_tests::{make, tweak::Tweak};
use serde_json::{Value, json};

use super::with_substatement;
use super::{accepts, accepts_at_both_levels, check, refuses, refuses_at_both_levels};
use crate::both;

/// What is no language map.
fn no_language_maps() -> Vec<Value> {
    vec![
        json!("text"),
        json!(7),
        json!(["en"]),
        json!({"en": 7}),
        json!({"en": {"en": "text"}}),
        json!({"en": null}),
        json!({"a12345678": "text"}),
        json!({"en_US": "text"}),
        json!({"": "text"}),
    ]
}

fn no_language_map_at(places: &[&str]) -> Vec<Tweak> {
    let rows = places.iter().flat_map(|place| {
        no_language_maps().into_iter().map(|map| set(*place, map)).collect::<Vec<_>>()
    });
    rows.collect()
}

#[test]
fn requires_an_iri_as_id_of_a_verb() {
    refuses_at_both_levels(&[
        remove("/verb/id"),
        set("/verb/id", "should fail"),
        set("/verb/id", 7),
        set("/verb/id", json!({"id": "x"})),
        set("/verb/id", "http://example.org/a b"),
        set("/verb/id", "http://example.org/<x>"),
    ]);
    accepts_at_both_levels(&[
        remove("/verb/display"),
        set("/verb/id", "urn:example:tried"),
        set("/verb/id", "https://example.org/verbes/essayé"),
        set("/verb/id", "tag:example.org,2024:tried"),
    ]);
}

#[test]
fn refuses_a_display_that_is_no_language_map() {
    refuses_at_both_levels(&no_language_map_at(&["/verb/display"]));
    accepts_at_both_levels(&[set("/verb/display", json!({}))]);
}

#[test]
fn refuses_an_object_of_another_type() {
    let names = ["Person", "Statement", "agent", "activity", "statementref", "Verb", "should fail"];
    refuses_at_both_levels(&names.map(|name| set("/object/objectType", name)));
    accepts_at_both_levels(&[remove("/object/objectType")]);
}

#[test]
fn requires_an_iri_as_id_of_an_activity() {
    refuses_at_both_levels(&[
        remove("/object/id"),
        set("/object/id", "should fail"),
        set("/object/id", 7),
        set("/object/id", json!({})),
    ]);
}

#[test]
fn refuses_a_definition_that_is_no_object() {
    let values = [json!("text"), json!(7), json!([]), json!(true)];
    refuses_at_both_levels(&values.map(|value| set("/object/definition", value)));
}

#[test]
fn refuses_a_name_or_description_that_is_no_language_map() {
    refuses_at_both_levels(&no_language_map_at(&[
        "/object/definition/name",
        "/object/definition/description",
    ]));
}

#[test]
fn refuses_a_type_or_more_info_that_is_no_iri() {
    for place in ["/object/definition/type", "/object/definition/moreInfo"] {
        let values = [json!("should fail"), json!(7), json!({}), json!([])];
        refuses_at_both_levels(&values.map(|value| set(place, value)));
    }
}

/// Each interaction type with the component lists that belong to it.
const INTERACTIONS: [(&str, &[&str]); 10] = [
    ("true-false", &[]),
    ("choice", &["choices"]),
    ("fill-in", &[]),
    ("long-fill-in", &[]),
    ("matching", &["source", "target"]),
    ("performance", &["steps"]),
    ("sequencing", &["choices"]),
    ("likert", &["scale"]),
    ("numeric", &[]),
    ("other", &[]),
];

fn components() -> Value {
    json!([
        {"id": "first", "description": {"en": "The first"}},
        {"id": "second"},
    ])
}

fn statement_with_interaction(interaction: &str, lists: &[&str]) -> Value {
    let mut statement = make::statement();
    let mut definition = json!({"interactionType": interaction});
    for list in lists {
        definition[*list] = components();
    }
    statement["object"]["definition"] = definition;
    statement
}

#[test]
fn takes_every_type_of_interaction() {
    both(|client| {
        for (interaction, lists) in INTERACTIONS {
            let mut statement = statement_with_interaction(interaction, lists);
            check(client, &statement, true, interaction);
            statement["object"]["definition"]["correctResponsesPattern"] = json!(["true", "x"]);
            check(client, &statement, true, interaction);
        }
    });
}

#[test]
fn refuses_an_unknown_type_of_interaction() {
    let names = ["should fail", "Choice", "true_false", "fill", "true-false ", "choices"];
    refuses_at_both_levels(&names.map(|name| set("/object/definition/interactionType", name)));
    refuses_at_both_levels(&[remove("/object/definition/interactionType")]);
}

#[test]
fn refuses_a_pattern_of_responses_without_a_type_of_interaction() {
    both(|client| {
        let mut statement = make::statement();
        statement["object"]["definition"] = json!({"correctResponsesPattern": ["true"]});
        check(client, &statement, false, "a pattern alone");
    });
}

#[test]
fn refuses_a_pattern_of_responses_that_is_no_array_of_strings() {
    let values =
        [json!("green"), json!(7), json!({}), json!([7]), json!(["green", {}]), json!([[]])];
    refuses_at_both_levels(&values.map(|v| set("/object/definition/correctResponsesPattern", v)));
}

#[test]
fn refuses_interaction_components_in_the_wrong_form() {
    let faulty = [
        json!("first"),
        json!({"id": "first"}),
        json!(["first"]),
        json!([7]),
        json!([{}]),
        json!([{"description": {"en": "no id"}}]),
        json!([{"id": 7}]),
        json!([{"id": {}}]),
        json!([{"id": "first", "description": "no map"}]),
        json!([{"id": "first", "description": {"a12345678": "no language"}}]),
        json!([{"id": "first", "unknown": "x"}]),
        json!([{"id": "first"}, {"id": "second"}, {"id": "first"}]),
    ];
    both(|client| {
        for (interaction, lists) in INTERACTIONS {
            for list in lists {
                for components in &faulty {
                    let mut statement = statement_with_interaction(interaction, lists);
                    statement["object"]["definition"][*list] = components.clone();
                    check(client, &statement, false, &format!("{interaction}, {list}"));
                }
            }
        }
    });
}

#[test]
fn refuses_component_lists_of_another_interaction() {
    both(|client| {
        for (interaction, lists) in INTERACTIONS {
            for other in ["choices", "scale", "source", "target", "steps"] {
                if !lists.contains(&other) {
                    let mut statement = statement_with_interaction(interaction, lists);
                    statement["object"]["definition"][other] = components();
                    check(client, &statement, false, &format!("{interaction}, {other}"));
                }
            }
        }
    });
}

#[test]
fn requires_a_uuid_in_a_statement_reference() {
    fn referring() -> Value {
        make::statement_about(&make::id())
    }
    refuses(
        referring,
        &[
            remove("/object/id"),
            set("/object/id", "should fail"),
            set("/object/id", 7),
            set("/object/id", "https://example.org/1"),
            set("/object/unknown", "x"),
            set("/object/definition", json!({})),
            // Without its type it is an activity whose id is no IRI.
            remove("/object/objectType"),
            rename("/object/objectType", "type"),
        ],
    );
}

/// A statement whose substatement may have any object.
fn with_plain_substatement() -> Value {
    let mut statement = with_substatement();
    let context = statement["object"]["context"].as_object_mut();
    let context = context.expect("the substatement has a context");
    context.remove("revision");
    context.remove("platform");
    statement
}

#[test]
fn takes_references_agents_and_groups_inside_a_substatement() {
    let objects = [
        json!({"objectType": "StatementRef", "id": make::id()}),
        make::agent(),
        make::group(),
        json!({"id": make::activity_id()}),
    ];
    accepts(with_plain_substatement, &objects.map(|object| set("/object/object", object)));
}

#[test]
fn refuses_a_substatement_with_what_only_statements_have() {
    refuses(
        with_substatement,
        &[
            set("/object/id", make::id()),
            set("/object/stored", "2024-01-01T00:00:00Z"),
            set("/object/version", "1.0.0"),
            set("/object/authority", make::agent()),
        ],
    );
}

#[test]
fn refuses_a_substatement_in_a_substatement() {
    refuses(with_substatement, &[set("/object/object", make::substatement())]);
}

#[test]
fn refuses_a_substatement_without_its_type() {
    refuses(with_substatement, &[remove("/object/objectType")]);
}
