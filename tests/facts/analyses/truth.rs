//! Analyses of simulated learning data agree with the truth that it was made from, and with
//! counts of its statements.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;

use acta_tests::{Engine, acta, run};
use serde_json::{Value, json};

use super::{Asked, analyse, near};

const COURSE: &str = "http://adlnet.gov/expapi/activities/course";
const VOIDED: &str = "http://adlnet.gov/expapi/verbs/voided";
/// Statements of one request.
const BATCH: usize = 500;

/// Statements as they were simulated, and the truth.
struct Simulated {
    statements: Vec<Value>,
    truth: Value,
    /// The index of the learner, by the identifier.
    learners: HashMap<String, usize>,
    voided: HashSet<String>,
}

/// The identifier of an actor, as truth and statements write it.
fn identifier(of: &Value) -> Option<String> {
    ["mbox", "account"].iter().find_map(|name| of.get(name)).map(Value::to_string)
}

fn list<'a>(of: &'a Value, name: &str) -> &'a Vec<Value> {
    of[name].as_array().unwrap_or_else(|| panic!("{name} is no list"))
}

fn text(of: &Value) -> &str {
    of.as_str().unwrap_or_default()
}

/// The verb of a statement, without what is before its last word.
fn word(statement: &Value) -> &str {
    text(&statement["verb"]["id"]).rsplit('/').next().unwrap_or_default()
}

impl Simulated {
    fn new(asked: &Asked) -> Self {
        let folder = asked.store.data().with_file_name("simulated");
        fs::create_dir_all(&folder).unwrap();
        let file = |name: &str| folder.join(name).display().to_string();
        let options = [
            "--statements",
            "9000",
            "--seed",
            "4",
            "--years",
            "2",
            "--courses",
            "3",
            "--xapi-version",
            "1.0.3",
        ];
        let mut command = acta();
        command.arg("simulate").args(options);
        command.args(["--output", &file("s.jsonl"), "--truth", &file("t.json")]);
        let made = run(&mut command);
        assert_eq!(made.code, Some(0), "{}", made.err);
        let lines = fs::read_to_string(file("s.jsonl")).unwrap();
        let statements: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let truth: Value =
            serde_json::from_str(&fs::read_to_string(file("t.json")).unwrap()).unwrap();
        let mut learners = HashMap::new();
        for (index, learner) in list(&truth, "learners").iter().enumerate() {
            let own = list(learner, "identifiers").iter().filter_map(identifier);
            learners.extend(own.map(|identifier| (identifier, index)));
        }
        let voided = list(&truth, "voided").iter().map(|id| text(id).to_owned()).collect();
        Self { statements, truth, learners, voided }
    }

    /// Statements that count, with the index of the learner.
    fn counted(&self) -> impl Iterator<Item = (usize, &Value)> {
        self.statements.iter().filter_map(|statement| {
            let is_voided = self.voided.contains(text(&statement["id"]));
            let learner = identifier(&statement["actor"])
                .and_then(|identifier| self.learners.get(&identifier).copied());
            learner.filter(|_| !is_voided).map(|learner| (learner, statement))
        })
    }

    /// The learners of statements with one of these verbs about an activity.
    fn learners_of(&self, verbs: &[&str], object: &str) -> HashSet<usize> {
        let found = self.counted().filter(|(_, statement)| {
            text(&statement["object"]["id"]) == object && verbs.contains(&word(statement))
        });
        found.map(|(learner, _)| learner).collect()
    }

    /// Joins the identifiers of each learner.
    fn join(&self, asked: &Asked) {
        for learner in list(&self.truth, "learners") {
            let identifiers: Vec<String> =
                list(learner, "identifiers").iter().map(Value::to_string).collect();
            if identifiers.len() < 2 {
                continue;
            }
            let mut arguments = vec!["person", "create", "--name", text(&learner["name"])];
            for identifier in &identifiers {
                arguments.extend(["--identifier", identifier.as_str()]);
            }
            asked.store.administer(&arguments);
        }
    }

    fn check_activity(&self, asked: &Asked, learners: &str) {
        let found = analyse(asked, "activity", &json!({}));
        // Who voids a statement is active too, but no learner.
        let learning = json!({"where": {"not": {"field": "verb", "is": VOIDED}}});
        let learning = analyse(asked, "activity", &learning);
        let (days, learning) = (by_date(&found), by_date(&learning));
        for day in list(&self.truth, "days") {
            let date = text(&day["date"]);
            assert_eq!(days[date]["statements"], day["statements"], "{day}");
            let daily = learning.get(date).map_or(&json!(0), |shown| &shown["daily"]).clone();
            assert_eq!(daily, day[learners], "{learners} of {day}");
        }
        let sum = |name: &str| days.values().filter_map(|day| day[name].as_u64()).sum::<u64>();
        let truth = list(&self.truth, "days").iter().filter_map(|day| day["statements"].as_u64());
        assert_eq!(sum("statements"), truth.sum::<u64>());
        let hours = list(&found, "hours").iter().filter_map(|hour| hour["statements"].as_u64());
        assert_eq!(sum("statements"), hours.sum::<u64>());
    }

    fn check_courses(&self, asked: &Asked) {
        let found = analyse(asked, "courses", &json!({"time": true}));
        for course in list(&self.truth, "courses") {
            let id = text(&course["id"]);
            let shown = list(&found, "courses").iter().find(|it| it["id"] == id);
            let shown = shown.unwrap_or_else(|| panic!("{id}: {found}"));
            assert_eq!(shown["enrolled"], course["learners"], "{id}");
            assert_eq!(shown["statements"], course["statements"], "{id}");
            // Names are shown in English if there is one; the number is the same in all languages.
            let number = |name: &Value| text(name).rsplit(' ').next().map(str::to_owned);
            assert_eq!(number(&shown["name"]), number(&course["name"]), "{id}");
            let completed = self.learners_of(&["completed", "satisfied"], id);
            assert_eq!(shown["completed"], completed.len(), "{id}");
            let modules = list(course, "modules").iter().map(|module| text(&module["id"]));
            let started: HashSet<usize> =
                modules.flat_map(|module| self.learners_of(&["launched"], module)).collect();
            assert_eq!(shown["started"], started.len(), "{id}");
            self.check_parts(asked, course);
        }
    }

    fn check_parts(&self, asked: &Asked, course: &Value) {
        let found = analyse(asked, "courses", &json!({"course": course["id"]}));
        let parts = found["parts"].as_array().unwrap();
        let modules = list(course, "modules");
        let completed = self.learners_of(&["completed"], text(&course["id"]));
        let mut stopped = 0;
        for part in parts {
            let id = text(&part["id"]);
            assert!(modules.iter().any(|module| module["id"] == id), "{id} is no module");
            let table = [
                ("learners", self.learners_of(&["launched"], id)),
                ("completed", self.learners_of(&["completed"], id)),
                ("passed", self.learners_of(&["passed"], id)),
                ("failed", self.learners_of(&["failed"], id)),
            ];
            for (name, learners) in table {
                assert_eq!(part[name], learners.len(), "{name} of {id}");
            }
            stopped += part["stopped"].as_u64().unwrap();
        }
        let begun: HashSet<usize> = modules
            .iter()
            .flat_map(|it| self.learners_of(&["launched"], text(&it["id"])))
            .collect();
        assert_eq!(stopped, begun.difference(&completed).count() as u64, "{}", course["id"]);
        // They are in the order of the course.
        let ids: Vec<&str> = parts.iter().map(|part| text(&part["id"])).collect();
        let order: Vec<&str> =
            modules.iter().map(|it| text(&it["id"])).filter(|it| ids.contains(it)).collect();
        assert_eq!(ids, order);
    }

    fn check_videos(&self, asked: &Asked) {
        let found = analyse(asked, "video", &json!({}));
        let modules = list(&self.truth, "courses").iter().flat_map(|it| list(it, "modules"));
        let videos = modules.map(|module| &module["video"]);
        let mut count = 0;
        for video in videos.filter(|video| video["views"].as_u64().unwrap_or_default() > 0) {
            count += 1;
            let shown = list(&found, "videos").iter().find(|it| it["id"] == video["id"]).unwrap();
            assert_eq!(shown["views"], video["views"], "{video}");
            assert_eq!(shown["watched"], video["completed"], "{video}");
            let played = video["distinct_ms"].as_f64().unwrap() / 1_000.0;
            assert!((shown["seconds_played"].as_f64().unwrap() - played).abs() < 0.01, "{video}");
            near(&shown["seconds"], video["length_ms"].as_f64().unwrap() / 1_000.0);
        }
        assert!(0 < count);
        assert_eq!(list(&found, "videos").len(), count);
    }

    fn check_questions(&self, asked: &Asked) {
        let modules = list(&self.truth, "courses").iter().flat_map(|it| list(it, "modules"));
        let mut checked = 0;
        for module in modules.filter(|module| module["quiz"].is_string()) {
            let found = analyse(asked, "items", &json!({"activity": module["quiz"]}));
            let questions = list(module, "questions").iter();
            checked += questions.filter(|question| check_question(&found, question)).count();
        }
        assert!(10 < checked, "{checked}");
    }

    fn check_sources(&self, asked: &Asked) {
        let last = list(&self.truth, "days").last().unwrap();
        let at = format!("{}T23:59:59Z", text(&last["date"]));
        let found = analyse(asked, "sources", &json!({"at": at}));
        for source in list(&self.truth, "sources") {
            let shown =
                list(&found, "sources").iter().find(|it| it["source"] == source["platform"]);
            let shown = shown.unwrap_or_else(|| panic!("{source}"));
            assert_eq!(shown["statements"], source["statements"], "{source}");
            let seen = text(&shown["last_seen"]);
            assert_eq!(seen.get(..19), text(&source["last_timestamp"]).get(..19), "{source}");
        }
        // Before the holidays at the end of the year.
        let before = analyse(asked, "sources", &json!({"at": "2025-12-15"}));
        for source in list(&self.truth, "sources") {
            let shown =
                list(&before, "sources").iter().find(|it| it["source"] == source["platform"]);
            let is_silent = source["silent_since"].is_string();
            assert_eq!(shown.unwrap()["is_silent"], is_silent, "{source}");
        }
        let verbs: BTreeMap<&str, &Value> =
            list(&found, "verbs").iter().map(|it| (text(&it["id"]), &it["statements"])).collect();
        for (verb, count) in self.truth["verbs"].as_object().unwrap() {
            assert_eq!(verbs.get(verb.as_str()), Some(&count), "{verb}");
        }
        let quality = analyse(asked, "quality", &json!({}));
        assert_eq!(quality["unknown_verbs"], json!([]));
        let rule = |rule: &str| {
            let found = list(&quality, "rules").iter().find(|it| it["rule"] == rule);
            found.unwrap()["statements"].as_u64().unwrap()
        };
        assert_eq!((rule("anonymous_actor"), rule("duplicate"), rule("contradiction")), (0, 0, 0));
        let results = ["response", "success", "score"];
        let empty = self.counted().filter(|(_, statement)| {
            word(statement) == "answered"
                && results.iter().all(|it| statement["result"][it].is_null())
        });
        assert_eq!(rule("answer_without_result"), empty.count() as u64);
    }

    /// Who has failed a module three times or more since it was passed or completed last.
    fn stuck(&self, course: &Value) -> BTreeSet<(usize, String)> {
        let ids: Vec<&str> = list(course, "modules").iter().map(|it| text(&it["id"])).collect();
        let mut told: Vec<(String, usize, &str, &str)> = self
            .counted()
            .map(|(learner, it)| {
                let time = text(&it["timestamp"]).to_owned();
                (time, learner, text(&it["object"]["id"]), word(it))
            })
            .filter(|it| ids.contains(&it.2))
            .collect();
        told.sort();
        let mut failures: BTreeMap<(usize, String), u32> = BTreeMap::new();
        for (_, learner, module, verb) in told {
            let count = failures.entry((learner, module.to_owned())).or_default();
            match verb {
                "failed" => *count += 1,
                "passed" | "completed" => *count = 0,
                _ => {}
            }
        }
        failures.into_iter().filter(|(_, count)| *count >= 3).map(|(key, _)| key).collect()
    }

    fn check_help(&self, asked: &Asked) {
        let mut all = 0;
        for course in list(&self.truth, "courses") {
            let request = json!({"course": course["id"], "at": "2026-01-10", "within_days": 3_650});
            let found = analyse(asked, "help", &request);
            let mut shown = BTreeSet::new();
            for learner in list(&found, "learners") {
                let person: Value = serde_json::from_str(text(&learner["person"])).unwrap();
                let index = self.learners[&identifier(&person).unwrap()];
                let stuck = list(learner, "reasons").iter().filter(|it| it["kind"] == "stuck");
                shown.extend(stuck.map(|it| (index, text(&it["activity"]).to_owned())));
            }
            let completed = self.learners_of(&["completed"], text(&course["id"]));
            let mut expected = self.stuck(course);
            expected.retain(|(learner, _)| !completed.contains(learner));
            assert_eq!(shown, expected, "{}", course["id"]);
            all += shown.len();
        }
        let given_up = list(&self.truth, "stuck").iter().filter(|it| it["failures"] == 12).count();
        assert!(given_up <= all, "{given_up} and {all}");
    }

    fn check_journey(&self, asked: &Asked) {
        let busiest = list(&self.truth, "learners").iter().enumerate();
        let two = busiest.filter(|(_, it)| list(it, "identifiers").len() == 2);
        let (index, learner) = two.max_by_key(|(_, it)| it["statements"].as_u64()).unwrap();
        for own in list(learner, "identifiers") {
            let found = analyse(asked, "journey", &json!({"agent": own, "limit": 1_000}));
            assert_eq!(found["statements"], learner["statements"], "{own}");
            let completed = list(&self.truth, "courses").iter().filter(|course| {
                self.learners_of(&["completed"], text(&course["id"])).contains(&index)
            });
            let shown = list(&found, "courses").iter().filter(|it| it["state"] == "completed");
            assert_eq!(shown.count(), completed.count());
            let failed = self.counted().filter(|(it, told)| *it == index && word(told) == "failed");
            let failures = list(&found, "courses").iter().filter_map(|it| it["failures"].as_u64());
            assert_eq!(failures.sum::<u64>(), failed.count() as u64);
            let years = list(&found, "years").iter().filter_map(|it| it["statements"].as_u64());
            assert_eq!(Some(years.sum::<u64>()), learner["statements"].as_u64());
        }
    }
}

/// The days of an analysis of activity, by their dates.
fn by_date(found: &Value) -> BTreeMap<&str, &Value> {
    list(found, "days").iter().map(|day| (text(&day["date"]), day)).collect()
}

/// Whether there is a facility of a question, which then has to be that of the truth.
fn check_question(found: &Value, question: &Value) -> bool {
    let shown = list(found, "questions").iter().find(|it| it["id"] == question["id"]);
    let facility = shown.map_or(&Value::Null, |shown| &shown["facility_of_answers"]);
    if facility.is_null() {
        return false;
    }
    let of = |name: &str| question[name].as_f64().unwrap();
    near(facility, 100.0 * of("first_successes") / of("first_answered"));
    true
}

fn agrees_with_the_truth(engine: Engine) {
    let asked = Asked::new(engine);
    let simulated = Simulated::new(&asked);
    // Late statements stay late: they come in the order in which they arrive.
    for batch in simulated.statements.chunks(BATCH) {
        asked.tell(batch);
    }
    assert!(simulated.statements.iter().any(|it| text(&it["verb"]["id"]) == VOIDED));
    assert!(simulated.statements.iter().any(|it| it["object"]["definition"]["type"] == COURSE));
    simulated.check_activity(&asked, "identifiers");
    simulated.join(&asked);
    simulated.check_activity(&asked, "learners");
    simulated.check_courses(&asked);
    simulated.check_videos(&asked);
    simulated.check_questions(&asked);
    simulated.check_sources(&asked);
    simulated.check_help(&asked);
    simulated.check_journey(&asked);
}

#[test]
fn analyses_agree_with_the_truth_of_simulated_data() {
    agrees_with_the_truth(Engine::Embedded);
}

#[test]
fn analyses_agree_with_the_truth_of_simulated_data_on_postgres() {
    agrees_with_the_truth(Engine::Postgres);
}
