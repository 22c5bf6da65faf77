//! The truth says what is in the statements, which are counted here by other means.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test says that it failed by panicking"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use acta_simulator::{
    Config, CourseTruth, Date, ModuleTruth, OMISSION_RATE, QuestionTruth, Simulation, Truth,
};
use acta_xapi::Version;
use serde_json::Value;

const COURSE: &str = "http://adlnet.gov/expapi/activities/course";

/// What is read from a statement that is not voided.
struct Read {
    statement: Value,
    verb: String,
    object: String,
    /// Milliseconds are left out.
    timestamp: String,
    /// The index of the learner, if the actor is one.
    learner: Option<usize>,
    actor: String,
    /// The course by the rule that analyses have: parent, grouping, object.
    course: Option<String>,
}

struct Simulated {
    truth: Truth,
    read: Vec<Read>,
    /// The ids that statements void.
    voided: BTreeSet<String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An identifier, as truth and statements write it.
fn identifier(value: &Value) -> String {
    let members = ["mbox", "account"].map(|name| value.get(name).map(Value::to_string));
    members.into_iter().flatten().next().expect("it has an identifier")
}

fn course_of(statement: &Value) -> Option<String> {
    let activities = &statement["context"]["contextActivities"];
    let related = ["parent", "grouping"].map(|name| activities[name].as_array());
    let related = related.into_iter().flatten().flatten();
    let mut all = related.chain([&statement["object"]]);
    all.find(|activity| activity["definition"]["type"] == COURSE).map(|found| text(&found["id"]))
}

fn simulate(config: Config) -> Simulated {
    let mut simulation = Simulation::new(config).unwrap();
    let lines: Vec<String> = simulation.by_ref().collect();
    let truth = simulation.truth();
    let mut learners = HashMap::new();
    for (index, learner) in truth.learners.iter().enumerate() {
        for own in serde_json::to_value(&learner.identifiers).unwrap().as_array().unwrap() {
            assert_eq!(learners.insert(identifier(own), index), None, "{own} is of one learner");
        }
    }
    let statements = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let statements: Vec<Value> = statements.collect();
    let voiding = statements.iter().filter(|statement| statement["verb"]["id"] == VOIDED);
    let voided: BTreeSet<String> =
        voiding.map(|statement| text(&statement["object"]["id"])).collect();
    let kept = statements.into_iter().filter(|statement| !voided.contains(&text(&statement["id"])));
    let read = kept.map(|statement| {
        let actor = identifier(&statement["actor"]);
        Read {
            verb: text(&statement["verb"]["id"]),
            object: text(&statement["object"]["id"]),
            timestamp: text(&statement["timestamp"]),
            learner: learners.get(&actor).copied(),
            actor,
            course: course_of(&statement),
            statement,
        }
    });
    Simulated { read: read.collect(), truth, voided }
}

const VOIDED: &str = "http://adlnet.gov/expapi/verbs/voided";

fn config(statements: u64) -> Config {
    let learners = Config::learners_for(statements);
    Config {
        seed: 11,
        first_day: Date::first_of_year(2023),
        days: 700,
        statements,
        learners,
        courses: Config::courses_for(learners),
        version: Version::V1_0_3,
    }
}

/// The day in UTC.
fn day_of(timestamp: &str) -> Date {
    let date: Date = timestamp[..10].parse().unwrap();
    let is_ahead = timestamp.ends_with("+01:00") && &timestamp[11..13] == "00";
    assert!(timestamp.ends_with("+01:00") || timestamp.ends_with('Z'), "{timestamp}");
    date.plus_days(if is_ahead { -1 } else { 0 })
}

impl Simulated {
    fn by_verb<'a>(&'a self, verb: &'a str, object: &'a str) -> impl Iterator<Item = &'a Read> {
        let is_verb = move |read: &&Read| read.verb.ends_with(&format!("/{verb}"));
        self.read.iter().filter(is_verb).filter(move |read| read.object == object)
    }

    fn count(&self, verb: &str, object: &str) -> u64 {
        self.by_verb(verb, object).count() as u64
    }

    /// How many registrations have a statement with this verb and one of these objects.
    fn registrations(&self, verb: &str, objects: &[&str]) -> u64 {
        let read = objects.iter().flat_map(|object| self.by_verb(verb, object));
        let registrations = read.map(|read| text(&read.statement["context"]["registration"]));
        registrations.collect::<HashSet<_>>().len() as u64
    }

    fn check_days(&self) {
        let mut days: BTreeMap<Date, (u64, HashSet<usize>, HashSet<&str>)> = BTreeMap::new();
        for read in &self.read {
            let (count, learners, identifiers) = days.entry(day_of(&read.timestamp)).or_default();
            *count += 1;
            if let Some(learner) = read.learner {
                learners.insert(learner);
                identifiers.insert(&read.actor);
            }
        }
        let counted = days.iter().map(|(date, (statements, learners, identifiers))| {
            (*date, *statements, learners.len() as u64, identifiers.len() as u64)
        });
        let days = self.truth.days.iter();
        let truth = days.map(|day| (day.date, day.statements, day.learners, day.identifiers));
        assert!(counted.eq(truth), "{:?}", self.truth.days);
    }

    fn check_course(&self, course: &CourseTruth) {
        let of_course = self.read.iter().filter(|read| read.course.as_deref() == Some(&course.id));
        let learners: HashSet<_> = of_course.clone().filter_map(|read| read.learner).collect();
        let modules: Vec<&str> = course.modules.iter().map(|module| &*module.id).collect();
        let counted = [
            of_course.count() as u64,
            learners.len() as u64,
            self.count("registered", &course.id),
            self.registrations("launched", &modules),
            self.count("completed", &course.id),
        ];
        let CourseTruth { statements, learners, enrolled, started, completed, .. } = *course;
        assert_eq!(counted, [statements, learners, enrolled, started, completed], "{}", course.id);
        assert_eq!(completed, self.count("satisfied", &course.id));
        let dropped: u64 = course.modules.iter().map(|module| module.dropped).sum();
        assert_eq!(course.dropped, dropped);
        assert!(completed + dropped <= started && started <= enrolled);
        course.modules.iter().for_each(|module| self.check_module(module));
    }

    fn check_module(&self, module: &ModuleTruth) {
        let counted = [
            self.registrations("launched", &[&module.id]),
            self.count("completed", &module.id),
            self.count("passed", &module.id),
            self.count("failed", &module.id),
        ];
        let ModuleTruth { started, completed, passed, failed, .. } = *module;
        assert_eq!(counted, [started, completed, passed, failed], "{}", module.id);
        if let Some(video) = &module.video {
            let counted = ["initialized", "completed"].map(|verb| self.count(verb, &video.id));
            assert_eq!(counted, [video.views, video.completed], "{}", video.id);
        }
        module.questions.iter().for_each(|question| self.check_question(question));
    }

    fn check_question(&self, question: &QuestionTruth) {
        let answers: Vec<&Read> = self.by_verb("answered", &question.id).collect();
        let mut first: HashMap<usize, &Read> = HashMap::new();
        let mut responses: HashMap<&str, u64> = HashMap::new();
        for answer in &answers {
            let earliest = first.entry(answer.learner.unwrap()).or_insert(answer);
            if answer.timestamp < earliest.timestamp {
                *earliest = answer;
            }
            if let Some(response) = answer.statement["result"]["response"].as_str() {
                *responses.entry(response).or_default() += 1;
            }
        }
        let is_success = |answer: &&Read| answer.statement["result"]["success"] == true;
        let is_right = |answer: &&Read| {
            let given = answer.statement["result"]["response"].as_str();
            question.responses.iter().any(|one| one.is_right && given == Some(&*one.response))
        };
        let counted = [
            answers.len() as u64,
            answers.iter().copied().filter(is_success).count() as u64,
            answers.len() as u64 - responses.values().sum::<u64>(),
            first.len() as u64,
            first.values().copied().filter(is_success).count() as u64,
            first.values().copied().filter(is_right).count() as u64,
        ];
        let expected = [
            question.answered,
            question.successes,
            question.omitted,
            question.first_answered,
            question.first_successes,
            question.first_right,
        ];
        assert_eq!(counted, expected, "{}", question.id);
        for one in &question.responses {
            let count = responses.get(&*one.response).copied().unwrap_or(0);
            assert_eq!(count, one.count, "{}: {}", question.id, one.response);
        }
        let is_survey = |answer: &&Read| answer.statement["result"].get("success").is_none();
        assert!(answers.iter().all(|answer| is_survey(answer) == question.is_survey));
    }
}

#[test]
fn truth_agrees_with_counts_of_the_statements() {
    let simulated = simulate(config(20_000));
    let truth = &simulated.truth;
    assert_eq!(truth.statements, 20_000);
    assert_eq!(simulated.read.len() + simulated.voided.len(), 20_000);
    let voided: BTreeSet<String> = truth.voided.iter().cloned().collect();
    assert!(!voided.is_empty() && voided == simulated.voided);
    let mut verbs: BTreeMap<&str, u64> = BTreeMap::new();
    for read in &simulated.read {
        *verbs.entry(&read.verb).or_default() += 1;
        assert_eq!(read.learner.is_none(), read.verb == VOIDED, "{}", read.statement);
    }
    assert!(verbs.into_iter().eq(truth.verbs.clone()));
    simulated.check_days();
    truth.courses.iter().for_each(|course| simulated.check_course(course));
    for (index, learner) in truth.learners.iter().enumerate() {
        let own = simulated.read.iter().filter(|read| read.learner == Some(index));
        assert_eq!(learner.statements, own.clone().count() as u64);
        let enrolled = own.clone().filter(|read| read.verb.ends_with("registered")).count();
        let completed = own.filter(|read| read.verb.ends_with("satisfied")).count();
        assert_eq!((learner.enrolled as usize, learner.completed as usize), (enrolled, completed));
    }
    for source in &truth.sources {
        let is_of_source = |read: &&Read| read.statement["context"]["platform"] == source.platform;
        let of_source: Vec<&Read> = simulated.read.iter().filter(is_of_source).collect();
        assert_eq!(source.statements, of_source.len() as u64);
        assert_eq!(source.late_statements > 0, source.platform == "Campus App");
        let last = of_source.iter().map(|read| day_of(&read.timestamp)).max();
        let expected = source.last_timestamp.as_deref().map(day_of);
        assert_eq!(last, expected, "{}", source.platform);
        let is_silent = source.silent_since.is_none_or(|since| last < Some(since));
        assert!(is_silent, "{}", source.platform);
    }
}

#[test]
fn groups_form_a_tree_to_which_all_learners_belong() {
    let truth = Simulation::new(config(20_000)).unwrap().truth();
    let mut known = HashSet::new();
    for group in &truth.groups {
        let is_root = known.is_empty();
        assert_eq!(group.parent.is_none(), is_root, "there is one root: {group:?}");
        assert!(group.parent.iter().all(|parent| known.contains(parent)), "{group:?}");
        assert!(known.insert(group.id.clone()));
    }
    for learner in &truth.learners {
        assert!(learner.memberships.iter().all(|one| known.contains(&one.group)), "{learner:?}");
        assert!(learner.memberships.is_sorted_by(|one, next| one.since < next.since));
    }
    let two = truth.learners.iter().filter(|learner| learner.identifiers.len() == 2).count();
    assert!(two > 0 && two < truth.learners.len() / 2);
}

/// The probability that a learner of average ability knows the answer.
fn expected_share(question: &QuestionTruth, abilities: &[f64]) -> f64 {
    let probability = |ability: &f64| {
        1.0 / (1.0 + (-question.discrimination * (ability - question.difficulty)).exp())
    };
    let sum: f64 = abilities.iter().map(probability).sum();
    (1.0 - OMISSION_RATE) * sum / f64::from(u32::try_from(abilities.len()).unwrap())
}

fn share(part: u64, whole: u64) -> f64 {
    let [part, whole] = [part, whole].map(|count| f64::from(u32::try_from(count).unwrap()));
    part / whole
}

#[test]
fn answers_follow_the_model_and_wrong_keys_show() {
    let mut simulation = Simulation::new(config(300_000)).unwrap();
    assert_eq!(simulation.by_ref().count(), 300_000);
    let truth = simulation.truth();
    let abilities: Vec<f64> = truth.learners.iter().map(|learner| learner.ability).collect();
    let modules = truth.courses.iter().flat_map(|course| &course.modules);
    let judged = modules
        .flat_map(|module| &module.questions)
        .filter(|question| !question.is_survey && question.first_answered >= 100);
    let judged: Vec<&QuestionTruth> = judged.collect();
    assert!(judged.len() > 100, "{}", judged.len());
    let mut errors = Vec::new();
    for question in &judged {
        let found = share(question.first_right, question.first_answered);
        let error = found - expected_share(question, &abilities);
        assert!(error.abs() < 0.2, "{question:?}");
        errors.push(error);
    }
    let mean = errors.iter().sum::<f64>() / f64::from(u32::try_from(errors.len()).unwrap());
    // Learners who learn much count for more.
    assert!(mean.abs() < 0.04, "{mean}");

    let broken = &truth.courses[0].modules[0].questions[0];
    assert!(broken.key_is_wrong && broken.key_corrected_at.is_none());
    assert!(broken.first_successes < broken.first_right, "{broken:?}");
    let intact = judged.iter().filter(|question| !question.key_is_wrong);
    assert!(intact.clone().all(|question| question.first_successes == question.first_right));
    let corrected = judged.iter().filter(|question| question.key_corrected_at.is_some());
    assert!(corrected.count() > 0);
}

#[test]
fn learners_drop_out_at_the_hard_module_and_some_are_stuck() {
    let mut simulation = Simulation::new(config(300_000)).unwrap();
    assert_eq!(simulation.by_ref().count(), 300_000);
    let truth = simulation.truth();
    let modules = &truth.courses[0].modules;
    let rates: Vec<f64> =
        modules.iter().map(|module| share(module.dropped, module.started)).collect();
    // Those who repeat the course do not drop out.
    assert!((0.25..0.5).contains(&rates[2]), "{rates:?}");
    assert!(rates.iter().enumerate().all(|(index, rate)| index == 2 || *rate < 0.1), "{rates:?}");
    assert!(truth.stuck.iter().any(|stuck| stuck.failures == 12), "{:?}", truth.stuck);
    let moved = truth.learners.iter().filter(|learner| learner.memberships.len() == 2);
    assert!(moved.count() > 0);
}
