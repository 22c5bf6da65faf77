//! The control socket: how an operator of the machine reaches the process that has a store
//! open, while no other process can open it.
//!
//! It stands in the directory of the store, is made and removed by the process that holds its lock,
//! and is open to the owner of the process alone. What is said over it is decided elsewhere.
//! A process that was killed leaves it behind; the next one replaces it.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::EmbeddedStorage;
use crate::directory::{CONTROL_DRAFT_NAME, CONTROL_NAME};
use crate::identity::DirectoryLock;

/// Longest path of a socket, in bytes: what the system has room for, less the end of it.
const PATH_BYTES_MAX: usize = 107;

/// The socket of a store that is open; it is gone when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    /// While it is held, no other process makes a socket there.
    lock: Arc<DirectoryLock>,
}

impl EmbeddedStorage {
    /// Makes the control socket of the store, for the owner of the process alone.
    ///
    /// # Errors
    ///
    /// What the system reports: not every file system has sockets.
    pub fn open_control(&self) -> io::Result<ControlSocket> {
        let lock = Arc::clone(&self.lock);
        let directory = lock.directory();
        let draft = directory.join(CONTROL_DRAFT_NAME);
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let reached = Reached::of(directory, CONTROL_DRAFT_NAME)?;
        let listener = UnixListener::bind(&reached.path)?;
        // It gets its name only when no other user can open it; a stale one is replaced.
        std::fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
        std::fs::rename(&draft, directory.join(CONTROL_NAME))?;
        Ok(ControlSocket { listener, lock })
    }
}

impl ControlSocket {
    /// What accepts connections, without blocking.
    ///
    /// # Errors
    ///
    /// What the system reports.
    pub fn listener(&self) -> io::Result<UnixListener> {
        let listener = self.listener.try_clone()?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // One that stays is replaced by the next.
        let _ = std::fs::remove_file(self.lock.directory().join(CONTROL_NAME));
    }
}

/// Connects to the process that has the store in `directory` open.
///
/// # Errors
///
/// - `NotFound`: there is no socket.
/// - `ConnectionRefused`: no process listens on it any more.
/// - `PermissionDenied`: it belongs to another user.
/// - What else the system reports.
pub fn reach_control(directory: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(Reached::of(directory, CONTROL_NAME)?.path)
}

/// The path of a socket, short enough for the system.
struct Reached {
    path: PathBuf,
    /// A long path leads through the open directory.
    _directory: Option<File>,
}

impl Reached {
    fn of(directory: &Path, name: &str) -> io::Result<Self> {
        let path = directory.join(name);
        if path.as_os_str().len() <= PATH_BYTES_MAX {
            return Ok(Self { path, _directory: None });
        }
        let open = File::open(directory)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{name}", open.as_raw_fd()));
        Ok(Self { path, _directory: Some(open) })
    }
}
