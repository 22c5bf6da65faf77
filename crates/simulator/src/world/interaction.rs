//! The interactions of all types: patterns, components and responses.

use crate::random::Random;

/// A kind of interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interaction {
    Choice,
    TrueFalse,
    /// A choice of which several options are right.
    SeveralChoices,
    FillIn,
    Numeric,
    Matching,
    Sequencing,
    Likert,
    Performance,
    LongFillIn,
    Other,
}

/// All kinds, each with its share.
const SHARES: [(Interaction, u32); 11] = [
    (Interaction::Choice, 44),
    (Interaction::TrueFalse, 14),
    (Interaction::FillIn, 8),
    (Interaction::Numeric, 8),
    (Interaction::SeveralChoices, 6),
    (Interaction::Matching, 6),
    (Interaction::Sequencing, 5),
    (Interaction::Likert, 5),
    (Interaction::Performance, 2),
    (Interaction::LongFillIn, 1),
    (Interaction::Other, 1),
];

/// Terms to fill in, each with what else is written.
const TERMS: [[&str; 4]; 6] = [
    ["mitosis", "Mitosis", "meiosis", "mitose"],
    ["encryption", "Encryption", "encoding", "signing"],
    ["oxygen", "OXYGEN", "ozone", "oxide"],
    ["median", "Median", "mean", "mode"],
    ["evacuate", "Evacuate", "evaporate", "leave"],
    ["invoice", "Invoice", "receipt", "bill of lading"],
];

/// A response that is given.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// The value of `response`.
    pub(crate) text: String,
    /// How often it is given, among those that are as right as it is.
    pub(crate) weight: u32,
    /// Whether it is right in truth.
    pub(crate) is_right: bool,
    /// Whether the key takes it for right.
    pub(crate) is_keyed: bool,
}

/// What is particular to an interaction.
#[derive(Clone, Debug)]
pub(crate) struct InteractionBody {
    pub(crate) interaction_type: &'static str,
    /// The responses that are accepted; none if it is a survey.
    pub(crate) pattern: Option<Vec<String>>,
    /// The lists of components, each with a comma before it.
    pub(crate) components: String,
    pub(crate) responses: Vec<Response>,
}

impl Interaction {
    /// A kind by its share.
    pub(crate) fn any(random: &mut Random) -> Self {
        SHARES[random.weighted(SHARES.iter().map(|(_, share)| *share))].0
    }

    /// Whether one of the responses is the key.
    pub(crate) fn is_single_choice(self) -> bool {
        matches!(self, Self::Choice | Self::TrueFalse)
    }
}

impl InteractionBody {
    pub(crate) fn new(interaction: Interaction, language: &str, random: &mut Random) -> Self {
        match interaction {
            Interaction::Choice => choice(language, random),
            Interaction::TrueFalse => true_false(random),
            Interaction::SeveralChoices => several_choices(language),
            Interaction::FillIn => fill_in(language, random),
            Interaction::Numeric => numeric(random),
            Interaction::Matching => matching(language),
            Interaction::Sequencing => sequencing(language),
            Interaction::Likert => likert(language),
            Interaction::Performance => performance(language),
            Interaction::LongFillIn => long_fill_in(),
            Interaction::Other => other(),
        }
    }

    /// An interaction with one accepted response, which may also be written in other ways.
    fn judged(
        interaction_type: &'static str,
        pattern: &str,
        right: &[&str],
        wrong: &[&str],
    ) -> Self {
        let right = right.iter().map(|text| (*text, true));
        let all = right.chain(wrong.iter().map(|text| (*text, false)));
        let responses = all.zip((1..=8).rev()).map(|((text, is_right), weight)| Response {
            text: text.to_owned(),
            weight,
            is_right,
            is_keyed: is_right,
        });
        Self {
            interaction_type,
            pattern: Some(vec![pattern.to_owned()]),
            components: String::new(),
            responses: responses.collect(),
        }
    }

    /// An interaction without a right response.
    fn survey(interaction_type: &'static str, responses: &[(&str, u32)]) -> Self {
        let responses = responses.iter().map(|&(text, weight)| Response {
            text: text.to_owned(),
            weight,
            is_right: false,
            is_keyed: false,
        });
        Self {
            interaction_type,
            pattern: None,
            components: String::new(),
            responses: responses.collect(),
        }
    }

    /// Adds a list of components, described in a language.
    fn with(mut self, list: &str, language: &str, ids: &[&str]) -> Self {
        let components = ids.iter().map(|id| {
            let description = id.replace('_', " ");
            format!(r#"{{"id":"{id}","description":{{"{language}":"{description}"}}}}"#)
        });
        let components = components.collect::<Vec<_>>().join(",");
        self.components = format!(r#"{},"{list}":[{components}]"#, self.components);
        self
    }
}

/// One right option of three to five. Now and then one is never chosen.
fn choice(language: &str, random: &mut Random) -> InteractionBody {
    const OPTIONS: [&str; 5] = ["a", "b", "c", "d", "e"];
    let options = &OPTIONS[..3 + random.index(3)];
    let right = random.index(options.len());
    let mut body = InteractionBody::judged("choice", options[right], options, &[]);
    body.components.clear();
    for (index, response) in body.responses.iter_mut().enumerate() {
        response.is_right = index == right;
        response.is_keyed = index == right;
        response.weight = 10 + random.below(40);
    }
    if options.len() > 3 && random.chance(0.15) {
        body.responses[(right + 1) % options.len()].weight = 0;
    }
    body.with("choices", language, options)
}

fn true_false(random: &mut Random) -> InteractionBody {
    let (right, wrong) = if random.chance(0.5) { ("true", "false") } else { ("false", "true") };
    InteractionBody::judged("true-false", right, &[right], &[wrong])
}

fn several_choices(language: &str) -> InteractionBody {
    let wrong = ["a", "a[,]b", "b[,]c", "a[,]c[,]d", "d"];
    let body = InteractionBody::judged("choice", "a[,]c", &["a[,]c"], &wrong);
    body.with("choices", language, &["a", "b", "c", "d"])
}

fn fill_in(language: &str, random: &mut Random) -> InteractionBody {
    let [right, also_right, wrong, also_wrong] = random.pick(&TERMS);
    let pattern = format!("{{case_matters=false}}{{lang={language}}}{right}");
    InteractionBody::judged("fill-in", &pattern, &[right, also_right], &[wrong, also_wrong])
}

fn numeric(random: &mut Random) -> InteractionBody {
    let value = random.between(20, 400);
    let pattern = format!("{}[:]{}", value - 2, value + 2);
    let right = [value.to_string(), format!("{}.5", value + 1), (value - 2).to_string()];
    let wrong = [value + 10, value * 2, value / 2, value - 5, value * 10].map(|n| n.to_string());
    let (right, wrong) = (right.each_ref(), wrong.each_ref());
    let (right, wrong) = (right.map(String::as_str), wrong.map(String::as_str));
    InteractionBody::judged("numeric", &pattern, &right, &wrong)
}

fn matching(language: &str) -> InteractionBody {
    let right = "a[.]1[,]b[.]2[,]c[.]3";
    let wrong = ["a[.]2[,]b[.]1[,]c[.]3", "a[.]1[,]b[.]3[,]c[.]2", "a[.]3[,]b[.]2[,]c[.]1"];
    let body = InteractionBody::judged("matching", right, &[right], &wrong);
    body.with("source", language, &["a", "b", "c"]).with("target", language, &["1", "2", "3"])
}

fn sequencing(language: &str) -> InteractionBody {
    let right = "alarm[,]rescue[,]extinguish[,]report";
    let wrong = [
        "rescue[,]alarm[,]extinguish[,]report",
        "extinguish[,]alarm[,]rescue[,]report",
        "alarm[,]extinguish[,]rescue[,]report",
    ];
    let body = InteractionBody::judged("sequencing", right, &[right], &wrong);
    body.with("choices", language, &["report", "alarm", "extinguish", "rescue"])
}

fn likert(language: &str) -> InteractionBody {
    let scale = ["very_bad", "bad", "fair", "good", "very_good"];
    let responses = [(scale[0], 4), (scale[1], 9), (scale[2], 24), (scale[3], 42), (scale[4], 21)];
    InteractionBody::survey("likert", &responses).with("scale", language, &scale)
}

fn performance(language: &str) -> InteractionBody {
    let pattern = "pulse[.]60[:]100[,]breaths[.]12[:]20[,]call[.]112";
    let right =
        ["pulse[.]72[,]breaths[.]14[,]call[.]112", "pulse[.]88[,]breaths[.]16[,]call[.]112"];
    let wrong =
        ["pulse[.]130[,]breaths[.]14[,]call[.]112", "pulse[.]72[,]breaths[.]14[,]call[.]911"];
    let body = InteractionBody::judged("performance", pattern, &right, &wrong);
    body.with("steps", language, &["pulse", "breaths", "call"])
}

fn long_fill_in() -> InteractionBody {
    let responses = [
        ("I would like more examples.", 3),
        ("Clear and short, thank you.", 4),
        ("Too much text on one page; the video was better.", 2),
        ("Es war gut, aber zu schnell.", 1),
    ];
    InteractionBody::survey("long-fill-in", &responses)
}

fn other() -> InteractionBody {
    let right = "(35.9374,-86.8689)";
    InteractionBody::judged("other", right, &[right], &["(0,0)", "(35.0456,-85.3097)"])
}
