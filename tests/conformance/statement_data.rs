//! What a statement may hold: valid statements changed in one place, each with the status
//! that the change must get.

use acta_tests::tweak::Tweak;
use acta_tests::{Client, make};
use serde_json::{Value, json};

use crate::both;

mod actors;
mod context;
mod objects;
mod result;
mod scalars;
mod shape;

/// Sends `statement` by POST and by PUT and compares the status.
#[track_caller]
fn check(client: &Client, statement: &Value, is_accepted: bool, told: &str) {
    let version = client.version().as_str();
    let (post, put) = if is_accepted { (200, 204) } else { (400, 400) };
    let answer = client.post("/statements").json(statement).send();
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, post, "POST as {version}: {told}\nsent {statement}\ngot {body:.600}");
    let mut other = statement.clone();
    let id = make::id();
    // A second statement, unless the row is about the id.
    if statement["id"].is_string() && is_accepted {
        other["id"] = json!(id);
    }
    let sent_id = other["id"].as_str().unwrap_or(&id).to_owned();
    let answer = client.put("/statements").query("statementId", &sent_id).json(&other).send();
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, put, "PUT as {version}: {told}\nsent {other}\ngot {body:.600}");
}

/// Both versions take `base` with each change.
#[track_caller]
fn accepts(base: fn() -> Value, tweaks: &[Tweak]) {
    both(|client| {
        for tweak in tweaks {
            check(client, &tweak.apply(&base()), true, &format!("{tweak:?}"));
        }
    });
}

/// Both versions refuse `base` with each change.
#[track_caller]
fn refuses(base: fn() -> Value, tweaks: &[Tweak]) {
    both(|client| {
        check(client, &base(), true, "unchanged");
        for tweak in tweaks {
            check(client, &tweak.apply(&base()), false, &format!("{tweak:?}"));
        }
    });
}

/// A statement whose object is a substatement with everything in it.
fn with_substatement() -> Value {
    let mut statement = make::statement();
    statement["object"] = make::substatement();
    statement
}

/// The pointer of the same place in the statement of [`with_substatement`].
fn below_object(tweak: &Tweak) -> Tweak {
    match tweak.clone() {
        Tweak::Set(pointer, value) => Tweak::Set(format!("/object{pointer}"), value),
        Tweak::Remove(pointer) => Tweak::Remove(format!("/object{pointer}")),
        Tweak::Rename(pointer, name) => Tweak::Rename(format!("/object{pointer}"), name),
    }
}

/// Both versions refuse each change, in a statement and in a substatement.
#[track_caller]
fn refuses_at_both_levels(tweaks: &[Tweak]) {
    refuses(make::rich_statement, tweaks);
    let below: Vec<Tweak> = tweaks.iter().map(below_object).collect();
    refuses(with_substatement, &below);
}

/// Both versions take each change, in a statement and in a substatement.
#[track_caller]
fn accepts_at_both_levels(tweaks: &[Tweak]) {
    accepts(make::rich_statement, tweaks);
    let below: Vec<Tweak> = tweaks.iter().map(below_object).collect();
    accepts(with_substatement, &below);
}
