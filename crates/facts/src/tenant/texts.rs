//! The texts of a tenant's facts, and what is known of activities, verbs and persons.

use crate::rows::dictionary::Dictionary;
use crate::rows::fields::Domain;

/// What is known of the entries of a dictionary: for each code the code of another text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Attribute {
    /// The type of an activity.
    ActivityType,
    /// The name of an activity.
    ActivityName,
    /// The type of interaction of an activity.
    ActivityInteraction,
    /// The name of an agent or a group.
    ActorName,
    /// What a verb is displayed as.
    VerbName,
}

impl Attribute {
    /// All of them, in the order of their numbers.
    pub(crate) const EVERY: [Self; 5] = [
        Self::ActivityType,
        Self::ActivityName,
        Self::ActivityInteraction,
        Self::ActorName,
        Self::VerbName,
    ];

    /// The dictionary of what it says.
    pub(crate) const fn domain(self) -> Domain {
        match self {
            Self::ActivityType | Self::ActivityInteraction => Domain::Types,
            Self::ActivityName | Self::ActorName | Self::VerbName => Domain::Names,
        }
    }

    /// The attribute that names the entries of a dictionary.
    pub(crate) const fn name_of(domain: Domain) -> Option<Self> {
        match domain {
            Domain::Actors => Some(Self::ActorName),
            Domain::Verbs => Some(Self::VerbName),
            Domain::Activities => Some(Self::ActivityName),
            Domain::Types
            | Domain::Names
            | Domain::Lists
            | Domain::Registrations
            | Domain::Responses
            | Domain::Texts
            | Domain::Extensions => None,
        }
    }
}

/// All dictionaries of a tenant, and the attributes of their entries.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    dictionaries: [Dictionary; Domain::EVERY.len()],
    attributes: [Vec<u32>; Attribute::EVERY.len()],
}

impl Texts {
    /// A dictionary.
    pub(crate) fn of(&self, domain: Domain) -> &Dictionary {
        &self.dictionaries[domain.index()]
    }

    /// A dictionary, to be added to.
    pub(crate) fn of_mut(&mut self, domain: Domain) -> &mut Dictionary {
        &mut self.dictionaries[domain.index()]
    }

    /// The code of a text, which is added if it is new.
    pub(crate) fn code(&mut self, domain: Domain, text: &str) -> u32 {
        self.of_mut(domain).code(text.as_bytes())
    }

    /// The attributes of all codes that have any; those beyond the end have none.
    pub(crate) fn attribute(&self, attribute: Attribute) -> &[u32] {
        &self.attributes[attribute as usize]
    }

    /// Sets the attribute of a code, if there is something to be said.
    pub(crate) fn set(&mut self, attribute: Attribute, code: u32, value: u32) {
        if code == 0 || value == 0 {
            return;
        }
        let values = &mut self.attributes[attribute as usize];
        let index = code as usize;
        if values.len() <= index {
            values.resize(index + 1, 0);
        }
        values[index] = value;
    }

    /// Sets all attributes of one kind.
    pub(crate) fn set_all(&mut self, attribute: Attribute, values: Vec<u32>) {
        self.attributes[attribute as usize] = values;
    }

    /// Bytes of memory, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        let attributes = self.attributes.iter().map(|values| 4 * values.capacity());
        let dictionaries = self.dictionaries.iter().map(Dictionary::memory_bytes);
        attributes.sum::<usize>() + dictionaries.sum::<usize>()
    }

    /// The codes of the activities in a list.
    pub(crate) fn list(&self, code: u32) -> impl Iterator<Item = u32> {
        let codes = self.of(Domain::Lists).bytes(code).as_chunks::<4>().0;
        codes.iter().map(|code| u32::from_le_bytes(*code))
    }
}
