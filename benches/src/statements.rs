//! Statements as a large installation sends them: about 1.3 KB, with the usual spread.
//!
//! 50,000 learners, 200 courses of 100 activities, 12 verbs; a registration for each learner
//! in a course. Popular learners and courses are more frequent. Numbers, times, session ids
//! and free text differ from one to the next, so that compression has real work to do.

use std::io::Write;

use acta_ambient::{Entropy, SeededEntropy, Timestamp};

pub(crate) const LEARNERS: u64 = 50_000;
pub(crate) const COURSES: u64 = 200;
pub(crate) const ACTIVITIES: u64 = 100;

pub(crate) const VERBS: [&str; 12] = [
    "answered",
    "completed",
    "progressed",
    "experienced",
    "initialized",
    "terminated",
    "passed",
    "failed",
    "interacted",
    "attempted",
    "launched",
    "suspended",
];

const WORDS: [&str; 32] = [
    "valve",
    "pressure",
    "alarm",
    "evacuate",
    "corridor",
    "extinguisher",
    "because",
    "before",
    "after",
    "the",
    "second",
    "operator",
    "checks",
    "closes",
    "opens",
    "reports",
    "smoke",
    "door",
    "never",
    "always",
    "with",
    "without",
    "mask",
    "team",
    "leader",
    "signal",
    "meeting",
    "point",
    "north",
    "exit",
    "hydrant",
    "hose",
];

/// Makes statements; the same seed makes the same ones.
#[derive(Debug)]
pub(crate) struct Generator {
    entropy: SeededEntropy,
    buffered: Vec<u8>,
    used: usize,
    clock_micros: i64,
}

/// What one statement is about, so that queries can ask for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub(crate) learner: u64,
    pub(crate) course: u64,
    pub(crate) activity: u64,
    pub(crate) verb: usize,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            entropy: SeededEntropy::new(seed.wrapping_mul(0x5851_F42D_4C95_7F2D)),
            buffered: vec![0; 4096],
            used: 4096,
            clock_micros: 1_767_225_600_000_000,
        }
    }

    pub(crate) fn number(&mut self) -> u64 {
        if self.used + 8 > self.buffered.len() {
            self.entropy.fill(&mut self.buffered);
            self.used = 0;
        }
        let bytes = self.buffered[self.used..self.used + 8].try_into().unwrap_or_default();
        self.used += 8;
        u64::from_le_bytes(bytes)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// Small numbers more often than large ones.
    fn popular(&mut self, bound: u64) -> u64 {
        let (a, b) = (self.below(bound), self.below(bound));
        a * b / bound
    }

    pub(crate) fn subject(&mut self) -> Subject {
        let learner = self.popular(LEARNERS);
        // A learner takes a few courses only.
        let course = (learner.wrapping_mul(7919) + self.below(4) * 53) % COURSES;
        let verb = usize::try_from(self.popular(VERBS.len() as u64)).unwrap_or(0);
        Subject { learner, course, activity: self.popular(ACTIVITIES), verb }
    }

    /// Appends one statement as JSON. Returns 1: how many that are.
    pub(crate) fn statement(&mut self, out: &mut Vec<u8>) -> u64 {
        let subject = self.subject();
        let Subject { learner, course, activity, verb } = subject;
        let (high, low) = (self.number(), self.number());
        self.clock_micros += i64::try_from(self.below(40_000)).unwrap_or(0);
        let timestamp = Timestamp::from_unix_micros(self.clock_micros);
        let (score, seconds) = (self.below(101), self.below(3600));
        let hundredths = self.below(100);
        let (session, verb_name) = (self.number(), VERBS[verb]);
        let response = self.response();
        // Writing to a Vec cannot fail.
        let _ = write!(
            out,
            r#"{{"id":"{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}","actor":{{"objectType":"Agent","name":"Learner {learner}","account":{{"homePage":"https://lms.example.org","name":"{}"}}}},"verb":{{"id":"http://adlnet.gov/expapi/verbs/{verb_name}","display":{{"en-US":"{verb_name}"}}}},"object":{{"objectType":"Activity","id":"{}","definition":{{"name":{{"en-US":"Module {activity} of course {course}"}},"description":{{"en-US":"What to do when the alarm of area {activity} goes off, and whom to tell."}},"type":"http://adlnet.gov/expapi/activities/module"}}}},"result":{{"score":{{"scaled":{}.{:02},"raw":{score},"min":0,"max":100}},"success":{},"completion":true,"response":"{response}","duration":"PT{}M{}.{hundredths:02}S"}},"context":{{"registration":"{}","contextActivities":{{"parent":[{{"objectType":"Activity","id":"{}","definition":{{"name":{{"en-US":"Course {course}"}},"type":"http://adlnet.gov/expapi/activities/course"}}}}],"grouping":[{{"id":"https://lms.example.org/programs/{}"}}],"category":[{{"id":"https://w3id.org/xapi/cmi5/context/categories/cmi5"}}]}},"platform":"Example LMS 4.2","language":"en-US","extensions":{{"https://w3id.org/xapi/cmi5/context/extensions/sessionid":"{session:016x}"}}}},"timestamp":"{timestamp}"}}"#,
            high >> 32,
            high >> 16 & 0xFFFF,
            high & 0xFFF,
            low >> 52,
            low & 0xFFFF_FFFF_FFFF,
            account(learner),
            activity_id(course, activity),
            score / 100,
            score % 100,
            score >= 60,
            seconds / 60,
            seconds % 60,
            registration(learner, course),
            course_id(course),
            course % 10,
        );
        1
    }

    fn response(&mut self) -> String {
        let mut response = String::with_capacity(160);
        for _ in 0..12 + self.below(12) {
            let word = usize::try_from(self.below(WORDS.len() as u64)).unwrap_or(0);
            response.push_str(WORDS[word]);
            response.push(' ');
        }
        response
    }

    /// Appends a JSON array of `count` statements. Returns `count`.
    pub(crate) fn batch(&mut self, count: usize, out: &mut Vec<u8>) -> u64 {
        out.push(b'[');
        for index in 0..count {
            if index > 0 {
                out.push(b',');
            }
            self.statement(out);
        }
        out.push(b']');
        count as u64
    }
}

/// Scrambles a small number to 64 bits.
fn scramble(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

pub(crate) fn account(learner: u64) -> String {
    format!("{:016x}", scramble(learner))
}

pub(crate) fn course_id(course: u64) -> String {
    format!("https://lms.example.org/courses/{course}")
}

pub(crate) fn activity_id(course: u64, activity: u64) -> String {
    format!("https://lms.example.org/courses/{course}/modules/{activity}")
}

pub(crate) fn registration(learner: u64, course: u64) -> String {
    let bits = scramble(learner * COURSES + course);
    format!("{:08x}-0000-4000-8000-{:012x}", bits >> 32, bits & 0xFFFF_FFFF_FFFF)
}

pub(crate) fn verb_id(verb: usize) -> String {
    format!("http://adlnet.gov/expapi/verbs/{}", VERBS[verb])
}
