//! The simulated machine's storage: files, names, what of them is durable, and faults.
//!
//! Nothing is durable but by a sync: a file's content and length by the file's, a name by
//! that of its directory. What is not synced may survive a loss of power or not, in any
//! combination, in part, and in another order than it was written in.

pub(crate) mod contents;
pub(crate) mod faults;
pub(crate) mod names;

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};

use acta_storage_suite::generate::Dice;

use crate::trace;
use contents::Contents;
use faults::{Act, Call, Fault, InjectedFault, device_failed, kind_of, no_room};
use names::{NameChange, Names};

pub(crate) type NodeId = u64;

/// A file that calls are made on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileTarget {
    pub(crate) node: NodeId,
    /// The kind of file, for faults at calls on it.
    pub(crate) to: &'static str,
}

const ROOT: NodeId = 0;

/// What a loss of power takes of that which was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PowerLoss {
    Everything,
    Nothing,
    Chance,
}

#[derive(Clone, Debug)]
enum Node {
    File(Contents),
    Directory(Names),
}

/// All of it. A restart and a loss of power make a new one out of it.
#[derive(Debug)]
pub(crate) struct World {
    nodes: BTreeMap<NodeId, Node>,
    next_node: NodeId,
    dice: Dice,
    /// What will go wrong, each with how many calls it has counted.
    faults: Vec<(Fault, u64)>,
    /// How often a fault struck.
    struck_count: u64,
    /// How many bytes all files may have together.
    capacity_bytes: Option<u64>,
    is_off: bool,
    /// Whether nothing goes wrong for now.
    is_paused: bool,
    call_count: u64,
    /// Every call, if they are to be written down.
    record: Option<Vec<Call>>,
}

/// How a call goes.
enum CallEffect {
    AsUsual,
    Fails(io::Error),
    /// It is done, and then the power goes.
    IsLast,
}

fn no_power() -> io::Error {
    io::Error::other("the power is off")
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl World {
    /// An empty disk.
    pub(crate) fn new(seed: u64) -> Self {
        let nodes = BTreeMap::from([(ROOT, Node::Directory(Names::default()))]);
        Self::with_nodes(nodes, 1, seed)
    }

    fn with_nodes(nodes: BTreeMap<NodeId, Node>, next_node: NodeId, seed: u64) -> Self {
        Self {
            nodes,
            next_node,
            dice: Dice::new(seed),
            faults: Vec::new(),
            struck_count: 0,
            capacity_bytes: None,
            is_off: false,
            is_paused: false,
            call_count: 0,
            record: None,
        }
    }

    /// What the next program finds after this one was killed: everything that was written.
    pub(crate) fn restarted(&mut self) -> Self {
        self.is_off = true;
        self.next(|node, dice| match node {
            Node::File(contents) => Node::File(contents.restarted(dice)),
            Node::Directory(names) => Node::Directory(names.clone()),
        })
    }

    /// What the next start finds after a loss of power.
    pub(crate) fn after_power_loss(&mut self, loss: PowerLoss) -> Self {
        self.is_off = true;
        self.next(|node, dice| match node {
            Node::File(contents) => Node::File(contents.after_power_loss(loss, dice)),
            Node::Directory(names) => Node::Directory(names.after_power_loss(loss, dice)),
        })
    }

    /// A world of all nodes that can still be reached, as `turn` makes them.
    fn next(&mut self, turn: impl Fn(&Node, &mut Dice) -> Node) -> Self {
        let mut nodes = BTreeMap::new();
        let mut reached = vec![ROOT];
        while let Some(id) = reached.pop() {
            // Two names may lead to a file when a rename is durable by half.
            let node = self.nodes.get(&id).filter(|_| !nodes.contains_key(&id));
            let Some(node) = node.map(|node| turn(node, &mut self.dice)) else { continue };
            if let Node::Directory(names) = &node {
                reached.extend(names.nodes());
            }
            nodes.insert(id, node);
        }
        Self::with_nodes(nodes, self.next_node, self.dice.number())
    }

    pub(crate) fn arm(&mut self, faults: &[Fault]) {
        self.faults = faults.iter().map(|fault| (*fault, 0)).collect();
    }

    pub(crate) const fn pause(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
    }

    pub(crate) fn limit(&mut self, capacity_bytes: Option<u64>) {
        self.capacity_bytes = capacity_bytes;
    }

    pub(crate) fn record(&mut self) {
        self.record = Some(Vec::new());
    }

    pub(crate) fn recorded(&mut self) -> Vec<Call> {
        self.record.take().unwrap_or_default()
    }

    pub(crate) const fn is_off(&self) -> bool {
        self.is_off
    }

    pub(crate) const fn struck_count(&self) -> u64 {
        self.struck_count
    }

    pub(crate) const fn call_count(&self) -> u64 {
        self.call_count
    }

    /// Bytes of all files that have a name.
    pub(crate) fn used_bytes(&self) -> u64 {
        let files = self.nodes.values().filter_map(|node| match node {
            Node::File(contents) if contents.is_linked => Some(contents.len() as u64),
            Node::File(_) | Node::Directory(_) => None,
        });
        files.sum()
    }

    /// How many files that have a name hold these bytes.
    pub(crate) fn count_with(&self, bytes: &[u8]) -> usize {
        let files = self.nodes.values().filter_map(|node| match node {
            Node::File(contents) if contents.is_linked => Some(contents.bytes()),
            Node::File(_) | Node::Directory(_) => None,
        });
        files.filter(|file| file.windows(bytes.len()).any(|window| window == bytes)).count()
    }

    fn effect_of(&mut self, call: Call) -> io::Result<CallEffect> {
        if self.is_off {
            return Err(no_power());
        }
        if self.is_paused {
            return Ok(CallEffect::AsUsual);
        }
        self.call_count += 1;
        if let Some(record) = &mut self.record {
            record.push(call);
        }
        // Each counts, whether another strikes or not.
        let due = self.faults.iter_mut().map(|(fault, counted)| fault.count(call, counted));
        let due = due.fold(None, Option::or);
        let Some(kind) = due else { return Ok(CallEffect::AsUsual) };
        self.struck_count += 1;
        trace::record(|| format!("{kind:?} strikes: {:?} of {}", call.act, call.to));
        match kind {
            InjectedFault::Fails => Ok(CallEffect::Fails(device_failed())),
            InjectedFault::Full => Ok(CallEffect::Fails(no_room())),
            InjectedFault::CutAfter => Ok(CallEffect::IsLast),
            InjectedFault::CutBefore => {
                self.is_off = true;
                Err(no_power())
            }
        }
    }

    /// Does a call as its turn comes; `fail` does what a failing call does all the same.
    fn act<T>(
        &mut self,
        call: Call,
        act: impl FnOnce(&mut Self) -> io::Result<T>,
        fail: impl FnOnce(&mut Self, &io::Error),
    ) -> io::Result<T> {
        match self.effect_of(call)? {
            CallEffect::AsUsual => act(self),
            CallEffect::Fails(error) => {
                fail(self, &error);
                Err(error)
            }
            CallEffect::IsLast => {
                // What it returns nobody learns.
                let _ = act(self);
                self.is_off = true;
                Err(no_power())
            }
        }
    }

    /// As [`World::act`], for what may be done although it is reported as failed.
    fn act_maybe(
        &mut self,
        call: Call,
        act: impl Fn(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        self.act(call, &act, |world, error| {
            let is_for_want_of_room = error.kind() == io::ErrorKind::StorageFull;
            if !is_for_want_of_room && world.dice.happens(50) {
                // It is reported as failed already.
                let _ = act(world);
            }
        })
    }

    fn find(&self, path: &Path) -> io::Result<NodeId> {
        let mut node = ROOT;
        for name in names_in(path) {
            node = self.names(node)?.find(&name).ok_or_else(not_found)?;
        }
        Ok(node)
    }

    fn names(&self, node: NodeId) -> io::Result<&Names> {
        match self.nodes.get(&node) {
            Some(Node::Directory(names)) => Ok(names),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(not_found()),
        }
    }

    fn contents(&self, node: NodeId) -> io::Result<&Contents> {
        match self.nodes.get(&node) {
            Some(Node::File(contents)) => Ok(contents),
            Some(Node::Directory(_)) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(not_found()),
        }
    }

    fn contents_mut(&mut self, node: NodeId) -> io::Result<&mut Contents> {
        match self.nodes.get_mut(&node) {
            Some(Node::File(contents)) => Ok(contents),
            Some(Node::Directory(_)) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(not_found()),
        }
    }

    fn change_names(&mut self, directory: NodeId, change: NameChange) -> io::Result<()> {
        match self.nodes.get_mut(&directory) {
            Some(Node::Directory(names)) => {
                names.change(change);
                Ok(())
            }
            _ => Err(not_found()),
        }
    }

    /// The directory and the last name of a path.
    fn place(&self, path: &Path) -> io::Result<(NodeId, String)> {
        let directory = self.find(path.parent().ok_or_else(not_found)?)?;
        let name = path.file_name().ok_or_else(not_found)?;
        Ok((directory, name.to_string_lossy().into_owned()))
    }

    fn add(&mut self, directory: NodeId, name: String, node: Node) -> io::Result<NodeId> {
        let id = self.next_node;
        self.next_node += 1;
        self.nodes.insert(id, node);
        self.change_names(directory, NameChange { removed: None, added: Some((name, id)) })?;
        Ok(id)
    }

    fn unlink(&mut self, node: NodeId) {
        if let Some(Node::File(contents)) = self.nodes.get_mut(&node) {
            contents.is_linked = false;
        }
    }

    fn room_bytes(&self) -> u64 {
        let capacity = self.capacity_bytes.filter(|_| !self.is_paused);
        capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(self.used_bytes()))
    }
}

/// The names along a path, which begins at the root.
fn names_in(path: &Path) -> impl Iterator<Item = String> {
    let names = path.components().filter(|component| matches!(component, Component::Normal(_)));
    names.map(|name| name.as_os_str().to_string_lossy().into_owned())
}

fn call(act: Act, path: &Path) -> Call {
    Call { act, to: kind_of(&path.to_string_lossy()) }
}

/// What programs can ask for.
impl World {
    pub(crate) fn create_directory(&mut self, path: &Path) -> io::Result<()> {
        let make = |world: &mut Self| {
            let mut node = ROOT;
            for name in names_in(path) {
                let found = world.names(node)?.find(&name);
                node = match found {
                    Some(found) => found,
                    None => world.add(node, name, Node::Directory(Names::default()))?,
                };
            }
            world.names(node).map(|_| ())
        };
        self.act(call(Act::CreateDirectory, path), make, |_, _| {})
    }

    pub(crate) fn list(&mut self, path: &Path) -> io::Result<Vec<String>> {
        let list = |world: &mut Self| Ok(world.names(world.find(path)?)?.list());
        self.act(call(Act::List, path), list, |_, _| {})
    }

    pub(crate) fn open(&mut self, path: &Path) -> io::Result<NodeId> {
        let open = |world: &mut Self| {
            let node = world.find(path)?;
            world.contents(node).map(|_| node)
        };
        self.act(call(Act::Open, path), open, |_, _| {})
    }

    pub(crate) fn create(&mut self, path: &Path) -> io::Result<NodeId> {
        let create = |world: &mut Self| {
            let (directory, name) = world.place(path)?;
            if world.names(directory)?.find(&name).is_some() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            if world.room_bytes() == 0 {
                return Err(no_room());
            }
            world.add(directory, name, Node::File(Contents::empty()))
        };
        self.act(call(Act::Create, path), create, |_, _| {})
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.act_maybe(call(Act::Rename, to), |world| {
            let node = world.find(from)?;
            let (from_directory, from) = world.place(from)?;
            let (to_directory, to) = world.place(to)?;
            if let Some(replaced) = world.names(to_directory)?.find(&to) {
                world.unlink(replaced);
            }
            let added = Some((to, node));
            if from_directory == to_directory {
                return world.change_names(to_directory, NameChange { removed: Some(from), added });
            }
            world.change_names(to_directory, NameChange { removed: None, added })?;
            world.change_names(from_directory, NameChange { removed: Some(from), added: None })
        })
    }

    pub(crate) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.act_maybe(call(Act::Remove, path), |world| {
            let node = world.find(path)?;
            let (directory, name) = world.place(path)?;
            world.unlink(node);
            world.change_names(directory, NameChange { removed: Some(name), added: None })
        })
    }

    pub(crate) fn sync_directory(&mut self, path: &Path) -> io::Result<()> {
        self.act_maybe(call(Act::SyncDirectory, path), |world| {
            let node = world.find(path)?;
            match world.nodes.get_mut(&node) {
                Some(Node::Directory(names)) => {
                    names.sync();
                    Ok(())
                }
                _ => Err(io::ErrorKind::NotADirectory.into()),
            }
        })
    }

    pub(crate) fn read(
        &mut self,
        FileTarget { node, to }: FileTarget,
        buffer: &mut [u8],
        offset: u64,
    ) -> io::Result<()> {
        let read = |world: &mut Self| {
            let contents = world.contents(node)?;
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            contents.read(buffer, offset).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
        };
        self.act(Call { act: Act::Read, to }, read, |_, _| {})
    }

    pub(crate) fn write(
        &mut self,
        FileTarget { node, to }: FileTarget,
        bytes: &[u8],
        offset: u64,
    ) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let room = self.room_bytes();
        let len = self.contents(node)?.len();
        let act = if len < offset + bytes.len() { Act::Extend } else { Act::Write };
        let write = |world: &mut Self| {
            let contents = world.contents_mut(node)?;
            let end = contents.len() as u64 + room.min(u64::from(u32::MAX));
            let len = usize::try_from(end).unwrap_or(usize::MAX).saturating_sub(offset);
            contents.write(&bytes[..len.min(bytes.len())], offset);
            if len < bytes.len() { Err(no_room()) } else { Ok(()) }
        };
        self.act(Call { act, to }, write, |world, error| {
            let is_for_want_of_room = error.kind() == io::ErrorKind::StorageFull;
            // Nothing says that there was no room when all found its place.
            let len = world.dice.below(bytes.len() + usize::from(!is_for_want_of_room));
            if let Ok(contents) = world.contents_mut(node) {
                contents.write(&bytes[..len], offset);
            }
        })
    }

    pub(crate) fn sync(&mut self, FileTarget { node, to }: FileTarget) -> io::Result<()> {
        let sync = |world: &mut Self| {
            world.contents_mut(node)?.sync();
            Ok(())
        };
        self.act(Call { act: Act::Sync, to }, sync, |world, _| {
            if let Some(Node::File(contents)) = world.nodes.get_mut(&node) {
                contents.fail_sync(&mut world.dice);
            }
        })
    }

    pub(crate) fn length(&mut self, FileTarget { node, to }: FileTarget) -> io::Result<u64> {
        let length = |world: &mut Self| Ok(world.contents(node)?.len() as u64);
        self.act(Call { act: Act::Length, to }, length, |_, _| {})
    }

    pub(crate) fn truncate(
        &mut self,
        FileTarget { node, to }: FileTarget,
        len: u64,
    ) -> io::Result<()> {
        self.act_maybe(Call { act: Act::Truncate, to }, |world| {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            world.contents_mut(node)?.truncate(len);
            Ok(())
        })
    }
}
