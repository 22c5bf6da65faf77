//! Courses with modules, and what is in them.

use crate::config::Config;
use crate::random::{Random, round};
use crate::text::string;
use crate::vocabulary::activity_type;
use crate::world::activity::{Activity, mention};
use crate::world::interaction::Interaction;
use crate::world::names::{FIRST_NAMES, LANGUAGES, LAST_NAMES, MODULE_WORDS, TOPICS};
use crate::world::organisation::staff;
use crate::world::question::{Key, Question, QuestionPlace};

/// Where everything in the catalogue is.
const BASE: &str = "https://campus.example.org";

/// A course.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub(crate) name: String,
    pub(crate) language: &'static str,
    pub(crate) activity: Activity,
    /// The value of `context.instructor`.
    pub(crate) instructor: String,
    pub(crate) modules: Vec<Module>,
}

/// A module of a course.
#[derive(Clone, Debug)]
pub(crate) struct Module {
    /// Its number among all modules of all courses.
    pub(crate) index: usize,
    pub(crate) activity: Activity,
    /// The probability to stop here for good.
    pub(crate) drop_rate: f64,
    pub(crate) pages: Vec<Activity>,
    pub(crate) video: Option<Video>,
    pub(crate) quiz: Option<Quiz>,
}

/// A video.
#[derive(Clone, Debug)]
pub(crate) struct Video {
    pub(crate) activity: Activity,
    pub(crate) length_ms: i64,
}

/// A quiz.
#[derive(Clone, Debug)]
pub(crate) struct Quiz {
    pub(crate) activity: Activity,
    pub(crate) questions: Vec<Question>,
}

/// Everything that can be learned.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    pub(crate) courses: Vec<Course>,
    /// Meetings that have nothing to do with a course.
    pub(crate) workshops: Vec<Activity>,
    /// A page that has nothing to do with a course.
    pub(crate) news: Activity,
    pub(crate) module_count: usize,
    pub(crate) question_count: usize,
}

impl Catalogue {
    pub(crate) fn new(config: &Config, correction_ms: i64, random: &mut Random) -> Self {
        let mut maker = Maker { random, correction_ms, module_count: 0, question_count: 0 };
        let courses = (0..config.courses).map(|number| maker.course(number)).collect();
        let workshop = |number: usize| {
            let id = format!("{BASE}/workshops/{number}");
            let name = format!("{} workshop", TOPICS[number][0]);
            Activity::new(id, activity_type::MEETING, &name, LANGUAGES[0])
        };
        Self {
            courses,
            workshops: (0..TOPICS.len()).map(workshop).collect(),
            news: Activity::new(format!("{BASE}/news"), activity_type::PAGE, "News", LANGUAGES[0]),
            module_count: maker.module_count,
            question_count: maker.question_count,
        }
    }
}

/// Makes courses, one after the other.
struct Maker<'a> {
    random: &'a mut Random,
    /// When wrong keys are corrected.
    correction_ms: i64,
    module_count: usize,
    question_count: usize,
}

/// The course that a module is made for.
struct CoursePlace {
    /// The index of the course.
    number: u32,
    id: String,
    mention: String,
    language: usize,
}

impl Maker<'_> {
    fn course(&mut self, number: u32) -> Course {
        let language = self.random.weighted([55, 25, 10, 10].into_iter());
        let topic = TOPICS[number as usize % TOPICS.len()];
        let level = number as usize / TOPICS.len() + 1;
        let name = format!("{} {level}", topic[language]);
        let id = format!("{BASE}/courses/c{number:03}");
        let in_english = match language {
            0 => String::new(),
            _ => format!(r#","{}":{}"#, LANGUAGES[0], string(&format!("{} {level}", topic[0]))),
        };
        let definition = format!(
            r#""name":{{"{}":{}{in_english}}},"type":"{}""#,
            LANGUAGES[language],
            string(&name),
            activity_type::COURSE
        );
        let teacher =
            format!("{} {}", self.random.pick(&FIRST_NAMES), self.random.pick(&LAST_NAMES));
        let place =
            CoursePlace { number, mention: mention(&id, activity_type::COURSE), id, language };
        // The first course has a module 3 at which many stop.
        let module_count = if number == 0 { 6 } else { 3 + self.random.index(6) };
        let hard = if number == 0 { 2 } else { 1 + self.random.index(2 * module_count) };
        let modules = (0..module_count).map(|module| self.module(&place, module, hard)).collect();
        Course {
            language: LANGUAGES[language],
            activity: Activity::with_definition(place.id, &definition),
            instructor: staff(&teacher, &format!("teacher-{}", number % 97)).1,
            name,
            modules,
        }
    }

    /// The module `number` of a course in which many stop at the module `hard`.
    fn module(&mut self, course: &CoursePlace, number: usize, hard: usize) -> Module {
        let id = format!("{}/m{}", course.id, number + 1);
        let language = LANGUAGES[course.language];
        let of_module = mention(&id, activity_type::MODULE);
        let part = |name: &str, activity_type: &str, title: &str| {
            Activity::new(format!("{id}/{name}"), activity_type, title, language)
                .within(&of_module, &[&course.mention])
        };
        let pages = (1..=1 + self.random.index(3))
            .map(|page| part(&format!("p{page}"), activity_type::PAGE, &format!("{page}")));
        let pages = pages.collect();
        let length_ms = self.random.between(90, 900) * 1000;
        let video = self
            .random
            .chance(0.45)
            .then(|| Video { activity: part("video", activity_type::VIDEO, "Video"), length_ms });
        let has_quiz = number == 0 || self.random.chance(0.8);
        let quiz = has_quiz.then(|| part("quiz", activity_type::ASSESSMENT, "Quiz"));
        let quiz = quiz.map(|activity| self.quiz(course, activity, &of_module));
        let title = format!("{} {}", MODULE_WORDS[course.language], number + 1);
        let activity = Activity::new(id, activity_type::MODULE, &title, language)
            .within(&course.mention, &[r#"{"id":"https://publisher.example.org/units/standard"}"#]);
        let base_rate = 0.01 + 0.03 * self.random.unit();
        let hard_rate = if course.number == 0 { 0.45 } else { 0.18 + 0.2 * self.random.unit() };
        self.module_count += 1;
        Module {
            index: self.module_count - 1,
            activity,
            drop_rate: round(if number == hard { hard_rate } else { base_rate }),
            pages,
            video,
            quiz,
        }
    }

    fn quiz(&mut self, course: &CoursePlace, activity: Activity, of_module: &str) -> Quiz {
        let of_quiz = mention(&activity.id, activity_type::ASSESSMENT);
        let count = 5 + self.random.index(6);
        let questions = (1..=count).map(|number| {
            // The first question of all has a wrong key that nobody corrects.
            let is_broken = self.question_count == 0;
            let interaction =
                if is_broken { Interaction::Choice } else { Interaction::any(self.random) };
            let key = match self.random.below(100) {
                _ if is_broken => Key::Wrong,
                0..2 => Key::Wrong,
                2 => Key::WrongUntil(self.correction_ms),
                _ => Key::Right,
            };
            let place = QuestionPlace {
                index: self.question_count,
                quiz: &activity.id,
                number,
                language: course.language,
            };
            self.question_count += 1;
            let mut question = Question::new(place, interaction, key, self.random);
            if is_broken {
                (question.difficulty, question.discrimination) = (-0.5, 1.2);
            }
            let placed = question.activity.within(&of_quiz, &[&course.mention, of_module]);
            Question { activity: placed, ..question }
        });
        Quiz { questions: questions.collect(), activity }
    }
}
