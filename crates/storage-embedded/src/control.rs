//! The sockets of a running server: how an operator of the machine reaches the process that has a
//! store open, while no other process can open it.
//!
//! They stand in the directory of the store, are made and removed by the process that holds its
//! lock, and are open to the owner of the process alone. What is said over them is decided
//! elsewhere: administration over one, statements in bulk over the other.
//! A process that was killed leaves them behind; the next one replaces them.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::EmbeddedStorage;
use crate::directory::{CONTROL_DRAFT_NAME, CONTROL_NAME, EXCHANGE_DRAFT_NAME, EXCHANGE_NAME};
use crate::identity::DirectoryLock;

/// Longest path of a socket, in bytes: what the system has room for, less the end of it.
const PATH_BYTES_MAX: usize = 107;

/// A socket of a store that is open; it is gone when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    name: &'static str,
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
        self.open_socket(CONTROL_NAME, CONTROL_DRAFT_NAME)
    }

    /// Makes the socket over which statements are exported and imported, for the owner of the
    /// process alone.
    ///
    /// # Errors
    ///
    /// As [`EmbeddedStorage::open_control`].
    pub fn open_exchange(&self) -> io::Result<ControlSocket> {
        self.open_socket(EXCHANGE_NAME, EXCHANGE_DRAFT_NAME)
    }

    fn open_socket(
        &self,
        name: &'static str,
        draft_name: &'static str,
    ) -> io::Result<ControlSocket> {
        let lock = Arc::clone(&self.lock);
        let directory = lock.directory();
        let draft = directory.join(draft_name);
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let reached = Reached::of(directory, draft_name)?;
        let listener = UnixListener::bind(&reached.path)?;
        // It gets its name only when no other user can open it; a stale one is replaced.
        std::fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
        std::fs::rename(&draft, directory.join(name))?;
        Ok(ControlSocket { listener, name, lock })
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
        let _ = std::fs::remove_file(self.lock.directory().join(self.name));
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

/// As [`reach_control`], over the socket for the exchange of statements.
///
/// # Errors
///
/// As [`reach_control`].
pub fn reach_exchange(directory: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(Reached::of(directory, EXCHANGE_NAME)?.path)
}

/// When the control socket in `directory` was opened, which is when its server started.
///
/// # Errors
///
/// As [`reach_control`].
pub fn control_opened(directory: &Path) -> io::Result<SystemTime> {
    Reached::of(directory, CONTROL_NAME)?.path.symlink_metadata()?.modified()
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
