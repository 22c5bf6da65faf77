//! Removals of documents: what gives a list its time when its newest documents are gone.
//!
//! A list is as new as the last change of its documents. A document has the time of its own last
//! write, but one that was removed has none, so each engine remembers when documents of a place
//! were removed. How much it remembers is bounded for each tenant: once there are more than
//! [`REMOVALS_MAX`] removals, all of them are replaced by one of [`RemovalScope::everything`] with
//! the time of the last one. So the time of a list never goes back and is never earlier than its
//! last change, but may be later.

use acta_ambient::Timestamp;

/// How many removals are remembered for a tenant, that of everything included.
///
/// Some hundred bytes each at most, so that a client that stores and removes documents at ever new
/// places takes no space by it.
pub const REMOVALS_MAX: usize = 512;

/// The registration that stands for every registration, and for none.
const EVERY_REGISTRATION: &str = "*";

/// The lists that a removal has changed, as columns of a table. They are part of the formats of
/// the engines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemovalScope {
    /// As [`DocumentPlace::hash`](super::DocumentPlace::hash); zeros for every place.
    pub place: [u8; 32],
    /// As [`DocumentPlace::registration`](super::DocumentPlace::registration), and `*` for every
    /// registration and for none.
    pub registration: String,
}

/// When documents were last removed, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Removal {
    /// Of which lists.
    pub scope: RemovalScope,
    /// The time. Never earlier than that of a document that was removed.
    pub removed: Timestamp,
}

impl RemovalScope {
    /// The place of [`RemovalScope::everything`]. No hash of a place is known to be this one.
    pub const EVERY_PLACE: [u8; 32] = [0; 32];

    /// Some or all lists of a place.
    pub(super) fn new(place: [u8; 32], registration: Option<&str>) -> Self {
        Self { place, registration: registration.unwrap_or(EVERY_REGISTRATION).to_owned() }
    }

    /// All lists of a tenant.
    pub fn everything() -> Self {
        Self::new(Self::EVERY_PLACE, None)
    }

    /// Whether a removal here has changed the list at `list`: some of its documents may have been
    /// removed.
    pub fn has_changed(&self, list: &Self) -> bool {
        *self == Self::everything()
            || self.place == list.place
                && [self, list].iter().any(|one| one.registration == EVERY_REGISTRATION)
            || self == list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_changes_the_lists_that_may_have_had_its_documents() {
        let scope = |place: u8, registration| RemovalScope::new([place; 32], registration);
        let one = Some("00000000-0000-4000-8000-000000000001");
        let two = Some("00000000-0000-4000-8000-000000000002");
        let table = [
            (scope(1, one), scope(1, one), true),
            (scope(1, one), scope(1, None), true),
            (scope(1, one), scope(1, two), false),
            (scope(1, one), scope(2, one), false),
            (scope(1, Some("")), scope(1, None), true),
            (scope(1, Some("")), scope(1, Some("")), true),
            (scope(1, Some("")), scope(1, one), false),
            (scope(1, None), scope(1, one), true),
            (scope(1, None), scope(1, None), true),
            (scope(1, None), scope(2, None), false),
            (scope(1, None), scope(2, one), false),
            (RemovalScope::everything(), scope(1, one), true),
            (RemovalScope::everything(), scope(2, None), true),
        ];
        for (removal, list, expected) in table {
            assert_eq!(removal.has_changed(&list), expected, "{removal:?} and {list:?}");
        }
    }
}
