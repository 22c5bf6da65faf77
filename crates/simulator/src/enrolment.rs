//! Who takes which course, and how far.

use crate::random::Random;
use crate::world::catalogue::Course;

/// Courses that somebody takes at a time.
const PARALLEL_MAX: usize = 2;

/// Guesses before all courses are looked through.
const GUESSES: u32 = 8;

/// A course that a learner takes.
#[derive(Clone, Debug)]
pub(crate) struct Enrolment {
    pub(crate) course: usize,
    /// The bits of the registration.
    pub(crate) registration: [u64; 2],
    /// The index of the module that is next, and that of the step in it.
    pub(crate) module: usize,
    pub(crate) step: usize,
    /// How often the quiz of this module was failed.
    pub(crate) failures: u32,
    /// The module at which the learner stops for good.
    pub(crate) stops_at: Option<usize>,
    /// Whether the learner has not taken the course before.
    pub(crate) is_first: bool,
    pub(crate) has_started: bool,
    /// Right answers and judged answers of the last attempt at each quiz, added up.
    pub(crate) score: (i64, i64),
    /// Time in sessions.
    pub(crate) spent_ms: i64,
}

/// What a learner takes now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedule {
    pub(crate) enrolments: [Option<Enrolment>; PARALLEL_MAX],
    /// Until when the learner is busy, in milliseconds since the start of 1970.
    pub(crate) busy_until_ms: i64,
}

/// All learners with their courses.
#[derive(Clone, Debug)]
pub(crate) struct Enrolments {
    pub(crate) schedules: Vec<Schedule>,
    /// By course, who has ever taken it.
    taken: Vec<Members>,
    /// By course, who has ever completed it.
    completed: Vec<Members>,
}

/// A set of learners.
#[derive(Clone, Debug, Default)]
struct Members(Vec<u64>);

impl Members {
    fn has(&self, learner: usize) -> bool {
        self.0.get(learner / 64).is_some_and(|word| word >> (learner % 64) & 1 == 1)
    }

    fn add(&mut self, learner: usize) {
        if self.0.len() <= learner / 64 {
            self.0.resize(learner / 64 + 1, 0);
        }
        self.0[learner / 64] |= 1 << (learner % 64);
    }
}

impl Enrolments {
    pub(crate) fn new(learner_count: usize, course_count: usize) -> Self {
        Self {
            schedules: vec![Schedule::default(); learner_count],
            taken: vec![Members::default(); course_count],
            completed: vec![Members::default(); course_count],
        }
    }

    /// The place of the course that a learner goes on with, if it is not a new one.
    pub(crate) fn continued(&self, learner: usize, random: &mut Random) -> Option<usize> {
        let place = random.index(PARALLEL_MAX);
        let enrolments = &self.schedules[learner].enrolments;
        let has_room = enrolments.iter().any(Option::is_none);
        if has_room && random.chance(0.06) {
            return None;
        }
        if enrolments[place].is_some() {
            return Some(place);
        }
        enrolments.iter().position(Option::is_some)
    }

    /// A free place, and a course that the learner may take: one that is new, or one that was
    /// completed and is repeated. Nobody returns to a course that was left.
    pub(crate) fn choose(&self, learner: usize, random: &mut Random) -> Option<(usize, usize)> {
        let place = self.schedules[learner].enrolments.iter().position(Option::is_none)?;
        let count = self.taken.len();
        for _ in 0..GUESSES {
            // The first courses are the most popular.
            let course = random.index(count).min(random.index(count));
            if self.may_take(learner, course) {
                return Some((place, course));
            }
        }
        let start = random.index(count);
        let mut all = (0..count).map(|offset| (start + offset) % count);
        all.find(|course| self.may_take(learner, *course)).map(|course| (place, course))
    }

    fn may_take(&self, learner: usize, course: usize) -> bool {
        let mut current = self.schedules[learner].enrolments.iter().flatten();
        current.all(|enrolment| enrolment.course != course)
            && (!self.taken[course].has(learner) || self.completed[course].has(learner))
    }

    /// Begins to take a course.
    pub(crate) fn enrol(
        &mut self,
        learner: usize,
        number: usize,
        course: &Course,
        random: &mut Random,
    ) -> Enrolment {
        let is_first = !self.taken[number].has(learner);
        self.taken[number].add(learner);
        let stops = |(_, rate): &(usize, f64)| random.chance(*rate);
        let rates = course.modules.iter().map(|module| module.drop_rate).enumerate();
        let stops_at = rates.filter(|_| is_first).find(stops).map(|(module, _)| module);
        Enrolment {
            course: number,
            registration: [random.any(), random.any()],
            module: 0,
            step: 0,
            failures: 0,
            stops_at,
            is_first,
            has_started: false,
            score: (0, 0),
            spent_ms: 0,
        }
    }

    /// Remembers that a course was completed.
    pub(crate) fn complete(&mut self, learner: usize, course: usize) {
        self.completed[course].add(learner);
    }
}
