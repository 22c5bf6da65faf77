//! Codes of persons: which actors are one.
//!
//! Rows have the codes of actors as they were sent. Which of them are one person is looked up
//! when a question is asked, so it makes no difference whether they were joined before or after.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use acta_storage::persons::Persons;

use super::texts::{Attribute, Texts};
use crate::rows::dictionary::Dictionary;
use crate::rows::fields::Domain;

/// Actors that are one by a rule and belong to no person.
#[derive(Clone, Debug, Default)]
struct Class {
    /// The place in the rule, and the actor that has it: it speaks for all.
    first: (usize, u32),
    actors: Vec<u32>,
}

/// The codes of the persons of a tenant, as they were needed last.
#[derive(Debug, Default)]
pub(crate) struct PersonCodes {
    /// Whose codes they are. They are not kept in memory for this.
    persons: Weak<Persons>,
    /// The code of the person, by the code of the actor.
    table: Vec<u32>,
    /// The same for questions.
    shared: Arc<[u32]>,
    classes: Arc<HashMap<String, Class>>,
}

/// Which actors are which person, for one question.
///
/// A person has the index in [`Persons`] and 1 as a code. An actor that belongs to none is a
/// person too: its own code follows those.
#[derive(Debug)]
pub(crate) struct PersonIndex {
    pub(crate) persons: Arc<Persons>,
    pub(crate) table: Arc<[u32]>,
    classes: Arc<HashMap<String, Class>>,
}

impl PersonCodes {
    /// The codes of all actors that there are.
    pub(crate) fn index(&mut self, persons: &Arc<Persons>, actors: &Dictionary) -> PersonIndex {
        if self.persons.as_ptr() != Arc::as_ptr(persons) {
            self.begin(persons, actors);
        }
        let (start, end) = (code_of(self.table.len()).max(1), actors.len());
        if start <= end {
            self.table.resize(end as usize + 1, 0);
            for actor in start..=end {
                let named = (actor, actors.text(actor));
                set_code(&mut self.table, &mut self.classes, persons, named);
            }
        }
        if self.shared.len() != self.table.len() {
            self.shared = self.table.as_slice().into();
        }
        PersonIndex {
            persons: Arc::clone(persons),
            table: Arc::clone(&self.shared),
            classes: Arc::clone(&self.classes),
        }
    }

    /// Begins with other persons. Without rules only the listed identifiers have to be looked up.
    fn begin(&mut self, persons: &Arc<Persons>, actors: &Dictionary) {
        *self = Self { persons: Arc::downgrade(persons), ..Self::default() };
        if !persons.rules().is_empty() {
            return;
        }
        let count = persons.len();
        let mut table: Vec<u32> = std::iter::once(0)
            .chain((1..=actors.len()).map(|actor| count.saturating_add(actor)))
            .collect();
        for index in 0..count {
            for actor in persons.keys(index).iter().filter_map(|key| actors.find(key.as_bytes())) {
                table[actor as usize] = index + 1;
            }
        }
        self.table = table;
    }
}

/// Sets the code of an actor, and of those that are one with it by a rule.
fn set_code(
    table: &mut [u32],
    classes: &mut Arc<HashMap<String, Class>>,
    persons: &Persons,
    (actor, key): (u32, &str),
) {
    let count = persons.len();
    table[actor as usize] = match persons.index_of(key) {
        Some(index) => index + 1,
        None => count.saturating_add(actor),
    };
    if table[actor as usize] <= count {
        return;
    }
    let Some(class) = persons.rules().class_of(key) else { return };
    if let Some(index) = persons.index_of_class(&class) {
        table[actor as usize] = index + 1;
        return;
    }
    let first = (class.place, actor);
    let known = Arc::make_mut(classes)
        .entry(class.text)
        .or_insert_with(|| Class { first, actors: Vec::new() });
    known.first = known.first.min(first);
    known.actors.push(actor);
    let code = count.saturating_add(known.first.1);
    known.actors.iter().for_each(|actor| table[*actor as usize] = code);
}

impl PersonIndex {
    /// The code of the person that an identifier belongs to, or that has this id; none if no row
    /// has it.
    pub(crate) fn find(&self, texts: &Texts, text: &str) -> Option<u32> {
        let index = text.parse().ok().and_then(|id| self.persons.index_of_id(id));
        if let Some(index) = index.or_else(|| self.persons.index_of(text)) {
            return Some(index + 1);
        }
        if let Some(actor) = texts.of(Domain::Actors).find(text.as_bytes()) {
            return self.table.get(actor as usize).copied();
        }
        let class = self.persons.rules().class_of(text)?;
        if let Some(index) = self.persons.index_of_class(&class) {
            return Some(index + 1);
        }
        let actor = self.classes.get(&class.text)?.first.1;
        self.table.get(actor as usize).copied()
    }

    /// The actor that a code stands for, if it stands for no person.
    fn actor(&self, code: u32) -> Option<u32> {
        code.checked_sub(self.persons.len()).filter(|actor| *actor != 0)
    }

    /// What a person is called in answers: its first identifier.
    pub(crate) fn text<'t>(&'t self, texts: &'t Texts, code: u32) -> &'t str {
        match self.actor(code) {
            Some(actor) => texts.of(Domain::Actors).text(actor),
            None => self.keys(code).first().map(|key| &**key).unwrap_or_default(),
        }
    }

    /// Whether `wanted` is within one of the identifiers of a person, in any case of letters.
    pub(crate) fn contains(&self, texts: &Texts, code: u32, wanted: &str) -> bool {
        let has = |text: &str| text.to_lowercase().contains(wanted);
        match self.actor(code) {
            Some(actor) => has(texts.of(Domain::Actors).text(actor)),
            None => self.keys(code).iter().any(|key| has(key)),
        }
    }

    fn keys(&self, code: u32) -> &[Arc<str>] {
        code.checked_sub(1).map(|index| self.persons.keys(index)).unwrap_or_default()
    }

    /// The name of a person: the one that was given, or else the latest that was used with its
    /// first identifier that has one.
    pub(crate) fn name<'t>(&'t self, texts: &'t Texts, code: u32) -> Option<&'t str> {
        let given = code.checked_sub(1).and_then(|index| self.persons.name(index));
        given.or_else(|| {
            let name = self.used_name(texts, code);
            (name != 0).then(|| texts.of(Domain::Names).text(name))
        })
    }

    /// The code in `names` of the latest name that was used with an identifier of a person.
    fn used_name(&self, texts: &Texts, code: u32) -> u32 {
        let names = texts.attribute(Attribute::ActorName);
        let of = |actor: u32| names.get(actor as usize).copied().unwrap_or_default();
        if let Some(actor) = self.actor(code) {
            return of(actor);
        }
        let actors = texts.of(Domain::Actors);
        let mut used = self.keys(code).iter().filter_map(|key| actors.find(key.as_bytes())).map(of);
        used.find(|name| *name != 0).unwrap_or_default()
    }

    /// How many codes there are, and 0.
    pub(crate) fn len(&self) -> usize {
        self.persons.len() as usize + self.table.len().max(1)
    }

    /// The names of all persons: a list of those that no statement has, and for each person a
    /// code. Codes beyond the list are those of `names`.
    pub(crate) fn names(&self, texts: &Texts) -> (Vec<Arc<str>>, Vec<u32>) {
        let known = texts.of(Domain::Names);
        let mut given: HashMap<&str, u32> = HashMap::new();
        let mut list: Vec<Arc<str>> = Vec::new();
        let unknown = (0..self.persons.len())
            .filter_map(|index| self.persons.name(index))
            .filter(|name| known.find(name.as_bytes()).is_none());
        for name in unknown {
            given.entry(name).or_insert_with(|| {
                list.push(name.into());
                code_of(list.len())
            });
        }
        let beyond = code_of(list.len());
        let code = |code: u32| {
            let name = code.checked_sub(1).and_then(|index| self.persons.name(index));
            let used = match name {
                Some(name) => match given.get(name) {
                    Some(own) => return *own,
                    None => known.find(name.as_bytes()).unwrap_or_default(),
                },
                None => self.used_name(texts, code),
            };
            if used == 0 { 0 } else { beyond + used }
        };
        let codes = (0..code_of(self.len())).map(|it| if it == 0 { 0 } else { code(it) });
        let codes = codes.collect();
        (list, codes)
    }

    /// For each person the code of an attribute: the index in [`Persons::attribute_texts`] and 1.
    pub(crate) fn attribute(&self, name: &str) -> Vec<u32> {
        let values = self.persons.attribute(name).map(|text| text.map_or(0, |text| text + 1));
        std::iter::once(0).chain(values).collect()
    }
}

fn code_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
