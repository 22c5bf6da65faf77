//! Random values and realistic statements, the same for the same seed.

use std::fmt::Write as _;

use acta_ambient::{Entropy as _, Moment, SeededEntropy};
use acta_xapi::Uuid;

/// Dice that fall alike for the same seed.
#[derive(Debug)]
pub struct Dice(SeededEntropy);

impl Dice {
    /// Dice for this seed.
    pub const fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// Sixty-four random bits.
    pub fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number less than `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = self.number() % (bound.max(1) as u64);
        usize::try_from(number).unwrap_or(0)
    }

    /// Whether something happens that happens `percent` times in a hundred.
    pub fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`, which are not empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.fill(&mut bytes);
        Uuid::from_random(bytes)
    }
}

/// How many different things the statements of a source speak of.
#[derive(Clone, Copy, Debug)]
pub struct Population {
    /// Learners, each with an account.
    pub learner_count: usize,
    /// Courses.
    pub course_count: usize,
    /// Blocks (videos, problems, pages) of each course.
    pub block_count: usize,
}

impl Default for Population {
    fn default() -> Self {
        Self { learner_count: 5_000, course_count: 40, block_count: 200 }
    }
}

/// Writes statements as the events of a learning platform and of cmi5 courses look, about
/// 1.3 KB each.
#[derive(Debug)]
pub struct StatementSource {
    dice: Dice,
    population: Population,
    /// When the next statement happens.
    time: Moment,
}

/// What one statement is made of.
struct Scene {
    learner: String,
    course: String,
    course_name: String,
    block: String,
    block_name: String,
    session: String,
}

impl StatementSource {
    /// Statements for this seed, from 2026-03-01 on.
    pub const fn new(seed: u64, population: Population) -> Self {
        let time = Moment::from_unix_micros(1_772_323_200_000_000);
        Self { dice: Dice::new(seed), population, time }
    }

    /// The JSON text of the next statement, with an id and a timestamp.
    pub fn next_text(&mut self) -> String {
        let pause_micros = 1 + self.dice.number() % 2_000_000;
        self.time = self.time.saturating_add(std::time::Duration::from_micros(pause_micros));
        let scene = self.scene();
        let text = match self.dice.below(10) {
            0..4 => self.video(&scene),
            4..7 => self.problem(&scene),
            7..8 => self.navigation(&scene),
            _ => self.assignable_unit(&scene),
        };
        // On one line, as platforms send it.
        text.lines().map(str::trim_start).collect()
    }

    fn scene(&mut self) -> Scene {
        let Population { learner_count, course_count, block_count } = self.population;
        let learner = self.dice.below(learner_count);
        let course = self.dice.below(course_count);
        let block = self.dice.below(block_count);
        // Learners and blocks look like the hexadecimal names that platforms give.
        let name = |number: usize, salt: u64| {
            Dice::new((number as u64).wrapping_mul(0x9E37_79B9).wrapping_add(salt)).uuid()
        };
        let block_key = name(course * block_count + block, 2).to_string().replace('-', "");
        Scene {
            learner: name(learner, 1).to_string(),
            course: format!("course-v1:ExampleX+CS{:03}+2026_T1", 100 + course),
            course_name: format!("Foundations of Measurement, Part {}", course + 1),
            block: block_key,
            block_name: format!("Unit {}, Step {}", block / 10 + 1, block % 10 + 1),
            session: name(learner * 16 + self.dice.below(16), 3).to_string().replace('-', ""),
        }
    }

    fn head(&mut self, scene: &Scene, verb: &str, display: &str) -> String {
        let mut text = String::with_capacity(1536);
        let _ = write!(
            text,
            r#"{{"id":"{}","version":"1.0.3",
            "actor":{{"objectType":"Agent",
                "account":{{"homePage":"https://lms.example.org","name":"{}"}}}},
            "verb":{{"id":"{verb}","display":{{"en":"{display}"}}}},
            "timestamp":"{}+00:00""#,
            self.dice.uuid(),
            scene.learner,
            self.time.to_string().trim_end_matches('Z'),
        );
        text
    }

    fn video(&mut self, scene: &Scene) -> String {
        let (verb, display) = self.dice.pick(&[
            ("https://w3id.org/xapi/video/verbs/played", "played"),
            ("https://w3id.org/xapi/video/verbs/paused", "paused"),
            ("https://w3id.org/xapi/video/verbs/seeked", "seeked"),
            ("http://adlnet.gov/expapi/verbs/initialized", "initialized"),
        ]);
        let mut text = self.head(scene, verb, display);
        let length = 60 + self.dice.below(900);
        let time = self.dice.below(length * 1000);
        let block_type = "https://w3id.org/xapi/video/activity-type/video";
        push_block(&mut text, scene, block_type, "video");
        let _ = write!(
            text,
            r#","result":{{"extensions":{{
                "https://w3id.org/xapi/video/extensions/time":{}.{:03},
                "https://w3id.org/xapi/video/extensions/played-segments":"0[.]{}"}}}}"#,
            time / 1000,
            time % 1000,
            time / 1000,
        );
        let extra = format!(
            r#",
            "https://w3id.org/xapi/video/extensions/length":{length}.0,
            "https://w3id.org/xapi/video/extensions/cc-enabled":{},
            "https://w3id.org/xapi/video/extensions/speed":"1.0x""#,
            self.dice.happens(30),
        );
        push_platform_context(&mut text, scene, &extra);
        text.push('}');
        text
    }

    fn problem(&mut self, scene: &Scene) -> String {
        let mut text =
            self.head(scene, "https://w3id.org/xapi/acrossx/verbs/evaluated", "evaluated");
        let Scene { course, block, block_name, .. } = scene;
        let _ = write!(
            text,
            r#","object":{{"id":"https://lms.example.org/xblock/{course}+problem@{block}",
            "objectType":"Activity","definition":{{
                "type":"http://adlnet.gov/expapi/activities/cmi.interaction",
                "interactionType":"choice","name":{{"en":"{block_name}"}},
                "description":{{"en":"Which reading lies within the tolerance?"}},
                "correctResponsesPattern":["choice_{}"],"choices":[
                    {{"id":"choice_0","description":{{"en":"9.81 ± 0.02"}}}},
                    {{"id":"choice_1","description":{{"en":"9.78 ± 0.01"}}}},
                    {{"id":"choice_2","description":{{"en":"9.90 ± 0.05"}}}}]}}}}"#,
            self.dice.below(3),
        );
        let is_right = self.dice.happens(60);
        let _ = write!(
            text,
            r#","result":{{"success":{is_right},
            "score":{{"scaled":{0}.0,"raw":{0}.0,"min":0.0,"max":1.0}},
            "response":"choice_{1}"}}"#,
            u8::from(is_right),
            self.dice.below(3),
        );
        push_platform_context(&mut text, scene, "");
        text.push('}');
        text
    }

    fn navigation(&mut self, scene: &Scene) -> String {
        let mut text = self.head(scene, "https://w3id.org/xapi/adl/verbs/navigated", "navigated");
        push_block(&mut text, scene, "http://id.tincanapi.com/activitytype/resource", "vertical");
        let extra = format!(
            r#","http://id.tincanapi.com/extension/starting-position":{},
            "http://id.tincanapi.com/extension/ending-point":"next unit""#,
            self.dice.below(12),
        );
        push_platform_context(&mut text, scene, &extra);
        text.push('}');
        text
    }

    fn assignable_unit(&mut self, scene: &Scene) -> String {
        let (verb, display) = self.dice.pick(&[
            ("http://adlnet.gov/expapi/verbs/completed", "completed"),
            ("http://adlnet.gov/expapi/verbs/passed", "passed"),
            ("http://adlnet.gov/expapi/verbs/initialized", "initialized"),
        ]);
        let mut text = self.head(scene, verb, display);
        let unit_type = "http://adlnet.gov/expapi/activities/lesson";
        push_block(&mut text, scene, unit_type, "unit");
        let score = 50 + self.dice.below(50);
        let _ = write!(
            text,
            r#","result":{{"completion":true,"success":true,
                "score":{{"scaled":0.{score},"raw":{score},"min":0,"max":100}},
                "duration":"PT{}M{}.{:02}S"}},
            "context":{{"registration":"{}","platform":"Example LMS","language":"en-US",
                "contextActivities":{{
                    "category":[
                        {{"id":"https://w3id.org/xapi/cmi5/context/categories/cmi5"}}],
                    "grouping":[
                        {{"id":"https://lms.example.org/cmi5/{}/{}","objectType":"Activity"}}],
                    "parent":[{{"id":"https://lms.example.org/course/{}",
                        "objectType":"Activity","definition":{{"name":{{"en-US":"{}"}},
                        "type":"http://adlnet.gov/expapi/activities/course"}}}}]}},
                "extensions":{{
                    "https://w3id.org/xapi/cmi5/context/extensions/sessionid":"{}",
                    "https://w3id.org/xapi/cmi5/context/extensions/masteryscore":0.8,
                    "https://w3id.org/xapi/cmi5/context/extensions/moveon":"CompletedOrPassed"
                }}}}}}"#,
            self.dice.below(60),
            self.dice.below(60),
            self.dice.below(100),
            self.dice.uuid(),
            scene.course,
            scene.block,
            scene.course,
            scene.course_name,
            scene.session,
        );
        text
    }
}

fn push_block(text: &mut String, scene: &Scene, block_type: &str, kind: &str) {
    let Scene { course, block, block_name, .. } = scene;
    let _ = write!(
        text,
        r#","object":{{"id":"https://lms.example.org/xblock/{course}+{kind}@{block}",
        "objectType":"Activity",
        "definition":{{"name":{{"en":"{block_name}"}},"type":"{block_type}"}}}}"#,
    );
}

fn push_platform_context(text: &mut String, scene: &Scene, extra: &str) {
    let Scene { course, course_name, session, .. } = scene;
    let _ = write!(
        text,
        r#","context":{{"platform":"Example LMS",
        "contextActivities":{{"parent":[{{"id":"https://lms.example.org/course/{course}",
            "objectType":"Activity","definition":{{"name":{{"en-US":"{course_name}"}},
            "type":"http://adlnet.gov/expapi/activities/course"}}}}]}},
        "extensions":{{
            "https://lms.example.org/xapi/extensions/transformer-version":"event-bridge@4.2.0",
            "https://lms.example.org/xapi/extensions/session-id":"{session}"{extra}}}}}"#,
    );
}

#[cfg(test)]
mod tests {
    use acta_xapi::{ParseLimits, Version, parse_statement};

    use super::*;

    #[test]
    fn the_same_seed_writes_the_same_statements() {
        let write = |seed| {
            let mut source = StatementSource::new(seed, Population::default());
            (0..50).map(|_| source.next_text()).collect::<Vec<String>>()
        };
        assert_eq!(write(1), write(1));
        assert_ne!(write(1), write(2));
    }

    #[test]
    fn writes_valid_statements_of_a_realistic_length() {
        let mut source = StatementSource::new(1, Population::default());
        let mut len_bytes = 0;
        for _ in 0..1000 {
            let text = source.next_text();
            for version in Version::EVERY {
                let parsed = parse_statement(text.as_bytes(), version, &ParseLimits::default());
                let statement = parsed.unwrap();
                assert!(statement.id.is_some() && statement.timestamp.is_some());
            }
            len_bytes += text.len();
        }
        let mean = len_bytes / 1000;
        assert!((1_200..1_400).contains(&mean), "{mean} bytes on average");
    }
}
