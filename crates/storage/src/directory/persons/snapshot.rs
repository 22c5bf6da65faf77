//! All persons of a tenant at one moment.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, OnceLock};

use super::groups::PersonGroups;
use super::memberships::Memberships;
use super::rules::IdentifierClass;
use crate::directory::{
    GroupId, GroupMembership, JoinedPerson, PersonChanges, PersonId, PersonRules,
};

/// A person in memory.
#[derive(Debug)]
struct Entry {
    id: PersonId,
    name: Option<Box<str>>,
    /// The identifiers, as [`Ifi::to_key`](acta_xapi::Ifi::to_key) writes them.
    keys: Box<[Arc<str>]>,
    /// The names and the texts of attributes.
    attributes: Box<[(Arc<str>, Arc<str>)]>,
    memberships: Box<[GroupMembership]>,
}

impl Entry {
    /// Texts that are equal are in memory once, as far as `known` has them.
    fn of(person: &JoinedPerson, known: &mut HashSet<Arc<str>>) -> Self {
        let mut shared = |text: &str| {
            if let Some(text) = known.get(text) {
                return Arc::clone(text);
            }
            let text: Arc<str> = text.into();
            known.insert(Arc::clone(&text));
            text
        };
        let attributes = person.attributes.iter();
        Self {
            id: person.id,
            name: person.name.as_deref().map(Box::from),
            keys: person.identifiers.iter().map(|it| it.to_key().into()).collect(),
            attributes: attributes
                .map(|(name, text)| (shared(name.as_str()), shared(text)))
                .collect(),
            memberships: person.memberships.as_slice().into(),
        }
    }

    /// Bytes of memory, about, of everything that is held for it.
    fn memory_bytes(&self) -> usize {
        let keys: usize = self.keys.iter().map(|key| KEY_BYTES + key.len()).sum();
        let texts = self.attributes.iter().map(|(_, text)| TEXT_BYTES + text.len());
        let name = self.name.as_ref().map_or(0, |name| name.len());
        let memberships = MEMBERSHIP_BYTES * self.memberships.len();
        ENTRY_BYTES + name + keys + texts.sum::<usize>() + memberships
    }
}

/// Bytes of memory of a person, of an identifier, of an attribute and of a membership, beside their
/// texts, with what is made of them for questions.
const ENTRY_BYTES: usize = 120;
const KEY_BYTES: usize = 100;
const TEXT_BYTES: usize = 64;
const MEMBERSHIP_BYTES: usize = 72;

/// The person of each listed identifier, in parts of which a change copies only few.
#[derive(Clone, Debug, Default)]
struct Owners {
    parts: Vec<Arc<HashMap<Arc<str>, PersonId>>>,
}

/// How many parts there are: of a million persons, one has some thousand identifiers.
const PARTS: usize = 1 << 10;

impl Owners {
    fn part_of(key: &str) -> usize {
        let mut hasher = DefaultHasher::new();
        hasher.write(key.as_bytes());
        // The remainder is less than the number of parts.
        usize::try_from(hasher.finish() % PARTS as u64).unwrap_or_default()
    }

    fn find(&self, key: &str) -> Option<PersonId> {
        self.parts.get(Self::part_of(key))?.get(key).copied()
    }

    fn part_mut(&mut self, key: &str) -> &mut HashMap<Arc<str>, PersonId> {
        if self.parts.is_empty() {
            self.parts.resize_with(PARTS, Arc::default);
        }
        Arc::make_mut(&mut self.parts[Self::part_of(key)])
    }
}

/// Distinct texts, numbered from 0.
#[derive(Debug, Default)]
struct Texts {
    all: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Texts {
    fn add(&mut self, text: &Arc<str>) {
        if !self.numbers.contains_key(text) {
            let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
            self.all.push(Arc::clone(text));
            self.numbers.insert(Arc::clone(text), number);
        }
    }
}

/// What the persons of a tenant may be together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonLimits {
    /// Most persons.
    pub count_max: usize,
    /// Most bytes of memory, as [`Persons::memory_bytes`] counts them.
    pub bytes_max: usize,
    /// Most different names of attributes.
    pub attribute_names_max: usize,
}

impl PersonLimits {
    /// Those of every tenant.
    pub const OF_TENANT: Self = Self {
        count_max: 1_000_000,
        bytes_max: 512 << 20,
        attribute_names_max: JoinedPerson::ATTRIBUTE_NAMES_MAX,
    };
}

/// All persons of a tenant at one moment. Each has an index, in the order of the ids.
#[derive(Debug, Default)]
pub struct Persons {
    /// The version of the record of changes; 0 if there is none.
    version: u64,
    changes: u64,
    rules: PersonRules,
    entries: Vec<Arc<Entry>>,
    owners: Owners,
    memory_bytes: usize,
    /// How many persons have an attribute of each name.
    attribute_names: BTreeMap<Arc<str>, u32>,
    /// The texts of attributes, numbered when they are first asked for.
    attribute_texts: OnceLock<Texts>,
    by_class: OnceLock<HashMap<String, (usize, u32)>>,
    groups: Arc<PersonGroups>,
    group_changes: u64,
    /// Made when they are first asked for.
    memberships: OnceLock<Arc<Memberships>>,
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
            owners: self.owners.clone(),
            memory_bytes: self.memory_bytes,
            attribute_names: self.attribute_names.clone(),
            attribute_texts: OnceLock::new(),
            by_class: OnceLock::new(),
            groups: Arc::clone(&self.groups),
            group_changes: self.group_changes,
            memberships: OnceLock::new(),
        };
        for id in states.keys() {
            let old = self.index_of_id(*id).and_then(|index| self.entries.get(index as usize));
            if let Some(old) = old {
                after.forget(old);
            }
        }
        let mut kept =
            self.entries.iter().filter(|entry| !states.contains_key(&entry.id)).peekable();
        let mut known: HashSet<Arc<str>> = self.attribute_names.keys().map(Arc::clone).collect();
        for person in states.values().flatten() {
            let entry = Entry::of(person, &mut known);
            while let Some(before) = kept.next_if(|kept| kept.id < entry.id) {
                after.entries.push(Arc::clone(before));
            }
            after.note(&entry);
            after.entries.push(Arc::new(entry));
        }
        after.entries.extend(kept.cloned());
        after
    }

    /// The same persons with the groups that there are after so many changes of groups.
    #[must_use]
    pub fn with_groups(self, groups: Arc<PersonGroups>, group_changes: u64) -> Self {
        Self { groups, group_changes, memberships: OnceLock::new(), ..self }
    }

    /// All persons at one moment, without others before them, and without groups.
    pub(super) fn of_all(changes: &PersonChanges, version: u64) -> AllPersons {
        let (changes, rules) = (changes.changes, changes.rules.clone());
        let persons = Self { version, changes, rules, ..Self::default() };
        AllPersons { persons, known: HashSet::new() }
    }

    fn note(&mut self, entry: &Entry) {
        self.memory_bytes += entry.memory_bytes();
        for key in &entry.keys {
            self.owners.part_mut(key).insert(Arc::clone(key), entry.id);
        }
        for (name, _) in &entry.attributes {
            *self.attribute_names.entry(Arc::clone(name)).or_default() += 1;
        }
    }

    fn forget(&mut self, entry: &Entry) {
        self.memory_bytes = self.memory_bytes.saturating_sub(entry.memory_bytes());
        for key in &entry.keys {
            self.owners.part_mut(key).remove(key);
        }
        for (name, _) in &entry.attributes {
            let Some(count) = self.attribute_names.get_mut(name) else { continue };
            *count -= 1;
            if *count == 0 {
                self.attribute_names.remove(name);
            }
        }
    }

    /// Checks whether a tenant may have the persons that there are after a change.
    ///
    /// # Errors
    ///
    /// Which limit would be exceeded.
    pub fn check_change(
        &self,
        states: &BTreeMap<PersonId, Option<JoinedPerson>>,
        limits: PersonLimits,
    ) -> Result<(), &'static str> {
        let (mut count, mut bytes) = (self.entries.len(), self.memory_bytes);
        let mut names: BTreeMap<Arc<str>, i64> = self
            .attribute_names
            .iter()
            .map(|(name, count)| (Arc::clone(name), i64::from(*count)))
            .collect();
        let mut add = |entry: &Entry, by: i64| {
            for (name, _) in &entry.attributes {
                *names.entry(Arc::clone(name)).or_default() += by;
            }
        };
        for (id, state) in states {
            let old = self.index_of_id(*id).and_then(|index| self.entry(index));
            if let Some(old) = old {
                count -= 1;
                bytes = bytes.saturating_sub(old.memory_bytes());
                add(old, -1);
            }
            let Some(new) = state else { continue };
            let new = Entry::of(new, &mut HashSet::new());
            count += 1;
            bytes += new.memory_bytes();
            add(&new, 1);
        }
        // Who has more than is allowed may still remove some.
        let name_count = names.values().filter(|count| 0 < **count).count();
        if limits.count_max < count && self.entries.len() < count {
            Err("a tenant has at most 1000000 persons")
        } else if limits.bytes_max < bytes && self.memory_bytes < bytes {
            Err("the persons of a tenant take at most 512 MiB of memory")
        } else if limits.attribute_names_max < name_count && self.attribute_names.len() < name_count
        {
            Err("the persons of a tenant have at most 200 different attributes")
        } else {
            Ok(())
        }
    }

    /// Bytes of memory, about.
    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes + self.groups.memory_bytes()
    }

    /// The version of the record of changes; 0 if there is none.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// How many changes there were.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// How many changes of groups there were.
    pub(super) const fn group_changes(&self) -> u64 {
        self.group_changes
    }

    /// The groups.
    pub const fn groups(&self) -> &Arc<PersonGroups> {
        &self.groups
    }

    /// The memberships of all persons.
    pub fn memberships(&self) -> &Arc<Memberships> {
        self.memberships.get_or_init(|| {
            let persons = self.entries.iter().map(|entry| &*entry.memberships);
            Arc::new(Memberships::of(&self.groups, persons))
        })
    }

    /// The ids of the persons after `after` who are members of a group at any time; at most
    /// `count_max`, in the order of the ids.
    pub fn members(
        &self,
        group: GroupId,
        after: Option<PersonId>,
        count_max: usize,
    ) -> Vec<PersonId> {
        let is_member = |entry: &&Arc<Entry>| entry.memberships.iter().any(|it| it.group == group);
        let start = self.entries.partition_point(|entry| after.is_some_and(|it| entry.id <= it));
        let members = self.entries.iter().skip(start).filter(is_member);
        members.map(|entry| entry.id).take(count_max).collect()
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
        self.entries.is_empty() && self.rules.is_empty() && self.groups.is_empty()
    }

    /// The index of the person with an id.
    pub fn index_of_id(&self, id: PersonId) -> Option<u32> {
        let index = self.entries.binary_search_by_key(&id, |entry| entry.id).ok()?;
        u32::try_from(index).ok()
    }

    /// The person that an identifier belongs to by being listed, not by a rule.
    pub fn find(&self, key: &str) -> Option<PersonId> {
        self.owners.find(key)
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

    /// When the person with an index is a member of which group, in order. Groups that are not
    /// there any more may be among them.
    pub fn memberships_of(&self, index: u32) -> &[GroupMembership] {
        self.entry(index).map(|entry| &*entry.memberships).unwrap_or_default()
    }

    /// The names of all attributes that a person has, in order.
    pub fn attribute_names(&self) -> impl Iterator<Item = &str> {
        self.attribute_names.keys().map(|name| &**name)
    }

    fn texts(&self) -> &Texts {
        self.attribute_texts.get_or_init(|| {
            let mut texts = Texts::default();
            for (_, text) in self.entries.iter().flat_map(|entry| &entry.attributes) {
                texts.add(text);
            }
            texts
        })
    }

    /// The texts of all attributes; [`Persons::attribute`] has their indices.
    pub fn attribute_texts(&self) -> &[Arc<str>] {
        &self.texts().all
    }

    /// The index of a text of attributes.
    pub fn attribute_text(&self, text: &str) -> Option<u32> {
        self.texts().numbers.get(text).copied()
    }

    /// An attribute of each person in order: the index of its text, if the person has it.
    pub fn attribute(&self, name: &str) -> impl Iterator<Item = Option<u32>> {
        let numbers = &self.texts().numbers;
        self.entries.iter().map(move |entry| {
            let (_, text) = entry.attributes.iter().find(|(known, _)| **known == *name)?;
            numbers.get(text).copied()
        })
    }

    /// The ids of the persons after `after` in whose name, attributes or identifiers `text` is, in
    /// any case of letters; at most `count_max`, in the order of the ids.
    pub fn search(&self, text: &str, after: Option<PersonId>, count_max: usize) -> Vec<PersonId> {
        let wanted = text.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let matches = |entry: &&Arc<Entry>| {
            let mut attributes = entry.attributes.iter();
            wanted.is_empty()
                || entry.name.as_deref().is_some_and(has)
                || entry.keys.iter().any(|key| has(key))
                || attributes.any(|(_, text)| has(text))
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

/// All persons, while they are being read.
pub(super) struct AllPersons {
    persons: Persons,
    known: HashSet<Arc<str>>,
}

impl AllPersons {
    /// Adds one who is not there yet.
    pub(super) fn add(&mut self, person: &JoinedPerson) {
        let entry = Entry::of(person, &mut self.known);
        self.persons.note(&entry);
        self.persons.entries.push(Arc::new(entry));
    }

    pub(super) fn finish(mut self) -> Persons {
        self.persons.entries.sort_unstable_by_key(|entry| entry.id);
        self.persons
    }
}

#[cfg(test)]
mod tests;
