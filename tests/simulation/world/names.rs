//! The names in a directory: what programs see, what is durable, and what lies between.

use std::collections::BTreeMap;

use acta_storage_suite::generate::Dice;

use super::{NodeId, PowerLoss};

/// The names of one directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    cached: BTreeMap<String, NodeId>,
    durable: BTreeMap<String, NodeId>,
    pending: Vec<NameChange>,
}

/// What one call did: both or neither becomes durable.
#[derive(Clone, Debug)]
pub(crate) struct NameChange {
    pub(crate) removed: Option<String>,
    pub(crate) added: Option<(String, NodeId)>,
}

impl NameChange {
    fn apply(&self, to: &mut BTreeMap<String, NodeId>) {
        if let Some(name) = &self.removed {
            to.remove(name);
        }
        if let Some((name, node)) = &self.added {
            to.insert(name.clone(), *node);
        }
    }
}

impl Names {
    pub(crate) fn find(&self, name: &str) -> Option<NodeId> {
        self.cached.get(name).copied()
    }

    pub(crate) fn list(&self) -> Vec<String> {
        self.cached.keys().cloned().collect()
    }

    /// What can be reached, now or after a loss of power.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        let named = self.cached.values().chain(self.durable.values()).copied();
        let pending = self.pending.iter().filter_map(|change| change.added.as_ref());
        named.chain(pending.map(|(_, node)| *node)).collect()
    }

    pub(crate) fn change(&mut self, change: NameChange) {
        change.apply(&mut self.cached);
        self.pending.push(change);
    }

    pub(crate) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// The directory after a loss of power: any of the pending changes may be durable.
    pub(crate) fn after_power_loss(&self, loss: PowerLoss, dice: &mut Dice) -> Self {
        let mut names = self.durable.clone();
        let is_in_order = dice.happens(50);
        let kept_count = dice.below(self.pending.len() + 1);
        for (index, change) in self.pending.iter().enumerate() {
            let is_kept = match loss {
                PowerLoss::Everything => false,
                PowerLoss::Nothing => true,
                PowerLoss::Chance if is_in_order => index < kept_count,
                PowerLoss::Chance => dice.happens(50),
            };
            if is_kept {
                change.apply(&mut names);
            }
        }
        Self { cached: names.clone(), durable: names, pending: Vec::new() }
    }
}
