//! A session of a learner in a course, by cmi5.

mod quiz;
mod result;
mod video;

use crate::date::MINUTE_MS;
use crate::enrolment::Enrolment;
use crate::recorder::{Draft, Recorder};
use crate::text::{push_decimal, push_string, push_uuid};
use crate::vocabulary::{Category, Verb, extension};
use crate::world::World;
use crate::world::activity::Activity;
use crate::world::catalogue::{Course, Module};
use crate::world::source::CAMPUS;
use result::{MASTERY_TEXT, push_duration_property, push_score};

/// Most statements of one visit, registration and voiding included.
pub(crate) const VISIT_STATEMENTS_MAX: u64 = 64;

/// The probability to stop after a step that is not the last.
const PAUSE_RATE: f64 = 0.12;

/// How often others than the persistent fail a quiz before they go on without having passed.
const FAILURES_MAX: u32 = 3;

/// How often the persistent fail a quiz before they stop for good.
const FAILURES_MAX_OF_PERSISTENT: u32 = 12;

/// Where and when a session is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) learner: usize,
    pub(crate) source: usize,
    /// The day, counted from the start of the period.
    pub(crate) day: u32,
    /// The start, in milliseconds since the start of 1970.
    pub(crate) start_ms: i64,
    /// How much later its statements arrive.
    pub(crate) delay_ms: i64,
}

/// What a session leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The learner goes on another time.
    Continues,
    /// The course is completed.
    Completed,
    /// The learner stops for good.
    Dropped,
}

/// A session in progress.
pub(crate) struct Session<'a> {
    world: &'a World,
    recorder: &'a mut Recorder,
    enrolment: &'a mut Enrolment,
    course: &'a Course,
    visit: Visit,
    now_ms: i64,
    /// When the module was opened.
    opened_ms: i64,
    /// The source of the next statement.
    source: usize,
    /// The property `registration`, with a comma behind it.
    registration: String,
    /// The extension with the id of the session.
    id: String,
    /// The properties of the next result, and of the next extensions.
    result: String,
    extensions: String,
    /// `instructor` and `team` of the next statement.
    people: String,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        world: &'a World,
        recorder: &'a mut Recorder,
        enrolment: &'a mut Enrolment,
        visit: Visit,
    ) -> Self {
        let mut registration = r#""registration":""#.to_owned();
        push_uuid(&mut registration, enrolment.registration);
        registration.push_str("\",");
        let mut id = format!("{}\"", extension::SESSION);
        push_uuid(&mut id, [recorder.random.any(), recorder.random.any()]);
        id.push('"');
        Self {
            course: &world.catalogue.courses[enrolment.course],
            world,
            recorder,
            enrolment,
            visit,
            now_ms: visit.start_ms,
            opened_ms: visit.start_ms,
            source: visit.source,
            registration,
            id,
            result: String::with_capacity(256),
            extensions: String::with_capacity(256),
            people: String::new(),
        }
    }

    /// When the session ended, in milliseconds since the start of 1970.
    pub(crate) fn end_ms(&self) -> i64 {
        self.now_ms
    }

    /// Registers the learner for the course.
    pub(crate) fn register(&mut self) {
        let learner = &self.world.learners[self.visit.learner];
        let group = &self.world.groups[learner.group_on(self.visit.day)];
        self.people.push_str(r#","instructor":"#);
        self.people.push_str(&self.course.instructor);
        self.people.push_str(r#","team":"#);
        self.people.push_str(&group.team);
        self.send_by(CAMPUS);
        self.record(Verb::Registered, &self.course.activity, Category::None);
        self.pass(MINUTE_MS, 0.5);
    }

    /// Goes on in the course, until the learner pauses, stops or has completed it.
    pub(crate) fn run(&mut self) -> Outcome {
        let module = &self.course.modules[self.enrolment.module];
        self.open(module);
        self.opened_ms = self.now_ms;
        let outcome = self.work(module);
        let spent_ms = self.now_ms - self.opened_ms;
        self.enrolment.spent_ms += spent_ms;
        push_duration_property(&mut self.result, spent_ms);
        self.push_id();
        self.record(Verb::Terminated, &module.activity, Category::Cmi5);
        outcome
    }

    fn work(&mut self, module: &'a Module) -> Outcome {
        if self.enrolment.stops_at == Some(self.enrolment.module) {
            self.read_pages(&module.pages[..1]);
            return self.drop_out(module);
        }
        while let Some(step) = steps(module).nth(self.enrolment.step) {
            if let Some(outcome) = self.take(step, module) {
                return outcome;
            }
            self.enrolment.step += 1;
            let is_last = self.enrolment.step == steps(module).count();
            if !is_last && self.recorder.random.chance(PAUSE_RATE) {
                return Outcome::Continues;
            }
        }
        self.finish(module)
    }

    /// Takes a step. Gives the outcome of the session, if that ends with it.
    fn take(&mut self, step: Step, module: &Module) -> Option<Outcome> {
        match step {
            Step::Pages => self.read_pages(&module.pages),
            Step::Video => self.watch(module),
            Step::Quiz => return self.attempt(module),
        }
        None
    }

    /// Launches the module.
    fn open(&mut self, module: &Module) {
        let is_new = self.enrolment.step == 0 && self.enrolment.failures == 0;
        let ledger = &mut self.recorder.ledger;
        ledger.modules[module.index].started += u64::from(is_new);
        if !self.enrolment.has_started {
            self.enrolment.has_started = true;
            ledger.courses[self.enrolment.course].started += 1;
        }
        self.send_by(CAMPUS);
        self.push_id();
        for (name, value) in [
            (extension::LAUNCH_MODE, "\"Normal\""),
            (extension::MOVE_ON, "\"Completed\""),
            (extension::MASTERY, MASTERY_TEXT),
        ] {
            self.extensions.push(',');
            self.extensions.push_str(name);
            self.extensions.push_str(value);
        }
        self.extensions.push(',');
        self.extensions.push_str(extension::LAUNCH_URL);
        push_string(&mut self.extensions, &module.activity.id);
        self.record(Verb::Launched, &module.activity, Category::Cmi5);
        self.pass(3_000, 0.5);
        self.push_id();
        self.record(Verb::Initialized, &module.activity, Category::Cmi5);
    }

    fn read_pages(&mut self, pages: &[Activity]) {
        for page in pages {
            self.pass(70_000, 0.8);
            self.push_id();
            self.record(Verb::Experienced, page, Category::None);
        }
    }

    /// Stops for good.
    fn drop_out(&mut self, module: &Module) -> Outcome {
        let ledger = &mut self.recorder.ledger;
        ledger.modules[module.index].dropped += 1;
        ledger.courses[self.enrolment.course].dropped += 1;
        self.pass(20_000, 0.8);
        Outcome::Dropped
    }

    /// Completes the module, and with the last one the course.
    fn finish(&mut self, module: &Module) -> Outcome {
        self.recorder.ledger.modules[module.index].completed += 1;
        self.pass(5_000, 0.5);
        self.result.push_str(r#""completion":true,"#);
        push_duration_property(&mut self.result, self.now_ms - self.opened_ms);
        self.push_id();
        self.record(Verb::Completed, &module.activity, Category::Cmi5MoveOn);
        self.enrolment.module += 1;
        self.enrolment.step = 0;
        self.enrolment.failures = 0;
        let (done, all) = (self.enrolment.module, self.course.modules.len());
        let percent = i64::try_from(100 * done / all).unwrap_or(100);
        self.result.push_str(r#""extensions":{"#);
        self.result.push_str(extension::PROGRESS);
        push_decimal(&mut self.result, percent, 0);
        self.result.push('}');
        self.push_id();
        self.record(Verb::Progressed, &self.course.activity, Category::None);
        if done < all {
            return Outcome::Continues;
        }
        self.recorder.ledger.courses[self.enrolment.course].completed += 1;
        self.pass(2_000, 0.3);
        self.complete_course();
        Outcome::Completed
    }

    fn complete_course(&mut self) {
        let (right, judged) = self.enrolment.score;
        if judged > 0 {
            push_score(&mut self.result, right, judged);
        }
        self.result.push_str(r#""completion":true,"#);
        let spent_ms = self.enrolment.spent_ms + self.now_ms - self.opened_ms;
        push_duration_property(&mut self.result, spent_ms);
        self.send_by(CAMPUS);
        self.record(Verb::Completed, &self.course.activity, Category::None);
        self.send_by(CAMPUS);
        self.push_id();
        self.record(Verb::Satisfied, &self.course.activity, Category::Cmi5);
    }

    /// Lets time pass, around a median.
    fn pass(&mut self, median_ms: i64, spread: f64) {
        self.now_ms += self.recorder.random.around(median_ms, spread);
    }

    /// Lets a source send the next statement, unless there is no network: then it is that of the
    /// session.
    fn send_by(&mut self, source: usize) {
        if self.visit.delay_ms == 0 {
            self.source = source;
        }
    }

    /// Names the session in the next statement.
    fn push_id(&mut self) {
        self.extensions.push_str(&self.id);
    }

    fn record(&mut self, verb: Verb, activity: &Activity, category: Category) {
        self.record_object(verb, &activity.object, &activity.relations, category);
    }

    /// Records a statement with the result, extensions, people and source that were prepared.
    fn record_object(&mut self, verb: Verb, object: &str, relations: &str, category: Category) {
        let draft = Draft {
            learner: self.visit.learner,
            source: self.source,
            verb,
            object,
            result: &self.result,
            registration: &self.registration,
            relations,
            category,
            people: &self.people,
            extensions: &self.extensions,
            language: self.course.language,
            course: Some(self.enrolment.course),
            time_ms: self.now_ms,
            delay_ms: self.visit.delay_ms,
            may_be_voided: verb == Verb::Experienced,
        };
        self.recorder.record(self.world, &draft);
        self.source = self.visit.source;
        self.result.clear();
        self.extensions.clear();
        self.people.clear();
    }
}

/// A part of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Pages,
    Video,
    Quiz,
}

fn steps(module: &Module) -> impl Iterator<Item = Step> {
    let video = module.video.iter().map(|_| Step::Video);
    let quiz = module.quiz.iter().map(|_| Step::Quiz);
    std::iter::once(Step::Pages).chain(video).chain(quiz)
}
