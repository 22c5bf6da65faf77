//! Lets people learn, hour by hour.

use std::fmt;

use crate::calendar::Calendar;
use crate::config::{Config, ConfigError};
use crate::date::{DAY_MS, Date, HOUR_MS, MINUTE_MS};
use crate::enrolment::{Enrolment, Enrolments};
use crate::ledger::Ledger;
use crate::random::Random;
use crate::recorder::{Draft, Recorder};
use crate::session::{Outcome, Session, VISIT_STATEMENTS_MAX, Visit};
use crate::truth::Truth;
use crate::vocabulary::{Category, Verb};
use crate::world::World;
use crate::world::activity::Activity;
use crate::world::source::{APP, CAMPUS, PORTAL, WORKSHOPS};

/// Learners who are asked whether they learn now, before one just does.
const GUESSES: u32 = 12;

/// The time between two sessions of a learner: more than any two clocks are apart.
const BREAK_MS: i64 = 15 * MINUTE_MS;

/// The probability that somebody who has registered never begins.
const NO_SHOW_RATE: f64 = 0.08;

/// Statements in the order in which they arrive.
///
/// As an iterator, it gives each as a text of its own; [`next_into`](Self::next_into) gives the
/// same without new memory.
#[derive(Clone)]
pub struct Simulation {
    config: Config,
    calendar: Calendar,
    world: World,
    enrolments: Enrolments,
    recorder: Recorder,
    /// The next hour to simulate, counted from the start of the period.
    hour: u32,
    /// The weights of the hours before it.
    weight: u64,
    /// How many learners have joined.
    present: usize,
}

impl Simulation {
    /// Makes people and courses. Statements are made as they are asked for.
    ///
    /// # Errors
    ///
    /// Every [`ConfigError`]: the numbers do not fit together.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let calendar = Calendar::new(config.first_day, config.days);
        let world = World::new(&config, calendar.start_ms(0), calendar.end_ms());
        let ledger = Ledger::new(&config, &world);
        Ok(Self {
            enrolments: Enrolments::new(world.learners.len(), world.catalogue.courses.len()),
            recorder: Recorder::new(Random::new(config.seed, 3), ledger, config.version),
            config,
            calendar,
            world,
            hour: 0,
            weight: 0,
            present: 0,
        })
    }

    /// Replaces `text` by the next statement, one line of JSON without a line break. Returns
    /// whether there was one.
    pub fn next_into(&mut self, text: &mut String) -> bool {
        loop {
            let is_over = self.hour == self.calendar.hours();
            // What is made later does not arrive before the hour in which it is made.
            let safe_ms = if is_over { i64::MAX } else { self.calendar.start_ms(self.hour) };
            if self.recorder.queue.pop_before(safe_ms, text) {
                return true;
            }
            if is_over {
                return false;
            }
            self.simulate_hour();
        }
    }

    /// What the statements were made from, and what is in those that were made so far; see
    /// [`Truth`].
    pub fn truth(&self) -> Truth {
        self.recorder.ledger.truth(&self.config, &self.world)
    }

    /// Makes the statements of an hour: its share of all.
    fn simulate_hour(&mut self) {
        self.weight += self.calendar.weight(self.hour);
        let share = u128::from(self.config.statements) * u128::from(self.weight)
            / u128::from(self.calendar.total());
        let target = u64::try_from(share).unwrap_or(u64::MAX);
        let day = self.hour / 24;
        let absent = self.world.learners[self.present..].iter();
        self.present += absent.take_while(|learner| learner.joined_day <= day).count();
        while self.recorder.ledger.statements < target {
            let rest = self.config.statements - self.recorder.ledger.statements;
            let visit = self.next_visit();
            let is_session = rest >= VISIT_STATEMENTS_MAX
                && match self.recorder.random.below(100) {
                    0..25 if self.has_workshops() => {
                        self.attend(visit);
                        continue;
                    }
                    25..33 => false,
                    _ => self.learn(visit),
                };
            if !is_session {
                self.read_news(visit);
            }
        }
        self.hour += 1;
    }

    fn has_workshops(&self) -> bool {
        let now_ms = self.calendar.start_ms(self.hour);
        self.world.sources[WORKSHOPS].silent_since.is_none_or(|since_ms| now_ms < since_ms)
    }

    /// Chooses who does something in this hour, and when.
    fn next_visit(&mut self) -> Visit {
        let random = &mut self.recorder.random;
        let (day, hour_of_day) = (self.hour / 24, self.hour % 24);
        let start_ms = self.calendar.start_ms(self.hour);
        let mut chosen = 0;
        for _ in 0..GUESSES {
            let candidate = random.index(self.present);
            let learner = &self.world.learners[candidate];
            if learner.left_day.is_some_and(|left| left <= day) {
                continue;
            }
            chosen = candidate;
            let is_hour = (learner.hours.0..learner.hours.1).contains(&hour_of_day);
            let is_free = self.enrolments.schedules[candidate].busy_until_ms < start_ms + HOUR_MS;
            if is_hour && is_free && random.chance(learner.engagement) {
                break;
            }
        }
        let start_ms = start_ms + random.between(0, HOUR_MS - 1);
        let is_mobile = random.chance(0.2);
        let is_offline = is_mobile && random.chance(0.3);
        let delay_ms = if is_offline { random.around(14 * HOUR_MS, 1.0) } else { 0 };
        Visit {
            learner: chosen,
            source: if is_mobile { APP } else { CAMPUS },
            day,
            start_ms: start_ms.max(self.enrolments.schedules[chosen].busy_until_ms),
            delay_ms: delay_ms.min(7 * DAY_MS),
        }
    }

    /// Goes on in a course, or begins one. Returns whether there is one.
    fn learn(&mut self, visit: Visit) -> bool {
        let random = &mut self.recorder.random;
        let continued = self.enrolments.continued(visit.learner, random);
        let (place, enrolment) = match continued {
            Some(place) => {
                (place, self.enrolments.schedules[visit.learner].enrolments[place].take())
            }
            None => match self.enrol(visit.learner) {
                Some((place, enrolment)) => (place, Some(enrolment)),
                None => return false,
            },
        };
        let Some(mut enrolment) = enrolment else { return false };
        let course = enrolment.course;
        let is_new = continued.is_none();
        let is_absent = is_new && enrolment.is_first && self.recorder.random.chance(NO_SHOW_RATE);
        let mut session = Session::new(&self.world, &mut self.recorder, &mut enrolment, visit);
        if is_new {
            session.register();
        }
        let outcome = if is_absent { Outcome::Dropped } else { session.run() };
        let busy_until_ms = session.end_ms() + BREAK_MS;
        let schedule = &mut self.enrolments.schedules[visit.learner];
        schedule.busy_until_ms = busy_until_ms;
        match outcome {
            Outcome::Continues => schedule.enrolments[place] = Some(enrolment),
            Outcome::Completed => {
                self.enrolments.complete(visit.learner, course);
                self.recorder.ledger.learners[visit.learner].completed += 1;
            }
            Outcome::Dropped => {}
        }
        true
    }

    fn enrol(&mut self, learner: usize) -> Option<(usize, Enrolment)> {
        let random = &mut self.recorder.random;
        let (place, number) = self.enrolments.choose(learner, random)?;
        let course = &self.world.catalogue.courses[number];
        let enrolment = self.enrolments.enrol(learner, number, course, random);
        let ledger = &mut self.recorder.ledger;
        ledger.learners[learner].enrolled += 1;
        ledger.courses[number].enrolled += 1;
        ledger.courses[number].learners += u64::from(enrolment.is_first);
        Some((place, enrolment))
    }

    /// Takes part in a workshop.
    fn attend(&mut self, visit: Visit) {
        let workshops = &self.world.catalogue.workshops;
        let workshop = &workshops[self.recorder.random.index(workshops.len())];
        let may_be_voided = true;
        let draft = Draft {
            source: WORKSHOPS,
            delay_ms: 0,
            may_be_voided,
            ..draft_of(visit, Verb::Attended, workshop)
        };
        self.recorder.record(&self.world, &draft);
    }

    /// Reads a page that belongs to no course.
    fn read_news(&mut self, visit: Visit) {
        let news = &self.world.catalogue.news;
        let draft =
            Draft { source: PORTAL, delay_ms: 0, ..draft_of(visit, Verb::Experienced, news) };
        self.recorder.record(&self.world, &draft);
    }
}

/// A statement that belongs to no course and no session.
fn draft_of(visit: Visit, verb: Verb, activity: &Activity) -> Draft<'_> {
    Draft {
        learner: visit.learner,
        source: visit.source,
        verb,
        object: &activity.object,
        result: "",
        registration: "",
        relations: "",
        category: Category::None,
        people: "",
        extensions: "",
        language: "en",
        course: None,
        time_ms: visit.start_ms,
        delay_ms: visit.delay_ms,
        may_be_voided: false,
    }
}

impl Iterator for Simulation {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut text = String::new();
        self.next_into(&mut text).then_some(text)
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reached =
            Date::of_unix_ms(self.calendar.start_ms(self.hour.min(self.calendar.hours())));
        f.debug_struct("Simulation")
            .field("config", &self.config)
            .field("reached", &reached)
            .finish_non_exhaustive()
    }
}
