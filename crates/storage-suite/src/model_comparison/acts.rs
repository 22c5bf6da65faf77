//! Random statements, queries and documents over few names, so that they meet often.

use std::sync::Arc;

use acta_access::{Binding, Restrictions};
use acta_storage::{
    AgentFilter, DocumentKey, DocumentList, EtagMatch, NewDocument, Order, Precondition,
    StatementQuery,
};
use acta_xapi::{Ifi, Iri, Uuid, Verb, Version};

use crate::documents::{document, tag};
use crate::fixture::{
    Draft, account, activity_id, agent, everything, id, mailbox, reference, substatement, uuid,
    verb,
};
use crate::generate::Dice;

/// What makes the statements of one history.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// Of the history.
    pub seed: u64,
    /// How many different ids the history uses in one tenant.
    pub number_count: usize,
}

/// Who acts.
pub const PEOPLE: [&str; 5] = ["ada", "bob", "carl", "dora", "team"];
/// What is done.
pub const ACTIVITIES: [&str; 4] = ["x", "y", "z", "course"];
/// What one does with it.
pub const VERBS: [&str; 3] = ["passed", "failed", "confirmed"];
/// Its authority.
pub const AUTHORITIES: [&str; 2] = ["client", "publisher"];
const REGISTRATIONS: [u128; 2] = [70, 71];

impl Script {
    /// The statement with this number. The same number and `variant` give the same content;
    /// another variant gives other content for the same id.
    pub fn draft(&self, number: u128, variant: u64) -> Draft {
        let salt =
            u64::try_from(number).unwrap_or(0).wrapping_mul(0x9E37_79B9).wrapping_add(variant);
        let mut dice = Dice::new(self.seed.rotate_left(32) ^ salt);
        let version = dice.pick(&Version::EVERY);
        let authority = dice.pick(&AUTHORITIES);
        let target = self.random_number(&mut dice);
        let mut draft = Draft { authority, version, ..Draft::new(number) };
        draft.actor = random_actor(&mut dice);
        verb(dice.pick(&VERBS)).as_str().clone_into(&mut draft.verb);
        match dice.below(100) {
            0..10 => {
                Verb::VOIDED.clone_into(&mut draft.verb);
                draft.object = reference(target);
            }
            10..45 => draft.object = reference(target),
            45..80 => draft.object = random_activity(&mut dice),
            80..90 => draft.object = random_actor(&mut dice),
            _ => draft.object = random_substatement(&mut dice, version, target),
        }
        let mut more = Vec::new();
        if dice.happens(50) {
            more.push(format!(r#""context":{}"#, random_context(&mut dice, version, number)));
        }
        if dice.happens(30) {
            let second = dice.below(60);
            more.push(format!(r#""timestamp":"2026-02-01T08:00:{second:02}.5Z""#));
        }
        // The variant is in the text, so that two of them always differ.
        more.push(format!(r#""result":{{"response":"{variant}"}}"#));
        draft.more = more.join(",");
        draft
    }

    /// One of the numbers of a history.
    pub fn random_number(&self, dice: &mut Dice) -> u128 {
        1 + dice.below(self.number_count) as u128
    }
}

fn random_actor(dice: &mut Dice) -> String {
    if dice.happens(20) { random_group(dice) } else { random_agent(dice) }
}

fn random_agent(dice: &mut Dice) -> String {
    let plain = agent(dice.pick(&PEOPLE[..4]));
    match dice.below(6) {
        0 => plain.replace('}', &format!(r#","name":"Name {}"}}"#, dice.below(3))),
        1 => {
            account(dice.pick(&AUTHORITIES)).to_key().replacen('{', r#"{"objectType":"Agent","#, 1)
        }
        _ => plain,
    }
}

fn random_group(dice: &mut Dice) -> String {
    let members: Vec<String> = (0..=dice.below(2)).map(|_| random_agent(dice)).collect();
    let identifier = if dice.happens(40) { r#""mbox":"mailto:team@example.org","# } else { "" };
    format!(r#"{{"objectType":"Group",{identifier}"member":[{}]}}"#, members.join(","))
}

fn random_activity(dice: &mut Dice) -> String {
    let id = activity_id(dice.pick(&ACTIVITIES));
    let definition = match dice.below(4) {
        0 => format!(
            r#","definition":{{"name":{{"{}":"Name {}"}}}}"#,
            dice.pick(&["en", "de", "fr"]),
            dice.below(5)
        ),
        1 => format!(
            r#","definition":{{"extensions":{{"http://example.org/{}":{}}}}}"#,
            dice.pick(&["a", "b"]),
            dice.below(5)
        ),
        _ => String::new(),
    };
    format!(r#"{{"id":"{}"{definition}}}"#, id.as_str())
}

fn random_substatement(dice: &mut Dice, version: Version, target: u128) -> String {
    let object = match dice.below(4) {
        0 => reference(target),
        1 => random_actor(dice),
        _ => random_activity(dice),
    };
    // A number of 0: only statements that are no references may say their platform.
    let context = random_context(dice, version, 0);
    substatement(&random_actor(dice), &object, &context)
}

fn random_context(dice: &mut Dice, version: Version, number: u128) -> String {
    let mut parts = Vec::new();
    if dice.happens(40) {
        parts.push(format!(r#""registration":"{}""#, uuid(dice.pick(&REGISTRATIONS))));
    }
    if dice.happens(30) {
        parts.push(format!(r#""instructor":{}"#, random_agent(dice)));
    }
    if dice.happens(30) {
        parts.push(format!(r#""team":{}"#, random_group(dice)));
    }
    if dice.happens(40) {
        let kind = dice.pick(&["parent", "grouping", "category", "other"]);
        let (one, two) = (random_activity(dice), random_activity(dice));
        parts.push(format!(r#""contextActivities":{{"{kind}":[{one},{two}]}}"#));
    }
    if dice.happens(10) {
        parts.push(format!(r#""statement":{}"#, reference(number.max(1))));
    }
    if version == Version::V2_0_0 && dice.happens(30) {
        let agent = random_agent(dice);
        let group = random_group(dice);
        parts.push(format!(
            r#""contextAgents":[{{"objectType":"contextAgent","agent":{agent}}}],
            "contextGroups":[{{"objectType":"contextGroup","group":{group}}}]"#
        ));
    }
    format!("{{{}}}", parts.join(","))
}

/// Whom statements may be about.
pub fn random_ifi(dice: &mut Dice) -> Ifi {
    match dice.below(6) {
        5 => account(dice.pick(&AUTHORITIES)),
        _ => mailbox(dice.pick(&PEOPLE)),
    }
}

/// A query without bounds in time.
pub fn random_query(dice: &mut Dice) -> StatementQuery {
    let mut query = everything();
    if dice.happens(45) {
        query.agent = Some(AgentFilter { ifi: random_ifi(dice), is_related: dice.happens(50) });
    }
    if dice.happens(35) {
        query.verb = Some(random_verb(dice));
    }
    if dice.happens(35) {
        query.activity = Some(activity_id(dice.pick(&ACTIVITIES)));
        query.is_activity_related = dice.happens(50);
    }
    if dice.happens(20) {
        query.registration = Some(random_registration(dice));
    }
    if dice.happens(10) {
        query.authorities = Some(vec![account(dice.pick(&AUTHORITIES))]);
    }
    if dice.happens(50) {
        query.order = Order::Ascending;
    }
    query.count_max = 1 + dice.below(20);
    if dice.happens(20) {
        query.bytes_max = dice.below(3_000);
    }
    // By dice of their own, so that the histories of the seeds stay what they are.
    let text = format!("{query:?}");
    let seed =
        text.bytes().fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut aside = Dice::new(seed);
    if aside.happens(15) {
        query.restrictions = Some(Arc::new(random_restrictions(&mut aside)));
    }
    let mut sequence = || aside.happens(20).then(|| aside.below(200) as u64);
    (query.first_sequence, query.last_sequence) = (sequence(), sequence());
    query
}

/// The restrictions of a browser token.
fn random_restrictions(dice: &mut Dice) -> Restrictions {
    let registration = dice.happens(20).then(|| random_registration(dice));
    let activity = dice.happens(30).then(|| activity_id(dice.pick(&ACTIVITIES)));
    let activities = activity.into_iter().collect();
    let binding = Binding { agent: random_ifi(dice), registration, activities };
    Restrictions { binding: Some(binding), ..Restrictions::default() }
}

fn random_verb(dice: &mut Dice) -> Iri {
    if dice.happens(10) {
        return Verb::VOIDED.parse().unwrap();
    }
    verb(dice.pick(&VERBS))
}

fn random_registration(dice: &mut Dice) -> Uuid {
    uuid(dice.pick(&REGISTRATIONS))
}

/// Which document.
pub fn random_key(dice: &mut Dice) -> DocumentKey {
    let name = dice.pick(&["a", "b"]).to_owned();
    let activity = activity_id(dice.pick(&ACTIVITIES[..2]));
    let agent = random_ifi(dice);
    match dice.below(4) {
        0 => DocumentKey::ActivityProfile { activity, profile_id: name },
        1 => DocumentKey::AgentProfile { agent, profile_id: name },
        _ => {
            let registration = dice.pick(&[None, Some(uuid(REGISTRATIONS[0]))]);
            DocumentKey::State { activity, agent, registration, state_id: name }
        }
    }
}

/// What documents hold.
const CONTENTS: [&str; 3] = ["one", "two", "three"];

/// A document to be written.
pub fn random_document(dice: &mut Dice) -> NewDocument {
    document(dice.pick(&CONTENTS))
}

/// What must hold for a document to be written.
pub fn random_precondition(dice: &mut Dice) -> Precondition {
    let mut condition = Precondition::default();
    if dice.happens(30) {
        condition.if_match = Some(EtagMatch::OneOf(vec![tag(dice.pick(&CONTENTS))]));
    }
    if dice.happens(15) {
        condition.if_none_match = Some(EtagMatch::Any);
    }
    condition
}

/// Which documents.
pub fn random_list(dice: &mut Dice) -> DocumentList {
    let activity = activity_id(dice.pick(&ACTIVITIES[..2]));
    let agent = random_ifi(dice);
    match dice.below(4) {
        0 => DocumentList::ActivityProfiles { activity },
        1 => DocumentList::AgentProfiles { agent },
        _ => {
            let registration = dice.pick(&[None, Some(uuid(70)), Some(uuid(71))]);
            DocumentList::States { activity, agent, registration }
        }
    }
}

/// The number of the statement with this id.
pub fn number_of(statement_id: acta_xapi::StatementId) -> u128 {
    let number = statement_id.0.as_u128() & 0xFFFF_FFFF_FFFF;
    assert_eq!(id(number), statement_id);
    number
}
