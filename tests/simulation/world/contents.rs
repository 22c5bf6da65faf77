//! The content of a file: what programs see, what is durable, and what lies between.

use acta_storage_suite::generate::Dice;

use super::PowerLoss;

/// Devices write whole sectors of this many bytes.
const SECTOR_BYTES: usize = 512;

/// The content of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    /// What programs read.
    cached: Vec<u8>,
    /// What is on the device for sure.
    durable: Vec<u8>,
    /// What the next sync will bring to the device, in order.
    pending: Vec<ContentChange>,
    /// Whether a name leads to it.
    pub(crate) is_linked: bool,
}

#[derive(Clone, Debug)]
enum ContentChange {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl ContentChange {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                grow(to, offset + bytes.len());
                to[*offset..offset + bytes.len()].copy_from_slice(bytes);
            }
            Self::Length(len) => to.resize(*len, 0),
        }
    }

    /// Brings some of it to the device: none, all, a part torn anywhere, some of its
    /// sectors, or the length without the data.
    fn apply_in_part(&self, to: &mut Vec<u8>, dice: &mut Dice) {
        let Self::Write { offset, bytes } = self else {
            if dice.happens(50) {
                self.apply(to);
            }
            return;
        };
        match dice.below(6) {
            0 => {}
            1 => self.apply(to),
            2 => {
                let bytes = bytes[..dice.below(bytes.len() + 1)].to_vec();
                Self::Write { offset: *offset, bytes }.apply(to);
            }
            3 => grow(to, offset + bytes.len()),
            _ => {
                let is_kept: Vec<bool> =
                    (0..=bytes.len() / SECTOR_BYTES + 1).map(|_| dice.happens(50)).collect();
                grow(to, offset + bytes.len());
                let sector_of = |at: usize| at / SECTOR_BYTES - offset / SECTOR_BYTES;
                let kept = (*offset..).zip(bytes).filter(|(at, _)| is_kept[sector_of(*at)]);
                for (at, byte) in kept {
                    to[at] = *byte;
                }
            }
        }
    }
}

fn grow(bytes: &mut Vec<u8>, len: usize) {
    bytes.resize(bytes.len().max(len), 0);
}

impl Contents {
    /// What programs read.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.cached
    }

    /// A new file.
    pub(crate) fn empty() -> Self {
        Self { is_linked: true, ..Self::default() }
    }

    /// A file that holds `bytes` for sure.
    fn durable(bytes: Vec<u8>) -> Self {
        Self { cached: bytes.clone(), durable: bytes, pending: Vec::new(), is_linked: true }
    }

    pub(crate) fn len(&self) -> usize {
        self.cached.len()
    }

    pub(crate) fn read(&self, buffer: &mut [u8], offset: usize) -> Option<()> {
        buffer.copy_from_slice(self.cached.get(offset..offset + buffer.len())?);
        Some(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8], offset: usize) {
        if bytes.is_empty() {
            return;
        }
        self.change(ContentChange::Write { offset, bytes: bytes.to_vec() });
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.change(ContentChange::Length(len));
    }

    fn change(&mut self, change: ContentChange) {
        change.apply(&mut self.cached);
        self.pending.push(change);
    }

    /// Makes durable what is pending.
    pub(crate) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// What is left of a sync that fails. Some of it may have reached the device. The rest
    /// stays pending; or the system takes it for written, so that it can be read but no later
    /// sync brings it to the device; or it is gone at once.
    pub(crate) fn fail_sync(&mut self, dice: &mut Dice) {
        let fate = dice.below(3);
        if fate == 0 {
            return;
        }
        for change in self.pending.drain(..) {
            if dice.happens(40) {
                change.apply_in_part(&mut self.durable, dice);
            }
        }
        if fate == 1 {
            self.cached.clone_from(&self.durable);
        }
    }

    /// The file after a restart of the program: the system may have forgotten what it only
    /// took for written.
    pub(crate) fn restarted(&self, dice: &mut Dice) -> Self {
        let mut restarted = self.clone();
        if dice.happens(30) {
            restarted.cached.clone_from(&self.durable);
            for change in &self.pending {
                change.apply(&mut restarted.cached);
            }
        }
        restarted
    }

    /// The file after a loss of power.
    pub(crate) fn after_power_loss(&self, loss: PowerLoss, dice: &mut Dice) -> Self {
        let mut bytes = self.durable.clone();
        let is_torn = dice.happens(70);
        let kept_count = dice.below(self.pending.len() + 1);
        for (index, change) in self.pending.iter().enumerate() {
            match loss {
                PowerLoss::Nothing => change.apply(&mut bytes),
                PowerLoss::Chance if is_torn => change.apply_in_part(&mut bytes, dice),
                // As it was written, up to some point.
                PowerLoss::Chance if index < kept_count => change.apply(&mut bytes),
                PowerLoss::Everything | PowerLoss::Chance => {}
            }
        }
        Self::durable(bytes)
    }
}
