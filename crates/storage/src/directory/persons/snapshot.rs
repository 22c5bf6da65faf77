//! All persons of a tenant at one moment.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use super::rules::IdentifierClass;
use crate::directory::{JoinedPerson, PersonChanges, PersonId, PersonRules};

/// A person in memory.
#[derive(Debug)]
struct Entry {
    id: PersonId,
    name: Option<Box<str>>,
    /// The identifiers, as [`Ifi::to_key`] writes them.
    keys: Box<[Arc<str>]>,
    /// The number of the name and the number of the text of each attribute.
    attributes: Box<[(u32, u32)]>,
}

/// Distinct texts, numbered from 0.
#[derive(Clone, Debug, Default)]
struct Texts {
    all: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = text.into();
        self.all.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }
}

/// All persons of a tenant at one moment. Each has an index, in the order of the ids.
#[derive(Debug, Default)]
pub struct Persons {
    /// The version of the record of changes; 0 if there is none.
    version: u64,
    changes: u64,
    rules: PersonRules,
    entries: Vec<Arc<Entry>>,
    by_key: HashMap<Arc<str>, PersonId>,
    attribute_names: Arc<Texts>,
    attribute_texts: Arc<Texts>,
    by_class: OnceLock<HashMap<String, (usize, u32)>>,
}

/// A person as it is now; none if there is no such person any more.
pub type PersonState = (PersonId, Option<JoinedPerson>);

impl Persons {
    /// The persons after a change, whose record of changes has this version.
    #[must_use]
    pub fn after(
        &self,
        changes: &PersonChanges,
        version: u64,
        states: impl IntoIterator<Item = PersonState>,
    ) -> Self {
        let states: BTreeMap<PersonId, Option<JoinedPerson>> = states.into_iter().collect();
        let mut after = Self {
            version,
            changes: changes.changes,
            rules: changes.rules.clone(),
            entries: Vec::with_capacity(self.entries.len() + states.len()),
            by_key: self.by_key.clone(),
            attribute_names: Arc::clone(&self.attribute_names),
            attribute_texts: Arc::clone(&self.attribute_texts),
            by_class: OnceLock::new(),
        };
        for id in states.keys() {
            let old = self.index_of_id(*id).and_then(|index| self.entries.get(index as usize));
            for key in old.iter().flat_map(|old| &old.keys) {
                after.by_key.remove(key);
            }
        }
        let mut kept =
            self.entries.iter().filter(|entry| !states.contains_key(&entry.id)).peekable();
        let new: Vec<Entry> =
            states.values().flatten().map(|person| after.entry_of(person)).collect();
        for entry in new {
            while let Some(before) = kept.next_if(|kept| kept.id < entry.id) {
                after.entries.push(Arc::clone(before));
            }
            for key in &entry.keys {
                after.by_key.insert(Arc::clone(key), entry.id);
            }
            after.entries.push(Arc::new(entry));
        }
        after.entries.extend(kept.cloned());
        after
    }

    fn entry_of(&mut self, person: &JoinedPerson) -> Entry {
        let mut attributes = Vec::with_capacity(person.attributes.len());
        for (name, text) in &person.attributes {
            let name = Arc::make_mut(&mut self.attribute_names).number(name.as_str());
            attributes.push((name, Arc::make_mut(&mut self.attribute_texts).number(text)));
        }
        Entry {
            id: person.id,
            name: person.name.as_deref().map(Box::from),
            keys: person.identifiers.iter().map(|it| it.to_key().into()).collect(),
            attributes: attributes.into(),
        }
    }

    /// The version of the record of changes; 0 if there is none.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// How many changes there were.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// The rules.
    pub const fn rules(&self) -> &PersonRules {
        &self.rules
    }

    /// How many persons there are.
    pub fn len(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// Whether every identifier is on its own, and nothing is known of any.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.rules.is_empty()
    }

    /// The index of the person with an id.
    pub fn index_of_id(&self, id: PersonId) -> Option<u32> {
        let index = self.entries.binary_search_by_key(&id, |entry| entry.id).ok()?;
        u32::try_from(index).ok()
    }

    /// The person that an identifier belongs to by being listed, not by a rule.
    pub fn find(&self, key: &str) -> Option<PersonId> {
        self.by_key.get(key).copied()
    }

    /// The index of the person that an identifier belongs to by being listed.
    pub fn index_of(&self, key: &str) -> Option<u32> {
        self.find(key).and_then(|id| self.index_of_id(id))
    }

    /// The index of the person to which identifiers of a class belong that are not listed.
    pub fn index_of_class(&self, class: &IdentifierClass) -> Option<u32> {
        let by_class = self.by_class.get_or_init(|| self.classes());
        by_class.get(&class.text).map(|(_, index)| *index)
    }

    /// The person of each class: that of the listed identifier that comes first in the rule.
    fn classes(&self) -> HashMap<String, (usize, u32)> {
        let mut classes: HashMap<String, (usize, u32)> = HashMap::new();
        for (index, entry) in (0..).zip(&self.entries) {
            for class in entry.keys.iter().filter_map(|key| self.rules.class_of(key)) {
                let found = (class.place, index);
                let known = classes.entry(class.text).or_insert(found);
                *known = (*known).min(found);
            }
        }
        classes
    }

    fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize).map(|entry| &**entry)
    }

    /// The id of the person with an index.
    pub fn id(&self, index: u32) -> Option<PersonId> {
        self.entry(index).map(|entry| entry.id)
    }

    /// The name of the person with an index, if one was given.
    pub fn name(&self, index: u32) -> Option<&str> {
        self.entry(index).and_then(|entry| entry.name.as_deref())
    }

    /// The identifiers of the person with an index, as
    /// [`Ifi::to_key`](acta_xapi::Ifi::to_key) writes them.
    pub fn keys(&self, index: u32) -> &[Arc<str>] {
        self.entry(index).map(|entry| &*entry.keys).unwrap_or_default()
    }

    /// The names of all attributes that a person has or has had.
    pub fn attribute_names(&self) -> impl Iterator<Item = &str> {
        self.attribute_names.all.iter().map(|name| &**name)
    }

    /// The texts of all attributes; [`Persons::attribute`] has their indices.
    pub fn attribute_texts(&self) -> &[Arc<str>] {
        &self.attribute_texts.all
    }

    /// The index of a text of attributes.
    pub fn attribute_text(&self, text: &str) -> Option<u32> {
        self.attribute_texts.numbers.get(text).copied()
    }

    /// An attribute of each person in order: the index of its text, if the person has it.
    pub fn attribute(&self, name: &str) -> impl Iterator<Item = Option<u32>> {
        let number = self.attribute_names.numbers.get(name).copied();
        self.entries.iter().map(move |entry| {
            let found = entry.attributes.iter().find(|(name, _)| Some(*name) == number);
            found.map(|(_, text)| *text)
        })
    }

    /// The ids of the persons after `after` in whose name, attributes or identifiers `text` is, in
    /// any case of letters; at most `count_max`, in the order of the ids.
    pub fn search(&self, text: &str, after: Option<PersonId>, count_max: usize) -> Vec<PersonId> {
        let wanted = text.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let is_known: Vec<bool> = self.attribute_texts.all.iter().map(|text| has(text)).collect();
        let matches = |entry: &&Arc<Entry>| {
            let mut attributes = entry.attributes.iter();
            wanted.is_empty()
                || entry.name.as_deref().is_some_and(has)
                || entry.keys.iter().any(|key| has(key))
                || attributes.any(|(_, text)| is_known.get(*text as usize) == Some(&true))
        };
        let start = self.entries.partition_point(|entry| after.is_some_and(|it| entry.id <= it));
        let entries = self.entries.iter().skip(start).filter(matches);
        entries.map(|entry| entry.id).take(count_max).collect()
    }

    /// The ids of all persons, in order.
    pub fn ids(&self) -> impl Iterator<Item = PersonId> {
        self.entries.iter().map(|entry| entry.id)
    }

    /// How many of the identifiers of one person are of the kind that `is_kind` accepts, at most.
    pub fn most_identifiers(&self, is_kind: impl Fn(&str) -> bool) -> usize {
        let count = |entry: &Arc<Entry>| entry.keys.iter().filter(|key| is_kind(key)).count();
        self.entries.iter().map(count).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
