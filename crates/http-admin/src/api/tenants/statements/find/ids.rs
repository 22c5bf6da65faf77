//! Conditions about ids of statements. Facts know statements by their places in the log, so ids are
//! replaced by these.

use acta_admin::{Admin, AnswerPermit};
use acta_facts::ConditionRequest;
use acta_http::problem::{FaultView, Problem};
use acta_xapi::{StatementId, Uuid};
use serde_json::Value;

use crate::problem::AdminProblem;

/// The name of the field.
const FIELD: &str = "id";

/// The field with the places of statements.
const PLACE: &str = "sequence";

/// Most ids of a request, since each is looked up.
const IDS_MAX: usize = 100;

/// Replaces conditions about ids by conditions about places.
///
/// # Errors
///
/// 400 for what is no id, and for too many of them; 500 and 503 if one cannot be looked up.
pub(super) async fn replace(
    admin: &Admin,
    permit: &AnswerPermit,
    filter: &mut Option<ConditionRequest>,
) -> Result<(), AdminProblem> {
    let Some(condition) = filter else { return Ok(()) };
    let mut ids = Vec::new();
    each(condition, "/where", &mut |condition, place| collect(condition, place, &mut ids))?;
    let mut places = admin.locate_statements(permit, &ids).await?.into_iter();
    each(condition, "/where", &mut |condition, _place| {
        put(condition, &mut places);
        Ok(())
    })?;
    Ok(())
}

/// What is done with a condition about ids, at a place in the request.
type Act<'a> = dyn FnMut(&mut ConditionRequest, &str) -> Result<(), Problem> + 'a;

/// Does something with each condition about ids, in their order. How deep they are nested is
/// bounded where the request was read.
fn each(condition: &mut ConditionRequest, place: &str, act: &mut Act<'_>) -> Result<(), Problem> {
    if condition.field.as_deref() == Some(FIELD) {
        return act(condition, place);
    }
    for (name, parts) in [("and", &mut condition.and), ("or", &mut condition.or)] {
        for (index, part) in parts.iter_mut().flatten().enumerate() {
            each(part, &format!("{place}/{name}/{index}"), act)?;
        }
    }
    condition.not.as_mut().map_or(Ok(()), |not| each(not, &format!("{place}/not"), act))
}

/// Adds the ids of a condition.
fn collect(
    condition: &ConditionRequest,
    place: &str,
    ids: &mut Vec<StatementId>,
) -> Result<(), Problem> {
    let ConditionRequest { is, one_of, from, to, contains, .. } = condition;
    let is_tested_otherwise = from.is_some() || to.is_some() || contains.is_some();
    if is_tested_otherwise || (is.is_some() && one_of.is_some()) {
        return Err(fault(place, "an id is tested by one of \"is\", \"in\" and \"exists\""));
    }
    let of_is = is.iter().map(|value| (value, "is"));
    let values = of_is.chain(one_of.iter().flatten().map(|value| (value, "in")));
    for (value, member) in values {
        let place = format!("{place}/{member}");
        let id = value.as_str().and_then(|text| text.parse::<Uuid>().ok());
        ids.push(StatementId(id.ok_or_else(|| fault(&place, "expected a UUID"))?));
        if IDS_MAX < ids.len() {
            return Err(fault(&place, &format!("at most {IDS_MAX} ids")));
        }
    }
    Ok(())
}

/// Puts the next places in place of the ids of a condition.
fn put(condition: &mut ConditionRequest, places: &mut impl Iterator<Item = Option<u64>>) {
    condition.field = Some(PLACE.to_owned());
    let count = match (condition.is.take(), condition.one_of.take()) {
        (None, None) => return,
        (Some(_), _) => 1,
        (None, Some(values)) => values.len(),
    };
    let found = places.take(count).flatten().map(Value::from);
    condition.one_of = Some(found.collect());
}

fn fault(place: &str, text: &str) -> Problem {
    Problem::faulty(vec![FaultView::at(place, text, "")])
}

#[cfg(test)]
mod tests {
    use acta_http::problem::ProblemForm;
    use serde_json::json;

    use super::*;

    const ONE: &str = "00000000-0000-4000-8000-000000000001";
    const OTHER: &str = "00000000-0000-4000-8000-000000000002";

    fn read(condition: Value) -> ConditionRequest {
        serde_json::from_value(condition).unwrap()
    }

    #[test]
    fn conditions_about_ids_become_conditions_about_places() {
        let mut condition = read(json!({"or": [
            {"not": {"field": "id", "is": ONE}},
            {"and": [{"field": "verb", "is": ONE}, {"field": "id", "in": [OTHER, ONE]}]},
            {"field": "id", "exists": true},
        ]}));
        let mut ids = Vec::new();
        each(&mut condition, "", &mut |it, place| collect(it, place, &mut ids)).unwrap();
        let found: Vec<String> = ids.iter().map(|StatementId(id)| id.to_string()).collect();
        assert_eq!(found, [ONE, OTHER, ONE]);
        let mut places = [Some(7), None, Some(7)].into_iter();
        let mut put_next = |it: &mut ConditionRequest, _place: &str| {
            put(it, &mut places);
            Ok(())
        };
        each(&mut condition, "", &mut put_next).unwrap();
        let expected = json!({"or": [
            {"not": {"field": "sequence", "in": [7]}},
            {"and": [{"field": "verb", "is": ONE}, {"field": "sequence", "in": [7]}]},
            {"field": "sequence", "exists": true},
        ]});
        assert_eq!(serde_json::to_value(&condition).unwrap(), expected);
    }

    #[track_caller]
    fn check_fault(condition: Value, place: &str, text: &str) {
        let mut ids = Vec::new();
        let mut act = |it: &mut ConditionRequest, place: &str| collect(it, place, &mut ids);
        let problem = each(&mut read(condition), "/where", &mut act).unwrap_err();
        let json: Value = serde_json::from_str(&problem.write(ProblemForm::Problem)).unwrap();
        assert_eq!(json["faults"][0]["pointer"], place);
        let message = json["faults"][0]["message"].as_str().unwrap();
        assert!(message.starts_with(text), "{message}");
    }

    #[test]
    fn a_faulty_condition_about_ids_is_refused_with_its_place() {
        check_fault(json!({"field": "id", "is": "7"}), "/where/is", "expected a UUID");
        let nested = json!({"and": [{"not": {"field": "id", "in": [ONE, 7]}}]});
        check_fault(nested, "/where/and/0/not/in", "expected a UUID");
        check_fault(json!({"field": "id", "contains": "7"}), "/where", "an id is tested by");
        check_fault(json!({"field": "id", "is": ONE, "in": []}), "/where", "an id is tested by");
        let many = json!({"field": "id", "in": vec![ONE; IDS_MAX + 1]});
        check_fault(many, "/where/in", "at most 100 ids");
    }
}
