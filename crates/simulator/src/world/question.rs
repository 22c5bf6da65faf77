//! Questions of known difficulty and discrimination.

use crate::random::{Random, exponential, probability_of_success, round};
use crate::text::string;
use crate::truth::OMISSION_RATE;
use crate::vocabulary::activity_type;
use crate::world::activity::Activity;
use crate::world::interaction::{Interaction, InteractionBody, Response};
use crate::world::names::{LANGUAGES, QUESTION_WORDS};

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Its number among all questions of all courses.
    pub(crate) index: usize,
    pub(crate) activity: Activity,
    pub(crate) interaction_type: &'static str,
    pub(crate) is_survey: bool,
    pub(crate) difficulty: f64,
    pub(crate) discrimination: f64,
    pub(crate) responses: Vec<Response>,
    pub(crate) key_is_wrong: bool,
    /// When a wrong key is corrected, and the object from then on.
    pub(crate) correction: Option<(i64, String)>,
}

/// How a question comes to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong,
    /// It is wrong until this time.
    WrongUntil(i64),
}

/// Where a question is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuestionPlace<'a> {
    pub(crate) index: usize,
    /// The id of the quiz.
    pub(crate) quiz: &'a str,
    /// Its number in the quiz, from 1.
    pub(crate) number: usize,
    /// The index of the language.
    pub(crate) language: usize,
}

impl Question {
    /// Makes a question. Only interactions with a single choice can have a wrong key.
    pub(crate) fn new(
        place: QuestionPlace<'_>,
        interaction: Interaction,
        key: Key,
        random: &mut Random,
    ) -> Self {
        let mut body = InteractionBody::new(interaction, LANGUAGES[place.language], random);
        let key = if interaction.is_single_choice() { key } else { Key::Right };
        let right_object = definition(place, &body);
        if key != Key::Right {
            misplace_key(&mut body);
        }
        let activity = Activity::with_definition(
            format!("{}/q{:02}", place.quiz, place.number),
            &definition(place, &body),
        );
        let correction = match key {
            Key::WrongUntil(time) => {
                let corrected = Activity::with_definition(activity.id.clone(), &right_object);
                Some((time, corrected.object))
            }
            Key::Right | Key::Wrong => None,
        };
        let (difficulty, discrimination) = parameters(random);
        Self {
            index: place.index,
            activity,
            interaction_type: body.interaction_type,
            is_survey: body.pattern.is_none(),
            difficulty,
            discrimination,
            responses: body.responses,
            key_is_wrong: key != Key::Right,
            correction,
        }
    }

    /// The value of `object` at a time.
    pub(crate) fn object_at(&self, time_ms: i64) -> &str {
        match &self.correction {
            Some((since, object)) if *since <= time_ms => object,
            Some(_) | None => &self.activity.object,
        }
    }

    /// Whether the source takes a response for right at a time; none in a survey.
    pub(crate) fn judge(&self, response: Option<usize>, time_ms: i64) -> Option<bool> {
        if self.is_survey {
            return None;
        }
        let is_corrected = self.correction.as_ref().is_some_and(|(since, _)| *since <= time_ms);
        Some(response.is_some_and(|index| {
            let response = &self.responses[index];
            if is_corrected { response.is_right } else { response.is_keyed }
        }))
    }

    /// What somebody of this ability answers; none if nothing.
    pub(crate) fn respond(&self, ability: f64, random: &mut Random) -> Option<usize> {
        if random.chance(OMISSION_RATE) {
            return None;
        }
        let probability = probability_of_success(ability, self.difficulty, self.discrimination);
        let is_known = random.chance(probability);
        let weights = self.responses.iter().map(|response| {
            let is_possible = self.is_survey || response.is_right == is_known;
            if is_possible { response.weight } else { 0 }
        });
        Some(random.weighted(weights))
    }
}

/// Difficulty and discrimination. A few questions are far too easy, or do not discriminate.
fn parameters(random: &mut Random) -> (f64, f64) {
    let difficulty = if random.chance(0.03) { -4.0 } else { random.normal() - 0.8 };
    let usual = 1.1 * exponential(0.35 * random.normal());
    let discrimination = if random.chance(0.03) { 0.05 } else { usual.clamp(0.3, 2.8) };
    (round(difficulty), round(discrimination))
}

/// Makes the key name the wrong response that most choose.
fn misplace_key(body: &mut InteractionBody) {
    let wrong = body.responses.iter().enumerate().filter(|(_, response)| !response.is_right);
    let likeliest = wrong.max_by_key(|(_, response)| response.weight).map(|(index, _)| index);
    for (index, response) in body.responses.iter_mut().enumerate() {
        response.is_keyed = Some(index) == likeliest;
    }
    let keyed = body.responses.iter().filter(|response| response.is_keyed);
    body.pattern = Some(keyed.map(|response| response.text.clone()).collect());
}

fn definition(place: QuestionPlace<'_>, body: &InteractionBody) -> String {
    let (language, word) = (LANGUAGES[place.language], QUESTION_WORDS[place.language]);
    let mut text = format!(
        r#""name":{{"{language}":"{word} {}"}},"type":"{}","interactionType":"{}""#,
        place.number,
        activity_type::INTERACTION,
        body.interaction_type
    );
    if let Some(pattern) = &body.pattern {
        let pattern: Vec<String> = pattern.iter().map(|accepted| string(accepted)).collect();
        text.push_str(r#","correctResponsesPattern":["#);
        text.push_str(&pattern.join(","));
        text.push(']');
    }
    text.push_str(&body.components);
    text
}
