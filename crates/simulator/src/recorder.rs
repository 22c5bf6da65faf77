//! Writes statements, counts them, and queues them by their arrival.

use acta_xapi::Version;

use crate::date::{DAY_MS, MINUTE_MS};
use crate::ledger::{Entry, Ledger};
use crate::queue::Queue;
use crate::random::Random;
use crate::text::{push_timestamp, push_uuid};
use crate::vocabulary::{Category, Verb};
use crate::world::World;

/// The share of statements that are voided, of those that may be.
const VOIDED_SHARE: f64 = 1.0 / 200.0;

/// A statement of a learner about an activity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) learner: usize,
    pub(crate) source: usize,
    pub(crate) verb: Verb,
    /// The value of `object`.
    pub(crate) object: &'a str,
    /// The properties of `result`, without braces.
    pub(crate) result: &'a str,
    /// The property `registration` of `context`, with a comma behind it.
    pub(crate) registration: &'a str,
    /// The properties `parent` and `grouping` of `contextActivities`, without braces.
    pub(crate) relations: &'a str,
    pub(crate) category: Category,
    /// The properties `instructor` and `team` of `context`, with a comma before each.
    pub(crate) people: &'a str,
    /// The properties of `extensions` of `context`, without braces.
    pub(crate) extensions: &'a str,
    pub(crate) language: &'a str,
    pub(crate) course: Option<usize>,
    /// When it happens, in milliseconds since the start of 1970, by a clock that is right.
    pub(crate) time_ms: i64,
    /// How much later it arrives.
    pub(crate) delay_ms: i64,
    pub(crate) may_be_voided: bool,
}

/// What statements go through.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    pub(crate) random: Random,
    pub(crate) ledger: Ledger,
    pub(crate) queue: Queue,
    version: Version,
}

impl Recorder {
    pub(crate) fn new(random: Random, ledger: Ledger, version: Version) -> Self {
        Self { random, ledger, queue: Queue::default(), version }
    }

    /// Makes a statement, and now and then one that voids it.
    pub(crate) fn record(&mut self, world: &World, draft: &Draft<'_>) {
        let id = [self.random.any(), self.random.any()];
        let version = self.version;
        let arrival_ms = draft.time_ms + draft.delay_ms;
        self.queue.push(arrival_ms, |text| write(text, world, draft, (id, version)));
        if draft.may_be_voided && self.random.chance(VOIDED_SHARE) {
            self.ledger.add_voided(id);
            self.void(world, id, arrival_ms);
            return;
        }
        let source = &world.sources[draft.source];
        let learner = &world.learners[draft.learner];
        self.ledger.add(Entry {
            verb: draft.verb,
            source: Some(draft.source),
            actor: Some((draft.learner, source.identifier.min(learner.actors.len() - 1))),
            course: draft.course,
            timestamp_ms: draft.time_ms + source.skew_ms,
            delay_ms: draft.delay_ms,
        });
    }

    /// Makes the statement that voids another, within two days of its arrival.
    fn void(&mut self, world: &World, voided: [u64; 2], arrival_ms: i64) {
        let id = [self.random.any(), self.random.any()];
        let time_ms = arrival_ms + self.random.between(MINUTE_MS, 2 * DAY_MS);
        let version = self.version;
        self.queue.push(time_ms, |text| {
            begin(text, id, &world.administrator, Verb::Voided);
            text.push_str(r#"{"objectType":"StatementRef","id":""#);
            push_uuid(text, voided);
            text.push_str("\"}");
            end(text, (time_ms, 0), version);
        });
        self.ledger.add(Entry {
            verb: Verb::Voided,
            source: None,
            actor: None,
            course: None,
            timestamp_ms: time_ms,
            delay_ms: 0,
        });
    }
}

fn write(text: &mut String, world: &World, draft: &Draft<'_>, of: ([u64; 2], Version)) {
    let (id, version) = of;
    let source = &world.sources[draft.source];
    let learner = &world.learners[draft.learner];
    begin(text, id, learner.actor(source.identifier), draft.verb);
    text.push_str(draft.object);
    if !draft.result.is_empty() {
        text.push_str(r#","result":{"#);
        text.push_str(draft.result);
        text.push('}');
    }
    text.push_str(r#","context":{"#);
    text.push_str(draft.registration);
    let category = draft.category.text();
    if !draft.relations.is_empty() || !category.is_empty() {
        text.push_str(r#""contextActivities":{"#);
        text.push_str(draft.relations);
        let is_first = draft.relations.is_empty();
        text.push_str(if is_first { category.trim_start_matches(',') } else { category });
        text.push_str("},");
    }
    text.push_str(r#""platform":""#);
    text.push_str(source.platform);
    text.push_str(r#"","language":""#);
    text.push_str(draft.language);
    text.push('"');
    text.push_str(draft.people);
    if !draft.extensions.is_empty() {
        text.push_str(r#","extensions":{"#);
        text.push_str(draft.extensions);
        text.push('}');
    }
    text.push('}');
    end(text, (draft.time_ms + source.skew_ms, source.offset_minutes), version);
}

/// Everything up to the value of `object`.
fn begin(text: &mut String, id: [u64; 2], actor: &str, verb: Verb) {
    text.push_str(r#"{"id":""#);
    push_uuid(text, id);
    text.push_str(r#"","actor":"#);
    text.push_str(actor);
    let (iri, name) = verb.parts();
    text.push_str(r#","verb":{"id":""#);
    text.push_str(iri);
    text.push_str(r#"","display":{"en":""#);
    text.push_str(name);
    text.push_str(r#""}},"object":"#);
}

/// Everything behind the context.
fn end(text: &mut String, (time_ms, offset_minutes): (i64, i64), version: Version) {
    text.push_str(r#","timestamp":""#);
    push_timestamp(text, time_ms, offset_minutes);
    text.push_str(r#"","version":""#);
    text.push_str(version.as_str());
    text.push_str("\"}");
}
