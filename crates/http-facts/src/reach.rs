//! About whom somebody may ask, as a condition that facts within reach fulfil.

use acta_admin::Reach;
use acta_facts::ConditionRequest;
use acta_storage::directory::EmailAddress;
use acta_xapi::Ifi;
use serde_json::Value;

/// The condition; none if all facts of the tenant are within reach.
pub(crate) fn condition_of(reach: &Reach) -> Option<ConditionRequest> {
    let learners = match reach {
        Reach::Everybody => return None,
        Reach::Groups(groups) => {
            one_of("group", groups.iter().map(|id| id.to_string().into()).collect())
        }
        Reach::Person(address) => person(address),
    };
    // What somebody did to a person is also in the record of that person.
    let concerns_others = one_of("object.kind", vec!["Agent".into(), "Group".into()]);
    let alone =
        ConditionRequest { not: Some(Box::new(concerns_others)), ..ConditionRequest::default() };
    Some(ConditionRequest { and: Some(vec![learners, alone]), ..ConditionRequest::default() })
}

fn one_of(field: &str, values: Vec<Value>) -> ConditionRequest {
    ConditionRequest {
        field: Some(field.to_owned()),
        one_of: Some(values),
        ..ConditionRequest::default()
    }
}

/// The person with the mailbox of an address, and with every identifier that is joined with it.
fn person(address: &EmailAddress) -> ConditionRequest {
    // An address that is no IRI is the mailbox of nobody.
    let mailbox = format!("mailto:{address}").parse().ok();
    one_of("person", mailbox.map(|it| Ifi::Mbox(it).to_key().into()).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use acta_xapi::Uuid;
    use serde_json::json;

    use super::*;

    fn check(reach: &Reach, learners: &Value) {
        let others = json!({"not": {"field": "object.kind", "in": ["Agent", "Group"]}});
        let expected = json!({"and": [learners, others]});
        assert_eq!(serde_json::to_value(condition_of(reach)).unwrap(), expected, "{reach:?}");
    }

    #[test]
    fn a_reach_is_a_condition_about_learners() {
        assert_eq!(condition_of(&Reach::Everybody), None);
        check(&Reach::Groups(Vec::new()), &json!({"field": "group", "in": []}));
        let id = "00000000-0000-0000-0000-000000000007";
        check(&Reach::Groups(vec![Uuid::from_u128(7)]), &json!({"field": "group", "in": [id]}));
        let mailbox = r#"{"mbox":"mailto:ada@example.org"}"#;
        let ada = Reach::Person("Ada@example.org".parse().unwrap());
        check(&ada, &json!({"field": "person", "in": [mailbox]}));
    }
}
