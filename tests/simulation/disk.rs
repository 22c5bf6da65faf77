//! A computer with a simulated disk: it is switched on, fails, and starts again.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use acta_storage_embedded::{Disk, DiskFile};

use crate::vfs::Vfs;
use crate::world::faults::{Call, Fault, kind_of};
use crate::world::{FileTarget, NodeId, PowerLoss, World};

/// One start of the computer, up to its end.
#[derive(Debug)]
pub(crate) struct Computer {
    disk: SimulatedDisk,
    vfs: Vfs,
}

impl Computer {
    /// A computer with an empty disk.
    pub(crate) fn new(seed: u64) -> Self {
        Self::start(World::new(seed))
    }

    fn start(world: World) -> Self {
        let disk = SimulatedDisk { world: Arc::new(Mutex::new(world)), vfs: None };
        let vfs = Vfs::register(Arc::new(disk.clone()));
        Self { disk, vfs }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.disk.world.lock().unwrap()
    }

    /// Its disk.
    pub(crate) fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(SimulatedDisk { vfs: Some(self.vfs.name().to_owned()), ..self.disk.clone() })
    }

    /// The program is killed and starts again: what it has written is there. `bury` drops
    /// what is left of it, which nothing obeys any more.
    pub(crate) fn restart(&mut self, bury: impl FnOnce()) {
        let world = self.world().restarted();
        bury();
        *self = Self::start(world);
    }

    /// The power fails, and comes back.
    pub(crate) fn lose_power(&mut self, loss: PowerLoss, bury: impl FnOnce()) {
        let world = self.world().after_power_loss(loss);
        bury();
        *self = Self::start(world);
    }

    /// Lets nothing go wrong for a while, and counts nothing.
    pub(crate) fn pause(&self, is_paused: bool) {
        self.world().pause(is_paused);
    }

    /// From now on, these go wrong, and no others.
    pub(crate) fn arm(&self, faults: &[Fault]) {
        self.world().arm(faults);
    }

    /// Lets all files grow by so many bytes together.
    pub(crate) fn leave_room(&self, bytes: Option<u64>) {
        let mut world = self.world();
        let capacity = bytes.map(|bytes| world.used_bytes() + bytes);
        world.limit(capacity);
    }

    pub(crate) fn is_off(&self) -> bool {
        self.world().is_off()
    }

    /// How often a fault has struck since the start.
    pub(crate) fn struck_count(&self) -> u64 {
        self.world().struck_count()
    }

    pub(crate) fn call_count(&self) -> u64 {
        self.world().call_count()
    }

    /// How many files hold these bytes.
    pub(crate) fn find(&self, bytes: &[u8]) -> usize {
        self.world().count_with(bytes)
    }

    pub(crate) fn record(&self) {
        self.world().record();
    }

    pub(crate) fn recorded(&self) -> Vec<Call> {
        self.world().recorded()
    }
}

/// The disk that programs see.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedDisk {
    world: Arc<Mutex<World>>,
    vfs: Option<String>,
}

#[derive(Debug)]
struct SimulatedFile {
    world: Arc<Mutex<World>>,
    /// Which file, and of what kind.
    at: FileTarget,
}

impl SimulatedDisk {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn file(&self, node: NodeId, path: &Path) -> Arc<dyn DiskFile> {
        let at = FileTarget { node, to: kind_of(&path.to_string_lossy()) };
        Arc::new(SimulatedFile { world: Arc::clone(&self.world), at })
    }
}

impl Disk for SimulatedDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.world().create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.world().list(directory)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let node = self.world().open(path)?;
        Ok(self.file(node, path))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let node = self.world().create(path)?;
        Ok(self.file(node, path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.world().rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.world().remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.world().sync_directory(path)
    }

    fn sqlite_vfs(&self) -> Option<String> {
        self.vfs.clone()
    }
}

impl SimulatedFile {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.world().read(self.at, buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.world().write(self.at, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.world().sync(self.at)
    }

    fn len(&self) -> io::Result<u64> {
        self.world().length(self.at)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.world().truncate(self.at, len)
    }
}
