//! Response patterns: items, their delimiters and parameters, and how two of them compare.

use std::collections::BTreeSet;

use super::assignment;
use super::kind::InteractionType;
use super::range::{Delimiters, Range, number};

/// Most items of one response or pattern that are compared.
pub(super) const ITEMS_MAX: usize = 256;

/// How the responses of a type of interaction are read and compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    kind: ItemKind,
    order: Order,
    /// Whether there may be several items.
    is_list: bool,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ItemKind {
    /// An id or a pair of ids, compared exactly.
    Id,
    /// `true` or `false`.
    Word,
    /// A text, maybe with a language.
    Text,
    /// A step and the response to it.
    Step,
    /// A number or a range.
    Number,
    /// Anything, without parameters.
    Opaque,
}

/// Whether the order of items matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Always,
    /// Unless a parameter says that it does not.
    Usually,
    /// Never, and an item that comes twice counts once.
    Never,
}

impl Rules {
    pub(super) const fn of(interaction_type: InteractionType) -> Self {
        let (kind, order, is_list) = match interaction_type {
            InteractionType::TrueFalse => (ItemKind::Word, Order::Always, false),
            InteractionType::Choice | InteractionType::Matching => {
                (ItemKind::Id, Order::Never, true)
            }
            InteractionType::FillIn | InteractionType::LongFillIn => {
                (ItemKind::Text, Order::Usually, true)
            }
            InteractionType::Performance => (ItemKind::Step, Order::Usually, true),
            InteractionType::Sequencing => (ItemKind::Id, Order::Always, true),
            InteractionType::Likert => (ItemKind::Id, Order::Always, false),
            InteractionType::Numeric => (ItemKind::Number, Order::Always, false),
            InteractionType::Other => (ItemKind::Opaque, Order::Always, false),
        };
        Self { kind, order, is_list }
    }
}

/// A pattern or a response that has been read.
#[derive(Clone, Debug)]
pub(super) struct Reading<'t> {
    /// Of a pattern of texts: whether the case of letters matters; none if it does not say.
    pub(super) case_matters: Option<bool>,
    order_matters: Option<bool>,
    items: Vec<Item<'t>>,
}

#[derive(Clone, Copy, Debug)]
struct Item<'t> {
    /// Of a step: its id.
    step: &'t str,
    language: Option<&'t str>,
    text: &'t str,
}

impl<'t> Reading<'t> {
    pub(super) fn of(rules: Rules, text: &'t str) -> Self {
        let mut reading = Self { case_matters: None, order_matters: None, items: Vec::new() };
        if rules.kind == ItemKind::Opaque {
            reading.items.push(Item { step: "", language: None, text });
            return reading;
        }
        let mut language = None;
        let text = reading.take_parameters(text, &mut language);
        if !rules.is_list {
            reading.items.push(Item { step: "", language, text });
            return reading;
        }
        for (index, part) in text.split("[,]").take(ITEMS_MAX + 1).enumerate() {
            let language = if index == 0 { language } else { None };
            reading.items.push(Item::read(rules.kind, part, language));
        }
        if rules.order == Order::Never {
            reading.items.retain(|item| !item.text.is_empty());
        }
        if rules.kind != ItemKind::Text {
            reading.case_matters = None;
        }
        if rules.order != Order::Usually {
            reading.order_matters = None;
        }
        reading
    }

    /// Takes the parameters at the start of the list, and the language of its first item. The
    /// first of several values counts; a value that is none of the allowed ones is ignored.
    fn take_parameters(&mut self, text: &'t str, language: &mut Option<&'t str>) -> &'t str {
        let mut rest = text;
        while let Some((name, value, after)) = parameter(rest) {
            let flag = value.parse::<bool>().ok();
            match name {
                "case_matters" => self.case_matters = self.case_matters.or(flag),
                "order_matters" => self.order_matters = self.order_matters.or(flag),
                _ => *language = language.or(Some(value).filter(|value| !value.is_empty())),
            }
            rest = after;
        }
        rest
    }
}

impl<'t> Item<'t> {
    fn read(kind: ItemKind, text: &'t str, language: Option<&'t str>) -> Self {
        let (language, text) = take_language(language, text);
        match kind {
            ItemKind::Step => {
                let (step, response) = text.split_once("[.]").unwrap_or((text, ""));
                let (language, text) = take_language(language, response);
                Self { step, language, text }
            }
            ItemKind::Id
            | ItemKind::Word
            | ItemKind::Text
            | ItemKind::Number
            | ItemKind::Opaque => Self { step: "", language, text },
        }
    }
}

fn take_language<'t>(known: Option<&'t str>, text: &'t str) -> (Option<&'t str>, &'t str) {
    match parameter(text) {
        Some(("lang", value, rest)) => {
            (known.or(Some(value).filter(|value| !value.is_empty())), rest)
        }
        Some(_) | None => (known, text),
    }
}

/// The parameter that a text begins with: its name, its value, and the rest of the text. Only
/// the names of the specification are parameters; other braces are part of the text.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (inside, rest) = text.strip_prefix('{')?.split_once('}')?;
    let (name, value) = inside.split_once('=')?;
    matches!(name, "case_matters" | "order_matters" | "lang").then_some((name, value, rest))
}

/// Whether a response matches a pattern; none if one of them has too many items to tell.
pub(super) fn matches(rules: Rules, pattern: &Reading<'_>, response: &Reading<'_>) -> Option<bool> {
    let (wanted, given) = (&pattern.items, &response.items);
    if ITEMS_MAX < wanted.len() || ITEMS_MAX < given.len() {
        return None;
    }
    if rules.order == Order::Never {
        let texts = |items: &[Item<'_>]| {
            items.iter().map(|item| item.text.to_owned()).collect::<BTreeSet<_>>()
        };
        return Some(texts(wanted) == texts(given));
    }
    if wanted.len() != given.len() {
        return Some(false);
    }
    let case_matters = pattern.case_matters.unwrap_or(false);
    let fits =
        |wanted: &Item<'_>, given: &Item<'_>| item_matches(rules.kind, wanted, given, case_matters);
    if pattern.order_matters == Some(false) {
        let fits = |item: usize, other: usize| fits(&wanted[item], &given[other]);
        return Some(assignment::is_possible(wanted.len(), fits));
    }
    Some(wanted.iter().zip(given).all(|(wanted, given)| fits(wanted, given)))
}

fn item_matches(kind: ItemKind, wanted: &Item<'_>, given: &Item<'_>, case_matters: bool) -> bool {
    let is_within = |delimiters| {
        let (wanted, given) =
            (Range::parse(wanted.text, delimiters), Range::parse(given.text, delimiters));
        matches!((wanted, given), (Some(wanted), Some(given)) if wanted.contains(given))
    };
    let is_same_text = || {
        languages_agree(wanted.language, given.language)
            && (wanted.text == given.text || !case_matters && is_same_word(wanted.text, given.text))
    };
    match kind {
        ItemKind::Id | ItemKind::Opaque => wanted.text == given.text,
        ItemKind::Word => wanted.text.trim().eq_ignore_ascii_case(given.text.trim()),
        ItemKind::Text => is_same_text(),
        ItemKind::Step => {
            wanted.step == given.step && (is_same_text() || is_within(Delimiters::AlsoColon))
        }
        ItemKind::Number => wanted.text == given.text || is_within(Delimiters::Bracketed),
    }
}

fn is_same_word(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Whether two languages may be the same: one is not given, or they are equal as far as the
/// shorter one says, as `en` and `en-US`.
fn languages_agree(one: Option<&str>, other: Option<&str>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return true };
    one.split('-').zip(other.split('-')).all(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// What was chosen in a response, to count it.
pub(super) fn chosen(
    interaction_type: InteractionType,
    response: &str,
    case_matters: bool,
) -> Vec<String> {
    let rules = Rules::of(interaction_type);
    let reading = Reading::of(rules, response);
    let texts = reading.items.iter().take(ITEMS_MAX).map(|item| match rules.kind {
        ItemKind::Id | ItemKind::Opaque => item.text.to_owned(),
        ItemKind::Word => item.text.trim().to_lowercase(),
        ItemKind::Text if case_matters => item.text.to_owned(),
        ItemKind::Text => item.text.to_lowercase(),
        ItemKind::Step => format!("{}[.]{}", item.step, item.text.to_lowercase()),
        ItemKind::Number => {
            number(item.text).map_or_else(|| item.text.trim().to_owned(), |it| it.to_string())
        }
    });
    match interaction_type {
        InteractionType::Choice | InteractionType::Matching | InteractionType::Performance => {
            let mut seen = BTreeSet::new();
            texts.filter(|text| seen.insert(text.clone())).collect()
        }
        InteractionType::TrueFalse
        | InteractionType::FillIn
        | InteractionType::LongFillIn
        | InteractionType::Sequencing
        | InteractionType::Likert
        | InteractionType::Numeric
        | InteractionType::Other => vec![texts.collect::<Vec<_>>().join("[,]")],
    }
}
