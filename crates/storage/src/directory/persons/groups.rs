//! All groups of a tenant at one moment: a tree.

use std::collections::HashMap;
use std::iter::successors;
use std::sync::Arc;

use crate::directory::{GroupId, PersonGroup};

/// Bytes of memory of a group, beside its texts.
const GROUP_BYTES: usize = 300;

/// The groups of a tenant. Each has an index, in the order of the ids.
#[derive(Clone, Debug, Default)]
pub struct PersonGroups {
    groups: Vec<Arc<PersonGroup>>,
    /// The group of a name below another one, or at the top.
    by_name: HashMap<(Option<GroupId>, Box<str>), GroupId>,
    memory_bytes: usize,
}

fn bytes_of(group: &PersonGroup) -> usize {
    GROUP_BYTES + 2 * group.name.len() + group.kind.as_ref().map_or(0, String::len)
}

fn name_of(group: &PersonGroup) -> (Option<GroupId>, Box<str>) {
    (group.parent, group.name.as_str().into())
}

impl PersonGroups {
    /// How many there are.
    pub fn len(&self) -> u32 {
        u32::try_from(self.groups.len()).unwrap_or(u32::MAX)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Bytes of memory, about.
    pub const fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    fn place_of(&self, id: GroupId) -> Result<usize, usize> {
        self.groups.binary_search_by_key(&id, |group| group.id)
    }

    /// The index of the group with an id.
    pub fn index_of(&self, id: GroupId) -> Option<u32> {
        self.place_of(id).ok().and_then(|place| u32::try_from(place).ok())
    }

    /// The group with an index.
    pub fn get(&self, index: u32) -> Option<&PersonGroup> {
        self.groups.get(index as usize).map(|group| &**group)
    }

    /// The group with an id.
    pub fn find(&self, id: GroupId) -> Option<&PersonGroup> {
        self.groups.get(self.place_of(id).ok()?).map(|group| &**group)
    }

    /// The group with a name below another one, or at the top.
    pub fn find_below(&self, parent: Option<GroupId>, name: &str) -> Option<GroupId> {
        self.by_name.get(&(parent, name.into())).copied()
    }

    /// All of them, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &PersonGroup> {
        self.groups.iter().map(|group| &**group)
    }

    /// A group and those above it, up to the top.
    pub fn lineage(&self, id: GroupId) -> impl Iterator<Item = &PersonGroup> {
        let above = |group: &&PersonGroup| group.parent.and_then(|parent| self.find(parent));
        // There are no circles; the bound is for groups that are read while they change.
        successors(self.find(id), above).take(PersonGroup::LEVELS_MAX)
    }

    /// On which level a group is: 1 at the top; 0 if there is no such group.
    pub fn level(&self, id: GroupId) -> usize {
        self.lineage(id).count()
    }

    /// How many levels of groups there are from a group downwards, itself included.
    pub fn height(&self, id: GroupId) -> usize {
        let depth = |group: &PersonGroup| self.lineage(group.id).position(|above| above.id == id);
        self.iter().filter_map(depth).max().map_or(0, |deepest| deepest + 1)
    }

    /// Whether there is a group right below one.
    pub fn has_below(&self, id: GroupId) -> bool {
        self.iter().any(|group| group.parent == Some(id))
    }

    /// Adds a group, or replaces the one with its id.
    pub fn put(&mut self, group: PersonGroup) {
        self.memory_bytes += bytes_of(&group);
        let name = name_of(&group);
        let id = group.id;
        match self.place_of(id) {
            Ok(place) => {
                let old = std::mem::replace(&mut self.groups[place], Arc::new(group));
                self.forget(&old);
            }
            Err(place) => self.groups.insert(place, Arc::new(group)),
        }
        self.by_name.insert(name, id);
    }

    /// Removes the group with an id, if there is one.
    pub fn remove(&mut self, id: GroupId) {
        if let Ok(place) = self.place_of(id) {
            let old = self.groups.remove(place);
            self.forget(&old);
        }
    }

    fn forget(&mut self, old: &PersonGroup) {
        self.memory_bytes = self.memory_bytes.saturating_sub(bytes_of(old));
        let name = name_of(old);
        if self.by_name.get(&name) == Some(&old.id) {
            self.by_name.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use acta_access::TenantId;
    use acta_ambient::Timestamp;
    use acta_xapi::Uuid;

    use super::*;

    fn group(id: u128, name: &str, parent: Option<u128>) -> PersonGroup {
        PersonGroup {
            id: Uuid::from_u128(id),
            tenant: TenantId::FIRST,
            name: name.to_owned(),
            kind: None,
            parent: parent.map(Uuid::from_u128),
            created: Timestamp::from_unix_micros(0),
        }
    }

    #[test]
    fn groups_are_a_tree_with_names() {
        let mut groups = PersonGroups::default();
        let id = Uuid::from_u128;
        for new in [group(5, "a", None), group(1, "b", Some(5)), group(3, "c", Some(1))] {
            groups.put(new);
        }
        let lineage: Vec<u128> = groups.lineage(id(3)).map(|it| it.id.as_u128()).collect();
        assert_eq!(lineage, [3, 1, 5]);
        assert_eq!([5, 1, 3, 9].map(|it| groups.level(id(it))), [1, 2, 3, 0]);
        assert_eq!([5, 1, 3, 9].map(|it| groups.height(id(it))), [3, 2, 1, 0]);
        assert_eq!([5, 1, 3].map(|it| groups.has_below(id(it))), [true, true, false]);
        assert_eq!([5, 1, 3].map(|it| groups.index_of(id(it))), [Some(2), Some(0), Some(1)]);
        assert_eq!(groups.find_below(Some(id(5)), "b"), Some(id(1)));
        assert_eq!((groups.find_below(None, "b"), groups.len()), (None, 3));
        // One moves, and takes what is below it along.
        groups.put(group(1, "d", None));
        assert_eq!((groups.level(id(3)), groups.find_below(Some(id(5)), "b")), (2, None));
        assert_eq!(groups.find_below(None, "d"), Some(id(1)));
        // Two exchange their names.
        groups.put(group(1, "a", None));
        groups.put(group(5, "d", None));
        assert_eq!(
            [groups.find_below(None, "a"), groups.find_below(None, "d")],
            [Some(id(1)), Some(id(5))]
        );
        for known in [1, 3, 5, 5] {
            groups.remove(id(known));
        }
        assert_eq!((groups.is_empty(), groups.memory_bytes(), groups.by_name.len()), (true, 0, 0));
    }
}
